package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"registrar.panel/plugin/r01/registry"
	"registrar.panel/plugin/r01/registry/holdings"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// ZoneList is a zone list and where it is found; package registry has the real one.
type ZoneList interface {
	String() string // its place
	// Open opens it, unless it is the edition of the mark: then registry.ErrUnchanged.
	Open(ctx context.Context, last registry.Mark) (io.ReadCloser, registry.Mark, error)
}

// listState is how the last pass over a list went.
type listState struct {
	at  time.Time // of the last pass that found nothing wrong, this run of the plugin
	err string    // of the last pass; "" = none
}

const (
	// listWithin bounds one pass over one list.
	listWithin = 2 * time.Hour
	// ageUntold is how old a list is taken to be whose server does not tell: they are daily.
	ageUntold = 24 * time.Hour
	// maxShrink is the share, in parts of a hundred, by which a list may be shorter than
	// the edition before.
	maxShrink = 10
	// applyAtOnce is how many domains are changed in one transaction.
	applyAtOnce = 200
)

// listLoop reads the zone lists, each again after about as long as configured.
func (g *Gateway) listLoop(ctx context.Context) {
	for ctx.Err() == nil {
		for _, list := range g.zoneLists {
			if err := g.reconcileList(ctx, list); err != nil && ctx.Err() == nil {
				g.log.Error("zone list not believed, nothing was changed by it", "source", list, "err", err)
			}
		}
		timer := time.NewTimer(g.jitter(g.settings.Registry.Every))
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
}

// reconcileList makes one pass and keeps how it went. What is wrong with a list is an alarm
// until one pass goes well.
func (g *Gateway) reconcileList(ctx context.Context, list ZoneList) error {
	source := list.String()
	ctx, cancel := context.WithTimeout(ctx, listWithin)
	defer cancel()
	passed := g.reconcile(ctx, list)
	state := listState{at: g.now()}
	if passed != nil {
		state = listState{at: g.witness.list(source).at, err: passed.Error()}
	}
	g.witness.setList(source, state)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	alarm := g.write(ctx, func(tx *store.Tx) error {
		if passed == nil {
			return g.clear(tx, listAlarm(source), "")
		}
		return g.raise(tx, listAlarm(source), "", "a zone list was not believed, and nothing was changed by it: "+passed.Error())
	})
	return errors.Join(passed, alarm)
}

func listAlarm(source string) string { return "zone-list:" + source }

func (w *witness) list(source string) listState {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.lists[source]
}

func (w *witness) setList(source string, s listState) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lists[source] = s
}

// reconcile compares every domain of ours with a zone list. Nothing is changed before the
// whole list was read and found believable.
func (g *Gateway) reconcile(ctx context.Context, list ZoneList) error {
	source := list.String()
	last, err := g.lastEdition(ctx, source)
	if err != nil {
		return err
	}
	opened := g.now()
	r, mark, err := list.Open(ctx, registry.Mark{ETag: last.ETag, Modified: last.Modified, Size: last.Size})
	g.heardNow(byListServer, mark.Served)
	switch {
	case errors.Is(err, registry.ErrUnchanged):
		return nil
	case err != nil:
		return err
	}
	p, err := g.holdings(ctx)
	if err != nil {
		return errors.Join(err, r.Close())
	}
	unknown, failed := g.strangers(p)
	summary, err := registry.Read(ctx, r, func(l *registry.Line) {
		p.See(l)
		g.seeStranger(unknown, l)
	})
	if err = errors.Join(err, r.Close()); err != nil {
		return err
	}
	edition := store.ZoneList{Source: source, ETag: mark.ETag, Modified: mark.Modified, Size: mark.Size,
		Lines: summary.Lines, Digest: summary.Digest, ReadAt: g.now()}
	if last.Lines > 0 && summary.Digest == last.Digest && summary.Lines == last.Lines { // the same text once more
		return g.write(ctx, func(tx *store.Tx) error { return tx.PutZoneList(edition) })
	}
	if summary.Lines*100 < last.Lines*(100-maxShrink) {
		return fmt.Errorf("it has %d lines, and the edition before had %d", summary.Lines, last.Lines)
	}
	if err := g.applyList(ctx, p, summary, asOf(mark, opened)); err != nil {
		return err
	}
	if err := g.offerImports(ctx, unknown, failed, summary.Covers); err != nil {
		return err
	}
	g.log.Info("zone list read", "source", source, "lines", summary.Lines, "malformed", summary.Malformed, "domains", p.Len())
	return g.write(ctx, func(tx *store.Tx) error { return tx.PutZoneList(edition) })
}

func (g *Gateway) lastEdition(ctx context.Context, source string) (last store.ZoneList, err error) {
	err = g.store.Read(ctx, func(tx *store.Tx) (err error) {
		last, err = tx.ZoneList(source)
		return err
	})
	return last, err
}

// asOf is what a list is true of: when it was made, and never after it was opened.
func asOf(m registry.Mark, opened time.Time) time.Time {
	switch {
	case m.Modified.IsZero():
		return opened.Add(-ageUntold)
	case m.Modified.After(opened):
		return opened
	}
	return m.Modified
}

// holdings reads all domains of ours.
func (g *Gateway) holdings(ctx context.Context) (p *holdings.Set, err error) {
	err = g.store.Read(ctx, func(tx *store.Tx) error {
		n, err := tx.CountDomains()
		if err != nil {
			return err
		}
		p = holdings.New(n)
		collect := func(h *store.Holding) { p.AddBulk(h.Name, h.Status, h.PaidTill, h.ChangedAt) }
		if err := tx.EachHolding(collect); err != nil { // one unchanging view: there are n
			return err
		}
		atWork, err := tx.DomainsAtWork()
		if err != nil {
			return err
		}
		doubted, err := tx.DoubtedDomains()
		for _, name := range append(atWork, doubted...) {
			if e := p.Find([]byte(name)); e != nil {
				e.Watch()
			}
		}
		return err
	})
	return p, err
}

// findings lists the domains of which a list shows what our record does not say, and
// counts those it shows gone and those we hold.
func (g *Gateway) findings(p *holdings.Set, summary registry.Summary, asOf time.Time) (found []*holdings.Entry, missing, held int) {
	for e := range p.All() {
		if !e.Listed() && !summary.Covers(zoneOf(p.Name(e))) {
			continue
		}
		kind := g.quickDoubt(p, e, asOf)
		if isHeld(e.Status()) {
			held++
		}
		if kind == store.Absent || kind == store.Elsewhere {
			missing++
		}
		moved := e.Moved() || e.Listed() && !isHeld(e.Status())
		if kind != "" || moved || e.Watched() {
			found = append(found, e)
		}
	}
	return found, missing, held
}

func zoneOf(name []byte) string {
	_, zone, _ := strings.Cut(string(name), ".")
	return zone
}

// listed is what a list, true of asOf, shows of a domain of ours.
func listed(p *holdings.Set, e *holdings.Entry, asOf time.Time) sighting {
	s := sighting{asOf: asOf, present: e.Listed(), fromList: true}
	if s.present {
		s.Record = p.Record(e)
	}
	return s
}

func isHeld(status registrar.DomainStatus) bool { return held(status) }

// quickDoubt is doubtOf without making anything.
func (g *Gateway) quickDoubt(p *holdings.Set, e *holdings.Entry, asOf time.Time) store.DoubtKind {
	if e.Listed() && isHeld(e.Status()) && !e.Behind() && g.ours(p.Registrar(e)) {
		return ""
	}
	return g.doubtOf(e.Status(), e.PaidTill(), e.ChangedAt(), listed(p, e, asOf))
}

// applyList changes what a list shows otherwise, unless it shows too many gone.
func (g *Gateway) applyList(ctx context.Context, p *holdings.Set, summary registry.Summary, asOf time.Time) error {
	found, missing, held := g.findings(p, summary, asOf)
	if allowed := max(int(g.settings.Registry.MaxGone*float64(held)), 1); missing > allowed {
		return fmt.Errorf("it shows %d of our %d domains gone, and max_gone allows %d in one list", missing, held, allowed)
	}
	if g.settings.Registry.ReportOnly {
		return g.report(ctx, p, found, asOf)
	}
	for len(found) > 0 {
		batch := found[:min(len(found), applyAtOnce)]
		found = found[len(batch):]
		err := g.write(ctx, func(tx *store.Tx) error {
			for _, e := range batch {
				if err := g.see(tx, string(p.Name(e)), listed(p, e, asOf)); err != nil {
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

// report tells what a list would change, each in the log and all in one event.
func (g *Gateway) report(ctx context.Context, p *holdings.Set, found []*holdings.Entry, asOf time.Time) error {
	for _, e := range found {
		s := listed(p, e, asOf)
		g.log.Info("zone list seen, report only", "domain", string(p.Name(e)), "status", e.Status(), "known_paid_till", e.PaidTill(),
			"present", s.present, "registrar", s.Registrar, "delegated", s.Delegated, "paid_till", s.PaidTill)
	}
	return g.write(ctx, func(tx *store.Tx) error {
		tx.Emit(registrar.Event{At: g.now(), Type: registrar.EventNotice, Level: registrar.LevelInfo, Actor: byRegistry,
			Message: fmt.Sprintf("a zone list shows %d domains otherwise than our record; report_only changes none of them, and the plugin's log lists them", len(found))})
		return nil
	})
}
