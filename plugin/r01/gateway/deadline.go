package gateway

import (
	"context"
	"time"

	"registrar.panel/internal/wake"
	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/store"
)

// deadlineLoop notices silence.
func (g *Gateway) deadlineLoop(ctx context.Context) {
	never := make(wake.Signal)
	for ctx.Err() == nil {
		if err := g.expire(ctx); err != nil && ctx.Err() == nil {
			g.log.Error("checking deadlines failed, will be tried again", "err", err)
		}
		pause(ctx, never, lookAgain)
	}
}

// expire brings every request whose deadline has passed before a person. Nothing is sent
// again. r01-mail 4.4
func (g *Gateway) expire(ctx context.Context) error {
	return g.write(ctx, func(tx *store.Tx) error {
		overdue, err := tx.Overdue(g.now())
		if err != nil {
			return err
		}
		for _, r := range overdue {
			if r.Kind == lifecycle.Transfer {
				if err := g.transferLate(tx, r); err != nil {
					return err
				}
				continue
			}
			e := lifecycle.Evidence{Source: lifecycle.FromDeadline, Event: lifecycle.Overdue, Proof: lifecycle.OwnWord}
			f := fact{actor: byPlugin, reason: "nothing heard since " + since(r).Format(time.RFC3339)}
			if _, err := g.weigh(tx, &r, e, f); err != nil {
				return err
			}
		}
		return g.watch(tx)
	})
}

func since(r store.Request) time.Time {
	if r.SentAt.IsZero() {
		return r.ClaimedAt
	}
	return r.SentAt
}
