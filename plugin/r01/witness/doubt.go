package witness

import (
	"errors"
	"fmt"
	"time"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/plugin/r01/term"
	"registrar.panel/shared/registrar"
)

// doubtOf returns how a sighting contradicts a domain's record; "" = it does not. A sighting
// from before the record last changed says nothing.
func (j *Judge) doubtOf(status registrar.DomainStatus, paidTill registrar.Date, changed time.Time, s Sighting) store.DoubtKind {
	switch {
	case !status.Held() || !s.AsOf.After(changed):
		return ""
	case !s.Present:
		return store.Absent
	case !j.engine.Ours(s.Registrar):
		return store.Elsewhere
	case !paidTill.IsZero() && s.PaidTill.Before(paidTill) && !term.Near(paidTill, s.PaidTill):
		return store.Behind
	}
	return ""
}

func describeDoubt(d store.Doubt, name string, s Sighting) string {
	switch d.Kind {
	case store.Absent:
		return "the registry has no " + name + " any more"
	case store.Elsewhere:
		return "the registry shows " + name + " with registrar " + d.Registrar
	}
	return fmt.Sprintf("the registry still shows %s paid till %s", name, s.PaidTill)
}

// seeBack records that a domain which had left is with R01 again, unless the name has been registered anew since.
func (j *Judge) seeBack(tx *store.Tx, d registrar.Domain, s Sighting) error {
	left, err := tx.Registry.Doubt(d.Name)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if s.Created.IsZero() || err != nil || s.Created.After(left.Since) || !s.AsOf.After(left.Since) {
		return nil
	}
	if err := j.alarms.SettleDoubt(tx, d.Name); err != nil {
		return err
	}
	d.Status = registrar.StatusRegistered
	if d.PaidTill.Before(s.PaidTill) {
		d.PaidTill = s.PaidTill
	}
	return j.record(tx, d, registrar.LevelWarning, mailform.Unicode(d.Name)+" is back: the registry shows it with "+s.Registrar+" again")
}

// seeRefused raises an alarm if the registry shows a domain that R01 refused with R01 since
// then. Only a person can find out who holds it.
func (j *Judge) seeRefused(tx *store.Tx, d registrar.Domain, s Sighting) error {
	op, err := tx.Operations.Last(d.Name)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if !s.Present || !j.engine.Ours(s.Registrar) || s.Created.Before(op.CreatedAt.Add(-engine.ClockSkew)) {
		return j.alarms.Clear(tx, engine.RegistryAlarm(d.Name), d.Name)
	}
	return j.alarms.Raise(tx, engine.RegistryAlarm(d.Name), d.Name, fmt.Sprintf("the %s of %s is %s here, and the registry shows it with %s since then: "+
		"if it is ours, import it", engine.Nouns[op.Kind], mailform.Unicode(d.Name), op.State, s.Registrar))
}

// doubt counts a sighting that contradicts our record. Whois only confirms what zone lists have shown often enough.
func (j *Judge) doubt(tx *store.Tx, d registrar.Domain, kind store.DoubtKind, s Sighting) error {
	known, err := tx.Registry.Doubt(d.Name)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}

	if err != nil || known.Kind != kind {
		if !s.fromList {
			return nil
		}
		known = store.Doubt{Domain: d.Name, Kind: kind, Since: s.AsOf}
	}

	known.Registrar = s.Registrar
	// An edition that is read again counts once.
	if s.fromList && s.AsOf.After(known.SeenAt) {
		known.Times, known.SeenAt = known.Times+1, s.AsOf
	}
	// If whois is configured it has the last word, because it is asked about names in doubt.
	if known.Times < j.settings.Registry.Misses || s.fromList && j.whois != nil {
		return tx.Registry.PutDoubt(known)
	}

	return j.believe(tx, d, known, s)
}

var believed = map[store.DoubtKind]registrar.DomainStatus{
	store.Absent:    registrar.StatusDeleted,
	store.Elsewhere: registrar.StatusTransferredAway,
}

// believe makes a doubt the record. If R01 said more than the registry shows, that is only ever
// an alarm, because expiry never moves backwards.
func (j *Judge) believe(tx *store.Tx, d registrar.Domain, known store.Doubt, s Sighting) error {
	text := describeDoubt(known, mailform.Unicode(d.Name), s)
	status, moves := believed[known.Kind]
	if !moves || d.Operation != nil {
		return errors.Join(tx.Registry.PutDoubt(known), j.alarms.Raise(tx, engine.RegistryAlarm(d.Name), d.Name, text+", and our record says otherwise: ask R01"))
	}
	known.Believed = true
	if err := errors.Join(tx.Registry.PutDoubt(known), j.alarms.Clear(tx, engine.RegistryAlarm(d.Name), d.Name)); err != nil {
		return err
	}
	d.Status = status
	return j.record(tx, d, registrar.LevelError, text)
}
