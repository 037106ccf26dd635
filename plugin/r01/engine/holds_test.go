package engine

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// queue stores so many requests of one operation each.
func (w *watched) queue(n int) {
	w.t.Helper()
	err := w.st.Write(w.t.Context(), func(tx *store.Tx) error {
		for i := range n {
			id, domain := fmt.Sprintf("rq-%04d", i), fmt.Sprintf("d%d.ru", i)
			r := store.Request{ID: id, Kind: lifecycle.NewDomain, Agreement: "RP/01/00", Object: domain, MessageID: id, Token: id, CreatedAt: w.clock, DueAt: w.clock}
			r, err := tx.Requests.Add(r, []byte("body"))
			if err != nil {
				return err
			}
			op := store.Operation{Operation: registrar.Operation{ID: registrar.OperationID("op-" + id), Kind: registrar.KindRegister, Domain: domain,
				State: registrar.Queued, WaitsFor: lifecycle.WaitsFor(r.Lifecycle())}, Customer: "c1", Request: id}
			if err := tx.Operations.Add(op, nil, store.Change{At: w.clock, Message: "stored", Actor: ByPlugin}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// told counts the operations that wait for the relay, and the events about that.
func (w *watched) told() (waiting, events int) {
	w.t.Helper()
	err := w.st.Read(w.t.Context(), func(tx *store.Tx) error {
		page, err := tx.Requests.QueuedPage("", 1000)
		if err != nil {
			return err
		}
		for _, q := range page {
			for _, op := range q.Operations {
				if strings.Contains(op.WaitsFor, "mail relay") {
					waiting++
				}
			}
		}
		all, err := tx.Events(0, 1000)
		for _, e := range all {
			if e.Type == registrar.EventOperation {
				events++
			}
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return waiting, events
}

// What holds the queue is told once for each operation, at most so many in a round, and taken back
// without an event; what has moved since it was read is left alone.
func TestHoldsAreTold(t *testing.T) {
	t.Parallel()
	w := newWatched(t)
	w.settings.Brake = Brake{PerHour: 1000, PerDay: 1000}
	w.queue(mostTold + 30)
	rounds := NewRounds(w.Engine)
	var stopped time.Time
	rounds.HeldBy(func() time.Time { return stopped })

	for n, c := range []struct {
		stopped         bool
		waiting, events int
	}{
		{false, 0, 0},
		{true, mostTold, mostTold},
		{true, mostTold + 30, mostTold + 30},
		{true, mostTold + 30, mostTold + 30},
		{false, 30, mostTold + 30},
		{false, 0, mostTold + 30},
	} {
		stopped = time.Time{}
		if c.stopped {
			stopped = w.clock.Add(time.Hour)
		}
		if err := rounds.Expire(t.Context()); err != nil {
			t.Fatal(err)
		}
		if waiting, events := w.told(); waiting != c.waiting || events != c.events {
			t.Errorf("after round %d: %d wait for the relay, %d were told; want %d and %d", n, waiting, events, c.waiting, c.events)
		}
	}

	stopped = w.clock.Add(time.Hour)
	changed, err := rounds.findHeld(t.Context())
	if err != nil || len(changed) == 0 {
		t.Fatalf("%d are held: %v", len(changed), err)
	}
	moved := changed[0].op
	err = w.st.Write(t.Context(), func(tx *store.Tx) error {
		now := moved
		now.State = registrar.Sent
		if err := tx.Operations.Set(&now, store.Change{At: w.clock, Message: "sent", Actor: ByPlugin}); err != nil {
			return err
		}
		return rounds.tellHeld(tx, changed[:1])
	})
	if err != nil {
		t.Fatal(err)
	}
	if waiting, events := w.told(); waiting != 0 || events != mostTold+30 {
		t.Errorf("of one that moved: %d wait, %d were told", waiting, events)
	}
}
