package registrarrpc

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"registrar.panel/shared/logline"
	"registrar.panel/shared/registrar"
)

func TestDrainWaitsForCalls(t *testing.T) {
	t.Parallel()

	submitting, finish := make(chan struct{}), make(chan struct{})
	var order []string
	f := &fake{
		submit: func(context.Context, registrar.Order) (registrar.Operation, error) {
			close(submitting)
			<-finish
			order = append(order, "submitted")
			return registrar.Operation{Kind: registrar.KindRenew, State: registrar.Queued}, nil
		},
		health: func(context.Context) ([]registrar.Component, error) { return nil, nil },
		drain:  func(context.Context) error { order = append(order, "drained"); return nil },
	}

	p := connected(t, Gate(plugged{f}), t.Context())
	if err := errors.Join(p.Configure(t.Context(), registrar.Settings{}), p.Start(t.Context())); err != nil {
		t.Fatal(err)
	}

	var calls sync.WaitGroup
	calls.Go(func() {
		if _, err := p.Submit(t.Context(), registrar.Order{Kind: registrar.KindRenew}); err != nil {
			t.Errorf("the call under way: %v", err)
		}
	})

	<-submitting

	calls.Go(func() {
		if err := p.Drain(t.Context()); err != nil {
			t.Errorf("drain: %v", err)
		}
	})

	for { // until the drain has begun
		if _, err := p.Health(t.Context()); errors.Is(err, registrar.Draining) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}

	for _, err := range p.Events(t.Context(), 0) {
		if !errors.Is(err, registrar.Draining) {
			t.Errorf("events while draining: %v", err)
		}
	}

	close(finish)
	calls.Wait()

	if strings.Join(order, ", ") != "submitted, drained" {
		t.Errorf("the order was %v", order)
	}
	if _, err := p.Describe(t.Context()); !errors.Is(err, registrar.Draining) {
		t.Errorf("a drained plugin answers %v", err)
	}
	if err := p.Drain(t.Context()); err != nil || len(order) != 2 {
		t.Errorf("a second drain: %v, %v", err, order)
	}
}

func TestDrainGoesOnWithoutACallThatHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		drained := false
		e := newEnding(func(context.Context) error { drained = true; return nil })
		e.enter()
		began := time.Now()
		if err := e.drain(t.Context()); err != nil || !drained || time.Since(began) != callGrace {
			t.Errorf("drained = %v after %s: %v", drained, time.Since(began), err)
		}
		e.leave()
	})
}

func TestAFailedDrainIsMadeAgain(t *testing.T) {
	t.Parallel()
	results := []error{errors.New("disk full"), nil}
	made := 0
	e := newEnding(func(context.Context) error { made++; return results[made-1] })
	if err := e.drain(t.Context()); !errors.Is(err, results[0]) {
		t.Errorf("the first drain: %v", err)
	}
	for range 2 {
		if err := e.drain(t.Context()); err != nil {
			t.Errorf("a later drain: %v", err)
		}
	}
	if made != 2 {
		t.Errorf("the plugin was drained %d times, want 2", made)
	}
}

func TestLeavingDoesNotWaitForever(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		e := newEnding(func(context.Context) error { <-release; return nil })
		s := serviceOf(&fake{drain: e.drain}, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithTimeout(t.Context(), farewell)
		defer cancel()
		began := time.Now()
		if err := s.drainBy(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != farewell {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
		// A second one waits for its turn no longer than it may.
		if err := e.drain(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the second drain: %v", err)
		}
	})
}

func TestAPanicFailsTheCallOnly(t *testing.T) {
	t.Parallel()

	var log bytes.Buffer

	f := &fake{
		health: func(context.Context) ([]registrar.Component, error) { panic("passport 4509 123456") },
		mail:   func(context.Context, registrar.MailID) (registrar.Mail, error) { return registrar.Mail{ID: "1"}, nil },
		drain:  func(context.Context) error { return nil },
	}

	p := logging(t, f, logline.New(&log, logline.Options{}), t.Context())
	_, err := p.Health(t.Context())
	var e *registrar.Error
	if !errors.As(err, &e) || e.Code != registrar.Internal {
		t.Fatalf("a panic is %v", err)
	}

	_, incident, _ := strings.Cut(e.Detail, "incident ")
	if _, err := p.Handles(t.Context(), "c1"); !errors.Is(err, registrar.Internal) { // a nil function
		t.Errorf("a nil function is %v", err)
	}
	if m, err := p.Mail(t.Context(), "1"); err != nil || m.ID != "1" {
		t.Errorf("the next call: %v, %v", m, err)
	}
	if err := p.Drain(t.Context()); err != nil { // the calls that panicked are not waited for
		t.Error(err)
	}

	text := log.String()
	for _, want := range []string{"incident=" + incident, "ending_test.go", "PluginService/Health", "nil pointer dereference"} {
		if len(incident) == 0 || !strings.Contains(text, want) {
			t.Errorf("the log lacks %q:\n%s", want, text)
		}
	}

	if strings.Contains(text+err.Error(), "4509") {
		t.Error("the log or the error tells what was thrown")
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()

	var left time.Duration
	f := &fake{
		reviewRule: func(context.Context, registrar.ReviewID) (registrar.SuggestedRule, error) {
			return registrar.SuggestedRule{Block: strings.Repeat("x", MaxMessage)}, nil
		},
		recognise: func(_ context.Context, raw []byte) (registrar.Recognition, error) {
			return registrar.Recognition{}, nil
		},
		start: func(ctx context.Context) error {
			deadline, _ := ctx.Deadline()
			left = time.Until(deadline)
			return nil
		},
	}

	p := connected(t, f, t.Context())
	if _, err := p.ReviewRule(t.Context(), "1"); !errors.Is(err, registrar.Internal) {
		t.Errorf("an answer above the limit: %v", err)
	}

	if _, err := p.Recognise(t.Context(), make([]byte, MaxMessage)); !errors.Is(err, registrar.Internal) {
		t.Errorf("a request above the limit: %v", err)
	}
	if _, err := p.Recognise(t.Context(), make([]byte, MaxMessage-1024)); err != nil {
		t.Errorf("a request below the limit: %v", err)
	}
	if err := p.Start(t.Context()); err != nil || left <= DefaultDeadline/2 || left > DefaultDeadline {
		t.Errorf("without a deadline a call has %s: %v", left, err)
	}

	ctx, cancel := context.WithTimeout(t.Context(), 2*DefaultDeadline)
	defer cancel()
	if err := p.Start(ctx); err != nil || left <= DefaultDeadline {
		t.Errorf("a deadline of the caller's own became %s: %v", left, err)
	}
}

func TestTheCallersContextReachesThePlugin(t *testing.T) {
	t.Parallel()

	started, ended := make(chan struct{}), make(chan error, 1)
	f := &fake{start: func(ctx context.Context) error {
		close(started)
		<-ctx.Done()
		ended <- ctx.Err()
		return ctx.Err()
	}}

	p := connected(t, f, t.Context())
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-started
		cancel()
	}()

	if err := p.Start(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("the call ends with %v", err)
	}
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the plugin sees %v", err)
	}
}
