package smtpout

import (
	"context"
	"sync"
	"testing"
)

// together submits so many mails that all wait within their claims at the same time; spoil
// runs then. It returns what became of each.
func together(t *testing.T, l *Pool, mails int, spoil func()) []Result {
	t.Helper()

	results := make([]Result, mails)
	var claimed, done sync.WaitGroup
	claimed.Add(mails)
	spoilt := make(chan struct{})
	for i := range results {
		done.Go(func() {
			m := Mail{From: "callback@panel.example", To: []string{"robot@registrar.example"}, Data: []byte("Subject: x\r\n\r\nx\r\n")}
			results[i] = l.Submit(t.Context(), m, func(context.Context) error {
				claimed.Done()
				<-spoilt
				return nil
			})
		})
	}

	claimed.Wait()
	spoil()
	close(spoilt)
	done.Wait()
	return results
}

// Mails that are submitted at a time have a connection each, and those that follow use them.
func TestLinesKeepTheirConnections(t *testing.T) {
	t.Parallel()

	r := startRelay(t, false, nil)
	l := NewPool(config(r))
	for range 3 {
		for _, res := range together(t, l, 4, func() {}) {
			if res.Outcome != Accepted {
				t.Fatalf("%+v", res)
			}
		}
	}

	if greetings, mails := count(r, "EHLO"), count(r, "MAIL"); greetings != 4 || mails != 12 {
		t.Errorf("%d greetings for %d mails, want 4 for 12", greetings, mails)
	}

	l.Rest()

	waitFor(t, "all connections end", func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.closed == 4
	})
}

// One connection dies between claim and DATA: that mail was not taken, the others go out.
func TestOneLineDies(t *testing.T) {
	t.Parallel()

	r := startRelay(t, false, nil)
	l := NewPool(config(r))
	outcomes := map[Outcome]int{}
	for _, res := range together(t, l, 3, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.open[1].Close()
	}) {
		outcomes[res.Outcome]++
		if res.Outcome == Deferred && res.Stage != StageData {
			t.Errorf("%+v", res)
		}
	}

	if outcomes[Accepted] != 2 || outcomes[Deferred] != 1 {
		t.Errorf("outcomes: %v", outcomes)
	}

	l.Rest()
}

// A relay that closes kept connections with 421 has taken nothing of the next mail: it goes
// out on a new connection, claimed once.
func TestLinesAreDismissedWhileIdle(t *testing.T) {
	t.Parallel()
	r := startRelay(t, false, nil)
	l := NewPool(config(r))
	together(t, l, 2, func() {})
	r.dismiss("421 4.4.2 timeout exceeded")
	for _, res := range together(t, l, 2, func() {}) {
		if res.Outcome != Accepted {
			t.Errorf("%+v", res)
		}
	}
	if greetings := count(r, "EHLO"); greetings != 4 {
		t.Errorf("%d greetings, want 4", greetings)
	}
	l.Rest()
}
