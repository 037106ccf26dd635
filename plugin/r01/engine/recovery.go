package engine

import (
	"context"
	"fmt"
	"log/slog"

	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// Recovery holds back requests that a restored store may have forgotten to be sent.
type Recovery struct {
	engine   *Engine
	alarms   *Alarms
	settings *Settings
	store    Store
	log      *slog.Logger
	restored bool // paid requests wait for a person; set by Recall, before any loop starts
}

// NewRecovery composes the recovery of an engine's store.
func NewRecovery(en *Engine) *Recovery {
	return &Recovery{engine: en, alarms: en.Alarms, settings: en.settings, store: en.store, log: en.log}
}

// A store that was restored from a backup has forgotten what was sent after the backup was
// made. So every request that it holds as not sent becomes Uncertain, and until a person has
// compared its record with R01's, so does every paid request before it is sent for the first
// time. The mailbox, read again from its beginning, resolves what R01 has answered.

// RestoredAlarm stands while a restored store is not reconciled.
const RestoredAlarm = "restored"

// Recall notices a restored store, and a person's word that it is reconciled.
func (rc *Recovery) Recall(tx *store.Tx, incarnation string, older bool) error {
	if err := tx.SetIncarnation(incarnation); err != nil {
		return err
	}

	if older {
		if err := rc.restore(tx, incarnation); err != nil {
			return err
		}
	}

	began, err := tx.Restored()
	if err != nil {
		return err
	}

	// A person reconciles one restored store: the word about an earlier one does not count for this one.
	if began != "" && began == rc.settings.Reconciled {
		rc.log.Info("restored store is reconciled", "incarnation", began)
		if err := tx.SetRestored(""); err != nil {
			return err
		}
		began = ""
		if err := rc.alarms.Clear(tx, RestoredAlarm, ""); err != nil {
			return err
		}
	}

	rc.restored = began != ""
	return nil
}

// restore holds every request that may have been sent since.
func (rc *Recovery) restore(tx *store.Tx, incarnation string) error {
	rc.log.Warn("the store was restored from a backup", "incarnation", incarnation)

	if err := tx.SetRestored(incarnation); err != nil {
		return err
	}
	if err := rc.alarms.Clear(tx, RestoredAlarm, ""); err != nil { // of an earlier one
		return err
	}

	err := rc.alarms.Raise(tx, RestoredAlarm, "", fmt.Sprintf("the store was restored from a backup and has forgotten what happened since: "+
		"paid requests wait for a person. Compare the domains and the unread mails here with R01's own list; then set reconciled = %q and restart", incarnation))
	if err != nil {
		return err
	}

	for _, state := range []lifecycle.State{registrar.Queued, registrar.NeedsAction} {
		all, err := tx.Requests.InState(state)
		if err != nil {
			return err
		}

		for _, r := range all {
			// Of all held requests, only those that wait for credentials or funds would be sent again by themselves.
			if state == registrar.NeedsAction && r.Stall != lifecycle.AuthFailed && r.Stall != lifecycle.NoFunds {
				continue
			}
			if err := rc.engine.Must(tx, &r, restoreSays(), Fact{Actor: ByPlugin}); err != nil {
				return err
			}
		}
	}

	return nil
}

// Restored reports whether the store was restored from a backup and is not reconciled yet.
func (rc *Recovery) Restored() bool { return rc.restored }

// HoldAfterRestore is HoldUntouched in a transaction of its own, if there is anything to hold.
func (rc *Recovery) HoldAfterRestore(ctx context.Context) error {
	if !rc.restored {
		return nil
	}
	if err := rc.store.Write(ctx, rc.HoldUntouched); err != nil {
		return err
	}
	rc.engine.Changed.Wake() // and not the sender, which asks
	return nil
}

// HoldUntouched makes every paid request without a decision wait for a person while the store is not reconciled.
func (rc *Recovery) HoldUntouched(tx *store.Tx) error {
	if !rc.restored {
		return nil
	}
	queued, err := tx.Requests.InState(registrar.Queued)
	if err != nil {
		return err
	}
	for _, r := range queued {
		if !r.Kind.Paid() || !r.Untouched() {
			continue
		}
		if err := rc.engine.Must(tx, &r, restoreSays(), Fact{Actor: ByPlugin}); err != nil {
			return err
		}
	}
	return nil
}

// MustWait reports whether a request may not be sent because the store is not reconciled.
func (rc *Recovery) MustWait(r store.Request) bool {
	return rc.restored && r.Kind.Paid() && r.Untouched()
}
