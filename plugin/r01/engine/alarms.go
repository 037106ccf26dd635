package engine

import (
	"strings"
	"time"

	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// Alarms raises and clears what a person must know. An alarm stands under its key until it is
// cleared, and is reported when it is raised.
type Alarms struct {
	now func() time.Time
}

// Alarm raises an alarm for every operation that stands or failed because of the request.
func (en *Engine) Alarm(tx *store.Tx, r lifecycle.Request, f Fact, ops []store.Operation) error {
	if r.Stall == lifecycle.NoFunds {
		return nil // one alarm tells of all of them: that of the pause
	}
	for _, op := range ops {
		text := lifecycle.WaitsFor(r)
		if text == "" {
			text = Nouns[op.Kind] + " failed"
		}
		if f.Reason != "" {
			text += ": " + f.Reason
		}
		if err := en.Alarms.Raise(tx, alarmOf(op.ID), op.Domain, text); err != nil {
			return err
		}
	}
	return nil
}

func (en *Engine) clearAlarms(tx *store.Tx, ops []store.Operation) error {
	for _, op := range ops {
		if err := en.Alarms.Clear(tx, alarmOf(op.ID), op.Domain); err != nil {
			return err
		}
	}
	return nil
}

const operationAlarm = "operation:"

func alarmOf(id registrar.OperationID) string { return operationAlarm + string(id) }

// IsOver reports whether an alarm is about an operation that has ended. It stands with the
// domain until a person has settled the order; the queue does not suffer from it.
func IsOver(tx *store.Tx, a registrar.Alarm) (bool, error) {
	id, found := strings.CutPrefix(a.Key, operationAlarm)
	if !found {
		return false, nil
	}
	op, err := tx.Operations.Get(registrar.OperationID(id))
	return err == nil && op.State.Final(), err
}

// Raise raises an alarm and reports it, unless it stands already.
func (a *Alarms) Raise(tx *store.Tx, key, domain, message string) error {
	fresh, err := tx.RaiseAlarm(registrar.Alarm{Key: key, Since: a.now(), Message: message}, domain)
	if err != nil || !fresh {
		return err
	}
	tx.Emit(registrar.Event{At: a.now(), Type: registrar.EventAlarm, Level: registrar.LevelError,
		Message: message, Actor: ByPlugin, Name: domain})
	return nil
}

// Clear clears an alarm and reports that, if it stood.
func (a *Alarms) Clear(tx *store.Tx, key, domain string) error {
	stood, err := tx.ClearAlarm(key)
	if err != nil || !stood {
		return err
	}
	tx.Emit(registrar.Event{At: a.now(), Type: registrar.EventCleared, Level: registrar.LevelInfo,
		Message: "no longer: " + key, Actor: ByPlugin, Name: domain})
	return nil
}

// remind keeps an alarm standing and reports it once a day at most.
func (a *Alarms) remind(tx *store.Tx, key, message string) error {
	if _, err := tx.RaiseAlarm(registrar.Alarm{Key: key, Since: a.now(), Message: message}, ""); err != nil {
		return err
	}
	// A time in the future was written by a clock that was wrong, and must silence nothing.
	told, err := tx.Time("told:" + key)
	if err != nil || a.now().Sub(told) < day && !a.now().Before(told) {
		return err
	}
	if err := tx.SetTime("told:"+key, a.now()); err != nil {
		return err
	}
	tx.Emit(registrar.Event{At: a.now(), Type: registrar.EventAlarm, Level: registrar.LevelError, Message: message, Actor: ByPlugin})
	return nil
}

// Expiry is the prefix of the keys of all alarms about an expiry.
const Expiry = "expiry"

// ExpiryAlarm names the alarm that a domain expires without having been renewed.
func ExpiryAlarm(domain string) string { return Expiry + ":" + domain }

// PassAlarm stands while no renewal pass completes.
const PassAlarm = "renewal-pass"

// ContradictionAlarm names the alarm that stands until a review entry is resolved.
func ContradictionAlarm(id registrar.ReviewID) string { return "late:" + string(id) }

// ReviewAlarm stands while mails wait for a person.
const ReviewAlarm = "review"

// QuotaAlarm stands while more unproved mail came within a day than replies.quota lets wait for a person.
const QuotaAlarm = "quota"

// RegistryAlarm names the alarm that the registry contradicts our record of a domain.
func RegistryAlarm(name string) string { return "registry:" + name }

// SettleDoubt ends the doubt about a domain: the registry shows what we hold.
func (a *Alarms) SettleDoubt(tx *store.Tx, name string) error {
	if err := tx.Registry.DropDoubt(name); err != nil {
		return err
	}
	return a.Clear(tx, RegistryAlarm(name), name)
}
