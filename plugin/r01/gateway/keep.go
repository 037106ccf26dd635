package gateway

import (
	"context"
	"time"

	"registrar.panel/internal/wake"
	"registrar.panel/plugin/r01/store"
)

// sweepEvery is how often mails are looked for that have been kept long enough.
const sweepEvery = time.Hour

// keepLoop removes the bytes of mails that nobody needs any more.
func (g *Gateway) keepLoop(ctx context.Context) {
	never := make(wake.Signal)
	for ctx.Err() == nil {
		if err := g.sweep(ctx); err != nil && ctx.Err() == nil {
			g.log.Error("removing old mails failed, will be tried again", "err", err)
		}
		pause(ctx, never, sweepEvery)
	}
}

// sweep removes them in small transactions, so that nobody waits long.
func (g *Gateway) sweep(ctx context.Context) error {
	const atOnce = 100
	if g.DoubtClock() != "" { // by which nobody can tell how old they are
		return nil
	}
	for removed := int64(atOnce); removed == atOnce; {
		err := g.store.Write(ctx, func(tx *store.Tx) (err error) {
			removed, err = tx.RemoveMails(g.now().Add(-g.settings.KeepMails), atOnce)
			return err
		})
		if err != nil {
			return err
		}
		if removed > 0 {
			g.log.Info("old mails removed", "mails", removed)
		}
	}
	return nil
}
