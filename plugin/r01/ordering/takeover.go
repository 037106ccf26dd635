package ordering

import (
	"context"
	"errors"
	"fmt"
	"time"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/registry"
	"registrar.panel/plugin/r01/renewal/policy"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/plugin/r01/term"
	"registrar.panel/shared/registrar"
)

// Whois asks the registry about one name; package registry has the real one.
type Whois interface {
	// RecallSparingly accepts an answer of a moment ago, too, and leaves a share of the pace to
	// questions that can't wait.
	RecallSparingly(ctx context.Context, name string) registry.Answer
}

// Takeover takes over handles and domains that R01 holds for us already.
type Takeover struct {
	engine   *engine.Engine
	alarms   *engine.Alarms
	settings *engine.Settings
	store    Store
	now      func() time.Time
	whois    Whois
}

// NewTakeover composes the takeover.
func NewTakeover(s *engine.Settings, en *engine.Engine, p Parts) *Takeover {
	return &Takeover{engine: en, alarms: en.Alarms, settings: s, store: p.Store, now: p.Now, whois: p.Whois}
}

// AdoptHandle records a handle that a customer already has at R01.
func (tk *Takeover) AdoptHandle(ctx context.Context, customer, handle string) (h registrar.Handle, err error) {
	kind, err := kindOf(customer, handle)
	if err != nil {
		return h, err
	}
	err = tk.engine.Write(ctx, func(tx *store.Tx) error {
		h, err = tk.adopt(tx, customer, handle, kind)
		return err
	})
	return h, err
}

// kindOf returns the kind of registrant that a handle names.
func kindOf(customer, handle string) (registrar.RegistrantKind, error) {
	kind, ok := mailform.KindOfHandle(handle)
	if !ok || customer == "" {
		return kind, registrar.InvalidOrder([]registrar.Problem{{Path: "handle", Message: "must be a handle of R01, such as NAME_1_X-R01 or NAME_1_X-ORG-R01, of a customer"}})
	}
	return kind, nil
}

func (tk *Takeover) adopt(tx *store.Tx, customer, handle string, kind registrar.RegistrantKind) (registrar.Handle, error) {
	known, err := tx.Clients.ByHandle(handle)
	switch {
	case errors.Is(err, store.ErrNotFound):
	case err != nil:
		return registrar.Handle{}, err
	case known.Customer != customer:
		return engine.HandleOf(known), registrar.Errorf(registrar.Conflict, "handle %s belongs to another customer", handle)
	default:
		return engine.HandleOf(known), nil
	}

	c, err := tx.Clients.Add(store.Client{Customer: customer, Kind: kind, Handle: handle, State: registrar.HandleRegistered, CreatedAt: tk.now()}, nil)
	return engine.HandleOf(c), err
}

// ImportDomain takes over a domain that R01 holds for us already. With another handle or expiry
// than the known one it is a correction by a person who knows better.
func (tk *Takeover) ImportDomain(ctx context.Context, i registrar.Import) (d registrar.Domain, err error) {
	if problems := tk.checkImport(i); len(problems) > 0 {
		return d, registrar.InvalidOrder(problems)
	}

	// Before the transaction, which a slow whois would keep open.
	problems, err := tk.compareImport(ctx, &i)
	if err == nil {
		err = registrar.InvalidOrder(problems)
	}
	if err != nil {
		return d, err
	}

	kind, err := kindOf(i.Customer, i.Handle)
	if err != nil {
		return d, err
	}

	err = tk.engine.Write(ctx, func(tx *store.Tx) error {
		if _, err := tk.adopt(tx, i.Customer, i.Handle, kind); err != nil {
			return err
		}
		known, err := tx.Domains.Get(i.Domain)
		if err == nil && known.Operation == nil && known.Status.Gone() {
			err = errors.Join(tk.alarms.SettleDoubt(tx, i.Domain), store.ErrNotFound) // what was is over
		} else if err == nil {
			d, err = tk.correct(tx, known, i)
			return err
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}

		d = registrar.Domain{Name: i.Domain, Customer: i.Customer, Handle: i.Handle, PaidTill: i.PaidTill,
			Status: tk.statusOf(i.PaidTill), Renewal: tk.settings.Renewal}
		if err := tx.Domains.Put(d, tk.now()); err != nil {
			return err
		}
		tx.Emit(registrar.Event{At: tk.now(), Type: registrar.EventDomain, Level: registrar.LevelInfo,
			Message: "taken over, paid till " + i.PaidTill.String(), Actor: engine.ByPlugin, Name: i.Domain})
		return nil
	})

	return d, err
}

// statusOf returns the status of a domain that is paid till a day: it is shown at once, not with the next pass.
func (tk *Takeover) statusOf(paidTill registrar.Date) registrar.DomainStatus {
	if paidTill.Before(policy.Today(tk.now())) {
		return registrar.StatusExpired
	}
	return registrar.StatusRegistered
}

// correct gives a known domain the handle and the expiry that a person names. The customer
// stays, and no operation may be under way.
func (tk *Takeover) correct(tx *store.Tx, known registrar.Domain, i registrar.Import) (d registrar.Domain, err error) {
	d = known
	sameDay := term.Near(known.PaidTill, i.PaidTill)
	switch {
	case known.Customer != i.Customer || !known.Status.Held():
		return d, registrar.Errorf(registrar.Conflict, "%s is known here with other contents", i.Domain)
	case known.Handle == i.Handle && sameDay:
		return d, nil
	case known.Operation != nil:
		return d, registrar.Errorf(registrar.Precondition, "operation %s of %s is under way; wait for it", known.Operation.ID, i.Domain)
	}

	said := "corrected: handle " + i.Handle
	if d.Handle = i.Handle; !sameDay {
		said += ", paid till " + i.PaidTill.String() + " instead of " + known.PaidTill.String()
		d.PaidTill, d.Status = i.PaidTill, tk.statusOf(i.PaidTill)
		// Plans and alarms for the former expiry go with it.
		err = errors.Join(tx.Renewals.Unplan(store.Plan{Domain: d.Name, Base: known.PaidTill}),
			tk.alarms.Clear(tx, engine.ExpiryAlarm(d.Name), d.Name), tk.alarms.SettleDoubt(tx, d.Name))
	}
	if err := errors.Join(err, tx.Domains.Put(d, tk.now())); err != nil {
		return d, err
	}
	tx.Emit(registrar.Event{At: tk.now(), Type: registrar.EventDomain, Level: registrar.LevelWarning, Message: said, Actor: engine.ByPlugin, Name: d.Name})
	return tx.Domains.Get(d.Name)
}

func (tk *Takeover) checkImport(i registrar.Import) []registrar.Problem {
	var problems []registrar.Problem
	if name, err := mailform.Name(i.Domain); err != nil || name != i.Domain {
		problems = append(problems, registrar.Problem{Path: "domain", Message: nameProblem(i.Domain, name, err)})
	}
	if i.PaidTill.IsZero() {
		return append(problems, registrar.Problem{Path: "paid_till", Message: "is required, as YYYY-MM-DD"})
	}
	if why := term.Implausible(policy.Today(tk.now()), i.Domain, i.PaidTill); why != "" && len(problems) == 0 {
		problems = append(problems, registrar.Problem{Path: "paid_till", Message: "can't be: " + why + "; look the day up at R01 or in whois and give that"})
	}
	return problems
}

// compareImport compares an import with the registry, if whois is configured and answers. A name that
// the registry shows with another registrar, or not at all, is refused, and so is another expiry. A
// difference of a day or two counts as the same expiry, which is taken as the registry writes it.
func (tk *Takeover) compareImport(ctx context.Context, i *registrar.Import) ([]registrar.Problem, error) {
	if tk.whois == nil {
		return nil, nil
	}
	known, err := engine.ReadDomain(ctx, tk.store, i.Domain)
	said := err == nil && known.Status.Held() && term.Near(known.PaidTill, i.PaidTill) // nothing of it is new
	// While an operation is open an import changes nothing, so there is nothing to compare.
	if said || err == nil && known.Operation != nil {
		return nil, nil
	}
	if err != nil && !errors.Is(err, registrar.NotFound) {
		return nil, err
	}

	problem := func(path, format string, args ...any) ([]registrar.Problem, error) {
		return []registrar.Problem{{Path: path, Message: fmt.Sprintf(format, args...)}}, nil
	}

	switch a := tk.whois.RecallSparingly(ctx, i.Domain); {
	case a.Status == registry.Absent:
		return problem("domain", "the registry has no such domain")
	case a.Status != registry.Registered:
		return nil, nil // it can't be known now; the next look at the registry tells
	case !tk.engine.Ours(a.Record.Registrar):
		return problem("domain", "the registry shows it with registrar %s, not with R01", a.Record.Registrar)
	case !term.Near(a.Record.PaidTill, i.PaidTill):
		return problem("paid_till", "the registry shows it paid till %s: give that day, or ask R01", a.Record.PaidTill)
	default:
		i.PaidTill = a.Record.PaidTill
		return nil, nil
	}
}
