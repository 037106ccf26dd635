package witness

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/renewal/policy"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/plugin/r01/term"
	"registrar.panel/shared/registrar"
)

// See applies what the registry shows of a domain: first to the operations that are open on it,
// then to the domain itself. A day that is impossible is not believed for either.
func (j *Judge) See(tx *store.Tx, name string, s Sighting) error {
	d, err := tx.Domains.Get(name)
	switch {
	case errors.Is(err, store.ErrNotFound): // it is no affair of ours
		return nil
	case err != nil:
		return fmt.Errorf("domain %s: %w", name, err)
	}

	if why := j.implausible(d, s); why != "" {
		return j.alarms.Raise(tx, engine.RegistryAlarm(name), name, s.source()+" shows "+mailform.Unicode(name)+" paid till "+s.PaidTill.String()+
			", which is not believed and not recorded: "+why+". Ask R01")
	}

	if err := j.show(tx, d, s); err != nil {
		return err
	}

	open, err := tx.Operations.Open(name)
	if err != nil {
		return err
	}

	// Operations first, because what they asked for explains the record.
	for _, op := range open {
		d.Operation = &op.Operation
		if err := j.seeOperation(tx, d, s); err != nil {
			return err
		}
	}

	if d, err = tx.Domains.Get(name); err != nil {
		return err
	}

	return j.seeDomain(tx, d, s)
}

// show keeps the registry's own states of a domain that is with us, and reports a change of them.
func (j *Judge) show(tx *store.Tx, d registrar.Domain, s Sighting) error {
	if !s.Present || len(s.States) == 0 || !j.engine.Ours(s.Registrar) || slices.Equal(d.Registry, s.States) {
		return nil
	}
	if err := tx.Domains.Show(d.Name, s.States); err != nil {
		return err
	}
	tx.Emit(registrar.Event{At: j.now(), Type: registrar.EventDomain, Level: registrar.LevelInfo, Actor: engine.ByRegistry, Name: d.Name,
		Message: "the registry says: " + strings.Join(s.States, ", ")})
	return nil
}

// implausible returns why the day that the registry shows is impossible; "" = it is possible,
// or it is the known one, or the domain is neither ours nor on its way to us.
func (j *Judge) implausible(d registrar.Domain, s Sighting) string {
	transfer := d.Operation != nil && d.Operation.Kind == registrar.KindTransfer
	if !s.Present || !transfer && !j.engine.Ours(s.Registrar) || term.Near(d.PaidTill, s.PaidTill) {
		return ""
	}
	return term.Implausible(policy.Today(j.now()), d.Name, s.PaidTill)
}

func (j *Judge) seeOperation(tx *store.Tx, d registrar.Domain, s Sighting) error {
	op, err := tx.Operations.Get(d.Operation.ID)
	if err != nil {
		return err
	}

	r, err := tx.Requests.Get(op.Request)
	if err != nil || r.Object != d.Name { // it waits for its client
		return err
	}

	// The request has not left yet, so the record can't be its result.
	if r.State == registrar.Queued {
		return j.withdrawIfRenewed(tx, r, s)
	}
	if err := j.settleEarly(tx, &r, s); err != nil || r.State.Final() {
		return err
	}

	order, err := engine.OrderOf(tx, op.ID)
	if err != nil {
		return err
	}

	w := j.Read(r, order.Nameservers, s)
	if r.Kind == lifecycle.Transfer {
		if w, err = j.seeTransfer(tx, r, d, s, w); err != nil {
			return err
		}
	}

	if w.event == "" {
		return nil
	}
	if enough, err := j.tellsEnough(tx, r, s, w); err != nil || !enough {
		return err
	}

	v, err := j.engine.Weigh(tx, &r, j.registrySays(r, s, w), engine.Fact{Actor: engine.ByRegistry, Evidence: registrar.EvidenceRegistry,
		Result: mailform.Result{PaidTill: s.PaidTill}, Reason: s.source() + " shows it registered, not delegated"})
	switch {
	case err != nil:
		return err
	case v.Action() == lifecycle.Wait:
		return j.alarms.Raise(tx, engine.RegistryAlarm(d.Name), d.Name, engine.Nouns[op.Kind]+" of "+mailform.Unicode(d.Name)+": "+j.conflictOf(v, s, w))
	case v.Action() != lifecycle.Apply: // it is being sent just now, or the record proves nothing
		return nil
	}

	return errors.Join(j.alarms.Clear(tx, engine.RegistryAlarm(d.Name), d.Name), j.reviews.CloseAnswered(tx, r, s.source()))
}

// tellsEnough reports whether one sighting may conclude a request. A list names no nameservers, and
// may lack a line, so whois, which is asked about the domain anyway, shows more. Without whois, a
// deletion needs as many lists that show the domain gone as any domain that is to be believed gone.
func (j *Judge) tellsEnough(tx *store.Tx, r store.Request, s Sighting, w Finding) (bool, error) {
	if !s.fromList || w.conflict != "" || r.Kind != lifecycle.NewDomain && r.Kind != lifecycle.Delete {
		return true, nil
	}
	if j.whois != nil || r.Kind == lifecycle.NewDomain {
		return j.whois == nil, nil
	}
	// This list is counted with the domain, after its operations, so it adds one.
	known, err := tx.Registry.Doubt(r.Object)
	if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	return known.Times+1 >= j.settings.Registry.Misses, err
}

// withdrawIfRenewed keeps a renewal from being sent for a year that was added already, however
// old the sighting is, because expiry does not move backwards. r01-mail 4.3
func (j *Judge) withdrawIfRenewed(tx *store.Tx, r store.Request, s Sighting) error {
	if r.Kind != lifecycle.Prolong || !s.Present {
		return nil
	}
	e := j.registrySays(r, s, Finding{event: lifecycle.Withdrawn})
	_, err := j.engine.Weigh(tx, &r, e, engine.Fact{Actor: engine.ByRegistry, Evidence: registrar.EvidenceRegistry,
		Reason: "the registry shows it paid till " + s.PaidTill.String() + " already"})
	return err
}
