package orders

import (
	"context"
	"time"

	"registrar.panel/shared/registrar"
)

// rounds does what time alone brings about, until ctx ends: it reports orders that wait too long, ends those that were
// not paid in time, and asks registrars how operations have ended.
func (s *Service) rounds(ctx context.Context) {
	tick := time.NewTicker(lookLate)
	defer tick.Stop()
	ends := asker{s, map[registrar.OrderID]time.Time{}}

	for {
		// A look that fails is repeated in the next round, and does not keep the others from theirs.
		for what, look := range map[string]func(context.Context) error{
			"late orders can't be told":            s.lateness().tellLate,
			"unpaid orders can't be ended":         s.gate().expireUnpaid,
			"how orders have ended can't be asked": ends.askEnds,
		} {
			if err := look(ctx); err != nil && ctx.Err() == nil {
				s.log.Error(what, "err", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
