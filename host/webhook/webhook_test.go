package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"registrar.panel/host/orders"
	"registrar.panel/shared/registrar"
	"registrar.panel/shared/secret"
)

// shelf is a book in memory.
type shelf struct {
	mu      sync.Mutex
	entries []orders.Entry
	state   orders.Delivery
	holder  string
	dead    []int64
	full    error // of the disk
	more    chan struct{}
}

func newShelf(events ...registrar.EventType) *shelf {
	s := &shelf{more: make(chan struct{})}
	for i, e := range events {
		s.entries = append(s.entries, orders.Entry{ID: int64(i + 1), Event: e})
	}
	return s
}

func (s *shelf) More() <-chan struct{} { return s.more }

func (s *shelf) Claim(_ context.Context, name, holder string, _ time.Time) (orders.Delivery, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.holder != "" && s.holder != holder {
		return orders.Delivery{}, false, nil
	}
	s.state.Name = name
	return s.state, true, nil
}

func (s *shelf) Next(_ context.Context, after int64, limit int) ([]orders.Entry, error) {
	left := s.entries[min(int(after), len(s.entries)):]
	return left[:min(limit, len(left))], nil
}

func (s *shelf) Told(_ context.Context, name string, entry int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = orders.Delivery{Name: name, Told: entry}
	return nil
}

func (s *shelf) Failed(_ context.Context, d orders.Delivery) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = d
	return nil
}

func (s *shelf) Bury(_ context.Context, d orders.Delivery, e orders.Entry) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dead = append(s.dead, e.ID)
	s.state = orders.Delivery{Name: d.Name, Told: e.ID}
	return nil
}

func (s *shelf) Revived(_ context.Context, _ string, entry int64) error {
	if s.full == nil {
		s.dead = slices.DeleteFunc(s.dead, func(d int64) bool { return d == entry })
	}
	return s.full
}

// receiver is a hook's other end, without a network.
type receiver struct {
	answer func(attempt int, body string) int
	got    []string
	tries  int
}

func (r *receiver) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	r.tries++
	code := http.StatusNoContent
	if r.answer != nil {
		code = r.answer(r.tries, string(body))
	}
	if code < 300 {
		r.got = append(r.got, string(body))
	}
	return &http.Response{StatusCode: code, Status: fmt.Sprint(code), Body: http.NoBody}, nil
}

func teller(s *shelf, r http.RoundTripper, events ...string) *Teller {
	t := New(Options{Hooks: []Hook{{Name: "shop", URL: "https://shop.example/hook", Secret: secret.New("a key of enough length"), Events: events}}, Book: s, Holder: "here",
		Body: func(e orders.Entry) ([]byte, error) { return json.Marshal(e.ID) }, Timing: UsualTiming(), Logger: slog.New(slog.DiscardHandler)})
	t.client.Transport = r
	return t
}

// run tells until the shelf's entries are all told or given up, and returns how long that took.
func run(t *testing.T, s *shelf, teller *Teller) time.Duration {
	t.Helper()
	begun := time.Now()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = teller.Run(ctx) }()
	for {
		time.Sleep(time.Second)
		s.mu.Lock()
		told := int(s.state.Told)
		s.mu.Unlock()
		if told == len(s.entries) {
			break
		}
	}
	cancel()
	<-ended
	return time.Since(begun)
}

// Entries arrive in their order, each until it is taken; an entry that is refused holds up those
// behind it, and no longer than it is given.
func TestInOrderUntilTaken(t *testing.T) {
	t.Parallel()
	for why, c := range map[string]struct {
		events   []string
		answer   func(attempt int, body string) int
		got      string
		dead     []int64
		no, most time.Duration
	}{
		"all are taken":              {nil, nil, "1 2 3 4", nil, 0, 10 * time.Second},
		"some are wanted":            {[]string{"order-paid"}, nil, "2 4", nil, 0, 10 * time.Second},
		"none is wanted":             {[]string{"notice"}, nil, "", nil, 0, 10 * time.Second},
		"the receiver is down a bit": {nil, func(n int, _ string) int { return map[bool]int{true: 503, false: 200}[n < 4] }, "1 2 3 4", nil, 35 * time.Second, 60 * time.Second},
		"a redirection is no answer": {nil, func(n int, _ string) int { return map[bool]int{true: 302, false: 200}[n < 2] }, "1 2 3 4", nil, 5 * time.Second, 20 * time.Second},
		"one is never taken": {nil, func(_ int, body string) int { return map[bool]int{true: 400, false: 200}[body == "2"] }, "1 3 4", []int64{2},
			72 * time.Hour, 75 * time.Hour},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newShelf("order-placed", "order-paid", "order-placed", "order-paid")
				r := &receiver{answer: c.answer}
				took := run(t, s, teller(s, r, c.events...))
				if got := strings.Join(r.got, " "); got != c.got || !slices.Equal(s.dead, c.dead) {
					t.Errorf("got %q and buried %v, want %q and %v", got, s.dead, c.got, c.dead)
				}
				if took < c.no || took > c.most {
					t.Errorf("it took %s, want from %s to %s", took, c.no, c.most)
				}
			})
		})
	}
}

// A dead letter that is sent again and taken is one no more.
func TestAgain(t *testing.T) {
	t.Parallel()
	s := newShelf("order-paid")
	s.dead = []int64{1}
	r := &receiver{answer: func(n int, _ string) int { return map[bool]int{true: 500, false: 200}[n == 1] }}
	told := teller(s, r)
	if err := told.Again(t.Context(), "shop", s.entries[0]); registrar.CodeOf(err) != registrar.Unavailable || len(s.dead) != 1 {
		t.Errorf("refused: %v, %v", err, s.dead)
	}
	s.full = errors.New("the disk is full")
	if err := told.Again(t.Context(), "shop", s.entries[0]); !errors.Is(err, s.full) || registrar.CodeOf(err) == registrar.Unavailable {
		t.Errorf("taken, but not recorded: %v", err)
	}
	s.full = nil
	if err := told.Again(t.Context(), "shop", s.entries[0]); err != nil || len(s.dead) != 0 {
		t.Errorf("taken: %v, %v", err, s.dead)
	}
	if err := told.Again(t.Context(), "other", s.entries[0]); registrar.CodeOf(err) != registrar.NotFound {
		t.Errorf("no such webhook: %v", err)
	}
}

// Another panel that shares the book delivers, and this one does not.
func TestOneOfSeveralPanels(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, r := newShelf("order-paid"), &receiver{}
		s.holder = "there"
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_ = teller(s, r).Run(ctx)
		if r.tries != 0 {
			t.Errorf("it sent %v", r.got)
		}
	})
}

// The example of the specification, https://github.com/standard-webhooks/standard-webhooks.
func TestSignature(t *testing.T) {
	t.Parallel()
	got := Sign(secret.New("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// What a receiver sees of a request, and what the log sees of a failure.
func TestRequest(t *testing.T) {
	t.Parallel()
	var seen http.Header
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { seen = r.Header }))
	h := Hook{Name: "shop", URL: server.URL + "/CANARY", Secret: secret.New("a key of enough length")}
	told := New(Options{Hooks: []Hook{h}, Book: newShelf("order-paid"), Body: func(orders.Entry) ([]byte, error) { return []byte(`{}`), nil },
		Timing: UsualTiming(), Logger: slog.New(slog.DiscardHandler)})
	if err := told.send(t.Context(), h, orders.Entry{ID: 7}); err != nil {
		t.Fatal(err)
	}
	if seen.Get("Webhook-Id") != "log-7" || seen.Get("Content-Type") != "application/json" ||
		seen.Get("Webhook-Signature") != Sign(h.Secret, "log-7", seen.Get("Webhook-Timestamp"), []byte(`{}`)) {
		t.Errorf("%v", seen)
	}
	server.Close()
	if err := told.send(t.Context(), h, orders.Entry{ID: 8}); err == nil || strings.Contains(err.Error(), "CANARY") {
		t.Errorf("a receiver that is down: %v", err)
	}
}
