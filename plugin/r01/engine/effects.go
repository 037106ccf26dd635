package engine

import (
	"errors"
	"fmt"

	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/renewal/policy"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

func (en *Engine) change(r store.Request, d lifecycle.Decision, f Fact) store.Change {
	c := store.Change{At: en.now(), Message: Describe(r, f), Actor: f.Actor, Evidence: f.Evidence, Mail: f.Mail,
		Task: f.Result.Task, DueAt: f.DueAt}

	// There is a deadline only if R01 has the next word.
	switch d.State() {
	case registrar.Failed, registrar.Cancelled, registrar.NeedsAction, registrar.Uncertain:
		c.Error = f.Reason
	case registrar.Sent:
		c.Deadline = c.At.Add(en.settings.QueuedWithin)
	case registrar.Accepted:
		c.Deadline = c.At.Add(en.settings.DoneWithin)
	}
	return c
}

// carryOut executes one effect within the transaction that caused it.
func (en *Engine) carryOut(tx *store.Tx, e lifecycle.Effect, r *store.Request, f Fact, ops []store.Operation) error {
	switch e {
	case lifecycle.BeginDomain:
		return en.beginDomains(tx, *r, f, ops)
	case lifecycle.FailWaiting:
		return tx.Clients.Conclude(r.Client, registrar.HandleFailed, r.Object)
	case lifecycle.FinishObject:
		return en.FinishObject(tx, *r, f, ops)
	case lifecycle.PauseAll:
		return en.Pause(tx, PauseAll, "R01 refused the agreement or its password: nothing is sent until they are corrected in the settings, or an operator resolves a held operation with resend")
	case lifecycle.PausePaid:
		return en.Pause(tx, PausePaid, NoFundsMessage)
	case lifecycle.ResumeAll:
		return errors.Join(en.Resume(tx, PauseAll), en.Resume(tx, PausePaid))
	case lifecycle.ResumePaid:
		return en.Resume(tx, PausePaid)
	case lifecycle.RaiseAlarm, lifecycle.ClearAlarm:
		return nil // alert does it
	}

	return fmt.Errorf("effect %q is not known", e)
}

// beginDomains continues every order that waited for a client.
func (en *Engine) beginDomains(tx *store.Tx, r store.Request, f Fact, ops []store.Operation) error {
	handle := r.Object
	if f.Result.Handle != "" && r.Kind == lifecycle.NewClient {
		handle = f.Result.Handle // r01-mail 2.8: R01's spelling wins
	}
	// The client before its domains: the steps for a person name the client by this record.
	if r.Kind == lifecycle.UpdateClient {
		if err := en.changeContact(tx, r); err != nil {
			return err
		}
	} else if err := tx.Clients.Conclude(r.Client, registrar.HandleRegistered, handle); err != nil {
		return err
	}

	for i := range ops {
		if err := en.continuer.ClientRegistered(tx, &ops[i], handle); err != nil {
			return err
		}
	}
	return nil
}

// FinishObject records what R01 has done for a domain.
func (en *Engine) FinishObject(tx *store.Tx, r store.Request, f Fact, ops []store.Operation) error {
	if r.Kind == lifecycle.UpdateClient && !r.Lifecycle().Leads { // else it is done before the domains go on
		return en.changeContact(tx, r)
	}
	if r.Kind.AboutClient() {
		return nil
	}

	d, err := tx.Domains.Record(r.Object)
	if err != nil {
		return err
	}

	switch r.Kind {
	case lifecycle.AuthCode:
		return nil // it stays with the operation
	case lifecycle.Delete:
		return en.leave(tx, d)
	case lifecycle.Trade:
		c, err := tx.Clients.Get(r.Client)
		if err != nil {
			return err
		}
		// Until now the domain was the former client's. r01-mail 2.9
		d.Handle = c.Handle
	case lifecycle.NewDomain, lifecycle.Prolong, lifecycle.Transfer:
		d.PaidTill = paidTill(r, f, d.PaidTill)
		if err := en.Renewed(tx, &d); err != nil {
			return err
		}
		// If R01 names no day, the new year is our own guess, which gives way to what the registry shows.
		guessed := f.Result.PaidTill.IsZero() && r.Kind == lifecycle.Prolong
		return tx.Domains.PutRenewed(d, guessed, en.now())
	case lifecycle.UpdateDomain:
		for _, op := range ops {
			order, err := OrderOf(tx, op.ID)
			if err != nil {
				return err
			}
			d.Nameservers = order.Nameservers
		}
	}

	return tx.Domains.Put(d, en.now())
}

// leave records that a domain was given up: its expiry does not matter any more, and its renewal is not begun.
func (en *Engine) leave(tx *store.Tx, d registrar.Domain) error {
	return errors.Join(tx.Renewals.Unplan(store.Plan{Domain: d.Name, Base: d.PaidTill}),
		en.Alarms.Clear(tx, ExpiryAlarm(d.Name), d.Name), en.Alarms.SettleDoubt(tx, d.Name))
}

// paidTill is the day that R01 wrote. A prolongation is always by one year, so its new expiry
// is known without R01's word. Expiry never moves backwards. r01-mail 2.6
func paidTill(r store.Request, f Fact, known registrar.Date) registrar.Date {
	till := f.Result.PaidTill
	if till.IsZero() && r.Kind == lifecycle.Prolong {
		till = r.Base.AddYears(1)
	}
	if till.IsZero() || !known.IsZero() && till.Before(known) {
		return known
	}
	return till
}

// R01 may say that a renewal comes too early. By our record it did not, or it would not have been sent: so
// the record is wrong, or the clock was, or the year is there already and R01 speaks of the next one. Only in
// the first two cases was the request simply refused; then the schedule asks again when the renewal is due.

// SaysEarly reports whether R01 says that a request comes too early.
func SaysEarly(r store.Request, res mailform.Result) bool {
	return r.Kind == lifecycle.Prolong && res.Early()
}

// Renewed brings a domain in line with an expiry that has moved. It is called before the
// domain is stored.
func (en *Engine) Renewed(tx *store.Tx, d *registrar.Domain) error {
	if d.Status == registrar.StatusExpired && !d.PaidTill.Before(policy.Today(en.now())) {
		d.Status = registrar.StatusRegistered
	}
	return en.Alarms.Clear(tx, ExpiryAlarm(d.Name), d.Name)
}
