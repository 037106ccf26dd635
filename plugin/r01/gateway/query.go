package gateway

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"time"

	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/message"
	"registrar.panel/plugin/r01/registry"
	"registrar.panel/plugin/r01/renewal/policy"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/plugin/r01/term"
	"registrar.panel/shared/registrar"
)

// Operation returns an operation with its history.
func (g *Gateway) Operation(ctx context.Context, id registrar.OperationID) (registrar.Operation, error) {
	return operationNow(ctx, g.store, id)
}

// operation returns an operation with its history, as a person sees it.
func operation(tx *store.Tx, id registrar.OperationID) (store.Operation, error) {
	op, err := tx.Operation(id)
	if err != nil {
		return store.Operation{}, err
	}
	op.History, err = tx.History(id)
	return op, err
}

// Domain returns a domain.
func (g *Gateway) Domain(ctx context.Context, name string) (registrar.Domain, error) {
	return domainNow(ctx, g.store, name)
}

// Domains lists domains in name order.
func (g *Gateway) Domains(ctx context.Context, p registrar.Page) (page registrar.DomainPage, err error) {
	size := p.Size
	if size <= 0 || size > registrar.MaxPage {
		size = registrar.MaxPage
	}
	err = g.store.Read(ctx, func(tx *store.Tx) (err error) {
		page.Domains, err = tx.Domains(p.After, size)
		return err
	})
	if len(page.Domains) == size {
		page.Next = page.Domains[size-1].Name
	}
	return page, err
}

// SetRenewal chooses how a domain is renewed.
func (g *Gateway) SetRenewal(ctx context.Context, name string, mode registrar.RenewalMode) (d registrar.Domain, err error) {
	if mode != registrar.RenewAuto && mode != registrar.RenewManual {
		return d, registrar.InvalidOrder([]registrar.Problem{{Path: "renewal", Message: "must be auto or manual"}})
	}
	if mode == registrar.RenewAuto && g.settings.R01Renews {
		return d, registrar.Errorf(registrar.Precondition, "R01 renews by itself (renewal.r01_auto in plugin.hcl): auto would pay twice")
	}
	err = g.write(ctx, func(tx *store.Tx) error {
		if d, err = tx.Domain(name); err != nil || d.Renewal == mode {
			return err
		}
		d.Renewal = mode
		if err := errors.Join(tx.PutDomain(d, g.now()), g.clear(tx, expiryAlarm(name), name)); err != nil {
			return err
		}
		tx.Emit(registrar.Event{At: g.now(), Type: registrar.EventDomain, Level: registrar.LevelInfo,
			Message: "renewal is " + string(mode) + " from now on", Actor: byPlugin, Name: name})
		return nil
	})
	return d, fault(err, "domain "+name)
}

// Handles lists the handles of a customer.
func (g *Gateway) Handles(ctx context.Context, customer string) (handles []registrar.Handle, err error) {
	err = g.store.Read(ctx, func(tx *store.Tx) error {
		clients, err := tx.Clients(customer)
		for _, c := range clients {
			handles = append(handles, handleOf(c))
		}
		return err
	})
	return handles, err
}

func handleOf(c store.Client) registrar.Handle {
	return registrar.Handle{Handle: c.Handle, Customer: c.Customer, Kind: c.Kind, State: c.State}
}

// AdoptHandle records a handle that a customer has at R01 already.
func (g *Gateway) AdoptHandle(ctx context.Context, customer, handle string) (h registrar.Handle, err error) {
	kind, ok := mailform.KindOfHandle(handle)
	if !ok || customer == "" {
		return h, registrar.InvalidOrder([]registrar.Problem{{Path: "handle", Message: "must be a handle of R01, such as NAME_1_X-R01 or NAME_1_X-ORG-R01, of a customer"}})
	}
	err = g.write(ctx, func(tx *store.Tx) error {
		known, err := tx.ClientByHandle(handle)
		if err == nil {
			if h = handleOf(known); known.Customer != customer {
				return registrar.Errorf(registrar.Conflict, "handle %s belongs to another customer", handle)
			}
			return nil
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		c, err := tx.AddClient(store.Client{Customer: customer, Kind: kind, Handle: handle,
			State: registrar.HandleRegistered, CreatedAt: g.now()}, nil)
		h = handleOf(c)
		return err
	})
	return h, err
}

// ImportDomain takes over a domain that R01 holds for us already.
func (g *Gateway) ImportDomain(ctx context.Context, i registrar.Import) (d registrar.Domain, err error) {
	if problems := g.checkImport(i); len(problems) > 0 {
		return d, registrar.InvalidOrder(problems)
	}
	problems, err := g.compareImport(ctx, &i)
	if err == nil {
		err = registrar.InvalidOrder(problems)
	}
	if err != nil {
		return d, err
	}
	if _, err := g.AdoptHandle(ctx, i.Customer, i.Handle); err != nil {
		return d, err
	}
	err = g.write(ctx, func(tx *store.Tx) error {
		known, err := tx.Domain(i.Domain)
		if err == nil && known.Operation == nil && (gone(known.Status) || known.Status == registrar.StatusError) {
			err = errors.Join(g.settleDoubt(tx, i.Domain), store.ErrNotFound) // what was is over
		} else if err == nil {
			if d = known; known.Customer != i.Customer || known.Handle != i.Handle || !term.Near(known.PaidTill, i.PaidTill) {
				return registrar.Errorf(registrar.Conflict, "%s is known here with other contents", i.Domain)
			}
			return nil
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		d = registrar.Domain{Name: i.Domain, Customer: i.Customer, Handle: i.Handle, PaidTill: i.PaidTill,
			Status: registrar.StatusRegistered, Renewal: g.settings.Renewal}
		if err := tx.PutDomain(d, g.now()); err != nil {
			return err
		}
		tx.Emit(registrar.Event{At: g.now(), Type: registrar.EventDomain, Level: registrar.LevelInfo,
			Message: "taken over, paid till " + i.PaidTill.String(), Actor: byPlugin, Name: i.Domain})
		return nil
	})
	return d, err
}

func (g *Gateway) checkImport(i registrar.Import) []registrar.Problem {
	var problems []registrar.Problem
	if name, err := mailform.Name(i.Domain); err != nil || name != i.Domain {
		problems = append(problems, registrar.Problem{Path: "domain", Message: nameProblem(i.Domain, name, err)})
	}
	if i.PaidTill.IsZero() {
		return append(problems, registrar.Problem{Path: "paid_till", Message: "is required, as YYYY-MM-DD"})
	}
	if why := term.Implausible(policy.Today(g.now()), i.Domain, i.PaidTill); why != "" && len(problems) == 0 {
		problems = append(problems, registrar.Problem{Path: "paid_till", Message: "can't be: " + why + "; look the day up at R01 or in whois and give that"})
	}
	return problems
}

// compareImport holds an import against the registry, where that is asked and answers: a name
// that it shows with somebody else, or not at all, is not imported, and neither is another
// expiry than it shows. A day or two apart is the same one, and its own spelling is taken.
func (g *Gateway) compareImport(ctx context.Context, i *registrar.Import) ([]registrar.Problem, error) {
	known, err := domainNow(ctx, g.store, i.Domain)
	if err == nil && (held(known.Status) || known.Operation != nil) || g.whois == nil {
		return nil, nil
	}
	if err != nil && !errors.Is(err, registrar.NotFound) {
		return nil, err
	}
	problem := func(path, format string, args ...any) ([]registrar.Problem, error) {
		return []registrar.Problem{{Path: path, Message: fmt.Sprintf(format, args...)}}, nil
	}
	switch a := g.whois.RecallSparingly(ctx, i.Domain); {
	case a.Status == registry.Absent:
		return problem("domain", "the registry has no such domain")
	case a.Status != registry.Registered:
		return nil, nil // it can't be known now; the next look at the registry tells
	case !g.ours(a.Record.Registrar):
		return problem("domain", "the registry shows it with registrar %s, not with R01", a.Record.Registrar)
	case !term.Near(a.Record.PaidTill, i.PaidTill):
		return problem("paid_till", "the registry shows it paid till %s: give that day, or ask R01", a.Record.PaidTill)
	default:
		i.PaidTill = a.Record.PaidTill
		return nil, nil
	}
}

// Events yields the event record after a cursor, and waits for more until ctx ends.
func (g *Gateway) Events(ctx context.Context, after registrar.Cursor) iter.Seq2[registrar.Event, error] {
	const atOnce = 500
	return func(yield func(registrar.Event, error) bool) {
		for {
			more := g.changed.Next() // before looking, so that nothing slips in between
			var batch []registrar.Event
			err := g.store.Read(ctx, func(tx *store.Tx) (err error) {
				batch, err = tx.Events(after, atOnce)
				return err
			})
			if err != nil {
				yield(registrar.Event{}, err)
				return
			}
			for _, e := range batch {
				if !yield(e, nil) {
					return
				}
				after = e.Cursor
			}
			if len(batch) > 0 {
				continue
			}
			select {
			case <-ctx.Done():
				yield(registrar.Event{}, ctx.Err())
				return
			case <-more:
			case <-time.After(g.lookAgain):
			}
		}
	}
}

// Mail returns a stored mail, masked.
func (g *Gateway) Mail(ctx context.Context, id registrar.MailID) (shown registrar.Mail, err error) {
	err = g.store.Read(ctx, func(tx *store.Tx) error {
		m, err := tx.Mail(id)
		if err != nil {
			return err
		}
		raw, err := tx.MailRaw(id)
		if errors.Is(err, store.ErrRemoved) {
			shown = registrar.Mail{ID: m.ID, At: m.At, Out: m.Out, Text: "(" + err.Error() + ")"}
			return nil
		}
		if err != nil {
			return err
		}
		shown, err = g.showMail(tx, m, raw)
		return err
	})
	return shown, fault(err, "mail "+string(id))
}

func (g *Gateway) showMail(tx *store.Tx, m store.Mail, raw []byte) (registrar.Mail, error) {
	shown := registrar.Mail{ID: m.ID, At: m.At, Out: m.Out}
	msg, err := message.Parse(raw)
	if err != nil {
		shown.Text = "(can't be read: " + err.Error() + ")"
		return shown, nil
	}
	if len(msg.From) > 0 {
		shown.From = msg.From[0]
	}
	if len(msg.To) > 0 {
		shown.To = msg.To[0]
	}
	requests, err := requestsNamed(tx, m.ID)
	if err != nil {
		return shown, err
	}
	shown.Subject, shown.Text, err = g.readable(tx, msg, requests)
	return shown, err
}

// ReviewRule writes a rule that would recognise such a mail.
func (g *Gateway) ReviewRule(ctx context.Context, id registrar.ReviewID) (rule string, err error) {
	err = g.store.Read(ctx, func(tx *store.Tx) error {
		e, err := tx.Review(id)
		if err != nil {
			return err
		}
		_, msg, err := g.show(tx, e)
		if err != nil {
			return err
		}
		requests, err := requestsNamed(tx, e.Mail)
		if err != nil {
			return err
		}
		msg.Shown = msg.Text // no rule looks at what is quoted
		subject, text, err := g.readable(tx, msg, requests)
		if err != nil {
			return err
		}
		if subject != msg.Subject || text != msg.Text {
			rule = "# No rule is proposed: the mail repeats a request of ours, with what nobody should read.\n"
			return nil
		}
		outcome := e.Outcome
		if outcome == "" {
			outcome = registrar.ReplyNotice
		}
		rule = mailform.SuggestRule(mailform.Input{From: msg.From, Subject: msg.Subject, Text: msg.Text}, outcome)
		return nil
	})
	return rule, fault(err, "review "+string(id))
}

// Health tells how the queue stands.
func (g *Gateway) Health(ctx context.Context) ([]registrar.Component, error) {
	queue := registrar.Component{Name: "queue", OK: true}
	review := registrar.Component{Name: "review", OK: true, Detail: "no mail waits"}
	renewals := registrar.Component{Name: "renewals", OK: true, Detail: "no pass has completed yet"}
	err := g.store.Read(ctx, func(tx *store.Tx) error {
		alarms, err := tx.Alarms()
		if err != nil {
			return err
		}
		for _, a := range alarms {
			switch a.Key {
			case reviewAlarm:
				review = registrar.Component{Name: "review", Detail: a.Message}
			case passAlarm:
				renewals = registrar.Component{Name: "renewals", Detail: a.Message}
			default:
				queue.OK, queue.Detail = false, a.Message
			}
		}
		counts, err := tx.CountInStates()
		if queue.OK {
			queue.Detail = describeCounts(counts)
		}
		if err != nil {
			return err
		}
		last, err := tx.Time(passCompleted)
		if renewals.OK && !last.IsZero() {
			renewals.Detail = "last pass completed " + last.UTC().Format(time.RFC3339)
		}
		return err
	})
	return append([]registrar.Component{queue, review, renewals}, g.registryHealth()...), err
}

func describeCounts(counts map[lifecycle.State]int) string {
	text := ""
	for _, s := range registrar.OperationStates() {
		if n := counts[s]; n > 0 {
			text += ", " + strconv.Itoa(n) + " " + string(s)
		}
	}
	if text == "" {
		return "nothing under way"
	}
	return text[2:]
}
