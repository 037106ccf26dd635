package orders

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"registrar.panel/shared/registrar"
)

// What a registrar tells is its own word: about its own domains, under its own name, and of
// bounded size. accept makes of an event what the book may keep of it.
func (s *Service) accept(ctx context.Context, tx *sql.Tx, name string, e registrar.Event) (registrar.Event, error) {
	if !slices.Contains(registrar.EventTypes(), e.Type) {
		e.Type = registrar.EventNotice
	}
	if !slices.Contains(registrar.Levels(), e.Level) {
		e.Level = registrar.LevelInfo
	}
	e.Message = clean(e.Message, longestMessage)
	e.Order, e.Operation, e.Mail = ident(e.Order), ident(e.Operation), ident(e.Mail)
	var err error
	if e.Actor, err = s.actor(ctx, tx, name, e.Actor); err != nil {
		return e, err
	}
	if e.Name == "" && e.Domain == nil {
		return e, nil
	}
	return s.about(ctx, tx, name, e)
}

// about leaves out of an event a domain that is not the registrar's to tell of.
func (s *Service) about(ctx context.Context, tx *sql.Tx, name string, e registrar.Event) (registrar.Event, error) {
	own, err := s.owns(ctx, tx, name, e.Name)
	if err != nil {
		return e, err
	}
	if !own || e.Domain != nil && e.Domain.Name != e.Name {
		told := clean(e.Name, longestID)
		s.log.Warn("a registrar tells of a domain that is not its own", "registrar", name, "domain", told)
		e.Message = clean(fmt.Sprintf("about %q, which is not a domain of registrar %s: %s", told, name, e.Message), longestMessage)
		e.Name, e.Domain = "", nil
		return e, nil
	}
	if e.Domain != nil {
		d, ok := record(*e.Domain)
		if e.Domain = &d; !ok {
			e.Domain = nil
		}
	}
	return e, nil
}

// owns reports whether a registrar may tell of a domain: it has it in the list, or had it or an
// order for it before, or serves its TLD while no other registrar has it.
func (s *Service) owns(ctx context.Context, tx *sql.Tx, name, domain string) (bool, error) {
	if ace, err := ACE(domain); err != nil || ace != domain {
		return false, nil
	}
	shown, err := selectDomain(ctx, tx, domain)
	if err != nil {
		return false, err
	}
	if shown.Name != "" && shown.Registrar == name {
		return true, nil
	}
	if (shown.Name == "" || gone(shown.Status)) && s.serves(name, tld(domain)) {
		return true, nil
	}
	var before bool
	err = tx.QueryRowContext(ctx, "select exists (select 1 from log where domain = $1 and registrar = $2)", domain, name).Scan(&before)
	return before, fault(err, "look into the log")
}

// record bounds a domain's record; one whose status or mode is none is not believed at all.
func record(d registrar.Domain) (registrar.Domain, bool) {
	if !slices.Contains(registrar.DomainStatuses(), d.Status) || d.Renewal != "" && !slices.Contains(registrar.RenewalModes(), d.Renewal) {
		return d, false
	}
	d.Customer, d.Handle = clean(d.Customer, longestCustomer), clean(d.Handle, longestHandle)
	d.Nameservers = slices.Clone(d.Nameservers[:min(len(d.Nameservers), mostServers)])
	for i, n := range d.Nameservers {
		n.Host, n.IPs = clean(n.Host, 253), slices.Clone(n.IPs[:min(len(n.IPs), mostAddresses)])
		for j, ip := range n.IPs {
			n.IPs[j] = clean(ip, longestID)
		}
		d.Nameservers[i] = n
	}
	d.Alarms = slices.Clone(d.Alarms[:min(len(d.Alarms), mostAlarms)])
	for i, a := range d.Alarms {
		a.Key, a.Message = clean(a.Key, longestID), clean(a.Message, longestMessage)
		d.Alarms[i] = a
	}
	if d.Operation != nil {
		op := *d.Operation
		op.ID, op.WaitsFor, op.Error = ident(op.ID), clean(op.WaitsFor, longestMessage), clean(op.Error, longestMessage)
		d.Operation = &op
	}
	return d, true
}

// ident is the ID of a thing, or nothing if it could not be one.
func ident[T ~string](id T) T {
	if line(string(id), longestID) != "" {
		return ""
	}
	return id
}

// Actors that a registrar may name by itself.
func ownActors() []string { return []string{"plugin", "registrar", "registry", "cron"} }

// actor is who did what an event tells of: a person only if the panel has passed a decision of
// that person to this registrar.
func (s *Service) actor(ctx context.Context, tx *sql.Tx, name, said string) (string, error) {
	if slices.Contains(ownActors(), said) {
		return said, nil
	}
	var passed bool
	err := tx.QueryRowContext(ctx, "select exists (select 1 from deciders where registrar = $1 and name = $2)", name, said).Scan(&passed)
	if err != nil || passed {
		return said, fault(err, "look for who decided")
	}
	return "plugin", nil
}

// passing records whose decision is about to reach a registrar, before its events can tell.
func (s *Service) passing(ctx context.Context, name, person string) error {
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		return exec(ctx, tx, "insert into deciders (registrar, name) values ($1, $2) on conflict do nothing", name, person)
	})
}

// The pace at which events are applied: a registrar that tells more waits.
const (
	eventPace  = time.Millisecond // for each, in the long run
	eventBurst = 10000
)
