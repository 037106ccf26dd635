package ordering

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/renewal/policy"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/plugin/r01/term"
	"registrar.panel/shared/registrar"
)

// barred finds why our own record of the domain forbids an order: one problem, or none.
func (ord *Orders) barred(tx *store.Tx, o registrar.Order) ([]registrar.Problem, error) {
	d, err := tx.Domains.Get(o.Domain)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	return ord.barredBy(tx, o, d)
}

// barredBy is barred for a given record of the domain, the zero one if there is none.
func (ord *Orders) barredBy(tx *store.Tx, o registrar.Order, d registrar.Domain) ([]registrar.Problem, error) {
	if open := d.Operation; open != nil && (o.Kind != registrar.KindRenew || open.Kind != registrar.KindUpdate) { // an update holds no renewal
		return bar("open_operation", "%s has an open operation (%s, %s); wait for it", o.Domain, open.Kind, open.State), nil
	}

	live := d.Status.Held()
	switch {
	case o.Kind.Acquires() && live:
		return bar("held", "%s is registered here already", o.Domain), nil
	case !o.Kind.Acquires() && !live:
		return bar("not_held", "%s is not registered here", o.Domain), nil
	case live && o.Customer != "" && o.Customer != d.Customer:
		return bar("other_customer", "%s belongs to another customer", o.Domain), nil
	case o.Kind == registrar.KindRenew:
		return ord.unrenewable(d, o.PaidTill), nil
	}

	if list := unassisted(o.Kind, d, policy.Today(ord.now())); len(list) > 0 {
		return list, nil
	}
	return ord.barredByBefore(tx, o, d)
}

// bar returns a problem of the domain of an order.
func bar(code, format string, args ...any) []registrar.Problem {
	return []registrar.Problem{{Path: "domain", Code: code, Message: fmt.Sprintf(format, args...)}}
}

// precondition returns an error for what our record forbids, or nil when it forbids nothing.
func precondition(problems []registrar.Problem) error {
	if len(problems) == 0 {
		return nil
	}
	return registrar.Errorf(registrar.Precondition, "%s", problems[0].Message)
}

// unrenewable finds why R01 would refuse a renewal. r01-mail 4.1
func (ord *Orders) unrenewable(d registrar.Domain, believed registrar.Date) []registrar.Problem {
	// One of the two records is old: the year that is ordered may have been added already.
	if d.PaidTill != believed {
		return bar("paid_till", "%s is paid till %s, not %s: read it again", d.Name, d.PaidTill, believed)
	}
	open := policy.Open(policy.Today(ord.now()))
	switch {
	case open.To.Before(d.PaidTill):
		return bar("too_early", "R01 renews %s from %s on, not earlier", d.Name, d.PaidTill.AddDays(-policy.Opens))
	case d.PaidTill.Before(open.From):
		return bar("too_late", "R01 renewed %s until %s at the latest", d.Name, d.PaidTill.AddDays(policy.Closes))
	}
	return nil
}

// locks are the states of the registry in which R01 can't carry out orders of a kind, in
// capital letters, without blanks and punctuation.
var locks = map[registrar.OperationKind][]string{
	registrar.KindAuthCode: {"TRANSFERPROHIBITED", "LOCKED", "BLOCKED", "PENDINGDELETE"},
	registrar.KindTrade:    {"UPDATEPROHIBITED", "TRANSFERPROHIBITED", "LOCKED", "BLOCKED", "PENDINGDELETE"},
	registrar.KindDelete:   {"DELETEPROHIBITED", "LOCKED", "BLOCKED"},
}

// locked finds the state of the registry that locks a domain against orders of a kind; "" = no state does.
func locked(k registrar.OperationKind, states []string) string {
	for _, state := range states {
		letters := strings.Map(func(r rune) rune {
			if strings.ContainsRune(" -_", r) {
				return -1
			}
			return r
		}, strings.ToUpper(state))
		if slices.ContainsFunc(locks[k], func(lock string) bool {
			return letters == lock || letters == "CLIENT"+lock || letters == "SERVER"+lock
		}) {
			return state
		}
	}
	return ""
}

// unassisted finds why R01 would refuse an order that a person carries out there. field-notes 3.4, 3.5, 3.6
func unassisted(k registrar.OperationKind, d registrar.Domain, today registrar.Date) []registrar.Problem {
	if k != registrar.KindAuthCode && k != registrar.KindTrade && k != registrar.KindDelete {
		return nil
	}

	expired := d.Status == registrar.StatusExpired || !d.PaidTill.IsZero() && d.PaidTill.Before(today)
	state := locked(k, d.Registry)
	switch {
	case state != "":
		return bar("locked", "the registry shows %s as %s: have that lifted at R01 first", d.Name, state)
	// In .SU a domain that has expired can still be given up. field-notes 3.6
	case expired && k == registrar.KindDelete && registrar.ZoneOf(d.Name, keptZones) == "":
		return nil
	case expired && k == registrar.KindDelete:
		return bar("expired", "%s has expired: R01 keeps it for its registrant until %s, and then deletes it by itself", d.Name, d.PaidTill.AddDays(term.Closes))
	case expired:
		return bar("expired", "%s has expired: renew it first", d.Name)
	case k == registrar.KindAuthCode && !d.PaidTill.IsZero() && d.PaidTill.AddDays(engine.TransferCloses).Before(today):
		return bar("too_late", "%s is paid till %s: it can be transferred %d days before at the latest, so renew it first", d.Name, d.PaidTill, -engine.TransferCloses)
	}
	return nil
}

// keptZones are the zones in which a domain that has expired can't be given up. field-notes 3.6
var keptZones = []string{"ru", "xn--p1ai"}

// standstill is the number of days after a change of registrant or registrar during which a
// domain can't be transferred. field-notes 3.4
const standstill = 30

// barredByBefore finds why an order that a person carries out is forbidden by an earlier
// operation, or because the client holds the domain already.
func (ord *Orders) barredByBefore(tx *store.Tx, o registrar.Order, d registrar.Domain) ([]registrar.Problem, error) {
	switch o.Kind {
	case registrar.KindAuthCode:
		last, err := tx.Operations.LastDone(o.Domain, registrar.KindTransfer, registrar.KindTrade)
		if errors.Is(err, store.ErrNotFound) {
			return nil, nil
		}
		from := policy.Today(last.FinishedAt).AddDays(standstill)
		if err == nil && policy.Today(ord.now()).Before(from) {
			return bar("standstill", "%s has changed its registrant or registrar less than %d days ago: it can be transferred from %s on", d.Name, standstill, from), nil
		}
		return nil, err
	case registrar.KindTrade:
		c, err := ord.findClient(tx, o)
		if err == nil && c.Handle == d.Handle {
			return []registrar.Problem{{Path: "contact", Code: "same_registrant",
				Message: fmt.Sprintf("is of client %s, who holds %s already: order an update if only the contact data have changed", c.Handle, d.Name)}}, nil
		}
		if !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
	}
	return nil, nil
}
