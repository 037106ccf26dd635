package orders

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"registrar.panel/host/input"
	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/registrar"
)

// write runs a transaction, after which readers of the log look again.
func (l *ledger) write(ctx context.Context, fn func(tx *sql.Tx) error) error {
	if err := l.db.Write(ctx, fn); err != nil {
		return err
	}
	l.logged.Wake()
	return nil
}

func exec(ctx context.Context, q sqldb.Querier, query string, args ...any) error {
	_, err := q.ExecContext(ctx, query, args...)
	return fault(err, "write to the panel's database")
}

func fault(err error, what string) error {
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

func insertOrder(ctx context.Context, q sqldb.Querier, o Order, sealed []byte) error {
	nameservers, err := nameserverJSON(o.Nameservers)
	if err != nil {
		return err
	}
	brought, err := broughtJSON(o)
	if err != nil {
		return err
	}
	return exec(ctx, q, `insert into orders (id, kind, domain, customer, registrar, state, own, nameservers, paid_till, sealed_private, created_at, reference, digest,
			submission, expires_at, years, brought)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`, o.ID, o.Kind, o.Domain, o.Customer, o.Registrar, o.State, o.Own,
		nameservers, o.PaidTill.String(), sealed, sqldb.Millis(o.CreatedAt), o.Reference, o.Digest, o.Submission, sqldb.Millis(o.ExpiresAt), o.Years, brought)
}

const orderColumns = "id, kind, domain, customer, registrar, state, own, nameservers, paid_till, operation, refusal, created_at, paid_at, closed_at, reference, digest, " +
	"attempt, submission, begun_at, operation_state, outcome, reason, waits_for, waits_until, expires_at, refunded_at, dismissed_at, years, brought"

// selectOrders lists orders, oldest first.
func selectOrders(ctx context.Context, q sqldb.Querier, where string, args ...any) ([]Order, error) {
	list, err := sqldb.Collect(ctx, q, scanOrder, "select "+orderColumns+" from orders "+where+" order by created_at, id", args...)
	return list, fault(err, "read orders")
}

func selectOrder(ctx context.Context, q sqldb.Querier, id registrar.OrderID) (Order, error) {
	found, err := selectOrders(ctx, q, "where id = $1", id)
	if err == nil && len(found) == 0 {
		return Order{}, registrar.Errorf(registrar.NotFound, "there is no order %s", id)
	}
	if err != nil {
		return Order{}, err
	}
	return found[0], nil
}

func scanOrder(row sqldb.Scanner) (o Order, err error) {
	var nameservers, paidTill, brought string
	if err := row.Scan(&o.ID, &o.Kind, &o.Domain, &o.Customer, &o.Registrar, &o.State, &o.Own, &nameservers, &paidTill,
		&o.Operation, &o.Refusal, sqldb.At(&o.CreatedAt), sqldb.At(&o.PaidAt), sqldb.At(&o.ClosedAt), &o.Reference, &o.Digest,
		&o.Attempt, &o.Submission, sqldb.At(&o.BegunAt), &o.OperationState, &o.Outcome, &o.Reason, &o.WaitsFor, sqldb.At(&o.WaitsUntil),
		sqldb.At(&o.ExpiresAt), sqldb.At(&o.RefundedAt), sqldb.At(&o.DismissedAt), &o.Years, &brought); err != nil {
		return o, err
	}
	if o.PaidTill, err = registrar.ParseDate(paidTill); err != nil {
		return o, err
	}

	// Empty for orders that are older than this column, and for those that bring neither DS records nor other roles.
	if brought != "" {
		var b broughtBy
		if err := json.Unmarshal([]byte(brought), &b); err != nil {
			return o, fmt.Errorf("read order %s: %w", o.ID, err)
		}
		o.DS, o.Roles = b.DS, b.Roles
	}
	return o, json.Unmarshal([]byte(nameservers), &o.Nameservers)
}

// broughtBy is the public part of what only few orders bring.
type broughtBy struct {
	DS    []registrar.DelegationSigner `json:"ds,omitempty"`
	Roles []registrar.ContactRole      `json:"roles,omitempty"`
}

// broughtJSON returns it as an order's row keeps it; "" = the order brings nothing of that.
func broughtJSON(o Order) (string, error) {
	if len(o.DS) == 0 && len(o.Roles) == 0 {
		return "", nil
	}
	text, err := json.Marshal(broughtBy{o.DS, o.Roles})
	return string(text), fault(err, "store order")
}

// Domain is an entry of the domain list: the registrar's record by its last event, and the
// registrar. Only the fields of storedOperation are filled in its Operation.
type Domain struct {
	registrar.Domain
	Registrar string
	Standing  // of the operation under way, or of the last one that ended
}

// storedOperation is an operation as a domain's row keeps it.
type storedOperation struct {
	ID        registrar.OperationID    `json:"id"`
	Kind      registrar.OperationKind  `json:"kind"`
	State     registrar.OperationState `json:"state"`
	WaitsFor  string                   `json:"waits_for"`
	Error     string                   `json:"error"`
	Version   registrar.Version        `json:"version"`
	Deadline  time.Time                `json:"deadline,omitzero"`
	CreatedAt time.Time                `json:"created_at,omitzero"`
}

type storedAlarm struct {
	Key     string    `json:"key"`
	Since   time.Time `json:"since"`
	Message string    `json:"message"`
}

func putDomain(ctx context.Context, q sqldb.Querier, d Domain) error {
	nameservers, err := nameserverJSON(d.Nameservers)
	if err != nil {
		return err
	}

	// Without an operation the row has the JSON null, which keeps it out of the partial index.
	var open *storedOperation
	if op := d.Operation; op != nil {
		open = &storedOperation{op.ID, op.Kind, op.State, op.WaitsFor, op.Error, op.Version, op.Deadline, op.CreatedAt}
	}

	alarms := make([]storedAlarm, 0, len(d.Alarms))
	for _, a := range d.Alarms {
		alarms = append(alarms, storedAlarm(a))
	}

	operation, err := json.Marshal(open)
	if err != nil {
		return fmt.Errorf("store domain %s: %w", d.Name, err)
	}

	standing, err := json.Marshal(alarms)
	if err != nil {
		return fmt.Errorf("store domain %s: %w", d.Name, err)
	}

	states, err := json.Marshal(append([]string{}, d.Registry...))
	if err != nil {
		return fmt.Errorf("store domain %s: %w", d.Name, err)
	}

	// unicode and attention say nothing new: by them indexes find names as people write them, and what needs a person.
	return exec(ctx, q, `insert into domains (name, customer, registrar, status, handle, paid_till, renewal, nameservers, operation, alarms, unicode, attention,
			operation_state, outcome, reason, locked, registry)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
		on conflict (name) do update set customer = excluded.customer, registrar = excluded.registrar, status = excluded.status,
			handle = excluded.handle, paid_till = excluded.paid_till, renewal = excluded.renewal,
			nameservers = excluded.nameservers, operation = excluded.operation, alarms = excluded.alarms,
			unicode = excluded.unicode, attention = excluded.attention,
			operation_state = excluded.operation_state, outcome = excluded.outcome, reason = excluded.reason, locked = excluded.locked, registry = excluded.registry`,
		d.Name, d.Customer, d.Registrar, d.Status, d.Handle, d.PaidTill.String(), d.Renewal, nameservers, string(operation), string(standing),
		input.Unicode(d.Name), d.attention(), d.OperationState, d.Outcome, d.Reason, d.Locked, string(states))
}

func nameserverJSON(nameservers []registrar.Nameserver) (string, error) {
	text, err := json.Marshal(append([]registrar.Nameserver{}, nameservers...))
	return string(text), fault(err, "store nameservers")
}

// selectDomains lists domains in name order.
func selectDomains(ctx context.Context, q sqldb.Querier, where string, args ...any) ([]Domain, error) {
	list, err := sqldb.Collect(ctx, q, scanDomain, "select "+domainColumns+" from domains "+where+" order by name", args...)
	return list, fault(err, "read domains")
}

// selectDomain returns the zero Domain for an unknown name.
func selectDomain(ctx context.Context, q sqldb.Querier, name string) (Domain, error) {
	found, err := selectDomains(ctx, q, "where name = $1", name)
	if err != nil || len(found) == 0 {
		return Domain{}, err
	}
	return found[0], nil
}

func scanDomain(row sqldb.Scanner) (d Domain, err error) {
	var paidTill, nameservers, operation, alarms, states string
	if err := row.Scan(&d.Name, &d.Customer, &d.Registrar, &d.Status, &d.Handle, &paidTill, &d.Renewal, &nameservers, &operation, &alarms,
		&d.OperationState, &d.Outcome, &d.Reason, &d.Locked, &states); err != nil {
		return d, err
	}

	var open *storedOperation
	var standing []storedAlarm
	d.PaidTill, err = registrar.ParseDate(paidTill)
	err = errors.Join(err, json.Unmarshal([]byte(nameservers), &d.Nameservers),
		json.Unmarshal([]byte(operation), &open), json.Unmarshal([]byte(alarms), &standing))

	if states != "[]" {
		err = errors.Join(err, json.Unmarshal([]byte(states), &d.Registry))
	}
	if open != nil {
		d.Operation = &registrar.Operation{ID: open.ID, Kind: open.Kind, Domain: d.Name, State: open.State, WaitsFor: open.WaitsFor, Error: open.Error, Version: open.Version, Deadline: open.Deadline, CreatedAt: open.CreatedAt}
	}
	for _, a := range standing {
		d.Alarms = append(d.Alarms, registrar.Alarm(a))
	}
	return d, err
}
