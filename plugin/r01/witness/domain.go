package witness

import (
	"errors"
	"fmt"
	"time"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/renewal/policy"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/plugin/r01/term"
	"registrar.panel/shared/registrar"
)

// seeDomain brings a domain's record in line with what the registry shows, as far as it may.
func (j *Judge) seeDomain(tx *store.Tx, d registrar.Domain, s Sighting) error {
	changed, err := tx.Domains.ChangedAt(d.Name)
	if err != nil {
		return err
	}

	if changed.After(j.now().Add(engine.ClockSkew)) { // by a clock that was wrong
		changed = time.Time{}
	}

	switch kind := j.doubtOf(d.Status, d.PaidTill, changed, s); {
	case kind != "":
		return j.doubt(tx, d, kind, s)
	case d.Status.Held() && s.Present && j.engine.Ours(s.Registrar):
		return j.seeHeld(tx, d, s, s.AsOf.After(changed))
	case engine.WasOurs(d.Status) && s.Present && j.engine.Ours(s.Registrar):
		return j.seeBack(tx, d, s)
	case d.Status == registrar.StatusError:
		return j.seeRefused(tx, d, s)
	}

	return nil
}

// seeHeld records that the domain is with us. A day or two more or less is the same expiry,
// which is taken as the registry writes it; any other difference only moves the expiry forward.
func (j *Judge) seeHeld(tx *store.Tx, d registrar.Domain, s Sighting, fresh bool) error {
	if fresh && d.PaidTill != s.PaidTill && term.Near(d.PaidTill, s.PaidTill) {
		return j.correctExpiry(tx, d, s)
	}

	renewing := d.Operation != nil && d.Operation.Kind == registrar.KindRenew
	if renewing { // what the registry shows is a word on that renewal
		return nil
	}

	// From here on the expiry is a later year's, or does not change.
	moved := d.PaidTill.IsZero() || d.PaidTill.Before(s.PaidTill)
	if err := j.alarms.SettleDoubt(tx, d.Name); err != nil {
		return err
	}

	switch {
	case !moved:
		return tx.Domains.Guess(d.Name, false)
	case term.SameYear(d.PaidTill, s.PaidTill):
		return j.correctExpiry(tx, d, s)
	}

	level, message, err := renewedElsewhere(tx, d, s)
	if err != nil {
		return err
	}

	d.PaidTill = s.PaidTill
	if err := j.engine.Renewed(tx, &d); err != nil {
		return err
	}

	return j.record(tx, d, level, message)
}

// correctExpiry writes an expiry as the registry does. Nothing was renewed, and what depends on the expiry moves along.
func (j *Judge) correctExpiry(tx *store.Tx, d registrar.Domain, s Sighting) error {
	was, guess := d.PaidTill, ""
	guessed, err := tx.Domains.Guessed(d.Name)
	if err != nil {
		return err
	}
	if guessed {
		guess = ", which was our own guess"
	}
	d.PaidTill = s.PaidTill
	if d.Status == registrar.StatusExpired && !d.PaidTill.Before(policy.Today(j.now())) {
		d.Status = registrar.StatusRegistered
	}
	if err := tx.Domains.CorrectExpiry(d.Name, was, d.PaidTill); err != nil {
		return err
	}
	return j.record(tx, d, registrar.LevelInfo, fmt.Sprintf("corrected: %s shows %s paid till %s, and our record said %s%s",
		s.source(), mailform.Unicode(d.Name), d.PaidTill, was, guess))
}

// renewedElsewhere says what it means that the expiry of a domain moved without us.
func renewedElsewhere(tx *store.Tx, d registrar.Domain, s Sighting) (registrar.Level, string, error) {
	shows := "the registry shows " + mailform.Unicode(d.Name) + " paid till " + s.PaidTill.String()
	if d.PaidTill.IsZero() {
		return registrar.LevelInfo, shows, nil
	}
	op, err := tx.Operations.Last(d.Name)
	switch {
	case err != nil && !errors.Is(err, store.ErrNotFound):
		return "", "", err
	case err == nil && op.Kind == registrar.KindRenew && op.State == registrar.Failed:
		return registrar.LevelError, shows + ", though our last renewal of it failed: look at what R01 has charged", nil
	}
	return registrar.LevelWarning, "renewed elsewhere: " + shows + ", and no renewal of ours was sent", nil
}

// record stores what the registry showed of a domain, with an event.
func (j *Judge) record(tx *store.Tx, d registrar.Domain, level registrar.Level, message string) error {
	if err := tx.Domains.Put(d, j.now()); err != nil {
		return err
	}
	j.log.Info("domain moved", "domain", d.Name, "status", d.Status, "paid_till", d.PaidTill, "evidence", registrar.EvidenceRegistry)
	tx.Emit(registrar.Event{At: j.now(), Type: registrar.EventDomain, Level: level, Message: message,
		Actor: engine.ByRegistry, Name: d.Name})
	return nil
}
