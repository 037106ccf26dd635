package inbox

import (
	"context"
	"time"

	"registrar.panel/internal/wake"
	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/store"
)

// sweepEvery is how often mails are looked for that have been kept long enough.
const sweepEvery = time.Hour

// keepLoop removes the bytes of mails that nobody needs any more.
func (in *Inbox) keepLoop(ctx context.Context) {
	never := make(wake.Signal)
	for ctx.Err() == nil {
		if err := in.Sweep(ctx); err != nil && ctx.Err() == nil {
			in.log.Error("removing old mails failed, will be tried again", "err", err)
		}
		engine.Sleep(ctx, never, sweepEvery)
	}
}

// Sweep removes them in small transactions, so that nobody waits long.
func (in *Inbox) Sweep(ctx context.Context) error {
	const atOnce = 100
	if in.clock.Doubt() != "" { // by which nobody can tell how old they are
		return nil
	}
	for removed := int64(atOnce); removed == atOnce; {
		err := in.store.Write(ctx, func(tx *store.Tx) (err error) {
			removed, err = tx.Mails.Remove(in.now().Add(-in.settings.KeepMails), atOnce)
			return err
		})
		if err != nil {
			return err
		}
		if removed > 0 {
			in.log.Info("old mails removed", "mails", removed)
		}
	}
	return nil
}
