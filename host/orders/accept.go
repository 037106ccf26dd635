package orders

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"registrar.panel/host/input"
	"registrar.panel/shared/registrar"
)

// The words of a registrar are bounded: they are about its own domains, under its own name, and of limited size.

// bounded returns an event in which all words are known and none is too long.
func bounded(e registrar.Event) registrar.Event {
	// A word that this panel does not know must not end the stream: all later events would wait for a newer panel.
	if !slices.Contains(registrar.EventTypes(), e.Type) {
		e.Type = registrar.EventNotice
	}
	if !slices.Contains(registrar.Levels(), e.Level) {
		e.Level = registrar.LevelInfo
	}

	e.Message, e.Reason = input.OneLine(e.Message, input.LongestMessage), input.OneLine(e.Reason, input.LongestMessage)

	// An unknown state counts as none: the operation's state is then read from its domain, or asked for; see ends.
	if !slices.Contains(registrar.OperationStates(), e.State) {
		e.State = ""
	}

	e.Order, e.Operation, e.Mail = ident(e.Order), ident(e.Operation), ident(e.Mail)
	e.Name = e.Name[:min(len(e.Name), longestName)] // a name that was cut is no domain's
	if e.Domain != nil {
		d := record(*e.Domain)
		e.Domain = &d
	}
	return e
}

// accept reduces a bounded event to what the book may keep of it, and returns the event's domain as the list has it.
func (f follower) accept(ctx context.Context, tx *sql.Tx, e registrar.Event) (kept registrar.Event, shown Domain, err error) {
	if e.Actor, err = f.actor(ctx, tx, e.Actor); err != nil {
		return e, shown, err
	}
	if e.Name == "" && e.Domain == nil {
		return e, shown, nil
	}

	// A name in another form than ACE is on no list, so it is not looked up and is not the registrar's own.
	own := false
	if ace, err := input.ACE(e.Name); err == nil && ace == e.Name {
		if shown, err = selectDomain(ctx, tx, e.Name); err == nil {
			own, err = f.owns(ctx, tx, e.Name, shown)
		}
		if err != nil {
			return e, shown, err
		}
	}
	return f.about(e, own), shown, nil
}

// about removes from an event a domain that the registrar may not report.
func (f follower) about(e registrar.Event, own bool) registrar.Event {
	if !own || e.Domain != nil && e.Domain.Name != e.Name {
		// The event stays, as text without a domain: cursors are dense, and one that was left out would be a gap.
		told := input.OneLine(e.Name, input.LongestID)
		f.log.Warn("a registrar tells of a domain that is not its own", "registrar", f.registrar, "domain", told)
		e.Message = input.OneLine(fmt.Sprintf("about %q, which is not a domain of registrar %s: %s", told, f.registrar, e.Message), input.LongestMessage)
		e.Name, e.Domain = "", nil
		return e
	}

	// The list's CHECKs would refuse such a record, and with it the event, each time that it came again.
	if e.Domain != nil && !isCredible(*e.Domain) {
		e.Domain = nil
	}
	return e
}

// owns reports whether a registrar may report a domain: the list has the domain with this registrar, or the
// registrar had the domain or an order for it before, or it serves the zone and no other registrar has the domain.
func (f follower) owns(ctx context.Context, tx *sql.Tx, domain string, shown Domain) (bool, error) {
	if shown.Name != "" && shown.Registrar == f.registrar {
		return true, nil
	}
	if (shown.Name == "" || shown.Status.Gone()) && f.board.Serves(f.registrar, domain) {
		return true, nil
	}
	// Late reports about a domain that the registrar had before count as well.
	var before bool
	err := tx.QueryRowContext(ctx, "select exists (select 1 from log where domain = $1 and registrar = $2)", domain, f.registrar).Scan(&before)
	return before, fault(err, "look into the log")
}

// isCredible reports whether a domain's record is believed: its status and its mode must be known words.
func isCredible(d registrar.Domain) bool {
	return slices.Contains(registrar.DomainStatuses(), d.Status) && (d.Renewal == "" || slices.Contains(registrar.RenewalModes(), d.Renewal))
}

// record bounds a domain's record; a record that is not credible stays so.
func record(d registrar.Domain) registrar.Domain {
	if !isCredible(d) {
		d.Status, d.Renewal = "", ""
	}
	d.Name = d.Name[:min(len(d.Name), longestName)]
	d.Customer, d.Handle = input.OneLine(d.Customer, input.LongestCustomer), input.OneLine(d.Handle, input.LongestHandle)
	// Lists are cloned before they are changed: the record is the caller's.
	d.Nameservers = slices.Clone(d.Nameservers[:min(len(d.Nameservers), mostServers)])
	for i, n := range d.Nameservers {
		n.Host, n.IPs = input.OneLine(n.Host, 253), slices.Clone(n.IPs[:min(len(n.IPs), mostAddresses)])
		for j, ip := range n.IPs {
			n.IPs[j] = input.OneLine(ip, input.LongestID)
		}
		d.Nameservers[i] = n
	}

	d.Alarms = slices.Clone(d.Alarms[:min(len(d.Alarms), mostAlarms)])
	for i, a := range d.Alarms {
		a.Key, a.Message = input.OneLine(a.Key, input.LongestID), input.OneLine(a.Message, input.LongestMessage)
		d.Alarms[i] = a
	}

	d.Registry = slices.Clone(d.Registry[:min(len(d.Registry), mostStates)])
	for i, state := range d.Registry {
		d.Registry[i] = input.OneLine(state, longestState)
	}

	if d.Operation != nil {
		op := *d.Operation
		op.ID, op.WaitsFor, op.Error = ident(op.ID), input.OneLine(op.WaitsFor, input.LongestMessage), input.OneLine(op.Error, input.LongestMessage)
		d.Operation = &op
	}

	return d
}

// longestName is longer than any domain's name.
const longestName = 1000

// mostStates and longestState bound what the registry says of a domain.
const (
	mostStates   = 20
	longestState = 100
)

// ident returns the ID of a thing, or "" if the text can't be an ID.
func ident[T ~string](id T) T {
	if input.CheckLine(string(id), input.LongestID) != "" {
		return ""
	}
	return id
}

// ownActors lists the actors that a registrar may name by itself.
func ownActors() []string { return []string{"plugin", "registrar", "registry", "cron"} }

// actor returns who did what an event reports: a person only if the panel has passed a decision of
// that person to this registrar.
func (f follower) actor(ctx context.Context, tx *sql.Tx, said string) (string, error) {
	if slices.Contains(ownActors(), said) {
		return said, nil
	}
	var passed bool
	err := tx.QueryRowContext(ctx, "select exists (select 1 from deciders where registrar = $1 and name = $2)", f.registrar, said).Scan(&passed)
	if err != nil || passed {
		return said, fault(err, "look for who decided")
	}

	// Otherwise a plugin could put any person's name under what it did.
	return "plugin", nil
}

// passing records that a person's decision is about to reach a registrar, before the registrar's
// events can name that person.
func (l *ledger) passing(ctx context.Context, name, person string) error {
	return l.db.Write(ctx, func(tx *sql.Tx) error {
		return exec(ctx, tx, "insert into deciders (registrar, name) values ($1, $2) on conflict do nothing", name, person)
	})
}

// The pace at which events are applied: a registrar that reports more waits.
const (
	eventPace  = time.Millisecond // for each, in the long run
	eventBurst = 10000
)
