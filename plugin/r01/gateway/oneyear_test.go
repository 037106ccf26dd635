package gateway

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"registrar.panel/internal/pgtest"
	"registrar.panel/internal/testrun"
	"registrar.panel/plugin/r01/registry"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/plugin/r01/term"
	"registrar.panel/shared/registrar"
)

// muddle is one domain whose expiry each source writes differently, on a machine whose
// clock is set again and again. No person decides anything.
type muddle struct {
	*gate
	w       *fakeRegistry
	l       *fakeList
	truth   registrar.Date  // what R01 and the registry have
	skew    time.Duration   // of our clock
	heard   int             // mails that R01 has dealt with
	refused map[string]bool // requests that R01 refused
	orders  int
}

func newMuddle(t *testing.T, rt *rapid.T) *muddle {
	g := newGateOn(t, rt, pgtest.Database(t))
	w, l := g.withRegistry()
	g.settings.Registry.Misses = 1
	return &muddle{gate: g, w: w, l: l, truth: g.own("aa.ru", 70, registrar.RenewAuto), refused: map[string]bool{}}
}

func (m *muddle) record(off int) registry.Record {
	r := m.ordered("aa.ru")
	r.PaidTill, r.Created = m.truth.AddDays(off), m.clock.AddDate(-3, 0, 0)
	return r
}

// requestOf is the request that a mail was sent for.
func (m *muddle) requestOf(raw []byte) (r store.Request) {
	m.t.Helper()
	err := m.st.Read(m.t.Context(), func(tx *store.Tx) error {
		all, err := tx.Requests.ByMessageID(header(m.t, raw, "Message-ID"))
		if err == nil && len(all) == 1 {
			r = all[0]
		}
		return err
	})
	if err != nil || r.ID == "" {
		m.t.Fatalf("no request of a mail: %v", err)
	}
	return r
}

// answer has R01 deal with the oldest mail.
func (m *muddle) answer(how string) {
	if m.heard == len(m.relay.taken) {
		return
	}
	n := m.heard
	m.heard++
	switch how {
	case "silently":
		m.truth = m.truth.AddYears(1)
	case "done":
		m.truth = m.truth.AddYears(1)
		m.receive(m.reply(n, "domain: aa.ru", "status: TASK_SUCCESS"))
	case "done, with the day":
		m.truth = m.truth.AddYears(1)
		m.receive(m.reply(n, prolonged("aa.ru", m.truth)...))
	default:
		m.refused[m.requestOf(m.relay.taken[n]).ID] = true
		m.receive(m.reply(n, "domain: aa.ru", "status: TASK_FAILURE", "message: "+how))
	}
}

// step does one thing; what it may not do at the moment it does not.
func (m *muddle) step(rt *rapid.T, i int) {
	draw := func(name string, of ...int) int { return rapid.SampledFrom(of).Draw(rt, fmt.Sprint(name, i)) }
	switch rapid.SampledFrom([]string{"time", "clock", "pass", "pass", "answer", "answer", "list", "whois", "import", "order", "restart"}).Draw(rt, fmt.Sprint("step", i)) {
	case "time":
		m.pass(time.Duration(draw("days", 1, 6, 20, 60)) * day)
	case "clock":
		skew := time.Duration(draw("skew", 0, 1, -1, 30, -30, 200, 365)) * day
		m.clock, m.skew = m.clock.Add(skew-m.skew), skew
	case "pass":
		m.renew()
	case "answer":
		m.answer(rapid.SampledFrom([]string{"silently", "done", "done, with the day", "refused", earlyWords[0]}).Draw(rt, fmt.Sprint("answer", i)))
	case "list":
		if err := m.publish(m.l, m.record(draw("off", 0, 0, 1, -1, 2, -2, 20, 36500))); err != nil {
			rt.Fatal(err)
		}
	case "whois":
		m.w.held["aa.ru"] = m.record(draw("off", 0, 0, 1, -1, 2, -2, 20, 36500))
		m.look()
	case "import":
		_, _ = m.ImportDomain(m.t.Context(), registrar.Import{Domain: "aa.ru", Customer: "c1", Handle: "OLD-R01", PaidTill: m.truth.AddDays(draw("off", 0, 1, -1, 365))})
	case "order":
		m.orders++
		_, _ = m.Submit(m.t.Context(), registrar.Order{ID: registrar.OrderID(fmt.Sprint("r", m.orders)), Kind: registrar.KindRenew, Domain: "aa.ru",
			PaidTill: m.status("aa.ru").PaidTill.AddDays(draw("off", 0, 0, 1, -1))})
		m.send()
	case "restart":
		whois, lists := m.parts.Whois, m.parts.ZoneLists
		m.restart(*m.settings)
		m.observe(whois, lists...)
	}
}

// Whatever happens to clocks and to the spelling of days, R01 gets one PROLONG for a domain and
// a year, unless it has refused the one before. r01-mail 4.3
func TestOneRenewalForOneYear(t *testing.T) {
	t.Parallel()
	tries := testrun.Sample(t, 5)
	failing := false // what fails is run again, to make it smaller
	rapid.Check(t, func(rt *rapid.T) {
		if !failing && !tries() {
			return
		}

		failing = true
		m := newMuddle(t, rt)
		for i := range rapid.IntRange(3, 14).Draw(rt, "steps") {
			m.step(rt, i)
		}
		bases := map[string]registrar.Date{}
		for _, raw := range m.relay.taken {
			r := m.requestOf(raw)
			for other, base := range bases {
				if other != r.ID && !m.refused[other] && term.SameYear(base, r.Base) {
					rt.Fatalf("two renewals left for one year: from %s and from %s", base, r.Base)
				}
			}
			bases[r.ID] = r.Base
		}
		failing = false
	})
}
