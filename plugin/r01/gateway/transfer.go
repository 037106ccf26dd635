package gateway

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/registry"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// A transfer to R01 is assisted: no mail action exists for it. The client is made sure of by
// mail; then the operation stands, with the steps in its history, until the registry, a
// recognised mail or a person says that it is done. The transfer code stays with the panel:
// here it is only part of the order's fingerprint. r01-mail 2.9
const (
	transferCloses = -7                  // days from paid-till until R01 takes no application
	transferWithin = 10 * 24 * time.Hour // until somebody is reminded when the expiry is not known
	longestCode    = 255
)

// acquires tells whether an order is for a domain that is not ours yet.
func acquires(k registrar.OperationKind) bool {
	return k == registrar.KindRegister || k == registrar.KindTransfer
}

// beginning is the status of a domain whose order has just come.
func beginning(k registrar.OperationKind) registrar.DomainStatus {
	status, _ := lifecycle.DomainStatus(k, registrar.Queued)
	return status
}

func (g *Gateway) planTransfer(o registrar.Order) (plan, []registrar.Problem) {
	var problems []registrar.Problem
	code := string(o.AuthCode)
	if code == "" || len(code) > longestCode || strings.ContainsFunc(code, func(r rune) bool { return !unicode.IsPrint(r) }) {
		problems = append(problems, registrar.Problem{Path: "auth_code", Message: "is required: the code that the present registrar gives out, in one line"})
	}
	if len(o.Nameservers) > 0 {
		problems = append(problems, registrar.Problem{Path: "nameservers", Message: "stay as they are in a transfer: change them when it is done"})
	}
	if o.Registrant == nil {
		return plan{}, append(problems, registrar.Problem{Path: "contact", Message: "is required"})
	}
	_, more := mailform.Client(sample+"-R01", *o.Registrant, registrar.DateOf(g.now()))
	problems = append(problems, more...)
	p := plan{kind: lifecycle.NewClient, about: func(string) (mailform.Template, []registrar.Problem) { return mailform.Template{}, nil }}
	if len(problems) == 0 {
		p.templates = []mailform.Template{g.clientTemplate(sample+"-R01", *o.Registrant)}
		problems = g.unencodable(p.templates[0])
	}
	return p, problems
}

// acquire goes on with an operation whose client R01 knows.
func (g *Gateway) acquire(tx *store.Tx, op store.Operation, handle string, t mailform.Template) (store.Request, error) {
	if op.Kind == registrar.KindTransfer {
		return g.newTransfer(tx, op, handle)
	}
	return g.newDomain(tx, op, handle, t)
}

// newTransfer stores a request that waits for a person from the start.
func (g *Gateway) newTransfer(tx *store.Tx, op store.Operation, handle string) (store.Request, error) {
	d, err := tx.Domain(op.Domain)
	if err != nil {
		return store.Request{}, err
	}
	d.Handle = handle
	if err := tx.PutDomain(d, g.now()); err != nil {
		return store.Request{}, err
	}
	r, err := g.addRequest(tx, store.Request{Kind: lifecycle.Transfer, Object: op.Domain, Client: op.Client}, nil)
	if err != nil {
		return r, err
	}
	decision, ok := lifecycle.Weigh(r.Lifecycle(), queueSays(lifecycle.ByHand)).Decision()
	if !ok {
		return r, fmt.Errorf("transfer %s: it can't be left to a person", op.Domain)
	}
	// No operation is carried by it yet: the caller tells its own.
	_, err = tx.Advance(&r, decision, store.Change{At: g.now(), Deadline: g.now().Add(transferWithin)})
	return r, err
}

// requestTransfer goes on with a transfer whose client is registered now.
func (g *Gateway) requestTransfer(tx *store.Tx, op *store.Operation, handle string) error {
	r, err := g.newTransfer(tx, *op, handle)
	if err != nil {
		return err
	}
	op.Request, op.State, op.Error, op.Deadline = r.ID, r.State, "", r.Deadline
	op.WaitsFor = lifecycle.WaitsFor(r.Lifecycle())
	c := store.Change{At: g.now(), Actor: byPlugin, Message: describe(r, fact{event: lifecycle.ByHand})}
	if err := tx.SetOperation(op, c); err != nil {
		return err
	}
	if err := g.instruct(tx, *op, op.Domain); err != nil {
		return err
	}
	return g.alarm(tx, r.Lifecycle(), fact{}, []store.Operation{*op})
}

// instruct writes the steps into the history and the event record.
func (g *Gateway) instruct(tx *store.Tx, op store.Operation, domain string) error {
	d, err := tx.Domain(domain)
	if err != nil {
		return err
	}
	for _, step := range transferSteps(domain, d.Handle, d.PaidTill) {
		c := store.Change{At: g.now(), Actor: byPlugin, Message: step}
		if _, err := tx.Note(op.Request, c); err != nil {
			return err
		}
		if err := g.tell(tx, op, registrar.EventOperation, c); err != nil {
			return err
		}
	}
	return nil
}

// transferSteps are what a person does. r01-protocol 4.3
func transferSteps(domain, handle string, paidTill registrar.Date) []string {
	until := fmt.Sprintf("not later than %d days before it expires", -transferCloses)
	if !paidTill.IsZero() {
		until = "by " + paidTill.AddDays(transferCloses).String() + ", " + until
	}
	return []string{
		"step 1 of 4: have money on the R01 account, and read the transfer code with panel order secret ORDER --by YOU",
		"step 2 of 4: in R01's web interface apply for the transfer of " + mailform.Unicode(domain) + " to client " + handle + " with the code, " + until,
		"step 3 of 4: R01 sends a key to the e-mail address or phone that the registry has of the registrant, within 3 business days; it must be confirmed within 5 days of that",
		"step 4 of 4: when the registry shows R01 the transfer is done here by itself; without whois and zone list resolve it with done",
	}
}

// seeTransfer weighs a sighting of a domain on its way to us. While another registrar has
// it, its expiry dates the steps. Was it never seen elsewhere, then that R01 has it proves
// nothing: it may be another partner's of R01.
func (g *Gateway) seeTransfer(tx *store.Tx, r store.Request, d registrar.Domain, s sighting, w word) (word, error) {
	switch {
	case w.event == lifecycle.Confirmed && d.PaidTill.IsZero():
		return word{lifecycle.Confirmed, "the registry shows it with R01 already, and did so when it was first looked at: if the transfer is done resolve it with done"}, nil
	case w.event != "" || !s.present || g.ours(s.Registrar) || !d.PaidTill.IsZero():
		return w, nil
	}
	d.PaidTill = s.PaidTill
	last := s.PaidTill.AddDays(transferCloses)
	message := fmt.Sprintf("the registry shows %s with registrar %s, paid till %s: apply for the transfer by %s",
		mailform.Unicode(d.Name), s.Registrar, s.PaidTill, last)
	err := errors.Join(tx.PutDomain(d, g.now()), tx.SetDeadline(r, earlier(r.Deadline, last.In(registry.Moscow))))
	if err != nil {
		return w, err
	}
	return w, g.noteRegistry(tx, r, message)
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

// noteRegistry puts what the registry showed on the timeline.
func (g *Gateway) noteRegistry(tx *store.Tx, r store.Request, message string) error {
	c := store.Change{At: g.now(), Actor: byRegistry, Evidence: registrar.EvidenceRegistry, Message: message}
	ops, err := tx.Note(r.ID, c)
	if err != nil {
		return err
	}
	for _, op := range ops {
		if err := g.tell(tx, op, registrar.EventOperation, c); err != nil {
			return err
		}
	}
	return nil
}

// transferLate reminds of a transfer once: nobody but people can go on with it.
func (g *Gateway) transferLate(tx *store.Tx, r store.Request) error {
	if err := tx.SetDeadline(r, time.Time{}); err != nil {
		return err
	}
	ops, err := tx.OpenOperationsOf(r.ID)
	if err != nil {
		return err
	}
	text := "the transfer of " + mailform.Unicode(r.Object) + " is late: finish it in R01's web interface, or resolve it"
	if d, err := tx.Domain(r.Object); err == nil && !d.PaidTill.IsZero() {
		text += "; R01 takes no application after " + d.PaidTill.AddDays(transferCloses).String()
	}
	for _, op := range ops {
		if err := g.raise(tx, alarmOf(op.ID), op.Domain, text); err != nil {
			return err
		}
	}
	return nil
}
