package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/registrar"
)

const domainColumns = "name, customer, handle, status, paid_till, renewal, nameservers"

func scanDomain(s sqldb.Scanner) (d registrar.Domain, err error) {
	var paidTill, nameservers string
	if err := s.Scan(&d.Name, &d.Customer, &d.Handle, &d.Status, &paidTill, &d.Renewal, &nameservers); err != nil {
		return d, err
	}
	if d.PaidTill, err = registrar.ParseDate(paidTill); err != nil {
		return d, err
	}
	return d, json.Unmarshal([]byte(nameservers), &d.Nameservers)
}

// PutDomain stores what is known of a domain; its operation and alarms are kept elsewhere.
func (tx *Tx) PutDomain(d registrar.Domain, at time.Time) error {
	nameservers, err := json.Marshal(append([]registrar.Nameserver{}, d.Nameservers...))
	if err != nil {
		return fmt.Errorf("put domain %s: %w", d.Name, err)
	}
	err = tx.exec(`insert into domains (name, customer, handle, status, paid_till, renewal, nameservers, updated_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8)
		on conflict (name) do update set customer = excluded.customer, handle = excluded.handle, status = excluded.status,
			paid_till = excluded.paid_till, renewal = excluded.renewal, nameservers = excluded.nameservers, updated_at = excluded.updated_at`,
		d.Name, d.Customer, d.Handle, d.Status, d.PaidTill.String(), d.Renewal, string(nameservers), sqldb.Millis(at))
	if err != nil {
		return fmt.Errorf("put domain %s: %w", d.Name, err)
	}
	return nil
}

// DomainRecord returns what PutDomain stored.
func (tx *Tx) DomainRecord(name string) (registrar.Domain, error) {
	return one(tx, scanDomain, "select "+domainColumns+" from domains where name = $1", name)
}

// Domain returns a domain with its open operation and its alarms.
func (tx *Tx) Domain(name string) (registrar.Domain, error) {
	d, err := tx.DomainRecord(name)
	if err != nil {
		return registrar.Domain{}, err
	}
	return tx.complete(d)
}

// Domains lists at most limit domains after a name, in name order.
func (tx *Tx) Domains(after string, limit int) ([]registrar.Domain, error) {
	list, err := collect(tx, scanDomain, "select "+domainColumns+" from domains where name > $1 order by name limit $2", after, limit)
	if err != nil {
		return nil, err
	}
	for i := range list {
		if list[i], err = tx.complete(list[i]); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (tx *Tx) complete(d registrar.Domain) (registrar.Domain, error) {
	op, err := tx.OpenOperation(d.Name)
	switch {
	case err == nil:
		d.Operation = &op.Operation
	case !errors.Is(err, ErrNotFound):
		return d, err
	}
	d.Alarms, err = tx.alarms("domain = $1", d.Name)
	return d, err
}

// RaiseAlarm raises an alarm; one that stands already keeps its time and takes the new
// message. It tells whether anything is new.
func (tx *Tx) RaiseAlarm(a registrar.Alarm, domain string) (bool, error) {
	n, err := sqldb.Changed(tx.ctx, tx.sql, `insert into alarms (key, domain, since, message) values ($1, $2, $3, $4)
		on conflict (key) do update set message = excluded.message where alarms.message <> excluded.message`,
		a.Key, domain, sqldb.Millis(a.Since), a.Message)
	if err != nil {
		return false, fmt.Errorf("raise alarm %s: %w", a.Key, err)
	}
	return n > 0, nil
}

// ClearAlarm clears an alarm and tells whether it stood.
func (tx *Tx) ClearAlarm(key string) (bool, error) {
	n, err := sqldb.Changed(tx.ctx, tx.sql, "delete from alarms where key = $1", key)
	if err != nil {
		return false, fmt.Errorf("clear alarm %s: %w", key, err)
	}
	return n > 0, nil
}

// Alarms lists the alarms that are about no single domain.
func (tx *Tx) Alarms() ([]registrar.Alarm, error) { return tx.alarms("domain = $1", "") }

func (tx *Tx) alarms(where string, arg string) ([]registrar.Alarm, error) {
	return collect(tx, func(s sqldb.Scanner) (a registrar.Alarm, err error) {
		err = s.Scan(&a.Key, sqldb.At(&a.Since), &a.Message)
		return a, err
	}, "select key, since, message from alarms where "+where+" order by since, key", arg)
}
