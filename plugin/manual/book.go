package manual

import (
	"bytes"
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"registrar.panel/internal/seal"
	"registrar.panel/internal/sqldb"
	"registrar.panel/internal/wake"
	"registrar.panel/shared/registrar"
	"registrar.panel/shared/secret"
)

//go:embed migrations/*.sql
var migrations embed.FS

// sealedOrders is what is sealed in a book.
var sealedOrders = sqldb.Sealed{Table: "operations", Key: "number", Column: "sealed_order", Context: "'order|' || order_id"}

// book keeps operations, domains and events.
type book struct {
	db   *sqldb.DB
	dir  string
	name string    // of the account: operations are called NAME-1, NAME-2 …
	box  *seal.Box // seals orders: they hold personal data
	now  func() time.Time

	changed wake.Broadcast
}

func openBook(ctx context.Context, dir string, server secret.String, create bool, now func() time.Time) (*book, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, fmt.Errorf("open book: %w", err)
	}
	db, err := sqldb.Open(ctx, sqldb.Options{Path: filepath.Join(dir, "manual.db"), Server: server, Owner: "plugin manual",
		Create: create, Migrations: files})
	if err != nil {
		return nil, fmt.Errorf("open book: %w", err)
	}
	box, err := db.OpenBox(ctx, filepath.Join(dir, "manual.key"), create, sealedOrders)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open book: %w", err), db.Close())
	}
	return &book{db: db, dir: dir, name: "manual", box: box, now: now}, nil
}

// backup copies the book and its key into a directory.
func (b *book) backup(ctx context.Context, dir string) error {
	return b.box.Steady(func() error {
		if err := b.db.Copy(ctx, filepath.Join(dir, "manual.db")); err != nil {
			return fmt.Errorf("back up book: %w", err)
		}
		if err := b.box.Save(filepath.Join(dir, "manual.key")); err != nil {
			return fmt.Errorf("back up key: %w", err)
		}
		return nil
	})
}

func (b *book) close() error { return b.db.Close() }

// write commits what fn does and wakes those who read events.
func (b *book) write(ctx context.Context, fn func(tx *sql.Tx) error) error {
	if err := b.db.Write(ctx, fn); err != nil {
		return err
	}
	b.changed.Wake()
	return nil
}

// row is an operation with the order that asked for it.
type row struct {
	registrar.Operation
	order     storedOrder
	decidedBy string
}

// storedOrder is an order as it is sealed: the transfer code never prints, and so stands
// there only by its fingerprint.
type storedOrder struct {
	registrar.Order
	Code   string `json:",omitempty"`
	Erased bool   `json:",omitempty"` // contact and code are
}

func (b *book) stored(o registrar.Order) storedOrder {
	if o.AuthCode == "" {
		return storedOrder{Order: o}
	}
	return storedOrder{Order: o, Code: b.box.Fingerprint("auth code", string(o.ID), string(o.AuthCode))}
}

const columns = "number, order_id, kind, domain, state, sealed_order, error, decided_by, created_at, finished_at"

func (b *book) scanRow(s sqldb.Scanner) (r row, err error) {
	var number int64
	var sealed []byte
	err = s.Scan(&number, &r.Order, &r.Kind, &r.Domain, &r.State, &sealed, &r.Error, &r.decidedBy, sqldb.At(&r.CreatedAt), sqldb.At(&r.FinishedAt))
	if err != nil {
		return r, err
	}

	r.ID = registrar.OperationID(b.name + "-" + strconv.FormatInt(number, 10))
	r.UpdatedAt, r.Version = r.CreatedAt, "1"
	if r.State == registrar.NeedsAction {
		r.WaitsFor = "staff to " + string(r.Kind) + " " + r.Domain + " by hand"
	} else { // it moves once
		r.UpdatedAt, r.Version = r.FinishedAt, "2"
	}

	text, err := b.box.Open(sealed, "order|"+string(r.Order))
	if err != nil {
		return r, err
	}

	return r, json.Unmarshal(text, &r.order)
}

func (b *book) numberOf(id registrar.OperationID) int64 {
	text, ok := strings.CutPrefix(string(id), b.name+"-")
	if n, err := strconv.ParseInt(text, 10, 64); ok && err == nil {
		return n
	}
	return 0
}

func (b *book) find(ctx context.Context, q sqldb.Querier, where string, arg any) (row, error) {
	r, err := b.scanRow(q.QueryRowContext(ctx, "select "+columns+" from operations where "+where, arg))
	if errors.Is(err, sql.ErrNoRows) {
		return r, registrar.Errorf(registrar.NotFound, "the operation is not known here")
	}
	return r, err
}

// submit stores an order once.
func (b *book) submit(ctx context.Context, o registrar.Order) (op registrar.Operation, err error) {
	err = b.write(ctx, func(tx *sql.Tx) error {
		known, err := b.find(ctx, tx, "order_id = $1", string(o.ID))
		switch {
		case err == nil && same(known.order, b.stored(o)):
			op = known.Operation
			return nil
		case err == nil:
			return registrar.Errorf(registrar.Conflict, "order %s is known here with other contents", o.ID)
		case !errors.Is(err, registrar.NotFound):
			return err
		}

		if err := b.admissible(ctx, tx, o); err != nil {
			return err
		}

		op, err = b.begin(ctx, tx, o)
		return err
	})

	return op, err
}

// same reports whether two orders have the same contents. The code is compared by its
// fingerprint: a stored order a has lost its text. What was erased of it is not compared.
func same(a, b storedOrder) bool {
	if a.Erased {
		a.Registrant, a.Code, b.Registrant, b.Code = nil, "", nil, ""
	}
	a.AuthCode, b.AuthCode = "", ""
	return a.Code == b.Code && bytes.Equal(a.Canonical(), b.Canonical())
}

func (b *book) admissible(ctx context.Context, tx *sql.Tx, o registrar.Order) error {
	if open, err := b.find(ctx, tx, "finished_at is null and domain = $1", o.Domain); err == nil {
		return registrar.Errorf(registrar.Precondition, "%s has an open operation (%s)", o.Domain, open.Kind)
	} else if !errors.Is(err, registrar.NotFound) {
		return err
	}

	d, err := b.readDomain(ctx, tx, o.Domain)
	if err != nil && !errors.Is(err, registrar.NotFound) {
		return err
	}

	starts := o.Kind.Acquires()
	switch live := d.Status == registrar.StatusRegistered; {
	case starts && live:
		return registrar.Errorf(registrar.Precondition, "%s is registered here already", o.Domain)
	case !starts && !live:
		return registrar.Errorf(registrar.Precondition, "%s is not registered here", o.Domain)
	case o.Kind == registrar.KindRenew && d.PaidTill != o.PaidTill:
		return registrar.Errorf(registrar.Precondition, "%s is paid till %s, not %s", o.Domain, d.PaidTill, o.PaidTill)
	}

	return nil
}

func (b *book) begin(ctx context.Context, tx *sql.Tx, o registrar.Order) (registrar.Operation, error) {
	text, err := json.Marshal(b.stored(o))
	if err != nil {
		return registrar.Operation{}, fmt.Errorf("store order: %w", err)
	}

	_, err = tx.ExecContext(ctx, `insert into operations (number, order_id, kind, domain, state, sealed_order, created_at)
		values ((select coalesce(max(number), 0) + 1 from operations), $1, $2, $3, $4, $5, $6)`,
		string(o.ID), o.Kind, o.Domain, registrar.NeedsAction, b.box.Seal(text, "order|"+string(o.ID)), sqldb.Millis(b.now()))
	if err != nil {
		return registrar.Operation{}, fmt.Errorf("store order: %w", err)
	}

	r, err := b.find(ctx, tx, "order_id = $1", string(o.ID))
	if err != nil {
		return registrar.Operation{}, err
	}

	if d, starting := startOf(o); starting {
		if err := putDomain(ctx, tx, d); err != nil {
			return registrar.Operation{}, err
		}
	}

	return r.Operation, b.tell(ctx, tx, r, registrar.LevelWarning, "plugin", instruction(o))
}

// startOf is the record of a domain that is on its way.
func startOf(o registrar.Order) (registrar.Domain, bool) {
	d := registrar.Domain{Name: o.Domain, Customer: o.Customer, Renewal: registrar.RenewManual, Nameservers: o.Nameservers}
	switch o.Kind {
	case registrar.KindRegister:
		d.Status = registrar.StatusRegistering
	case registrar.KindTransfer:
		d.Status = registrar.StatusTransferring
	}
	return d, d.Status != ""
}

// conclude records a verdict and what it means for the domain.
func (b *book) conclude(ctx context.Context, d registrar.Decision) (op registrar.Operation, err error) {
	err = b.write(ctx, func(tx *sql.Tx) error {
		r, err := b.find(ctx, tx, "number = $1", b.numberOf(d.Operation))
		if err != nil {
			return err
		}

		r.History = historyOf(r)
		if err := r.CheckVersion(d.Version); err != nil {
			return err
		}
		if r.State.Final() || d.Verdict == registrar.VerdictResend || d.Verdict == registrar.VerdictCancel { // nothing is ever sent, or waits to be
			return registrar.Errorf(registrar.Precondition, "operation %s is %s and can't be resolved with %q", r.ID, r.State, d.Verdict)
		}

		r.State, r.Error = registrar.Succeeded, ""
		level := registrar.LevelInfo
		if d.Verdict != registrar.VerdictDone {
			r.State, r.Error, level = registrar.Failed, strings.TrimSpace("decided by "+d.By+" "+d.Note), registrar.LevelError
		}

		// finished_at is null: a decision that another has overtaken changes nothing.
		_, err = tx.ExecContext(ctx, "update operations set state = $1, error = $2, decided_by = $3, finished_at = $4 where number = $5 and finished_at is null",
			r.State, r.Error, d.By, sqldb.Millis(b.now()), b.numberOf(r.ID))
		if err != nil {
			return fmt.Errorf("conclude operation: %w", err)
		}

		if err := b.finish(ctx, tx, r); err != nil {
			return err
		}
		if err := b.tell(ctx, tx, r, level, d.By, fmt.Sprintf("%s of %s: %s", r.Kind, r.Domain, d.Verdict)); err != nil {
			return err
		}

		r, err = b.find(ctx, tx, "number = $1", b.numberOf(d.Operation))
		op = r.Operation
		return err
	})

	return op, err
}

// finish brings the domain to what was achieved.
func (b *book) finish(ctx context.Context, tx *sql.Tx, r row) error {
	d, err := b.readDomain(ctx, tx, r.Domain)
	if err != nil {
		return err
	}

	starts := r.Kind.Acquires()
	switch {
	case starts && r.State == registrar.Failed:
		d.Status = registrar.StatusError
	case r.State == registrar.Failed:
		return nil
	case starts:
		d.Status, d.PaidTill = registrar.StatusRegistered, registrar.DateOf(b.now().UTC()).AddYears(1)
	case r.Kind == registrar.KindRenew:
		d.PaidTill = r.order.PaidTill.AddYears(1)
	case r.Kind == registrar.KindUpdate && len(r.order.Nameservers) > 0:
		d.Nameservers = r.order.Nameservers
	}

	return putDomain(ctx, tx, d)
}

// tell appends an event with the domain as it is now.
func (b *book) tell(ctx context.Context, tx *sql.Tx, r row, level registrar.Level, actor, message string) error {
	d, err := b.readDomain(ctx, tx, r.Domain)
	if err != nil {
		return err
	}
	e := registrar.Event{At: b.now().UTC(), Type: registrar.EventOperation, Level: level, Message: message, Actor: actor,
		Name: r.Domain, Order: r.Order, Operation: r.ID, Kind: r.Kind, State: r.State, Reason: r.Error, Domain: &d}
	if err := tx.QueryRowContext(ctx, "select coalesce(max(cursor), 0) + 1 from events").Scan(&e.Cursor); err != nil {
		return fmt.Errorf("append event: %w", err)
	}
	text, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("append event: %w", err)
	}
	if _, err := tx.ExecContext(ctx, "insert into events (cursor, event) values ($1, $2)", int64(e.Cursor), string(text)); err != nil {
		return fmt.Errorf("append event: %w", err)
	}
	return nil
}

func putDomain(ctx context.Context, tx *sql.Tx, d registrar.Domain) error {
	d.Operation, d.Alarms = nil, nil
	text, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("put domain: %w", err)
	}
	_, err = tx.ExecContext(ctx, "insert into domains (name, record) values ($1, $2) on conflict (name) do update set record = excluded.record", d.Name, string(text))
	if err != nil {
		return fmt.Errorf("put domain: %w", err)
	}
	return nil
}

// readDomain returns a domain with its open operation.
func (b *book) readDomain(ctx context.Context, tx *sql.Tx, name string) (d registrar.Domain, err error) {
	var text string
	err = tx.QueryRowContext(ctx, "select record from domains where name = $1", name).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return d, registrar.Errorf(registrar.NotFound, "domain %s is not known here", name)
	}

	if err != nil {
		return d, err
	}
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		return d, fmt.Errorf("read domain: %w", err)
	}

	open, err := b.find(ctx, tx, "finished_at is null and domain = $1", name)
	switch {
	case err == nil:
		d.Operation = &open.Operation
	case !errors.Is(err, registrar.NotFound):
		return d, err
	}

	return d, nil
}

func (b *book) operation(ctx context.Context, id registrar.OperationID) (op registrar.Operation, err error) {
	err = b.db.Read(ctx, func(tx *sql.Tx) error {
		r, err := b.find(ctx, tx, "number = $1", b.numberOf(id))
		if err != nil {
			return err
		}
		op = r.Operation
		op.History = historyOf(r)
		return nil
	})
	return op, err
}

func historyOf(r row) []registrar.Step {
	steps := []registrar.Step{{At: r.CreatedAt, State: registrar.NeedsAction, Message: instruction(r.order.Order), Actor: "plugin"}}
	if !r.State.Final() {
		return steps
	}
	return append(steps, registrar.Step{At: r.FinishedAt, State: r.State, Message: "concluded", Actor: r.decidedBy, Evidence: registrar.EvidencePerson})
}

func (b *book) domain(ctx context.Context, name string) (d registrar.Domain, err error) {
	err = b.db.Read(ctx, func(tx *sql.Tx) (err error) {
		d, err = b.readDomain(ctx, tx, name)
		return err
	})
	return d, err
}

func (b *book) domains(ctx context.Context, p registrar.Page) (page registrar.DomainPage, err error) {
	size := registrar.PageSize(p.Size)
	err = b.db.Read(ctx, func(tx *sql.Tx) error {
		names, err := sqldb.Collect(ctx, tx, func(s sqldb.Scanner) (name string, err error) { return name, s.Scan(&name) },
			"select name from domains where name > $1 order by name limit $2", p.After, size)
		if err != nil {
			return err
		}

		for _, name := range names {
			d, err := b.readDomain(ctx, tx, name)
			if err != nil {
				return err
			}
			page.Domains = append(page.Domains, d)
		}

		return nil
	})

	if len(page.Domains) == size {
		page.Next = page.Domains[size-1].Name
	}

	return page, err
}

func (b *book) waiting(ctx context.Context) (n int, err error) {
	err = b.db.Read(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, "select count(*) from operations where finished_at is null").Scan(&n)
	})
	return n, err
}

// Changed implements registrarkit.Record.
func (b *book) Changed() <-chan struct{} { return b.changed.Next() }

// EventsAfter implements registrarkit.Record.
func (b *book) EventsAfter(ctx context.Context, after registrar.Cursor) (batch []registrar.Event, err error) {
	const atOnce = 500
	err = b.db.Read(ctx, func(tx *sql.Tx) (err error) {
		batch, err = sqldb.Collect(ctx, tx, sqldb.JSON[registrar.Event], "select event from events where cursor > $1 order by cursor limit $2", int64(after), atOnce)
		return err
	})
	return batch, err
}
