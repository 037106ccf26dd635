package gateway

import (
	"fmt"
	mathrand "math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"registrar.panel/internal/testrun"
	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/mailauth"
	"registrar.panel/plugin/r01/renewal"
	"registrar.panel/plugin/r01/renewal/policy"
	"registrar.panel/plugin/r01/smtpout"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// FuzzHistories lives random histories of some domains: passes, orders, transmissions that
// fail in every way, words of R01 in any order and more than once, decisions, crashes, and a
// stranger who lies, replays, quotes and guesses. R01 carries out whatever it is sent, and must
// not be sent a renewal that it has or has done; what the stranger makes up moves nothing; in
// the end both know the same.
func FuzzHistories(f *testing.F) {
	testrun.TakesLong(f)
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
	told   []string // every mail of R01
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
	s.Proof = rapid.Bool().Draw(r, "proof")
	*h.settings = s
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
	acts := []func(){h.passes, h.sends, h.sends, h.answers, h.answers, h.ordered, h.decides, h.waits, h.crashes, h.lies, h.lies, h.replays}
	for range rapid.IntRange(30, 60).Draw(h.draw, "acts") {
		acts[rapid.IntRange(0, len(acts)-1).Draw(h.draw, "act")]()
		h.receives()
	}
	h.converges()
	h.t.Logf("R01 got %d renewals in %d mails", len(h.asks), len(h.relay.taken))
}

func (h *history) passes() {
	if _, err := renewal.NewPass(h.Renewals, policy.Settings{Before: 55}).Run(h.t.Context(), h.clock); err != nil {
		h.t.Fatal(err)
	}
}

// sends makes one way of failing the fate of everything that is due.
func (h *history) sends() {
	h.relay.fail = rapid.SampledFrom([]func(func() error, func()) *smtpout.Result{
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
	mail := h.reply(a.mail, "action: PROLONG", "domain: "+a.name, "status: "+status, more)
	h.told = append(h.told, mail)
	h.receive(mail)
}

// lies is a stranger who makes something up. It is not signed. Where a proof is asked for, the
// stranger knows every thread and token; else only what is no secret.
func (h *history) lies() {
	name := rapid.SampledFrom(h.names).Draw(h.draw, "victim")
	till := h.status(name).PaidTill
	lines := []string{"action: PROLONG", "domain: " + name}
	if rapid.IntRange(0, 3).Draw(h.draw, "guess") == 0 {
		lines = []string{fmt.Sprint("task: ", rapid.IntRange(1, 3).Draw(h.draw, "task"))}
	}
	lines = append(lines, rapid.SampledFrom([]string{
		"status: TASK_QUEUED", "status: TASK_SUCCESS", "status: TASK_SUCCESS\npaid-till: " + till.AddYears(1).String(), "status: TASK_SUCCESS\npaid-till: 24.12.2206",
		"status: TASK_FAILURE\nmessage: The domain is locked.", "status: TASK_FAILURE\nmessage: Not enough funds on the account.", "status: TASK_FAILURE\nmessage: Invalid password",
	}).Draw(h.draw, "lie"))
	mail := h.mail("", lines...)
	if n := len(h.relay.taken); n > 0 && h.settings.Proof && rapid.Bool().Draw(h.draw, "leaked") {
		mail = h.reply(rapid.IntRange(0, n-1).Draw(h.draw, "thread"), lines...)
	}
	if h.settings.Proof {
		h.judge = mailauth.Verdict{Reason: "it is not signed"}
	}
	h.moveNothing(mail)
	h.judge = mailauth.Verdict{Verified: true}
}

// moveNothing receives a mail by which no domain, no operation and no pause may change.
func (h *history) moveNothing(mail string) {
	before := h.standing()
	h.receive(mail)
	if after := h.standing(); after != before {
		h.t.Fatalf("a stranger's mail moved something:\n%s\n%s\n%s", mail, before, after)
	}
}

func (h *history) standing() (text string) {
	for _, name := range h.names {
		d := h.status(name)
		text += fmt.Sprint(d.Name, " ", d.Status, " ", d.PaidTill)
		if d.Operation != nil {
			text += fmt.Sprint(" ", d.Operation.ID, " ", d.Operation.State)
		}
		text += "; "
	}
	err := h.st.Read(h.t.Context(), func(tx *store.Tx) error {
		for _, which := range []string{engine.PauseAll, engine.PausePaid} {
			paused, err := tx.Setting(which)
			if err != nil {
				return err
			}
			text += fmt.Sprint(which, " ", paused != "", "; ")
		}
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return text
}

// replays is a stranger, or a relay, that has a mail of R01 arrive once more: as it was, with
// other blanks, under another Message-ID, without what it answers, or quoted beside a lie.
func (h *history) replays() {
	if len(h.told) == 0 {
		return
	}
	mail := rapid.SampledFrom(h.told).Draw(h.draw, "mail")
	switch rapid.IntRange(0, 4).Draw(h.draw, "how") {
	case 0:
		h.moveNothing(mail)
	case 1:
		h.moveNothing(strings.TrimSuffix(mail, "\n") + " \n")
	case 2:
		h.receive(strings.Replace(mail, "Message-ID: <", "Message-ID: <x", 1)) // a word on the very request that it answers
	case 3:
		h.moveNothing(strings.Replace(withoutField(mail, "In-Reply-To"), "Message-ID: <", "Message-ID: <y", 1))
	case 4:
		head, body, _ := strings.Cut(mail, "\n\n")
		h.moveNothing(strings.Replace(head, "Message-ID: <", "Message-ID: <z", 1) + "\n\nThis was a mistake:\n\n> " +
			strings.ReplaceAll(strings.TrimSpace(body), "\n", "\n> ") + "\n")
	}
}

func withoutField(mail, name string) string {
	return regexp.MustCompile(`(?m)^`+name+`: .*\n`).ReplaceAllString(mail, "")
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

func (h *history) crashes() { h.restart(*h.settings) }

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
