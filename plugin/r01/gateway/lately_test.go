package gateway

import (
	"testing"
	"time"

	"registrar.panel/shared/registrar"
)

// tellsLately compares what health tells of the last 24 hours, and of the request that has waited longest for
// an answer: since when, and for which domain; "" = none waits.
func (g *gate) tellsLately(sent, read, applied, review float64, domain string, since time.Time) {
	g.t.Helper()
	report, err := g.Health(g.t.Context())
	if err != nil {
		g.t.Fatal(err)
	}
	told := map[registrar.Figure]float64{}
	var advice []registrar.Advice
	for _, c := range report {
		for name, value := range c.Figures {
			told[name] = value
		}
		for _, a := range c.Advice {
			if a.Action == registrar.AdviseSeeOperation {
				advice = append(advice, a)
			}
		}
	}

	for name, want := range map[registrar.Figure]float64{registrar.FigureSent: sent, registrar.FigureRead: read, registrar.FigureApplied: applied, registrar.FigureForReview: review} {
		if have, said := told[name]; !said || have != want {
			g.t.Errorf("%s is told as %v (%v), want %v", name, have, said, want)
		}
	}
	at, waits := told[registrar.FigureUnansweredAt]
	if domain == "" {
		if waits || len(advice) > 0 {
			g.t.Errorf("a request waits for an answer since %v: %v", at, advice)
		}
		return
	}
	if at != float64(since.Unix()) || len(advice) != 1 || advice[0].Parameters["domain"] != domain {
		g.t.Fatalf("what waits longest is told as %v since %v, want %s since %v", advice, at, domain, since.Unix())
	}
	if op := g.operation(registrar.OperationID(advice[0].Parameters["operation"])); op.Domain != domain {
		g.t.Errorf("the operation is one of %s, want %s", op.Domain, domain)
	}
}

// Health counts what went out and came in within 24 hours, and names the request that R01 has left longest without a word.
func TestHealthTellsWhatWentAndCame(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.tellsLately(0, 0, 0, 0, "", time.Time{})
	g.registerClient()
	g.tellsLately(2, 2, 2, 0, "", time.Time{})

	one := g.submit(registration("o1", "one.ru"))
	g.tellsLately(2, 2, 2, 0, "", time.Time{}) // it waits to be sent
	g.send()
	first := g.clock
	g.clock = g.clock.Add(time.Hour)
	g.submit(registration("o2", "two.ru"))
	g.send()
	second := g.clock
	g.tellsLately(4, 2, 2, 0, "one.ru", first)

	g.receive(g.reply(2, "task: 77", "domain: one.ru", "status: TASK_QUEUED"))
	g.expect(one.ID, registrar.Accepted)
	g.tellsLately(4, 3, 3, 0, "two.ru", second)

	g.receive(g.reply(3, "Your wish is noted in the book."))
	g.tellsLately(4, 4, 3, 1, "two.ru", second)

	g.clock = g.clock.Add(24*time.Hour - time.Second)
	g.tellsLately(1, 2, 1, 1, "two.ru", second)
	g.clock = g.clock.Add(time.Second)
	g.tellsLately(0, 0, 0, 0, "two.ru", second)

	// One that may or may not have been sent is waited for, too; after the deadline as before it.
	g.pass(30 * 24 * time.Hour)
	g.tellsLately(0, 0, 0, 0, "two.ru", second)
	g.decide(g.status("two.ru").Operation.ID, registrar.VerdictDone)
	g.tellsLately(0, 0, 0, 0, "", time.Time{})
}
