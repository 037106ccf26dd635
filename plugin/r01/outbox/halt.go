package outbox

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"registrar.panel/internal/lazyregexp"
	"registrar.panel/plugin/r01/smtpout"
)

// Alikes is how many requests in a row the relay must refuse alike before sending stops.
const Alikes = 2

// patience is how long the relay may be silent about a whole mail before no other is handed to
// it, unless it has taken one since.
const patience = time.Minute

// Halts are how long sending then stops, by the number of probes that failed.
var Halts = []time.Duration{5 * time.Minute, 15 * time.Minute, time.Hour}

// halt stops sending when the relay refuses one request after another alike, or answers none,
// because it will do the same with the next. After a while one request goes out as a probe, and
// when it is taken all follow. The halt is in memory: after a restart two requests find out again.
type halt struct {
	now func() time.Time

	mu      sync.Mutex
	last    string // what the last refusal spoke of: us, or its words without what differs from mail to mail
	alike   int
	until   time.Time // zero = sending goes on
	failed  int       // probes
	waiting map[*delivery]time.Time
	taken   time.Time // when the relay took a mail last
}

func newHalt(now func() time.Time) *halt {
	return &halt{now: now, waiting: map[*delivery]time.Time{}}
}

// weigh takes the result of a claimed transmission into account, and returns what it means: if a refusal is
// about us, or repeats the one before, the relay took nothing and the cause will pass, so the request waits.
func (h *halt) weigh(result smtpout.Result) smtpout.Result {
	h.mu.Lock()
	defer h.mu.Unlock()
	kind := ""
	switch {
	case result.Outcome == smtpout.Accepted:
		h.last, h.alike, h.until, h.failed, h.taken = "", 0, time.Time{}, 0, h.now()
		return result
	case result.AboutUs():
		kind = "us"
	case result.Outcome == smtpout.Refused:
		kind = common(result.Response)
	case result.Silent():
		kind = "silence"
	default:
		// A plain 4xx or a cut connection has no cause to compare: it neither confirms nor ends a row of refusals.
		return result
	}

	if h.alike++; kind != h.last {
		h.last, h.alike = kind, 1
	}

	// A refusal of one mail after another is not about the mail: the request waits, and does not fail.
	if result.Outcome == smtpout.Refused && (kind == "us" || h.alike >= Alikes) {
		result.Outcome = smtpout.Deferred
	}

	if h.alike >= Alikes {
		h.until = h.now().Add(Halts[min(h.failed, len(Halts)-1)])
		h.failed++
	}

	if h.alike >= Alikes && result.Outcome == smtpout.Deferred {
		result.Err = fmt.Errorf("%w; nothing is sent before %s, then one request to try", result.Err, h.until.UTC().Format(time.RFC3339))
	}
	return result
}

var differing = lazyregexp.New(`<[^>]*>|[[:alnum:]]*\d[[:alnum:]]*`)

// common drops addresses and numbers, except the code and the status.
func common(response string) string {
	code, rest, _ := strings.Cut(response, " ")
	return code + differing.ReplaceAllString(rest, "")
}

// stopped reports until when sending is stopped; zero = it is not.
func (h *halt) stopped() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	if now := h.now(); now.Before(h.until) && h.until.Sub(now) <= Halts[len(Halts)-1] { // else a clock was wrong that set it
		return h.until
	}
	return time.Time{}
}

// Stopped reports until when nothing is handed to the relay; zero = sending is not stopped.
func (q *Queue) Stopped() time.Time { return q.halt.stopped() }

// probing reports whether only one request may go out.
func (h *halt) probing() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return !h.until.IsZero()
}

// holds reports whether no further mail may be handed to the relay now.
func (h *halt) holds() bool {
	if !h.stopped().IsZero() {
		return true
	}
	h.mu.Lock()
	defer h.mu.Unlock()

	// The relay is silent about a whole mail and takes no other meanwhile, so the next one would become uncertain, too.
	for _, since := range h.waiting {
		if h.now().Sub(since) >= patience && !h.taken.After(since) {
			return true
		}
	}
	return false
}

func (h *halt) begin(m *delivery) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.waiting[m] = h.now()
}

func (h *halt) end(m *delivery) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.waiting, m)
}
