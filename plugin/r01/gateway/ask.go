package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"registrar.panel/internal/wake"
	"registrar.panel/plugin/r01/registry"
	"registrar.panel/plugin/r01/store"
)

const (
	// doubtRefusal is how long the registry is asked about what R01 refused.
	doubtRefusal = 48 * time.Hour
	// goOn is how soon a round goes on that the pace of whois has cut short.
	goOn = 5 * time.Second
	// justAsked is for how long a name is not put before others again: as often as strangers
	// write about it.
	justAsked = 30 * time.Second
	// paidShare is how many names with a paid request are asked about before one without.
	paidShare = 2
)

// witness is what is remembered of the registry between looks; losing it costs some
// questions.
type witness struct {
	mu     sync.Mutex
	asked  map[string]time.Time // when whois was asked last, by name
	wanted bool                 // its word is, on some name
	urgent []string             // names to ask about before all others
	hurry  wake.Signal          // there is an urgent one
	lists  map[string]listState // by source
	silent string               // why whois said nothing lately; "" = it answers
	heard  time.Time            // when whois answered last
}

func newWitness() *witness {
	return &witness{asked: map[string]time.Time{}, hurry: wake.NewSignal(), lists: map[string]listState{}}
}

// isWanted reports whether the registry's word was wanted on some name when that was looked at
// last.
func (w *witness) isWanted() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.wanted
}

// askAtOnce has the registry asked about a name before all others, as soon as its pace allows:
// something was said of the name that proves nothing, and the registry's record may. It may be
// called within a transaction; the answer is applied in a later one.
func (g *Gateway) askAtOnce(name string) {
	if g.whois == nil {
		return
	}
	g.witness.mu.Lock()
	if !slices.Contains(g.witness.urgent, name) {
		g.witness.urgent = append(g.witness.urgent, name)
	}
	g.witness.mu.Unlock()
	g.witness.hurry.Wake()
}

// whoisLoop asks about what waits.
func (g *Gateway) whoisLoop(ctx context.Context) {
	for ctx.Err() == nil {
		left, err := g.askAround(ctx)
		if err != nil && ctx.Err() == nil {
			g.log.Error("asking the registry failed, will be tried again", "err", err)
		}
		wait := min(g.settings.Registry.Check, lookAgain)
		if left > 0 {
			wait = min(wait, goOn)
		}
		pause(ctx, g.witness.hurry, wait)
	}
}

// askAround asks about every name whose turn has come, as far as the pace of whois allows, and
// returns how many it had to leave. What fails for one name hinders no other.
func (g *Gateway) askAround(ctx context.Context) (left int, err error) {
	g.askTime(ctx)
	names, err := g.questions(ctx)
	if err != nil {
		return 0, err
	}
	var failed []error
	for i, name := range names {
		if !g.whois.Ready() || ctx.Err() != nil {
			return len(names) - i, errors.Join(append(failed, ctx.Err())...)
		}
		if err := g.askAbout(ctx, name); err != nil {
			failed = append(failed, fmt.Errorf("registry's word on %s: %w", name, err))
		}
	}
	return 0, errors.Join(failed...)
}

// askTime asks for the time of day while ours is in doubt: with each answer the registry tells
// its own.
func (g *Gateway) askTime(ctx context.Context) {
	if g.DoubtClock() != "" && g.whois.Ready() {
		g.heardNow(byWhois, g.whois.Look(ctx, registry.OwnName).Told)
	}
}

// question is a name that the registry can say something about.
type question struct {
	name  string
	since time.Time // since when its word is wanted
	paid  bool      // a request that costs money waits for it
}

// questions lists the names whose turn has come: the urgent ones, then those that were asked
// about longest ago, and between two others one with a paid request; then what is urgent
// though it was just asked about.
func (g *Gateway) questions(ctx context.Context) (names []string, err error) {
	waiting, err := g.openQuestions(ctx)
	if err != nil {
		return nil, err
	}
	w := g.witness
	w.mu.Lock()
	defer w.mu.Unlock()
	urgent, again := w.byUrgency(g.now())
	asked := map[string]time.Time{}
	var paid, others []question
	for _, q := range waiting {
		last, known := w.asked[q.name]
		if known {
			asked[q.name] = last
		}
		switch {
		case slices.Contains(w.urgent, q.name) || known && !g.isDue(q, last):
		case q.paid:
			paid = append(paid, q)
		default:
			others = append(others, q)
		}
	}
	w.wanted = len(waiting) > 0 || len(w.urgent) > 0
	w.asked = asked // and what no longer waits is forgotten
	longestAgo := func(a, b question) int {
		return cmp.Or(asked[a.name].Compare(asked[b.name]), a.since.Compare(b.since), cmp.Compare(a.name, b.name))
	}
	slices.SortFunc(paid, longestAgo)
	slices.SortFunc(others, longestAgo)
	return slices.Concat(urgent, interleave(paid, others), again), nil
}

// byUrgency parts the urgent names from those that were just asked about.
func (w *witness) byUrgency(now time.Time) (urgent, again []string) {
	for _, name := range w.urgent {
		if last, ok := w.asked[name]; ok && now.Sub(last) >= 0 && now.Sub(last) < justAsked {
			again = append(again, name)
		} else {
			urgent = append(urgent, name)
		}
	}
	return urgent, again
}

// isDue reports whether a name is to be asked about again. What has waited for long is asked
// about less often. A time that lies in the future was read from a clock that was wrong.
func (g *Gateway) isDue(q question, last time.Time) bool {
	now := g.now()
	return last.After(now) || now.Sub(last) >= max(g.settings.Registry.Check, now.Sub(q.since)/10)
}

// interleave puts one of the others behind each paidShare of the paid ones, so that neither
// starves the other.
func interleave(paid, others []question) (names []string) {
	for len(paid) > 0 || len(others) > 0 {
		for range min(paidShare, len(paid)) {
			names, paid = append(names, paid[0].name), paid[1:]
		}
		if len(others) > 0 {
			names, others = append(names, others[0].name), others[1:]
		}
	}
	return names
}

// openQuestions lists every name that the registry's word is wanted on, each once: those of
// operations that wait, of what was refused lately, and those in doubt.
func (g *Gateway) openQuestions(ctx context.Context) (all []question, err error) {
	err = g.store.Read(ctx, func(tx *store.Tx) error {
		waiting, err := tx.Witnessable()
		if err != nil {
			return err
		}
		refused, err := tx.FailedBetween(g.now().Add(-doubtRefusal), g.now())
		if err != nil {
			return err
		}
		doubts, err := tx.Doubts(g.settings.Registry.Misses)
		if err != nil {
			return err
		}
		for _, r := range waiting {
			all = append(all, question{r.Object, latest(r.ClaimedAt, r.CreatedAt), r.Kind.Paid()})
		}
		for _, op := range refused {
			all = append(all, question{op.Domain, op.FinishedAt, false})
		}
		for _, d := range doubts {
			all = append(all, question{d.Domain, d.Since, false})
		}
		return nil
	})
	named := map[string]bool{}
	all = slices.DeleteFunc(all, func(q question) bool {
		again := named[q.name]
		named[q.name] = true
		return again
	})
	return all, err
}

// askAbout puts one question and applies the answer. The name counts as asked about once the
// question was put, whatever came of it.
func (g *Gateway) askAbout(ctx context.Context, name string) error {
	a := g.whois.Look(ctx, name)
	if a.NotAsked {
		return nil
	}
	g.noteAnswer(name, a)
	if a.Status == registry.Unknown {
		g.log.Warn("the registry says nothing", "domain", name, "why", a.Why)
		return nil
	}
	s := sighting{Record: a.Record, present: a.Status == registry.Registered, asOf: a.AsOf}
	if g.settings.Registry.ReportOnly {
		g.log.Info("whois seen, report only", "domain", name, "present", s.present, "registrar", s.Registrar,
			"delegated", s.Delegated, "paid_till", s.PaidTill)
		return nil
	}
	return g.write(ctx, func(tx *store.Tx) error { return g.see(tx, name, s) })
}

func (g *Gateway) noteAnswer(name string, a registry.Answer) {
	g.heardNow(byWhois, a.Told)
	w := g.witness
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked[name], w.silent = g.now(), a.Why
	w.urgent = slices.DeleteFunc(w.urgent, func(u string) bool { return u == name })
	if a.Status != registry.Unknown {
		w.heard = g.now()
	}
}
