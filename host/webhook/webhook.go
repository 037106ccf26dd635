// Package webhook sends the Action Log to other programs, as it grows: each entry is sent to an address
// as JSON, signed as Standard Webhooks (standardwebhooks.com) says, so that its receiver can know who
// sent it.
//
// What it guarantees: an entry is sent until it is taken, through restarts of the panel, and so at
// least once; entries reach a receiver in the order of the log. An entry that is not taken for a long
// time is given up, which the log says, and waits as a dead letter for a person.
package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"registrar.panel/host/orders"
	"registrar.panel/internal/backoff"
	"registrar.panel/shared/registrar"
	"registrar.panel/shared/secret"
)

// Hook is one receiver.
type Hook struct {
	Name   string
	URL    string
	Secret secret.String // a text, or whsec_ and base64 as libraries of Standard Webhooks write it
	Events []string      // the types of entries that it gets; none = all
}

func (h Hook) wants(e orders.Entry) bool {
	return len(h.Events) == 0 || slices.Contains(h.Events, string(e.Event))
}

// Book keeps the state of deliveries.
type Book interface {
	More() <-chan struct{}
	Claim(ctx context.Context, name, holder string, until time.Time) (orders.Delivery, bool, error)
	Next(ctx context.Context, after int64, limit int) ([]orders.Entry, error)
	Told(ctx context.Context, name string, entry int64) error
	Failed(ctx context.Context, d orders.Delivery) error
	Bury(ctx context.Context, d orders.Delivery, e orders.Entry) error
	Revived(ctx context.Context, name string, entry int64) error
}

// Timing says how long to wait.
type Timing struct {
	Answer  time.Duration // for a receiver's answer
	First   time.Duration // before the first repetition; each further pause is twice as long
	Longest time.Duration // between repetitions
	GiveUp  time.Duration // after the first attempt
	Look    time.Duration // for entries of another panel
}

// UsualTiming gives up an entry after three days.
func UsualTiming() Timing {
	return Timing{Answer: 15 * time.Second, First: 5 * time.Second, Longest: time.Hour, GiveUp: 72 * time.Hour, Look: 5 * time.Second}
}

// Options of a teller.
type Options struct {
	Hooks  []Hook
	Book   Book
	Body   func(orders.Entry) ([]byte, error) // an entry as JSON
	Holder string                             // this panel, among those that share the book
	Timing Timing
	Logger *slog.Logger
	Now    func() time.Time // nil = time.Now
}

// Teller sends entries to the hooks.
type Teller struct {
	Options
	client *http.Client
}

// New makes a teller. The work begins with [Teller.Run].
func New(o Options) *Teller {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Teller{Options: o, client: NewClient(o.Timing.Answer)}
}

// Run serves every hook until ctx ends.
func (t *Teller) Run(ctx context.Context) error {
	var hooks sync.WaitGroup
	for _, h := range t.Hooks {
		hooks.Go(func() { t.serve(ctx, h) })
	}
	hooks.Wait()
	return nil
}

func (t *Teller) serve(ctx context.Context, h Hook) {
	for ctx.Err() == nil {
		more := t.Book.More() // before reading, so that no entry slips in between
		pause, err := t.tell(ctx, h)
		if err != nil && ctx.Err() == nil {
			t.Logger.Error("a webhook can't be told", "webhook", h.Name, "err", err)
		}
		var look <-chan struct{}
		// After a failure new entries must not wake the loop: they wait behind the entry that was not taken.
		if pause <= t.Timing.Look {
			look = more
		}
		select {
		case <-ctx.Done():
		case <-look:
		case <-time.After(max(pause, time.Millisecond)):
		}
	}
}

// batch is how many entries are read at once.
const batch = 100

// held is how long a panel keeps the right to deliver without renewing it.
const held = time.Minute

// tell sends the entries there are, and returns how long to wait before the next look.
func (t *Teller) tell(ctx context.Context, h Hook) (time.Duration, error) {
	d, ours, err := t.Book.Claim(ctx, h.Name, t.Holder, t.Now().Add(held))
	if err != nil || !ours {
		return t.Timing.Look, err
	}

	// Looked at again before the claim runs out, so that the receiver stays with this panel.
	if wait := d.NextAt.Sub(t.Now()); wait > 0 {
		return min(wait, held/2), nil
	}
	entries, err := t.Book.Next(ctx, d.Told, batch)
	if err != nil || len(entries) == 0 {
		return t.Timing.Look, err
	}

	claimed := t.Now()
	for i, e := range entries {
		// A slow receiver takes longer for a batch than the claim holds, and another panel would send the same beside us.
		if t.Now().Sub(claimed) > held/3 {
			if _, ours, err := t.Book.Claim(ctx, h.Name, t.Holder, t.Now().Add(held)); err != nil || !ours {
				return t.Timing.Look, err
			}
			claimed = t.Now()
		}
		if !h.wants(e) {
			if i == len(entries)-1 { // an entry that does not concern the hook needs no record of its own
				return 0, t.Book.Told(ctx, h.Name, e.ID)
			}
			continue
		}
		if taken, err := t.one(ctx, h, d, e); !taken || err != nil {
			return t.Timing.First, err
		}

		// The failed attempts belong to the entry before.
		d = orders.Delivery{Name: h.Name, Told: e.ID}
	}
	return 0, nil
}

// one delivers an entry, and reports whether the next one can follow.
func (t *Teller) one(ctx context.Context, h Hook, d orders.Delivery, e orders.Entry) (bool, error) {
	// A panel that dies before it has recorded this sends the entry again, under the same ID: at least once.
	refusal := t.send(ctx, h, e)
	switch {
	case refusal == nil:
		return true, t.Book.Told(ctx, h.Name, e.ID)
	case ctx.Err() != nil:
		return false, nil
	}

	if d.Attempts++; d.FailingSince.IsZero() {
		d.FailingSince = t.Now()
	}
	d.Error = refusal.Error()
	if t.Now().Sub(d.FailingSince) >= t.Timing.GiveUp {
		t.Logger.Error("a webhook did not take an entry, which is given up", "webhook", h.Name, "entry", e.ID, "attempts", d.Attempts, "err", refusal)
		return true, t.Book.Bury(ctx, d, e)
	}

	d.NextAt = t.Now().Add(backoff.Pause(t.Timing.First, t.Timing.Longest, d.Attempts-1, 0))
	t.Logger.Warn("a webhook did not take an entry", "webhook", h.Name, "entry", e.ID, "attempts", d.Attempts, "next", d.NextAt, "err", refusal)
	return false, t.Book.Failed(ctx, d)
}

// Again sends an entry that was given up, and forgets the dead letter. NOT_FOUND = there is no such webhook;
// UNAVAILABLE = the receiver did not take it; else it was taken, and only the record of it failed.
func (t *Teller) Again(ctx context.Context, name string, e orders.Entry) error {
	at := slices.IndexFunc(t.Hooks, func(h Hook) bool { return h.Name == name })
	if at < 0 {
		return registrar.Errorf(registrar.NotFound, "plugin.hcl has no webhook %s", name)
	}
	if err := t.send(ctx, t.Hooks[at], e); err != nil {
		return registrar.Errorf(registrar.Unavailable, "webhook %s did not take it: %v", name, err)
	}

	if err := t.Book.Revived(ctx, name, e.ID); err != nil {
		return fmt.Errorf("record that webhook %s took entry %d: %w", name, e.ID, err)
	}
	return nil
}

// send makes one attempt with an entry.
func (t *Teller) send(ctx context.Context, h Hook, e orders.Entry) error {
	body, err := t.Body(e)
	if err != nil {
		return err
	}
	return h.Post(ctx, t.client, Delivery{ID: "log-" + strconv.FormatInt(e.ID, 10), At: t.Now(), Body: body})
}

// NewClient makes a client that follows no redirects. It waits that long for an answer; 0 = as long as its caller.
func NewClient(answer time.Duration) *http.Client {
	return &http.Client{Timeout: answer, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// Delivery is what one attempt sends.
type Delivery struct {
	ID   string // the same in every attempt
	At   time.Time
	Body []byte // JSON
}

// Post makes one attempt. No answer, or one that reports no success, is an error; the error does
// not contain the address.
func (h Hook) Post(ctx context.Context, client *http.Client, d Delivery) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, bytes.NewReader(d.Body))
	if err != nil {
		// The library's error repeats the address, which may hold a secret.
		return errors.New("its address is none")
	}

	at := strconv.FormatInt(d.At.Unix(), 10)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "panel-webhook")
	req.Header.Set("Webhook-Id", d.ID)
	req.Header.Set("Webhook-Timestamp", at)
	req.Header.Set("Webhook-Signature", Sign(h.Secret, d.ID, at, d.Body))

	resp, err := client.Do(req)
	if err != nil {
		return unreachable(err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection can be used again
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("it answered %s", resp.Status)
	}
	return nil
}

// unreachable leaves out the address, which may contain a secret.
func unreachable(err error) error {
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		err = inner
	}
	return fmt.Errorf("it can't be reached: %w", err)
}

// Sign returns the header Webhook-Signature: the HMAC-SHA256 of ID, time and body.
func Sign(key secret.String, id, at string, body []byte) string {
	mac := hmac.New(sha256.New, keyOf(key))
	fmt.Fprintf(mac, "%s.%s.", id, at)
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func keyOf(key secret.String) []byte {
	if encoded, ok := strings.CutPrefix(key.Reveal(), "whsec_"); ok {
		if bytes, err := base64.StdEncoding.DecodeString(encoded); err == nil {
			return bytes
		}
	}
	return []byte(key.Reveal())
}
