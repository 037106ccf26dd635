package registrartest

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"registrar.panel/shared/registrar"
)

var capabilityChecks = []check{
	{Rule{ID: "capability/undeclared", Level: Must, Needs: []Need{NeedSettings},
		Demand: "The methods of a capability that is not declared answer Unsupported.", Place: "Registrar, Unsupported, CapabilitiesOf",
		Remedy: "Declare it. In Go, registrarrpc answers Unsupported for what is not declared."}, lacksUndeclared},
	{Rule{ID: "capability/renewals", Level: Must, Capability: registrar.CapRenewals, Needs: []Need{NeedSettings},
		Demand: "SetRenewal is remembered, knows its modes and its domains; a dry pass plans and does nothing.", Place: "Renewer",
		Remedy: "Declare renewals only with all of it."}, hasRenewals},
	{Rule{ID: "capability/handles", Level: Must, Capability: registrar.CapHandles, Needs: []Need{NeedSettings},
		Demand: "The handles of an unknown customer are an empty list; a text that is no handle can't be adopted, and an empty import is refused.", Place: "HandleKeeper",
		Remedy: "Declare handles only with all of it."}, hasHandles},
	{Rule{ID: "handles/adopt", Level: Must, Capability: registrar.CapHandles, Needs: []Need{NeedSettings, NeedHandle},
		Demand: "Adopting a handle, or importing a domain, again with the same contents changes nothing.", Place: "HandleKeeper.ImportDomain",
		Remedy: "Compare with what is known, and answer with it."}, adoptsAgain},
	{Rule{ID: "capability/reviews", Level: Must, Capability: registrar.CapReviews, Needs: []Need{NeedSettings},
		Demand: "The review queue can be listed, and an entry that is not there is NotFound.", Place: "Reviews",
		Remedy: "Declare reviews only with all of it."}, hasReviews},
	{Rule{ID: "capability/mail", Level: Must, Capability: registrar.CapMail, Needs: []Need{NeedSettings},
		Demand: "A mail that is not there is NotFound, and any bytes can be given to Recognise.", Place: "Mails",
		Remedy: "Let Recognise say that it can't read a mail; it must not fail."}, hasMails},
	{Rule{ID: "capability/queue", Level: Must, Capability: registrar.CapQueue, Needs: []Need{NeedSettings},
		Demand: "Pages of an empty queue are empty; an entry that is not there is reported as refused beside those that are resolved, and a sender who is not ignored can't be heeded.", Place: "Queue",
		Remedy: "Answer for each entry by itself: one that is not there fails no call."}, hasQueue},
	{Rule{ID: "capability/backup", Level: Must, Capability: registrar.CapBackup, Needs: []Need{NeedSettings},
		Demand: "Backup copies the store while it is at work: another instance begins on the copy and knows what was ordered; keys in it are for the owner alone.", Place: "BackerUp",
		Remedy: "Let the database make the copy, and write keys as files NAME.key of mode 0600."}, copiesStore},
	{Rule{ID: "capability/refresh", Level: Must, Capability: registrar.CapRefresh, Needs: []Need{NeedSettings},
		Demand: "Refresh answers with the record that Domain has from then on, or is Unavailable; an unknown domain is NotFound.", Place: "Refresher",
		Remedy: "Store what the registry's answer allows, and return the record that was stored."}, refreshes},
	{Rule{ID: "check/answers", Level: Must, Needs: []Need{NeedSettings},
		Demand: "Check answers for each name, in the order asked; what is no name is invalid and not an error.", Place: "Domains.Check",
		Remedy: "Make one answer for each name, whatever becomes of the others."}, checksNames},
	{Rule{ID: "check/honest", Level: Must, Needs: []Need{NeedSettings},
		Demand: "A name that is registered here is never called available; a registrar without the capability check calls none so.", Place: "Domains.Check, CapCheck",
		Remedy: "Say unknown when the registry was not asked."}, checksHonestly},
}

// powers returns calls of the methods of each capability, with arguments that name nothing.
func (e *exam) powers(l *life) map[registrar.Capability]map[string]func() error {
	type calls = map[string]func() error

	return map[registrar.Capability]map[string]func() error{
		registrar.CapRenewals: calls{
			"SetRenewal":  func() error { _, err := l.SetRenewal(e.ctx, e.domain(), registrar.RenewManual); return err },
			"RunRenewals": func() error { _, err := l.RunRenewals(e.ctx, true); return err },
		},
		registrar.CapContacts: calls{
			"Contacts": func() error { _, err := l.Contacts(e.ctx, e.domain()); return err },
		},
		registrar.CapRefresh: calls{
			"Refresh": func() error { _, err := l.Refresh(e.ctx, e.domain()); return err },
		},
		registrar.CapHandles: calls{
			"Handles":      func() error { _, err := l.Handles(e.ctx, "conformance"); return err },
			"AdoptHandle":  func() error { _, err := l.AdoptHandle(e.ctx, "conformance", ""); return err },
			"ImportDomain": func() error { _, err := l.ImportDomain(e.ctx, registrar.Import{}); return err },
		},
		registrar.CapReviews: calls{
			"Reviews": func() error { _, err := l.Reviews(e.ctx); return err },
			"Review":  func() error { _, err := l.Review(e.ctx, "conformance"); return err },
			"ResolveReview": func() error {
				_, err := l.ResolveReview(e.ctx, registrar.ReviewDecision{Review: "conformance", Version: "conformance", Outcome: registrar.ReplyIgnore, By: "conformance"})
				return err
			},
			"ReviewRule": func() error { _, err := l.ReviewRule(e.ctx, "conformance"); return err },
		},
		registrar.CapMail: calls{
			"Mail":      func() error { _, err := l.Mail(e.ctx, "conformance"); return err },
			"RawMail":   func() error { _, err := l.RawMail(e.ctx, "conformance"); return err },
			"Recognise": func() error { _, err := l.Recognise(e.ctx, []byte("\xff\x00no mail")); return err },
		},
		registrar.CapQueue: calls{
			"ReviewPage": func() error { _, err := l.ReviewPage(e.ctx, registrar.ReviewQuery{Strangers: true}); return err },
			"MailPage":   func() error { _, err := l.MailPage(e.ctx, registrar.MailQuery{}); return err },
			"ResolveReviews": func() error {
				_, err := l.ResolveReviews(e.ctx, unknownReviews())
				return err
			},
			"IgnoredSenders": func() error { _, err := l.IgnoredSenders(e.ctx); return err },
			"HeedSender":     func() error { return l.HeedSender(e.ctx, "nobody@conformance.example", "conformance") },
		},
		registrar.CapBackup: calls{
			"Backup": func() error { return l.Backup(e.ctx, e.dir) },
		},
		registrar.CapErase: calls{
			"Erase": func() error {
				_, err := l.Erase(e.ctx, registrar.ErasureQuery{Customer: "conformance"})
				return err
			},
		},
		registrar.CapKeys: calls{
			"RotateKeys": func() error { _, err := l.RotateKeys(e.ctx); return err },
		},
		registrar.CapCodes: calls{
			"TransferCode": func() error { _, err := l.TransferCode(e.ctx, "conformance"); return err },
		},
	}
}

// wants demands a code of some calls; "" = no error.
func (e *exam) wants(calls map[string]func() error, want map[string]registrar.Code) {
	for _, name := range slices.Sorted(maps.Keys(want)) {
		err := calls[name]()
		if want[name] != "" {
			e.mustBe(name, err, want[name])
		} else if err != nil {
			e.broken("%s: %s", name, told(err))
		}
	}
}

func lacksUndeclared(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}
	for capability, calls := range e.powers(l) {
		if e.description.Has(capability) {
			continue
		}
		for name, call := range calls {
			e.mustBe(fmt.Sprintf("%s without the capability %s", name, capability), call(), registrar.Unsupported)
		}
	}
	return nil
}

func hasRenewals(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}

	e.wants(e.powers(l)[registrar.CapRenewals], map[string]registrar.Code{"SetRenewal": registrar.NotFound, "RunRenewals": ""})
	o, _, err := e.concluded(l)
	if err != nil {
		return err
	}

	// The last mode is tried twice, because a mode that is set already may be set again.
	for _, mode := range append(registrar.RenewalModes(), registrar.RenewManual) {
		if d, err := l.SetRenewal(e.ctx, o.Domain, mode); err != nil || d.Renewal != mode || d.Name != o.Domain {
			e.broken("SetRenewal to %s answers with %q and %q: %v", mode, d.Name, d.Renewal, err)
		}
		if d, err := l.Domain(e.ctx, o.Domain); err != nil || d.Renewal != mode {
			e.broken("set to %s, the domain is renewed %q: %v", mode, d.Renewal, err)
		}
	}

	_, err = l.SetRenewal(e.ctx, o.Domain, "conformance")
	e.mustBe("an unknown mode", err, registrar.Invalid)
	if _, err := l.RunRenewals(e.ctx, true); err != nil {
		e.broken("a dry pass: %s", told(err))
	}
	if d, err := l.Domain(e.ctx, o.Domain); err != nil || d.Operation != nil {
		e.broken("after a dry pass an operation is open, or %v", err)
	}

	return nil
}

func refreshes(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}

	_, err = l.Refresh(e.ctx, e.domain())
	e.mustBe("Refresh of a domain that is not known", err, registrar.NotFound)

	o, _, err := e.concluded(l)
	if err != nil {
		return err
	}

	said, err := l.Refresh(e.ctx, o.Domain)
	if errors.Is(err, registrar.Unavailable) {
		return nil // its registry gave no usable answer
	}
	have, readErr := l.Domain(e.ctx, o.Domain)
	switch {
	case err != nil:
		e.broken("Refresh of a domain that is known: %s", told(err))
	case readErr != nil:
		return readErr
	case said.Name != o.Domain || said.Customer != o.Customer || said.Status != have.Status || said.PaidTill != have.PaidTill:
		e.broken("Refresh of %s answers with %s of %q, %s, paid till %s; Domain with %s, paid till %s of %q", o.Domain, said.Name, said.Customer, said.Status, said.PaidTill,
			have.Status, have.PaidTill, have.Customer)
	}
	return nil
}

func hasHandles(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}
	calls := e.powers(l)[registrar.CapHandles]
	e.wants(calls, map[string]registrar.Code{"Handles": "", "AdoptHandle": registrar.Invalid, "ImportDomain": registrar.Invalid})
	if handles, err := l.Handles(e.ctx, "conformance-nobody"); err != nil || len(handles) > 0 {
		e.broken("an unknown customer has %d handles: %v", len(handles), err)
	}
	return nil
}

func adoptsAgain(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}

	const customer = "conformance-adopts"
	for range 2 {
		if h, err := l.AdoptHandle(e.ctx, customer, e.subject.Handle); err != nil || h.Handle != e.subject.Handle || h.State != registrar.HandleRegistered {
			e.broken("AdoptHandle answers with %+v: %v", h, err)
		}
	}

	// Half a year ahead: a registrar may refuse a day that its registry can't have sold.
	till := registrar.DateOf(time.Now().UTC()).AddDays(180)
	i := registrar.Import{Domain: e.domain(), Customer: customer, Handle: e.subject.Handle, PaidTill: till}
	for range 2 {
		if d, err := l.ImportDomain(e.ctx, i); err != nil || d.Name != i.Domain || d.PaidTill != i.PaidTill || d.Status != registrar.StatusRegistered {
			e.broken("ImportDomain answers with %s, %s, %s: %v", d.Name, d.Status, d.PaidTill, err)
		}
	}

	if handles, err := l.Handles(e.ctx, customer); err != nil || len(handles) != 1 {
		e.broken("the customer has %d handles, want 1: %v", len(handles), err)
	}

	return nil
}

func hasReviews(e *exam) error {
	l, err := e.working()
	if err == nil {
		e.wants(e.powers(l)[registrar.CapReviews], map[string]registrar.Code{"Reviews": "", "Review": registrar.NotFound, "ResolveReview": registrar.NotFound, "ReviewRule": registrar.NotFound})
	}
	return err
}

func hasMails(e *exam) error {
	l, err := e.working()
	if err == nil {
		e.wants(e.powers(l)[registrar.CapMail], map[string]registrar.Code{"Mail": registrar.NotFound, "RawMail": registrar.NotFound, "Recognise": ""})
	}
	return err
}

// unknownReviews is a decision on an entry that does not exist.
func unknownReviews() registrar.ReviewsDecision {
	return registrar.ReviewsDecision{Reviews: []registrar.SeenReview{{ID: "conformance", Version: "conformance"}},
		Outcome: registrar.ReplyIgnore, By: "conformance"}
}

func hasQueue(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}
	e.wants(e.powers(l)[registrar.CapQueue], map[string]registrar.Code{"ReviewPage": "", "MailPage": "", "IgnoredSenders": "", "HeedSender": registrar.NotFound})
	done, err := l.ResolveReviews(e.ctx, unknownReviews())
	if err != nil || done.Resolved != 0 || len(done.Refused) != 1 || done.Refused[0].Code != registrar.NotFound {
		e.broken("ResolveReviews of an entry that is not there resolves %d and refuses %d: %s", done.Resolved, len(done.Refused), told(err))
	}
	return nil
}

func copiesStore(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}

	_, op, err := e.submitted(l)
	if err != nil {
		return err
	}

	into := filepath.Join(e.dir, "copy")
	if err := os.Mkdir(into, 0o700); err != nil {
		return fmt.Errorf("make directory: %w", err)
	}

	if err := l.Backup(e.ctx, into); err != nil {
		e.broken("Backup: %s", told(err))
		return nil
	}

	if err := e.guardsKeys(into); err != nil {
		return err
	}

	// The copy replaces the store, as when a backup is restored.
	e.end(l)
	if err := errors.Join(os.RemoveAll(l.dir), os.Rename(into, l.dir)); err != nil {
		return fmt.Errorf("lay out the copy: %w", err)
	}

	next, err := e.begin(false)
	if err != nil {
		e.broken("no instance begins on the copy: %s", told(err))
		return nil
	}

	if _, err := next.Operation(e.ctx, op.ID); err != nil {
		e.broken("the copy does not hold the operation %s that was begun before: %v", op.ID, err)
	}

	return nil
}

// guardsKeys checks the keys in a copy.
func (e *exam) guardsKeys(dir string) error {
	keys, err := filepath.Glob(filepath.Join(dir, "*.key"))
	if err != nil {
		return fmt.Errorf("look for keys: %w", err)
	}
	for _, key := range keys {
		if info, err := os.Lstat(key); err != nil || info.Mode() != 0o600 {
			e.broken("%s in the copy is not a regular file of mode 0600: %v", filepath.Base(key), err)
		}
	}
	return nil
}

func checksNames(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}

	// The invalid name stands between two valid ones, so that answers in another order are noticed.
	asked := []string{e.domain(), "no name", e.domain()}
	answers, err := l.Check(e.ctx, asked)
	if err != nil || len(answers) != len(asked) {
		e.broken("Check of %d names brings %d answers: %v", len(asked), len(answers), err)
		return nil
	}

	for i, a := range answers {
		if a.Name != asked[i] || !slices.Contains(registrar.AvailabilityStatuses(), a.Status) || (a.Status == registrar.NameInvalid) != (i == 1) {
			e.broken("asked for %q, it answers that %q is %q", asked[i], a.Name, a.Status)
		}
	}

	if answers, err := l.Check(e.ctx, nil); err != nil || len(answers) > 0 {
		e.broken("Check of no names brings %d answers: %v", len(answers), err)
	}

	return nil
}

func checksHonestly(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}

	o, _, err := e.concluded(l)
	if err != nil {
		return err
	}

	answers, err := l.Check(e.ctx, []string{o.Domain, e.domain()})
	if err != nil || len(answers) != 2 {
		return errors.Join(err, fmt.Errorf("a check of 2 names brings %d answers", len(answers)))
	}

	if answers[0].Status == registrar.Available {
		e.broken("a domain that is registered here is called available")
	}
	if !e.description.Has(registrar.CapCheck) && answers[1].Status == registrar.Available {
		e.broken("without the capability check a name is called available")
	}

	return nil
}
