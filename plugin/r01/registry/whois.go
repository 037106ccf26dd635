package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"registrar.panel/shared/registrar"
)

// WhoisConfig says which server to ask and how often.
type WhoisConfig struct {
	Address   string // HOST:PORT
	PerMinute int    // questions; the registry bans clients that ask more than 30. field-notes 3.3
}

// Validate returns the problems of the settings.
func (c WhoisConfig) Validate() []registrar.Problem {
	var problems []registrar.Problem
	if host, port, err := net.SplitHostPort(c.Address); err != nil || host == "" || port == "" {
		problems = append(problems, registrar.Problem{Path: "whois", Message: "must be HOST:PORT, such as whois.tcinet.ru:43"})
	}
	if c.PerMinute < 1 {
		problems = append(problems, registrar.Problem{Path: "whois_per_minute", Message: "must be at least 1"})
	}
	return problems
}

const (
	whoisTimeout = 10 * time.Second
	maxAnswer    = 64 << 10
	// burst lets a person ask about a few names at once.
	burst = 10
	// remembered is how long an answer is repeated to callers whose question can wait.
	remembered = 30 * time.Second
	// mostRemembered bounds the memory for such answers.
	mostRemembered = 4096
	// quiet is how long nothing is asked after the registry said that it was too much. A ban lasts an hour,
	// and every question during it prolongs it.
	quiet = time.Hour
	// patience is how many answers in a row may be odd before the server is asked less.
	patience = 5
	// slow is how long nothing is asked then; it doubles, up to quiet.
	slow = 5 * time.Minute
)

// Whois asks the registry about single names. Its methods may be called concurrently.
type Whois struct {
	config WhoisConfig
	now    func() time.Time

	mu         sync.Mutex
	limit      *rate.Limiter
	cache      map[string]cached
	quietUntil time.Time
	odd        int    // answers in a row that could not be used
	last       Answer // to a question that was really sent
	lastAt     time.Time
}

type cached struct {
	answer Answer
	until  time.Time
}

// NewWhois returns a client that does nothing until it is asked.
func NewWhois(c WhoisConfig, now func() time.Time) *Whois {
	return &Whois{config: c, now: now, cache: map[string]cached{},
		limit: rate.NewLimiter(rate.Limit(float64(c.PerMinute)/60), min(burst, c.PerMinute))}
}

// Look asks about a name in ACE, lower case. It never waits for its turn: if the pace forbids a question now,
// the answer is Unknown.
func (w *Whois) Look(ctx context.Context, name string) Answer { return w.look(ctx, name, 0) }

// Recall is Look, but it accepts an answer of a moment ago, too.
func (w *Whois) Recall(ctx context.Context, name string) Answer { return w.recall(ctx, name, 0) }

// RecallSparingly is Recall for a question that can wait: it leaves a share of the pace to questions that
// can't.
func (w *Whois) RecallSparingly(ctx context.Context, name string) Answer {
	return w.recall(ctx, name, w.limit.Burst()/2)
}

func (w *Whois) recall(ctx context.Context, name string, leave int) Answer {
	now := w.now()
	w.mu.Lock()
	known, ok := w.cache[name]
	w.mu.Unlock()
	if ok && now.Before(known.until) {
		return known.answer
	}
	return w.look(ctx, name, leave)
}

// look asks, if that leaves room for so many more questions at once.
func (w *Whois) look(ctx context.Context, name string, leave int) Answer {
	now := w.now()
	if a, forbidden := w.forbidden(now, leave); forbidden {
		return a
	}
	a := w.ask(ctx, name, now)
	if ctx.Err() != nil { // the caller did not wait for it
		return a
	}
	return w.keep(name, a, now)
}

// forbidden returns the answer to a question that must not be sent now.
func (w *Whois) forbidden(now time.Time, leave int) (a Answer, forbidden bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.isQuiet(now):
		return Answer{Status: Unknown, AsOf: now, Why: w.last.Why, NotAsked: true}, true
	case w.limit.TokensAt(now) < float64(leave+1) || !w.limit.AllowN(now, 1):
		return Answer{Status: Unknown, AsOf: now, Why: "asked often enough for now; ask again in a minute", NotAsked: true}, true
	}
	return Answer{}, false
}

// keep remembers an answer. After a limit nothing is asked for an hour. If several answers in a row can't be
// understood, or don't come, the pauses grow up to that: the server may have banned us in words that we do not
// know.
func (w *Whois) keep(name string, a Answer, now time.Time) Answer {
	w.mu.Lock()
	defer w.mu.Unlock()

	switch {
	case a.Status != Unknown:
		w.odd = 0
		if len(w.cache) >= mostRemembered {
			clear(w.cache)
		}
		w.cache[name] = cached{a, now.Add(remembered)}
	case a.Why == whyLimited:
		w.quietUntil = now.Add(quiet)
	// An odd record of one name says nothing about the server.
	case a.Why != whyRecord:
		if w.odd++; w.odd >= patience {
			w.quietUntil = now.Add(min(slow<<min(w.odd-patience, 8), quiet))
		}
	}

	if now.Before(w.quietUntil) {
		if w.odd >= patience && a.Why != whyLimited {
			a.Why += fmt.Sprintf(" (%d times in a row)", w.odd)
		}
		a.Why += "; nothing is asked before " + w.quietUntil.UTC().Format(time.RFC3339)
	}

	w.last, w.lastAt = a, now
	return a
}

// isQuiet reports whether nothing may be asked. A time further ahead than quiet was set by a clock that was
// wrong.
func (w *Whois) isQuiet(now time.Time) bool {
	return now.Before(w.quietUntil) && w.quietUntil.Sub(now) <= quiet
}

// Ready reports whether a question could be sent now.
func (w *Whois) Ready() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.now()
	return !w.isQuiet(now) && w.limit.TokensAt(now) >= 1
}

// Last returns the latest answer that the registry really gave, and its time; zero = never asked.
func (w *Whois) Last() (Answer, time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.last, w.lastAt
}

func (w *Whois) ask(ctx context.Context, name string, now time.Time) Answer {
	ctx, cancel := context.WithTimeout(ctx, whoisTimeout)
	defer cancel()
	text, err := w.exchange(ctx, name)
	if err != nil {
		return Answer{Status: Unknown, AsOf: now, Why: "the registry's whois does not answer: " + err.Error()}
	}
	return parse(name, text, now)
}

var errTooLong = errors.New("the answer is too long")

// exchange sends one question. An answer counts only if the server ended it by itself.
func (w *Whois) exchange(ctx context.Context, name string) (string, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", w.config.Address)
	if err != nil {
		return "", err
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { c.Close() }) // a cancelled context ends the reading
	defer stop()

	if _, err := io.WriteString(c, name+"\r\n"); err != nil {
		return "", errors.Join(err, ctx.Err())
	}

	// One byte more than the limit, to recognise an answer that is too long.
	text, err := io.ReadAll(io.LimitReader(c, maxAnswer+1))
	switch {
	case err != nil:
		return "", errors.Join(err, ctx.Err())
	case len(text) > maxAnswer:
		return "", errTooLong
	}

	return string(text), nil
}

// OwnName is a name that the registry itself holds.
const OwnName = "nic.ru"

// Check reports whether whois answers, by asking about OwnName.
func (w *Whois) Check(ctx context.Context) error {
	a := w.Look(ctx, OwnName)
	if a.Status == Unknown {
		return fmt.Errorf("ask whois %s: %s", w.config.Address, a.Why)
	}
	return nil
}
