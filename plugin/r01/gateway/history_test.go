package gateway

import (
	"fmt"
	mathrand "math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"registrar.panel/plugin/r01/outbox"
	"registrar.panel/plugin/r01/renewal"
	"registrar.panel/plugin/r01/renewal/policy"
	"registrar.panel/shared/registrar"
)

// FuzzHistories lives random histories of some domains: passes, orders, transmissions that
// fail in every way, words of R01 in any order and more than once, decisions, crashes. R01
// carries out whatever it is sent, and must not be sent a renewal that it has or has done; in
// the end both know the same.
func FuzzHistories(f *testing.F) {
	for seed := range uint64(12) {
		random := mathrand.New(mathrand.NewPCG(seed, 3))
		input := make([]byte, 16<<10)
		for i := range input {
			input[i] = byte(random.Uint32())
		}
		f.Add(input)
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		rapid.MakeFuzz(func(r *rapid.T) { newHistory(t, r).live() })(t, input)
	})
}

// history is a gateway with an R01.
type history struct {
	*gate
	draw   *rapid.T
	names  []string
	till   map[string]registrar.Date // as R01 has it
	asks   []*asked
	read   int // mails that R01 has
	orders int
}

// asked is a renewal that R01 was sent.
type asked struct {
	mail         int
	name         string
	done, closed bool // carried out; carried out or refused
}

func newHistory(t *testing.T, r *rapid.T) *history {
	h := &history{gate: newGate(t), draw: r, till: map[string]registrar.Date{}}
	s := testSettings()
	s.Batch = rapid.IntRange(1, 3).Draw(r, "batch")
	h.settings = s
	for i := range 3 {
		name := fmt.Sprintf("d%d.ru", i)
		mode := registrar.RenewAuto
		if i == 2 {
			mode = registrar.RenewManual
		}
		h.names = append(h.names, name)
		h.till[name] = h.own(name, 40+i, mode)
	}
	return h
}

func (h *history) live() {
	acts := []func(){h.passes, h.sends, h.sends, h.answers, h.answers, h.ordered, h.decides, h.waits, h.crashes}
	for range rapid.IntRange(30, 60).Draw(h.draw, "acts") {
		acts[rapid.IntRange(0, len(acts)-1).Draw(h.draw, "act")]()
		h.receives()
	}
	h.converges()
	h.t.Logf("R01 got %d renewals in %d mails", len(h.asks), len(h.relay.taken))
}

func (h *history) passes() {
	if _, err := renewal.NewPass(h.Gateway, policy.Settings{Before: 55}).Run(h.t.Context(), h.clock); err != nil {
		h.t.Fatal(err)
	}
}

// sends makes one way of failing the fate of everything that is due.
func (h *history) sends() {
	h.relay.fail = rapid.SampledFrom([]func(func() error, func()) *outbox.Result{
		nil, nil, unreachable, temporarily, noAnswerNotTaken, noAnswerTaken}).Draw(h.draw, "fate")
	h.send()
	h.relay.fail = nil
}

// receives is R01 reading its mail.
func (h *history) receives() {
	for ; h.read < len(h.relay.taken); h.read++ {
		for line := range strings.SplitSeq(string(h.relay.taken[h.read]), "\r\n") {
			name, ok := strings.CutPrefix(line, "domain: ")
			if !ok {
				continue
			}
			for _, a := range h.asks {
				if a.name == name && (a.done || !a.closed) {
					h.t.Fatalf("R01 is sent a renewal of %s again: done %t", name, a.done)
				}
			}
			h.asks = append(h.asks, &asked{mail: h.read, name: name})
		}
	}
}

// answers is R01 doing something about one renewal, or telling again what it did.
func (h *history) answers() {
	if len(h.asks) == 0 {
		return
	}
	a := rapid.SampledFrom(h.asks).Draw(h.draw, "ask")
	switch word := rapid.SampledFrom([]string{"queued", "done", "done", "silent", "refused", "no funds"}).Draw(h.draw, "word"); {
	case a.done && word != "queued":
		h.tells(a, "TASK_SUCCESS", "paid-till: "+h.till[a.name].String())
	case word == "queued":
		h.tells(a, "TASK_QUEUED", "")
	case a.closed:
	case word == "refused":
		a.closed = true
		h.tells(a, "TASK_FAILURE", "message: The domain is locked.")
	case word == "no funds":
		a.closed = true
		h.tells(a, "TASK_FAILURE", "message: Not enough funds on the account.")
	default:
		h.carriesOut(a)
		if word == "done" {
			h.tells(a, "TASK_SUCCESS", "paid-till: "+h.till[a.name].String())
		}
	}
}

func (h *history) carriesOut(a *asked) {
	a.done, a.closed = true, true
	h.till[a.name] = h.till[a.name].AddYears(1)
}

func (h *history) tells(a *asked, status, more string) {
	h.receive(h.reply(a.mail, "action: PROLONG", "domain: "+a.name, "status: "+status, more))
}

// ordered is a customer who pays for a renewal.
func (h *history) ordered() {
	name := rapid.SampledFrom(h.names).Draw(h.draw, "domain")
	h.orders++
	_, err := h.Submit(h.t.Context(), registrar.Order{ID: registrar.OrderID(fmt.Sprint("o", h.orders)), Kind: registrar.KindRenew,
		Domain: name, Customer: "c1", PaidTill: h.status(name).PaidTill})
	if err != nil && registrar.CodeOf(err) != registrar.Precondition {
		h.t.Fatal(err)
	}
	h.check()
}

// decides is the operator, who looks at R01's own pages first.
func (h *history) decides() {
	for _, name := range h.names {
		d := h.status(name)
		if d.Operation == nil || !d.Operation.State.WaitsForPerson() || h.underWay(name) {
			continue
		}
		verdict := registrar.VerdictResend
		if d.PaidTill.Before(h.till[name]) {
			verdict = registrar.VerdictDone
		}
		if _, err := h.Resolve(h.t.Context(), registrar.Decision{Operation: d.Operation.ID, Verdict: verdict, By: "olga", Note: "looked at R01"}); err != nil {
			h.t.Fatal(err)
		}
		h.check()
	}
}

func (h *history) underWay(name string) bool {
	return slices.ContainsFunc(h.asks, func(a *asked) bool { return a.name == name && !a.closed })
}

func (h *history) waits() {
	h.pass(time.Duration(rapid.IntRange(1, 30).Draw(h.draw, "hours")) * hour)
}

func (h *history) crashes() { h.restart(h.settings) }

// converges lets everything that is under way come to its end, and compares.
func (h *history) converges() {
	for range 4 {
		h.pass(8 * day) // R01 has no more time for an answer
		h.send()
		h.receives()
		for _, a := range h.asks {
			if !a.closed {
				h.carriesOut(a)
				h.tells(a, "TASK_SUCCESS", "paid-till: "+h.till[a.name].String())
			}
		}
		h.decides()
	}
	for _, name := range h.names {
		if d := h.status(name); d.PaidTill != h.till[name] && d.Operation == nil {
			h.t.Fatalf("%s is paid till %s at R01 and till %s here", name, h.till[name], d.PaidTill)
		}
		if d := h.status(name); d.Operation != nil && !d.Operation.State.WaitsForPerson() {
			h.t.Fatalf("%s is still %s", name, d.Operation.State)
		}
	}
}
