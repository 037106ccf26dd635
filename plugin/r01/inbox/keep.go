package inbox

import (
	"cmp"
	"context"
	"errors"
	"time"

	"registrar.panel/internal/wake"
	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/store"
)

// sweepEvery is how often old mails are removed.
const sweepEvery = time.Hour

// keepLoop removes the bytes of mails that are no longer needed.
func (in *Inbox) keepLoop(ctx context.Context) {
	never := make(wake.Signal)
	for ctx.Err() == nil {
		if err := in.Sweep(ctx); err != nil && ctx.Err() == nil {
			in.log.Error("removing old mails failed, will be tried again", "err", err)
		}
		engine.Sleep(ctx, never, sweepEvery)
	}
}

// Sweep removes old mails in small transactions, so that no writer waits long. It also resolves
// the entries of strangers whose time is up.
func (in *Inbox) Sweep(ctx context.Context) error {
	if in.clock.Doubt() != "" { // their age is unknown
		return nil
	}
	strangers := in.now().Add(-cmp.Or(in.settings.KeepStrangers, KeepStrangers))
	// Entries expire before mails are removed, because a mail that waits is kept.
	return errors.Join(
		in.engine.Write(ctx, in.calm),
		in.sweep(ctx, "mails of strangers expired", func(tx *store.Tx, limit int) (int, error) { return in.expire(tx, strangers, limit) }),
		in.sweep(ctx, "old mails of strangers removed", func(tx *store.Tx, limit int) (int, error) {
			n, err := tx.Mails.RemoveStrangers(strangers, limit)
			return int(n), err
		}),
		in.sweep(ctx, "old mails removed", func(tx *store.Tx, limit int) (int, error) {
			n, err := tx.Mails.Remove(in.now().Add(-in.settings.KeepMails), limit)
			return int(n), err
		}))
}

// sweep removes a piece at a time, until nothing is left.
func (in *Inbox) sweep(ctx context.Context, done string, piece func(tx *store.Tx, limit int) (int, error)) error {
	const atOnce = 100
	for n := atOnce; n == atOnce; {
		err := in.engine.Write(ctx, func(tx *store.Tx) (err error) {
			n, err = piece(tx, atOnce)
			return err
		})
		if err != nil {
			return err
		}
		if n > 0 {
			in.log.Info(done, "mails", n)
		}
	}
	return nil
}
