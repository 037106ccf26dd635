package gateway

import (
	"context"
	"errors"
	"fmt"

	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// A store that was restored from a backup has forgotten what was sent after the backup was
// made. So everything it holds as not sent becomes Uncertain, and until a person has
// compared its record with R01's, so does every paid request before it is sent for the first
// time. The mailbox, read again from its beginning, resolves what R01 has answered.

const restoredAlarm = "restored"

var errNotReconciled = errors.New("the store was restored from a backup and is not reconciled")

// recall notices a restored store, and a person's word that it is reconciled.
func (g *Gateway) recall(tx *store.Tx, incarnation string, older bool) error {
	if err := tx.SetIncarnation(incarnation); err != nil {
		return err
	}
	if older {
		if err := g.restore(tx, incarnation); err != nil {
			return err
		}
	}
	began, err := tx.Restored()
	if err != nil {
		return err
	}
	if began != "" && began == g.settings.Reconciled {
		g.log.Info("restored store is reconciled", "incarnation", began)
		if err := tx.SetRestored(""); err != nil {
			return err
		}
		began = ""
		if err := g.clear(tx, restoredAlarm, ""); err != nil {
			return err
		}
	}
	g.restored = began != ""
	return nil
}

// restore holds everything that may have been sent since.
func (g *Gateway) restore(tx *store.Tx, incarnation string) error {
	g.log.Warn("the store was restored from a backup", "incarnation", incarnation)
	if err := tx.SetRestored(incarnation); err != nil {
		return err
	}
	if err := g.clear(tx, restoredAlarm, ""); err != nil { // of an earlier one
		return err
	}
	err := g.raise(tx, restoredAlarm, "", fmt.Sprintf("the store was restored from a backup and has forgotten what happened since: "+
		"paid requests wait for a person. Compare `panel domains` and `panel review` with R01's own list; then set reconciled = %q in plugin.hcl and restart", incarnation))
	if err != nil {
		return err
	}
	for _, state := range []lifecycle.State{registrar.Queued, registrar.NeedsAction} {
		all, err := tx.InState(state)
		if err != nil {
			return err
		}
		for _, r := range all {
			if state == registrar.NeedsAction && r.Hold != lifecycle.AuthFailed && r.Hold != lifecycle.NoFunds {
				continue
			}
			if err := g.must(tx, &r, restoreSays(), fact{actor: byPlugin}); err != nil {
				return err
			}
		}
	}
	return nil
}

// Restored tells whether the store was restored from a backup and is not reconciled yet.
func (g *Gateway) Restored() bool { return g.restored }

// holdAfterRestore is holdUntouched in a transaction of its own, if there is anything to hold.
func (g *Gateway) holdAfterRestore(ctx context.Context) error {
	if !g.restored {
		return nil
	}
	if err := g.store.Write(ctx, g.holdUntouched); err != nil {
		return err
	}
	g.changed.Wake() // and not the sender, which asks
	return nil
}

// holdUntouched makes every paid request that nobody has decided about wait for a person,
// while the store is not reconciled.
func (g *Gateway) holdUntouched(tx *store.Tx) error {
	if !g.restored {
		return nil
	}
	queued, err := tx.InState(registrar.Queued)
	if err != nil {
		return err
	}
	for _, r := range queued {
		if !r.Kind.Paid() || !r.Untouched() {
			continue
		}
		if err := g.must(tx, &r, restoreSays(), fact{actor: byPlugin}); err != nil {
			return err
		}
	}
	return nil
}

// mustWait tells whether a request may not be sent because the store is not reconciled.
func (g *Gateway) mustWait(r store.Request) bool {
	return g.restored && r.Kind.Paid() && r.Untouched()
}

// isForgotten tells whether our own mail is a request that the store does not know.
func (g *Gateway) isForgotten(l letter) bool { return g.restored && len(tokens(l.Subject)) > 0 }
