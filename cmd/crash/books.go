//go:build linux

package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"

	"registrar.panel/internal/r01sim"
	"registrar.panel/internal/seal"
)

// books are the databases of both sides. The judge reads them directly, and not through the code that wrote them.
type books struct {
	panel  *sql.DB
	plugin *sql.DB
	box    *seal.Box // opens what the plugin has sealed
	stay   bool      // close leaves the databases open for later readers
}

func (w *world) data() string { return filepath.Join(w.dir, "data") }

func (w *world) openBooks() (b books, err error) {
	if w.shared != nil {
		b = w.shared.books
	} else if b, err = openFiles(filepath.Join(w.data(), "panel.db"), filepath.Join(w.data(), "plugins", registrar, "r01.db")); err != nil {
		return b, err
	}
	if b.box, err = seal.OpenBox(filepath.Join(w.data(), "plugins", registrar, "r01.key"), false); err != nil {
		return b, errors.Join(err, b.close())
	}
	return b, nil
}

// openFiles opens the books of a panel alone. They are closed after each look: SQLite
// tidies up a file when its last user leaves, and that must be the panel or its plugin.
func openFiles(panel, plugin string) (b books, err error) {
	if b.panel, err = openBook(panel); err != nil {
		return b, err
	}
	if b.plugin, err = openBook(plugin); err != nil {
		return b, errors.Join(err, b.panel.Close())
	}
	return b, nil
}

func openBook(path string) (*sql.DB, error) {
	u := url.URL{Scheme: "file", Opaque: path, RawQuery: url.Values{"_pragma": {"busy_timeout(5000)", "query_only(1)"}}.Encode()}
	return sql.Open("sqlite", u.String())
}

func (b books) close() error {
	if b.stay {
		return nil
	}
	return errors.Join(b.panel.Close(), b.plugin.Close())
}

// rows reads the rows of a query, each into a T.
func rows[T any](ctx context.Context, db *sql.DB, scan func(*sql.Rows, *T) error, query string, args ...any) ([]T, error) {
	found, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", query, err)
	}
	defer found.Close()
	var all []T
	for found.Next() {
		var v T
		if err := scan(found, &v); err != nil {
			return nil, fmt.Errorf("%s: %w", query, err)
		}
		all = append(all, v)
	}
	return all, found.Err()
}

func number(ctx context.Context, db *sql.DB, query string) (n int, err error) {
	err = db.QueryRowContext(ctx, query).Scan(&n)
	return n, err
}

// told returns the cursor of the plugin's last event.
func (b books) told(ctx context.Context) (int, error) {
	return number(ctx, b.plugin, "select coalesce(max(cursor), 0) from events")
}

// request is a mail to R01, as the plugin has recorded it.
type request struct{ id, kind, object, state, hold, message string }

func (b books) requests(ctx context.Context) ([]request, error) {
	return rows(ctx, b.plugin, func(r *sql.Rows, q *request) error {
		return r.Scan(&q.id, &q.kind, &q.object, &q.state, &q.hold, &q.message)
	}, "select id, kind, object, state, hold, message_id from requests order by created_at, id")
}

// operation is the plugin's work for an order.
type operation struct{ id, order, kind, domain, state, request, waits string }

func (b books) operations(ctx context.Context, where string) ([]operation, error) {
	return rows(ctx, b.plugin, func(r *sql.Rows, o *operation) error {
		return r.Scan(&o.id, &o.order, &o.kind, &o.domain, &o.state, &o.request, &o.waits)
	}, "select id, coalesce(order_id, ''), kind, domain, state, coalesce(request, ''), waits_for from operations "+where+" order by created_at, id")
}

// mail is a mail that the plugin received.
type mail struct{ id, state, text string }

func (b books) mails(ctx context.Context) ([]mail, error) {
	return rows(ctx, b.plugin, func(r *sql.Rows, m *mail) error {
		var sealed []byte
		if err := r.Scan(&m.id, &m.state, &sealed); err != nil {
			return err
		}
		plain, err := b.box.Open(sealed, "mails|"+m.id)
		m.text = string(plain)
		return err
	}, "select id, state, sealed_raw from mails where direction = 'in'")
}

// record is a domain in the book of one side.
type record struct{ name, status, paidTill, nameservers string }

func records(ctx context.Context, db *sql.DB) (map[string]record, error) {
	all, err := rows(ctx, db, func(r *sql.Rows, d *record) error {
		return r.Scan(&d.name, &d.status, &d.paidTill, &d.nameservers)
	}, "select name, status, paid_till, nameservers from domains")
	named := map[string]record{}
	for _, d := range all {
		named[d.name] = d
	}
	return named, err
}

// memory is the simulator's own record.
type memory struct {
	r01sim.State
	history []r01sim.Entry
	sent    [][]byte              // by R01
	lies    []r01sim.Lie          // like sent, only the judge reads these
	wrote   map[string]bool       // the mails in sent
	lied    map[string]r01sim.Lie // the lies, by their bytes
}

// remembers returns what R01 has received and done. The mails
// to us are many times as much, and only the judge reads them.
func (s *simulator) remembers(ctx context.Context) (m memory, err error) {
	return m, errors.Join(s.get(ctx, "/state", &m.State), s.get(ctx, "/history", &m.history))
}

// remembersAll also returns the rest.
func (s *simulator) remembersAll(ctx context.Context) (memory, error) {
	m, err := s.remembers(ctx)
	return m, errors.Join(err, s.get(ctx, "/sent", &m.sent), s.get(ctx, "/lies", &m.lies))
}

// arrived returns the mails for the robot with a given Message-ID.
func (m memory) arrived(message string) (entries []r01sim.Entry) {
	for _, e := range m.history {
		if e.MessageID == message {
			entries = append(entries, e)
		}
	}
	return entries
}

// domain returns a domain of R01's; ok is false if R01 has none of that name.
func (m memory) domain(name string) (d r01sim.Domain, ok bool) {
	for _, d := range m.Domains {
		if d.Name == name {
			return d, true
		}
	}
	return d, false
}

// fate is what became of a request at R01.
type fate struct {
	arrived int  // how often
	pending bool // R01 still works on it
	done    bool
	why     string // R01's reason, if it is not done
}

// fate finds out what became of a request.
func (m memory) fate(q request) (f fate) {
	var of r01sim.Entry
	for _, e := range m.arrived(q.message) {
		f.arrived++
		of = e
	}
	if f.arrived == 0 {
		return f
	}
	if of.Verdict != r01sim.VerdictQueued {
		f.why = fmt.Sprintf("R01's verdict: %s %v", of.Verdict, of.Reasons)
		return f
	}
	if t, ok := m.task(q); ok {
		f.pending, f.done, f.why = t.Status == r01sim.TaskQueued, t.Status == r01sim.TaskSuccess, t.Message
	}
	return f
}

// task returns the task that a request became. Mails and tasks about one object keep their order.
func (m memory) task(q request) (t r01sim.Task, ok bool) {
	arrived := m.arrived(q.message)
	if len(arrived) == 0 || arrived[len(arrived)-1].Verdict != r01sim.VerdictQueued {
		return t, false
	}

	place, of := -1, arrived[len(arrived)-1]
	for _, e := range m.history {
		if e.Verdict == r01sim.VerdictQueued && e.Action == of.Action && slices.Equal(e.Objects, of.Objects) {
			if place++; e.MessageID == q.message {
				break
			}
		}
	}

	for _, t := range m.Tasks {
		if t.Action != of.Action || t.Object != of.Objects[0] {
			continue
		}
		if place--; place < 0 {
			return t, true
		}
	}

	return t, false
}
