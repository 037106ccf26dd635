package kit

import (
	"context"
	"errors"
	"testing"
	"time"

	"registrar.panel/shared/registrar"
)

// staffed is a shop that has no call for transfers, and lets nobody read its records.
type staffed struct{ *shop }

func (staffed) ByHand(o registrar.Order) string {
	if o.Kind == registrar.KindTransfer {
		return "ask for it on their page, with " + o.Registrant.Get("name")
	}
	return ""
}

func (staffed) Read(context.Context, string) (Facts, error) { return Facts{}, ErrNoRecord }

func (staffed) Report() registrar.Component {
	return registrar.Component{Name: "page", OK: true, Detail: "by hand"}
}

// What people carry out waits for them from the beginning, is never sent or asked about, and ends by their
// word; what they don't goes its way.
func TestByHand(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := keeper{&Registrar{store: w.store, worker: w.worker(w.store)}}
	r.worker.remote = staffed{w.shop}
	o := order("o1", "a.example")
	o.Kind, o.AuthCode = registrar.KindTransfer, "code-4711"

	op, err := r.Submit(t.Context(), o)
	if err != nil || op.State != registrar.NeedsAction || op.WaitsFor != "ask for it on their page, with ***" {
		t.Fatalf("begun as %+v, %v", op, err)
	}
	if due, next, err := w.store.Next(t.Context(), 1); err != nil || len(due) != 0 || !next.IsZero() {
		t.Errorf("due are %+v at %s, %v", due, next, err)
	}
	for _, v := range []registrar.Verdict{registrar.VerdictResend, registrar.VerdictCancel} {
		if _, err := r.Resolve(t.Context(), registrar.Decision{Operation: op.ID, Version: op.Version, Verdict: v, By: "olga"}); !errors.Is(err, registrar.Precondition) {
			t.Errorf("%s: %v", v, err)
		}
	}
	op, err = r.Resolve(t.Context(), registrar.Decision{Operation: op.ID, Version: op.Version, Verdict: registrar.VerdictDone, By: "olga", Note: "by telephone"})
	if err != nil || op.State != registrar.Succeeded {
		t.Errorf("ended as %+v, %v", op, err)
	}
	if d := w.domain("a.example"); d.Status != registrar.StatusRegistered || d.PaidTill != registrar.DateOf(w.now().UTC()).AddYears(1) {
		t.Errorf("the domain is %+v", d)
	}
	if reached, _ := w.shop.times("o1"); reached != 0 {
		t.Errorf("it reached the shop %d times", reached)
	}
	if op, err := r.Submit(t.Context(), order("o2", "b.example")); err != nil || op.State != registrar.Queued {
		t.Errorf("what is sent begins as %+v, %v", op, err)
	}
}

// Where there are no records a person's word counts, and a registrar without them is well.
func TestNoRecords(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := keeper{&Registrar{store: w.store, worker: w.worker(w.store)}}
	r.worker.remote = staffed{w.shop}
	till := registrar.Date{Year: 2030, Month: time.May, Day: 4}

	if _, err := r.ImportDomain(t.Context(), registrar.Import{Domain: "old.example", Customer: "c1"}); registrar.CodeOf(err) != registrar.Invalid {
		t.Errorf("without a day: %v", err)
	}
	d, err := r.ImportDomain(t.Context(), registrar.Import{Domain: "old.example", Customer: "c1", PaidTill: till})
	if err != nil || d.PaidTill != till || d.Status != registrar.StatusRegistered {
		t.Errorf("%+v, %v", d, err)
	}
	list, err := r.Health(t.Context())
	if err != nil || list[0].Name != "page" || !list[0].OK {
		t.Errorf("%+v, %v", list, err)
	}
	r.worker.remote = struct{ Remote }{staffed{w.shop}} // which reports nothing itself
	if c := r.worker.report(); !c.OK {
		t.Errorf("%+v", c)
	}
}
