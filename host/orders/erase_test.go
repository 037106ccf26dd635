package orders

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"registrar.panel/shared/registrar"
)

// eraser is a registrar that can erase.
type eraser struct {
	*fake
	erase func(q registrar.ErasureQuery) (registrar.Erasure, error)
}

func (e eraser) Erase(_ context.Context, q registrar.ErasureQuery) (registrar.Erasure, error) {
	return e.erase(q)
}

// unable is a registrar of before there were erasures.
func unable(registrar.ErasureQuery) (registrar.Erasure, error) {
	return registrar.Erasure{}, registrar.Errorf(registrar.Unsupported, "an older plugin")
}

// private is what is still sealed of an order: "contact", "code", both or "".
func (b *book) private(id registrar.OrderID) string {
	b.t.Helper()
	order, err := b.contents(b.t.Context(), b.mustOrder(id))
	if registrar.CodeOf(err) == registrar.Precondition {
		return ""
	}
	if err != nil {
		b.t.Fatal(err)
	}
	var has []string
	if order.Registrant != nil {
		has = append(has, "contact")
	}
	if order.AuthCode != "" {
		has = append(has, "code")
	}
	return strings.Join(has, " and ")
}

func (b *book) sealed(id registrar.OrderID) (sealed []byte) {
	b.t.Helper()
	err := b.db.Read(b.t.Context(), func(tx *sql.Tx) error {
		return tx.QueryRowContext(b.t.Context(), "select sealed_private from orders where id = $1", id).Scan(&sealed)
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return sealed
}

func (b *book) pending() (waiting []pendingErasure) {
	b.t.Helper()
	err := b.db.Read(b.t.Context(), func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(b.t.Context(), "select customer, registrar from erasures")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			p, err := scanErasure(rows)
			if err != nil {
				return err
			}
			waiting = append(waiting, p)
		}
		return rows.Err()
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return waiting
}

// What is concluded goes, what is open or held stays, and the money's trail stays.
func TestErase(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	transfer := func(domain string) Order {
		q := request(domain)
		q.Kind, q.AuthCode, q.Nameservers = registrar.KindTransfer, "CODE-CANARY", nil
		return b.place(q)
	}
	held := transfer("held.ru")
	b.mustPay(held.ID)
	cancelled, open := transfer("cancelled.ru"), transfer("open.ru")
	q := request("others.ru")
	q.Customer = "c2"
	others := b.place(q)
	for _, id := range []registrar.OrderID{cancelled.ID, others.ID} {
		if _, _, err := b.Cancel(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	refused := b.place(request("refused.ru"))
	b.fake.submit = func(o registrar.Order) (registrar.Operation, error) {
		if o.Domain == "refused.ru" {
			return registrar.Operation{}, registrar.Errorf(registrar.Precondition, "no")
		}
		return registrar.Operation{ID: operationOf(o.ID), State: registrar.Queued}, nil
	}
	b.mustPay(refused.ID)
	b.during(func() {
		b.until("the orders' fates", func() bool { return b.mustOrder(held.ID).Operation != "" && b.mustOrder(refused.ID).Refusal != "" })
		b.fake.tell(registered(held))
		b.until("the domain", func() bool {
			return b.mustDomain("held.ru").Status == registrar.StatusRegistered && !b.mustOrder(held.ID).ClosedAt.IsZero()
		})
	})
	before := [][]byte{b.sealed(cancelled.ID), b.sealed(refused.ID), b.sealed(held.ID)}
	trail := len(b.entries(""))

	var asked atomic.Int64
	b.registrars.set("r01", eraser{b.fake, func(q registrar.ErasureQuery) (registrar.Erasure, error) {
		asked.Add(1)
		return registrar.Erasure{Removed: []registrar.Removed{{What: "mails", Count: 7}}}, nil
	}})
	b.registrars.set("m", eraser{&fake{}, unable})
	if _, err := b.Data().Erase(t.Context(), "c1", "", ""); registrar.CodeOf(err) != registrar.Invalid {
		t.Errorf("by nobody: %v", err)
	}
	done, err := b.Data().Erase(t.Context(), " c1 ", "olga", "a letter of 24.11.")
	if err != nil || done.Customer != "c1" || len(done.Parts) != 2 || len(done.Absent) != 1 || asked.Load() != 1 {
		t.Fatalf("%+v, %v", done, err)
	}
	if a := done.Absent[0]; a.Registrar != "m" || !strings.Contains(a.Reason, "by hand") {
		t.Errorf("absent: %+v", a)
	}
	own := done.Parts[0].Value
	if len(own.Removed) != 2 || own.Removed[0].Count != 2 || own.Removed[1].Count != 1 || len(own.Kept) != 2 || len(own.Beyond) == 0 {
		t.Errorf("of the book: %+v", own)
	}
	for id, want := range map[registrar.OrderID]string{cancelled.ID: "", refused.ID: "", held.ID: "contact", open.ID: "contact and code", others.ID: "contact"} {
		if got := b.private(id); got != want {
			t.Errorf("order for %s: %q is left, want %q", b.mustOrder(id).Domain, got, want)
		}
	}
	if got := b.pending(); len(got) != 0 {
		t.Errorf("it waits for %+v", got)
	}
	if got := b.entries(""); len(got) <= trail || !slices.ContainsFunc(got, func(e Entry) bool { return e.Actor == "olga" && strings.Contains(e.Message, "a letter of 24.11.") }) {
		t.Errorf("the log has %d entries and had %d, or does not say who demanded it", len(got), trail)
	}
	if _, err := b.TransferCode(t.Context(), cancelled.ID, "olga", ""); registrar.CodeOf(err) != registrar.Precondition {
		t.Errorf("the code that is gone: %v", err)
	}
	if shown, err := b.Preview(t.Context(), cancelled.ID); err != nil || !strings.Contains(shown, "were erased") {
		t.Errorf("its preview: %q, %v", shown, err)
	}
	if b.server == "" {
		for _, file := range []string{database, database + "-wal"} {
			text, err := os.ReadFile(filepath.Join(b.dir, file))
			if err != nil {
				t.Fatal(err)
			}
			for _, sealed := range before {
				if bytes.Contains(text, sealed) {
					t.Errorf("what was erased lies in %s, sealed as it was", file)
				}
			}
		}
	}
	done, err = b.Data().Erase(t.Context(), "c1", "olga", "")
	if err != nil || len(done.Parts[0].Value.Removed) != 0 {
		t.Errorf("a second time: %+v, %v", done, err)
	}
}

// A call that has a registrar erase fails, and it had erased or it had not; the panel is restarted
// before it asks again, or not. In the end it has erased, and is asked no more.
func TestEraseFaults(t *testing.T) {
	t.Parallel()
	for _, did := range []bool{false, true} {
		for _, restart := range []bool{false, true} {
			t.Run(fmt.Sprintf("happened %v, restart %v", did, restart), func(t *testing.T) {
				t.Parallel()
				b := newBook(t)
				o := b.place(request("a.ru"))
				if _, _, err := b.Cancel(t.Context(), o.ID); err != nil {
					t.Fatal(err)
				}
				var calls, erased atomic.Int64
				b.registrars.set("m", eraser{&fake{}, unable})
				b.registrars.set("r01", eraser{b.fake, func(registrar.ErasureQuery) (registrar.Erasure, error) {
					first := calls.Add(1) == 1
					if !first || did {
						erased.Add(1)
					}
					if first {
						return registrar.Erasure{}, registrar.Errorf(registrar.Unavailable, "the connection broke")
					}
					return registrar.Erasure{}, nil
				}})
				done, err := b.Data().Erase(t.Context(), "c1", "olga", "")
				if err != nil || len(done.Absent) != 2 || b.private(o.ID) != "" {
					t.Errorf("%+v, %v", done, err)
				}
				if restart {
					b.restart()
				}
				if got := b.pending(); len(got) != 1 || got[0] != (pendingErasure{"c1", "r01"}) {
					t.Errorf("it waits for %+v", got)
				}
				for range 2 {
					if err := b.data.finishErasures(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				if got := b.pending(); len(got) != 0 || calls.Load() != 2 || erased.Load() == 0 {
					t.Errorf("it waits for %+v after %d calls", got, calls.Load())
				}
			})
		}
	}
}

// The panel dies between what it removes itself and all that follows: it goes on after its start.
func TestEraseGoesOnAfterTheStart(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	o := b.place(request("a.ru"))
	if _, _, err := b.Cancel(t.Context(), o.ID); err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.data.demandErasure(t.Context(), "c1", "olga", ""); err != nil {
		t.Fatal(err)
	}
	b.restart()
	var asked atomic.Int64
	for _, name := range b.names {
		b.registrars.set(name, eraser{b.fake, func(registrar.ErasureQuery) (registrar.Erasure, error) { asked.Add(1); return registrar.Erasure{}, nil }})
	}
	if got := b.pending(); len(got) != 3 || b.private(o.ID) != "" {
		t.Errorf("it waits for %+v", got)
	}
	b.during(func() { b.until("the erasure to be through", func() bool { return len(b.pending()) == 0 }) })
	if asked.Load() != 2 {
		t.Errorf("%d registrars were asked", asked.Load())
	}
}

// What was kept long enough goes by itself, each sort in its time, and what is held stays.
func TestRetention(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	b.have("held.ru")
	held := b.entries("held.ru")[0].Order
	q := request("moved.ru")
	q.Kind, q.AuthCode, q.Nameservers = registrar.KindTransfer, "CODE-CANARY", nil
	refused, cancelled, open := b.place(q), b.place(request("cancelled.ru")), b.place(request("open.ru"))
	b.fake.submit = func(registrar.Order) (registrar.Operation, error) {
		return registrar.Operation{}, registrar.Errorf(registrar.Precondition, "no")
	}
	b.mustPay(refused.ID)
	b.during(func() { b.until("the refusal", func() bool { return b.mustOrder(refused.ID).Refusal != "" }) })
	if _, _, err := b.Cancel(t.Context(), cancelled.ID); err != nil {
		t.Fatal(err)
	}
	var before []time.Time
	b.registrars.set("r01", eraser{b.fake, func(q registrar.ErasureQuery) (registrar.Erasure, error) {
		before = append(before, q.Before)
		return registrar.Erasure{}, nil
	}})
	b.registrars.set("m", eraser{&fake{}, unable})
	began := time.Now()
	after := func(days int) {
		b.ledger.now = func() time.Time { return began.Add(time.Duration(days) * day) }
		if err := b.data.retain(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.data.retainElsewhere(t.Context())
	}
	b.data.keep = Keep{Contacts: 30 * day, Codes: 10 * day, Cancelled: 20 * day}
	there := func() bool {
		_, err := b.Order(t.Context(), cancelled.ID)
		return registrar.CodeOf(err) != registrar.NotFound
	}
	for _, c := range []struct {
		days      int
		moved     string
		cancelled bool
	}{{5, "contact and code", true}, {15, "contact", true}, {25, "contact", false}, {35, "", false}} {
		after(c.days)
		if got := b.private(refused.ID); got != c.moved || there() != c.cancelled {
			t.Errorf("after %d days %q is left of the refused order, and the cancelled one is there: %v", c.days, got, there())
		}
	}
	if b.private(held) != "contact" || b.private(open.ID) != "contact" {
		t.Errorf("the contact of a held domain, or of an open order, is gone")
	}
	if len(before) != 4 || !before[3].Equal(began.Add(5*day)) {
		t.Errorf("the registrar was asked for what was finished before %v", before)
	}
	b.data.keep = Keep{}
	after(5000)
	if len(before) != 4 || b.private(open.ID) != "contact" {
		t.Error("without limits something went")
	}
}
