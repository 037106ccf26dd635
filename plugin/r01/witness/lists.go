package witness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/registry"
	"registrar.panel/plugin/r01/registry/holdings"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// Lists compares our domains with zone lists.
type Lists struct {
	engine    *engine.Engine
	alarms    *engine.Alarms
	clock     *engine.Clock
	judge     *Judge
	memory    *lookupMemory
	settings  *engine.Settings
	zoneLists []ZoneList
	imports   Imports
	jitter    func(time.Duration) time.Duration
	within    time.Duration // bounds one pass over one list
	store     Store
	log       *slog.Logger
	now       func() time.Time
}

// ZoneList is a zone list and its place; package registry has the real one.
type ZoneList interface {
	String() string // its place
	// Open opens the list. If it is still the edition last, it returns registry.ErrUnchanged.
	Open(ctx context.Context, last registry.Edition) (io.ReadCloser, registry.Edition, error)
}

// listState is how the last pass over a list went.
type listState struct {
	at  time.Time // of the last pass that found nothing wrong, this run of the plugin
	err string    // of the last pass; "" = none
}

const (
	// listWithin is how long one pass over one list may take.
	listWithin = 2 * time.Hour
	// ageUntold is the assumed age of a list whose server does not tell: lists are daily.
	ageUntold = 24 * time.Hour
	// maxShrink is the percentage by which a list may be shorter than the edition before.
	maxShrink = 10
	// applyAtOnce is how many domains are changed in one transaction.
	applyAtOnce = 200
)

// Run reads the zone lists, each again after about the configured time.
func (ls *Lists) Run(ctx context.Context) {
	for ctx.Err() == nil {
		for _, list := range ls.zoneLists {
			if err := ls.ReconcileList(ctx, list); err != nil && ctx.Err() == nil {
				ls.log.Error("zone list not believed, nothing was changed by it", "source", list, "err", err)
			}
		}
		timer := time.NewTimer(ls.jitter(ls.settings.Registry.Every))
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
}

// ReconcileList makes one pass and records how it went. If anything is wrong with a list, an
// alarm stands until a pass goes well.
func (ls *Lists) ReconcileList(ctx context.Context, list ZoneList) error {
	source := list.String()
	bounded, cancel := context.WithTimeout(ctx, ls.within)
	defer cancel()
	passed := ls.Reconcile(bounded, list)
	if passed != nil && bounded.Err() != nil && ctx.Err() == nil {
		passed = fmt.Errorf("it was not read within %s: %w", ls.within, passed)
	}

	// An error because the plugin ends, or another takes over, says nothing about the list.
	if ctx.Err() != nil {
		return ctx.Err()
	}

	state := listState{at: ls.now()}
	if passed != nil {
		state = listState{at: ls.memory.list(source).at, err: passed.Error()}
	}
	ls.memory.setList(source, state)

	// With the context of the caller, because the time of the pass may be over, and must not bound the alarm.
	alarm := ls.engine.Write(ctx, func(tx *store.Tx) error {
		if passed == nil {
			return ls.alarms.Clear(tx, listAlarm(source), "")
		}
		return ls.alarms.Raise(tx, listAlarm(source), "", "a zone list was not believed, and nothing was changed by it: "+passed.Error())
	})

	return errors.Join(passed, alarm)
}

func listAlarm(source string) string { return "zone-list:" + source }

func (w *lookupMemory) list(source string) listState {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.lists[source]
}

func (w *lookupMemory) setList(source string, s listState) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lists[source] = s
}

// Reconcile compares every domain of ours with a zone list. Nothing is changed before the whole
// list was read and found believable.
func (ls *Lists) Reconcile(ctx context.Context, list ZoneList) error {
	source := list.String()
	last, err := ls.lastEdition(ctx, source)
	if err != nil {
		return err
	}

	opened := ls.now()
	r, mark, err := list.Open(ctx, registry.Edition{ETag: last.ETag, Modified: last.Modified, Size: last.Size})
	ls.clock.HeardNow(engine.ByListServer, mark.Served)
	switch {
	case errors.Is(err, registry.ErrUnchanged):
		return nil
	case err != nil:
		return err
	}

	// At first it only takes notes in memory, because the list counts only when it was read to its end.
	p, err := ls.holdings(ctx)
	if err != nil {
		return errors.Join(err, r.Close())
	}

	unknown, failed := ls.unmanaged(p)
	summary, err := registry.Read(ctx, r, func(l *registry.Line) {
		p.See(l)
		ls.seeUnmanaged(unknown, l)
	})
	if err = errors.Join(err, r.Close()); err != nil {
		return err
	}

	edition := store.ZoneList{Source: source, ETag: mark.ETag, Modified: mark.Modified, Size: mark.Size,
		Lines: summary.Lines, Digest: summary.Digest, ReadAt: ls.now()}

	// An edition counts once, and one that lost many domains is not believed.
	if last.Lines > 0 && summary.Digest == last.Digest && summary.Lines == last.Lines { // the same text once more
		return ls.engine.Write(ctx, func(tx *store.Tx) error { return tx.Registry.PutZoneList(edition) })
	}
	if summary.Lines*100 < last.Lines*(100-maxShrink) {
		return fmt.Errorf("it has %d lines, and the edition before had %d", summary.Lines, last.Lines)
	}
	if err := ls.applyList(ctx, p, summary, asOf(mark, opened)); err != nil {
		return err
	}
	if err := ls.offerImports(ctx, unknown, failed, summary.Covers); err != nil {
		return err
	}

	ls.log.Info("zone list read", "source", source, "lines", summary.Lines, "malformed", summary.Malformed, "domains", p.Len())
	// Last: a pass that dies before this is made again, and by the list's time what it has counted counts only once.
	return ls.engine.Write(ctx, func(tx *store.Tx) error { return tx.Registry.PutZoneList(edition) })
}

func (ls *Lists) lastEdition(ctx context.Context, source string) (last store.ZoneList, err error) {
	err = ls.store.Read(ctx, func(tx *store.Tx) (err error) {
		last, err = tx.Registry.ZoneList(source)
		return err
	})
	return last, err
}

// asOf is the time of which a list is true: when it was made, and never after it was opened.
func asOf(m registry.Edition, opened time.Time) time.Time {
	switch {
	case m.Modified.IsZero():
		return opened.Add(-ageUntold)
	case m.Modified.After(opened):
		return opened
	}
	return m.Modified
}

// findings lists the domains that a list shows differently from our record, and counts those
// that it shows gone and those that we hold.
func (ls *Lists) findings(p *holdings.Set, summary registry.Summary, asOf time.Time) (found []*holdings.Entry, missing, held int) {
	for e := range p.All() {
		// If the list does not cover the zone, absence says nothing.
		if !e.Listed() && !summary.Covers(zoneOf(p.Name(e))) {
			continue
		}
		kind := ls.quickDoubt(p, e, asOf)
		if e.Status().Held() {
			held++
		}
		if kind == store.Absent || kind == store.Elsewhere {
			missing++
		}
		moved := e.Moved() || e.Listed() && !e.Status().Held()
		if kind != "" || moved || e.Watched() {
			found = append(found, e)
		}
	}
	slices.SortFunc(found, func(a, b *holdings.Entry) int { return bytes.Compare(p.Name(a), p.Name(b)) })
	return found, missing, held
}

func zoneOf(name []byte) string {
	_, zone, _ := strings.Cut(string(name), ".")
	return zone
}

// listed returns what a list, true of asOf, shows of a domain of ours.
func listed(p *holdings.Set, e *holdings.Entry, asOf time.Time) Sighting {
	s := Sighting{AsOf: asOf, Present: e.Listed(), fromList: true}
	if s.Present {
		s.Record = p.Record(e)
	}
	return s
}

// quickDoubt is doubtOf without allocating for the usual domain.
func (ls *Lists) quickDoubt(p *holdings.Set, e *holdings.Entry, asOf time.Time) store.DoubtKind {
	if e.Listed() && e.Status().Held() && !e.Behind() && ls.engine.Ours(p.Registrar(e)) {
		return ""
	}
	return ls.judge.doubtOf(e.Status(), e.PaidTill(), e.ChangedAt(), listed(p, e, asOf))
}

// applyList changes the domains that a list shows differently, unless it shows too many gone.
func (ls *Lists) applyList(ctx context.Context, p *holdings.Set, summary registry.Summary, asOf time.Time) error {
	found, missing, held := ls.findings(p, summary, asOf)
	if allowed := max(int(ls.settings.Registry.MaxGone*float64(held)), 1); missing > allowed {
		return fmt.Errorf("it shows %d of our %d domains gone, and max_gone allows %d in one list", missing, held, allowed)
	}

	if ls.settings.Registry.ReportOnly {
		return ls.report(ctx, p, found, asOf)
	}

	for len(found) > 0 {
		// In parts, so that others can write between them. Each domain is judged by its record at that moment.
		batch := found[:min(len(found), applyAtOnce)]
		found = found[len(batch):]

		err := ls.engine.Write(ctx, func(tx *store.Tx) error {
			for _, e := range batch {
				if err := ls.judge.See(tx, string(p.Name(e)), listed(p, e, asOf)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}

	return nil
}

// report reports what a list would change: each domain in the log, and all in one event.
func (ls *Lists) report(ctx context.Context, p *holdings.Set, found []*holdings.Entry, asOf time.Time) error {
	for _, e := range found {
		s := listed(p, e, asOf)
		ls.log.Info("zone list seen, report only", "domain", string(p.Name(e)), "status", e.Status(), "known_paid_till", e.PaidTill(),
			"present", s.Present, "registrar", s.Registrar, "delegated", s.Delegated, "paid_till", s.PaidTill)
	}
	return ls.engine.Write(ctx, func(tx *store.Tx) error {
		tx.Emit(registrar.Event{At: ls.now(), Type: registrar.EventNotice, Level: registrar.LevelInfo, Actor: engine.ByRegistry,
			Message: fmt.Sprintf("a zone list shows %d domains otherwise than our record; report_only changes none of them, and the plugin's log lists them", len(found))})
		return nil
	})
}
