package witness

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"registrar.panel/internal/wake"
	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/registry"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

const (
	// DoubtRefusal is how long the registry is asked about a domain that R01 refused.
	DoubtRefusal = 48 * time.Hour
	// goOn is how soon a round continues that the pace of whois has cut short.
	goOn = 5 * time.Second
	// JustAsked is how long a name that was just asked about is not put before others again,
	// however often strangers write about it.
	JustAsked = 30 * time.Second
	// paidShare is how many names with a paid request are asked about before one without.
	paidShare = 2
)

// lookupMemory is the schedule of registry lookups, in memory. If it is lost, that only causes extra questions.
type lookupMemory struct {
	mu        sync.Mutex
	asked     map[string]time.Time // when whois was asked last, by name
	refreshed map[string]time.Time // when a person was answered, by name
	wanted    bool                 // its word is, on some name
	urgent    []string             // names to ask about before all others
	hurry     wake.Signal          // there is an urgent one
	lists     map[string]listState // by source
	silent    string               // why whois said nothing lately; "" = it answers
	heard     time.Time            // when whois answered last
}

func newMemory() *lookupMemory {
	return &lookupMemory{asked: map[string]time.Time{}, refreshed: map[string]time.Time{}, hurry: wake.NewSignal(), lists: map[string]listState{}}
}

// isWanted reports whether the registry's word was wanted on some name at the last look.
func (w *lookupMemory) isWanted() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.wanted
}

// Asker asks whois about domains that wait for its word.
type Asker struct {
	engine   *engine.Engine
	clock    *engine.Clock
	judge    *Judge
	memory   *lookupMemory
	settings *engine.Settings
	whois    Whois
	store    Store
	log      *slog.Logger
	now      func() time.Time
}

// AskAtOnce has the registry asked about a name before all other names, as soon as its pace
// allows: something was said about the name that proves nothing, while the registry's record
// may prove it. It may be called within a transaction; the answer is applied in a later one.
func (ask *Asker) AskAtOnce(name string) {
	if ask.whois == nil {
		return
	}
	ask.memory.mu.Lock()
	if !slices.Contains(ask.memory.urgent, name) {
		ask.memory.urgent = append(ask.memory.urgent, name)
	}
	ask.memory.mu.Unlock()
	ask.memory.hurry.Wake()
}

// Run asks whois about names until ctx ends.
func (ask *Asker) Run(ctx context.Context) {
	for ctx.Err() == nil {
		left, err := ask.AskAround(ctx)
		if err != nil && ctx.Err() == nil {
			ask.log.Error("asking the registry failed, will be tried again", "err", err)
		}
		wait := min(ask.settings.Registry.Check, engine.LookAgain)
		if left > 0 {
			wait = min(wait, goOn)
		}
		engine.Sleep(ctx, ask.memory.hurry, wait)
	}
}

// Refresh asks about a name now, because a person wants to know, and applies the answer like
// any other. A name that was answered a moment ago is not asked about again.
func (ask *Asker) Refresh(ctx context.Context, name string) error {
	if ask.whois == nil {
		return registrar.Errorf(registrar.Unavailable, "no whois is configured, so the registry can't be asked")
	}
	if ask.memory.refreshedLately(name, ask.now()) {
		return nil
	}

	a, err := ask.put(ctx, name)
	if err == nil && a.Status == registry.Unknown {
		err = registrar.Errorf(registrar.Unavailable, "the registry says nothing that can be relied on: %s", a.Why)
	}
	// Only an answer counts: after a failure the name may be asked about again at once.
	if err == nil {
		ask.memory.noteRefreshed(name, ask.now())
	}
	return err
}

// refreshedLately reports whether a person has just had an answer about a name.
func (w *lookupMemory) refreshedLately(name string, now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	at, ok := w.refreshed[name]
	return ok && now.Sub(at) >= 0 && now.Sub(at) < JustAsked
}

func (w *lookupMemory) noteRefreshed(name string, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	maps.DeleteFunc(w.refreshed, func(_ string, at time.Time) bool { return now.Sub(at) >= JustAsked })
	w.refreshed[name] = now
}

// AskAround asks about every name whose turn has come, as far as the pace of whois allows, and
// returns how many it had to leave. A failure for one name does not hinder the others.
func (ask *Asker) AskAround(ctx context.Context) (left int, err error) {
	// The time comes before names, because a clock in doubt holds everything that costs money.
	ask.AskTime(ctx)
	names, err := ask.questions(ctx)
	if err != nil {
		return 0, err
	}
	var failed []error
	for i, name := range names {
		if !ask.whois.Ready() || ctx.Err() != nil {
			return len(names) - i, errors.Join(append(failed, ctx.Err())...)
		}
		if err := ask.askAbout(ctx, name); err != nil {
			failed = append(failed, fmt.Errorf("registry's word on %s: %w", name, err))
		}
	}
	return 0, errors.Join(failed...)
}

// AskTime asks for the time of day while our clock is in doubt: each answer of the registry tells its own time.
func (ask *Asker) AskTime(ctx context.Context) {
	if ask.clock.Doubt() != "" && ask.whois.Ready() {
		ask.clock.HeardNow(engine.ByWhois, ask.whois.Look(ctx, registry.OwnName).Told)
	}
}

// question is a name that the registry can say something about.
type question struct {
	name  string
	since time.Time // since when its word is wanted
	paid  bool      // a request that costs money waits for it
}

// questions lists the names whose turn has come: first the urgent ones, then those that were
// asked about longest ago, with names of paid requests between others in the proportion of
// paidShare; last the urgent ones that were just asked about.
func (ask *Asker) questions(ctx context.Context) (names []string, err error) {
	waiting, err := ask.openQuestions(ctx)
	if err != nil {
		return nil, err
	}

	w := ask.memory
	w.mu.Lock()
	defer w.mu.Unlock()

	urgent, again := w.byUrgency(ask.now())
	asked := map[string]time.Time{}
	var paid, others []question
	for _, q := range waiting {
		last, known := w.asked[q.name]
		if known {
			asked[q.name] = last
		}

		// An urgent name already has its place.
		switch {
		case slices.Contains(w.urgent, q.name) || known && !ask.isDue(q, last):
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

// byUrgency separates the urgent names from those that were just asked about.
func (w *lookupMemory) byUrgency(now time.Time) (urgent, again []string) {
	for _, name := range w.urgent {
		if last, ok := w.asked[name]; ok && now.Sub(last) >= 0 && now.Sub(last) < JustAsked {
			again = append(again, name)
		} else {
			urgent = append(urgent, name)
		}
	}
	return urgent, again
}

// isDue reports whether a name is to be asked about again. A name that has waited for long is
// asked about less often. A last time in the future was read from a clock that was wrong.
func (ask *Asker) isDue(q question, last time.Time) bool {
	now := ask.now()
	return last.After(now) || now.Sub(last) >= max(ask.settings.Registry.Check, now.Sub(q.since)/10)
}

// interleave puts one of the others behind each paidShare of the paid names, so that neither starves the other.
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

// openQuestions lists every name on which the registry's word is wanted, each once: those of
// operations that wait, those that were refused lately, and those in doubt.
func (ask *Asker) openQuestions(ctx context.Context) (all []question, err error) {
	err = ask.store.Read(ctx, func(tx *store.Tx) error {
		waiting, err := tx.Requests.Witnessable()
		if err != nil {
			return err
		}

		// A domain that R01 refused may be registered nevertheless: for a while the registry is asked.
		refused, err := tx.Operations.FailedBetween(ask.now().Add(-DoubtRefusal), ask.now())
		if err != nil {
			return err
		}

		doubts, err := tx.Registry.Doubts(ask.settings.Registry.Misses)
		if err != nil {
			return err
		}

		// If a name is wanted for several reasons, the first one stands: that of a request, which may be paid.
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

// askAbout puts one question and applies the answer. Once the question was put, the name counts
// as asked about, whatever came of it.
func (ask *Asker) askAbout(ctx context.Context, name string) error {
	_, err := ask.put(ctx, name)
	return err
}

// put is askAbout, and returns the answer.
func (ask *Asker) put(ctx context.Context, name string) (registry.Answer, error) {
	a := ask.whois.Look(ctx, name)
	if a.NotAsked {
		return a, nil
	}

	// Before the answer is applied: a name whose answer can't be applied must not come first each time.
	ask.noteAnswer(name, a)
	if a.Status == registry.Unknown {
		ask.log.Warn("registry lookup inconclusive", "domain", name, "why", a.Why)
		return a, nil
	}

	s := Sighting{Record: a.Record, Present: a.Status == registry.Registered, AsOf: a.AsOf}
	if ask.settings.Registry.ReportOnly {
		ask.log.Info("whois seen, report only", "domain", name, "present", s.Present, "registrar", s.Registrar,
			"delegated", s.Delegated, "paid_till", s.PaidTill)
		return a, nil
	}
	return a, ask.engine.Write(ctx, func(tx *store.Tx) error { return ask.judge.See(tx, name, s) })
}

func (ask *Asker) noteAnswer(name string, a registry.Answer) {
	ask.clock.HeardNow(engine.ByWhois, a.Told)
	w := ask.memory
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked[name], w.silent = ask.now(), a.Why
	w.urgent = slices.DeleteFunc(w.urgent, func(u string) bool { return u == name })
	if a.Status != registry.Unknown {
		w.heard = ask.now()
	}
}

// Whois asks the registry about one name; package registry has the real one.
type Whois interface {
	Look(ctx context.Context, name string) registry.Answer
	// Ready reports whether its pace allows a question now.
	Ready() bool
}
