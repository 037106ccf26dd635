package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/registrar"
)

const domainColumns = "name, customer, handle, status, paid_till, renewal, nameservers, registry"

func scanDomain(s sqldb.Scanner) (d registrar.Domain, err error) {
	var paidTill, nameservers, states string
	if err := s.Scan(&d.Name, &d.Customer, &d.Handle, &d.Status, &paidTill, &d.Renewal, &nameservers, &states); err != nil {
		return d, err
	}
	err = readDomain(&d, paidTill, nameservers, states)
	return d, err
}

func readDomain(d *registrar.Domain, paidTill, nameservers, states string) (err error) {
	if d.PaidTill, err = registrar.ParseDate(paidTill); err != nil {
		return err
	}
	if states != "[]" {
		err = json.Unmarshal([]byte(states), &d.Registry)
	}
	return errors.Join(err, json.Unmarshal([]byte(nameservers), &d.Nameservers))
}

// Show stores the registry's own states of a domain. Put does not touch them.
func (t Domains) Show(domain string, states []string) error {
	text, err := json.Marshal(append([]string{}, states...))
	if err != nil {
		return fmt.Errorf("keep the registry's states of %s: %w", domain, err)
	}
	delete(t.tx.memo.records, domain)
	return t.tx.exec("update domains set registry = $1 where name = $2", string(text), domain)
}

// Put stores what is known of a domain; its operation and alarms are kept elsewhere. An expiry
// that changes is no guess any more.
func (t Domains) Put(d registrar.Domain, at time.Time) error {
	return t.put(d, at, "case when domains.paid_till = excluded.paid_till then domains.guessed else 0 end", false)
}

// PutRenewed is Put, and records whether we computed the expiry or were told it.
func (t Domains) PutRenewed(d registrar.Domain, guessed bool, at time.Time) error {
	return t.put(d, at, "excluded.guessed", guessed)
}

func (t Domains) put(d registrar.Domain, at time.Time, guess string, guessed bool) error {
	nameservers, err := json.Marshal(append([]registrar.Nameserver{}, d.Nameservers...))
	if err != nil {
		return fmt.Errorf("put domain %s: %w", d.Name, err)
	}
	err = t.tx.exec(`insert into domains (name, customer, handle, status, paid_till, renewal, nameservers, updated_at, guessed)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		on conflict (name) do update set customer = excluded.customer, handle = excluded.handle, status = excluded.status,
			guessed = `+guess+`, paid_till = excluded.paid_till, renewal = excluded.renewal, nameservers = excluded.nameservers, updated_at = excluded.updated_at`,
		d.Name, d.Customer, d.Handle, d.Status, d.PaidTill.String(), d.Renewal, string(nameservers), sqldb.Millis(at), guessed)
	if err != nil {
		return fmt.Errorf("put domain %s: %w", d.Name, err)
	}

	// Columns that Put does not store keep the values that were read.
	if known, ok := t.tx.memo.records[d.Name]; ok {
		d.Registry, d.Operation, d.Alarms, d.Locked = known.Registry, known.Operation, known.Alarms, known.Locked
		t.tx.memo.records[d.Name] = d
	}
	return nil
}

// Guess records whether we computed the expiry of a domain or were told it.
func (t Domains) Guess(domain string, guessed bool) error {
	return t.tx.exec("update domains set guessed = $1 where name = $2", guessed, domain)
}

// Guessed reports whether the expiry of a domain was computed by us.
func (t Domains) Guessed(domain string) (bool, error) {
	n, err := one(t.tx, scanInt, "select guessed from domains where name = $1", domain)
	return n != 0, err
}

// Record returns the record of a domain that Put stored.
func (t Domains) Record(name string) (registrar.Domain, error) {
	if d, known := t.tx.memo.records[name]; known {
		return d, nil
	}
	d, err := one(t.tx, scanDomain, "select "+domainColumns+" from domains where name = $1", name)
	if err == nil {
		t.tx.keep(d)
	}
	return d, err
}

// Records returns the records that Put stored, by name; unknown domains are left out.
func (t Domains) Records(names []string) (map[string]registrar.Domain, error) {
	list, err := among(t.tx, scanDomain, "select "+domainColumns+" from domains where name in", names)
	found := make(map[string]registrar.Domain, len(list))
	for _, d := range list {
		found[d.Name] = d
	}
	return found, err
}

// Get returns a domain with its open operation and its alarms. If an update and another
// operation are both open, it is the other one.
func (t Domains) Get(name string) (registrar.Domain, error) {
	all, err := t.whole("where d.name = $1", name)
	switch {
	case err != nil:
		return registrar.Domain{}, err
	case len(all) == 0:
		return registrar.Domain{}, ErrNotFound
	}
	return all[0], nil
}

// GetAll is Get for several domains, by name; unknown domains are left out.
func (t Domains) GetAll(names []string) (map[string]registrar.Domain, error) {
	found := make(map[string]registrar.Domain, len(names))
	for _, some := range chunks(names) {
		list, err := t.whole("where d.name in ("+placeholders(1, len(some))+")", anys(some)...)
		if err != nil {
			return nil, err
		}
		for _, d := range list {
			found[d.Name] = d
		}
	}
	return found, nil
}

// List lists at most limit domains after a name, in name order.
func (t Domains) List(after string, limit int) ([]registrar.Domain, error) {
	return t.whole("where d.name > $1 order by d.name limit $2", after, limit)
}

// whole lists domains with their open operations and their alarms.
func (t Domains) whole(which string, args ...any) ([]registrar.Domain, error) {
	var n int
	var alarmed []int // indexes
	// If an update and another operation are open, the domain shows the other one: the values
	// of o come before those of u.
	list, err := collect(t.tx, func(s sqldb.Scanner) (d registrar.Domain, err error) {
		var paidTill, nameservers, states string
		var op registrar.Operation
		var step int64
		var alarm bool
		if err := s.Scan(&d.Name, &d.Customer, &d.Handle, &d.Status, &paidTill, &d.Renewal, &nameservers, &states,
			&op.ID, &op.Order, &op.Kind, &op.State, &op.WaitsFor, &op.Error,
			sqldb.At(&op.CreatedAt), sqldb.At(&op.UpdatedAt), sqldb.At(&op.Deadline), &step, &alarm); err != nil {
			return d, err
		}

		if op.ID != "" {
			op.Domain, op.Version, d.Operation = d.Name, versionOf(step), &op
		}
		if alarm {
			alarmed = append(alarmed, n)
		}

		n++
		err = readDomain(&d, paidTill, nameservers, states)
		return d, err
	}, `select d.name, d.customer, d.handle, d.status, d.paid_till, d.renewal, d.nameservers, d.registry,
		coalesce(o.id, u.id, ''), case when o.id is null then coalesce(u.order_id, '') else coalesce(o.order_id, '') end,
		coalesce(o.kind, u.kind, ''), coalesce(o.state, u.state, ''), coalesce(o.waits_for, u.waits_for, ''), coalesce(o.error, u.error, ''),
		coalesce(o.created_at, u.created_at), coalesce(o.updated_at, u.updated_at), case when o.id is null then u.deadline_at else o.deadline_at end,
		coalesce((select max(number) from steps where steps.operation = coalesce(o.id, u.id)), 0),
		exists (select 1 from alarms a where a.domain = d.name)
	from domains d left join operations o on o.domain = d.name and o.finished_at is null and o.kind <> 'update'
		left join operations u on u.domain = d.name and u.finished_at is null and u.kind = 'update' `+which, args...)
	if err != nil {
		return nil, err
	}

	// Few domains have alarms, and only those are queried.
	for _, i := range alarmed {
		if list[i].Alarms, err = t.tx.alarms("domain = $1", list[i].Name); err != nil {
			return nil, err
		}
	}

	return list, nil
}

// RaiseAlarm raises an alarm. If the alarm stands already, it keeps its time and takes the new
// message. RaiseAlarm reports whether anything is new.
func (tx *Tx) RaiseAlarm(a registrar.Alarm, domain string) (bool, error) {
	n, err := sqldb.Changed(tx.ctx, tx.sql, `insert into alarms (key, domain, since, message) values ($1, $2, $3, $4)
		on conflict (key) do update set message = excluded.message where alarms.message <> excluded.message`,
		a.Key, domain, sqldb.Millis(a.Since), a.Message)
	if err != nil {
		return false, fmt.Errorf("raise alarm %s: %w", a.Key, err)
	}
	tx.noted(a.Key, true)
	return n > 0, nil
}

// ClearAlarm clears an alarm and reports whether it stood.
func (tx *Tx) ClearAlarm(key string) (bool, error) {
	if may, err := tx.mayStand(key); err != nil || !may {
		return false, err
	}
	n, err := sqldb.Changed(tx.ctx, tx.sql, "delete from alarms where key = $1", key)
	if err != nil {
		return false, fmt.Errorf("clear alarm %s: %w", key, err)
	}
	tx.noted(key, false)
	return n > 0, nil
}

// Alarms lists the alarms that are not about a single domain.
func (tx *Tx) Alarms() ([]registrar.Alarm, error) { return tx.alarms("domain = $1", "") }

func (tx *Tx) alarms(where string, arg string) ([]registrar.Alarm, error) {
	return collect(tx, func(s sqldb.Scanner) (a registrar.Alarm, err error) {
		err = s.Scan(&a.Key, sqldb.At(&a.Since), &a.Message)
		return a, err
	}, "select key, since, message from alarms where "+where+" order by since, key", arg)
}
