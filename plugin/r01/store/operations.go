package store

import (
	"fmt"
	"strconv"
	"time"

	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/registrar"
)

// Operation is the plugin's record of an operation.
type Operation struct {
	registrar.Operation
	Digest   string // fingerprint of the order
	Customer string
	Client   int64  // 0 = none
	Request  string // the current request; "" = none
}

const operationColumns = `id, coalesce(order_id, ''), digest, kind, domain, customer, coalesce(client, 0), coalesce(request, ''),
	state, waits_for, error, created_at, updated_at, deadline_at, finished_at, ` + versionColumn

// versionColumn is the version of an operation: the number of its last step. Only steps change it.
const versionColumn = "coalesce((select max(number) from steps where steps.operation = operations.id), 0)"

func scanOperation(s sqldb.Scanner) (o Operation, err error) {
	var step int64
	err = s.Scan(&o.ID, &o.Order, &o.Digest, &o.Kind, &o.Domain, &o.Customer, &o.Client, &o.Request,
		&o.State, &o.WaitsFor, &o.Error, sqldb.At(&o.CreatedAt), sqldb.At(&o.UpdatedAt), sqldb.At(&o.Deadline), sqldb.At(&o.FinishedAt), &step)
	o.Version = versionOf(step)
	return o, err
}

func scanNumber(s sqldb.Scanner) (n int64, err error) { return n, s.Scan(&n) }

func versionOf(step int64) registrar.Version {
	return registrar.Version(strconv.FormatInt(step, 10))
}

func orNull[T comparable](v T) any {
	var zero T
	if v == zero {
		return nil
	}
	return v
}

// Begun is an operation that is not stored yet, with the details of its order and its first step.
type Begun struct {
	Operation Operation
	Order     []byte
	Change    Change
}

// Add is AddAll for one operation.
func (t Operations) Add(o Operation, order []byte, c Change) error {
	if err := t.AddAll([]Begun{{o, order, c}}); err != nil {
		return fmt.Errorf("add operation for %s: %w", o.Domain, err)
	}
	return nil
}

// AddAll stores new operations, each with its first step. What they need of their orders is sealed.
// An open operation on the same domain causes ErrExists, unless one of the two is an update.
func (t Operations) AddAll(begun []Begun) error {
	err := insert(t.tx, `operations (id, order_id, digest, kind, domain, customer, client, request,
		state, waits_for, sealed_order, created_at, updated_at)`, begun, func(b Begun) ([]any, error) {
		o, at := b.Operation, sqldb.Millis(b.Change.At)
		return []any{o.ID, orNull(o.Order), o.Digest, o.Kind, o.Domain, o.Customer, orNull(o.Client), orNull(o.Request),
			o.State, o.WaitsFor, t.tx.box.Seal(b.Order, "operations|"+string(o.ID)), at, at}, nil
	})
	if err != nil {
		return err
	}
	steps := make([]step, len(begun))
	for i := range begun {
		steps[i] = step{&begun[i].Operation, begun[i].Change}
	}
	return t.addSteps(steps)
}

// SetDigest replaces the digest of an operation's order.
func (t Operations) SetDigest(o *Operation, digest string) error {
	err := t.tx.swap("update operations set digest = $1 where id = $2 and digest = $3", digest, o.ID, o.Digest)
	if err == nil {
		o.Digest = digest
	}
	return err
}

// Join attaches an order to an operation of the schedule, with a step.
func (t Operations) Join(o *Operation, id registrar.OrderID, digest string, c Change) error {
	err := t.tx.swap("update operations set order_id = $1, digest = $2, updated_at = $3 where id = $4 and order_id is null",
		id, digest, sqldb.Millis(c.At), o.ID)
	if err != nil {
		return fmt.Errorf("join order %s to operation %s: %w", id, o.ID, err)
	}
	o.Order, o.Digest, o.UpdatedAt = id, digest, c.At
	return t.addStep(o, c)
}

// Set stores an operation's request, state and what it waits for, with a step.
func (t Operations) Set(o *Operation, c Change) error {
	o.UpdatedAt = c.At
	if o.State.Final() {
		o.FinishedAt, o.WaitsFor, o.Deadline = c.At, "", time.Time{}
	}
	err := t.tx.swap(`update operations set request = $1, state = $2, waits_for = $3, error = $4, updated_at = $5,
			deadline_at = $6, finished_at = $7
		where id = $8 and finished_at is null`,
		orNull(o.Request), o.State, o.WaitsFor, o.Error, sqldb.Millis(c.At),
		sqldb.Millis(o.Deadline), sqldb.Millis(o.FinishedAt), o.ID)
	if err != nil {
		return fmt.Errorf("set operation %s to %s: %w", o.ID, o.State, err)
	}
	return t.addStep(o, c)
}

// addStep appends to the history, which gives the operation another version.
func (t Operations) addStep(o *Operation, c Change) error {
	number, err := one(t.tx, scanNumber, `insert into steps (operation, number, at, state, message, actor, evidence, mail)
		values ($1, (select coalesce(max(number), 0) + 1 from steps where operation = $1), $2, $3, $4, $5, $6, $7) returning number`,
		o.ID, sqldb.Millis(c.At), o.State, c.Message, c.Actor, c.Evidence, c.Mail)
	if err != nil {
		return fmt.Errorf("add step to operation %s: %w", o.ID, err)
	}
	o.Version = versionOf(number)
	return nil
}

// step is to be appended to the history of an operation whose version is known.
type step struct {
	op     *Operation
	change Change
}

// addSteps is addStep for several steps, which follow the versions that were read.
func (t Operations) addSteps(steps []step) error {
	err := insert(t.tx, "steps (operation, number, at, state, message, actor, evidence, mail)", steps, func(s step) ([]any, error) {
		last, err := s.op.step()
		if err != nil {
			return nil, err
		}
		s.op.Version = versionOf(last + 1)
		return []any{s.op.ID, last + 1, sqldb.Millis(s.change.At), s.op.State, s.change.Message, s.change.Actor, s.change.Evidence, s.change.Mail}, nil
	})
	if err != nil {
		return fmt.Errorf("add steps: %w", err)
	}
	return nil
}

// step is the number of the operation's last step; 0 = it has none.
func (o Operation) step() (int64, error) {
	if o.Version == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(string(o.Version), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read version of operation %s: %w", o.ID, err)
	}
	return n, nil
}

// Note appends to the histories of a request's operations, for example a late reply, without changing
// anything else. Each gets another version, because a person who decides next must know of it.
func (t Operations) Note(request string, c Change) ([]Operation, error) {
	ops, err := t.Of(request)
	if err != nil {
		return nil, err
	}
	steps := make([]step, len(ops))
	for i := range ops {
		steps[i] = step{&ops[i], c}
	}
	return ops, t.addSteps(steps)
}

// Get returns an operation without its history.
func (t Operations) Get(id registrar.OperationID) (Operation, error) {
	return one(t.tx, scanOperation, "select "+operationColumns+" from operations where id = $1", id)
}

// ByOrder returns the operation of an order.
func (t Operations) ByOrder(id registrar.OrderID) (Operation, error) {
	return one(t.tx, scanOperation, "select "+operationColumns+" from operations where order_id = $1", id)
}

// Open lists the open operations on a domain: at most one update and one other, which comes first.
func (t Operations) Open(domain string) ([]Operation, error) {
	return collect(t.tx, scanOperation, "select "+operationColumns+` from operations where domain = $1 and finished_at is null and kind <> 'update'
		union all select `+operationColumns+` from operations where domain = $1 and finished_at is null and kind = 'update'`, domain)
}

// Of lists the operations whose current request this is or was.
func (t Operations) Of(request string) ([]Operation, error) {
	return collect(t.tx, scanOperation, "select "+operationColumns+" from operations where request = $1 order by created_at, id", request)
}

// OpenOf lists the unfinished operations of a request: those that it carries.
func (t Operations) OpenOf(request string) ([]Operation, error) {
	return collect(t.tx, scanOperation, "select "+operationColumns+" from operations where request = $1 and finished_at is null order by created_at, id", request)
}

// Order opens the details of an operation's order.
func (t Operations) Order(id registrar.OperationID) ([]byte, error) {
	sealed, err := one(t.tx, scanBytes, "select sealed_order from operations where id = $1", id)
	if err != nil {
		return nil, err
	}
	return t.tx.box.Open(sealed, "operations|"+string(id))
}

// History returns the steps of an operation, oldest first.
func (t Operations) History(id registrar.OperationID) ([]registrar.Step, error) {
	return collect(t.tx, func(s sqldb.Scanner) (step registrar.Step, err error) {
		err = s.Scan(sqldb.At(&step.At), &step.State, &step.Message, &step.Actor, &step.Evidence, &step.Mail)
		return step, err
	}, "select at, state, message, actor, evidence, mail from steps where operation = $1 order by number", id)
}
