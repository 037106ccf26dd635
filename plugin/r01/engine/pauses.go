package engine

import (
	"errors"

	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/store"
)

// The two pauses. r01-mail 4.5
const (
	PauseAll  = "pause:all"
	PausePaid = "pause:paid"
)

// Pause stops the sender. The stored value says which credentials were in force.
func (en *Engine) Pause(tx *store.Tx, which, message string) error {
	if err := tx.SetSetting(which, en.credentials()); err != nil {
		return err
	}
	// However often R01 says so, a lack of funds is reported once a day. r01-mail 4.5
	if which == PausePaid {
		return en.Alarms.remind(tx, which, message)
	}
	return en.Alarms.Raise(tx, which, "", message)
}

// Resume lifts a pause. A request that R01 refused for lack of funds, in answer to our own
// token, was not executed, and goes back to the queue then.
func (en *Engine) Resume(tx *store.Tx, which string) error {
	paused, err := tx.Setting(which)
	if err != nil {
		return err
	}
	if paused != "" {
		if err := errors.Join(tx.SetSetting(which, ""), en.Alarms.Clear(tx, which, "")); err != nil {
			return err
		}
	}
	if which == PausePaid {
		return en.release(tx, lifecycle.NoFunds, "there may be funds now")
	}
	return nil
}

func (en *Engine) credentials() string {
	return en.store.Fingerprint("credentials", en.settings.Agreement, en.settings.Password.Reveal())
}

// ReleaseIfMended lifts the pause that wrong credentials caused once others are configured. A request
// that R01 refused for them, in answer to our own token, was not executed, so it goes back to the queue.
func (en *Engine) ReleaseIfMended(tx *store.Tx) error {
	refused, err := tx.Setting(PauseAll)
	if err != nil || refused == "" || refused == en.credentials() {
		return err
	}
	if err := en.Resume(tx, PauseAll); err != nil {
		return err
	}
	return en.release(tx, lifecycle.AuthFailed, "the agreement or its password was changed")
}

// release puts back into the queue what was held for a reason that is gone, but only requests
// that are proved not to run at R01. All others wait for a person.
func (en *Engine) release(tx *store.Tx, held lifecycle.StallReason, reason string) error {
	all, err := tx.Requests.Held(held)
	if err != nil || len(all) == 0 {
		return err
	}

	restored, err := tx.Restored()
	if err != nil {
		return err
	}

	for _, r := range all {
		// Until a person has reconciled a restored store, no request that costs money leaves by itself.
		if restored != "" && r.Kind.Paid() {
			continue
		}
		e := lifecycle.Evidence{Source: lifecycle.FromRelease, Event: lifecycle.Released, Proof: lifecycle.OwnWord}
		if _, err := en.Weigh(tx, &r, e, Fact{Actor: ByPlugin, DueAt: en.now(), Reason: reason}); err != nil {
			return err
		}
	}

	return nil
}

// endPause lifts a pause once no request is held for it any more: there would be no operation
// left for a person to resolve.
func (en *Engine) endPause(tx *store.Tx, before, now lifecycle.StallReason) error {
	which := map[lifecycle.StallReason]string{lifecycle.NoFunds: PausePaid, lifecycle.AuthFailed: PauseAll}[before]
	if which == "" || now == before {
		return nil
	}
	paused, err := tx.Setting(which)
	if err != nil || paused == "" {
		return err
	}
	held, err := tx.Requests.Held(before)
	if err != nil || len(held) > 0 {
		return err
	}
	return en.Resume(tx, which)
}
