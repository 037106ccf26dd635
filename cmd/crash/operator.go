//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/user"
	"strconv"
	"strings"
	"syscall"
	"time"

	"registrar.panel/host/web/api"
	contract "registrar.panel/shared/registrar"
)

const anew = 5 * time.Second // how long a panel works in quiet before it is restarted

// operator returns the name under which the campaign decides. On the panel's socket
// that is the Unix user, and a decision under the caller's own name is logged once.
func operator() string {
	u, err := user.Current()
	if err != nil {
		return "uid " + strconv.Itoa(os.Getuid())
	}
	return u.Username
}

// errUnquiet means that something neither ended nor asked for a person.
var errUnquiet = errors.New("not everything came to rest")

// settle waits until every order is concluded. Meanwhile it decides
// what waits for a person, as an operator who looks at R01 does.
func (w *world) settle(ctx context.Context, out io.Writer) error {
	v, say := watch("everything to come to rest"), time.Now().Add(time.Minute)
	hurry := &hurrier{world: w}
	for {
		open, events, err := w.tend(ctx, hurry)
		if err == nil && len(open) == 0 {
			return nil
		}

		if ctx.Err() != nil {
			return ctx.Err()
		}

		v.saw(events, fmt.Sprintf("%d things are left: %.300s%s", len(open), strings.Join(open, ", "), because(err)))
		if err := v.hangs(); err != nil {
			return fmt.Errorf("%w: %w", errUnquiet, err)
		}

		if time.Now().After(say) {
			fmt.Fprintf(out, "round %d %s\n", w.round, v)
			say = time.Now().Add(10 * time.Second)
		}

		// To look more often would not show sooner what waits for a deadline of many seconds.
		pause(ctx, min(max(time.Since(v.moved)/5, 300*time.Millisecond), time.Second))
	}
}

// tend decides once about everything that is open. It returns what is left
// of that and how many events there have been; 0 = they can't be read now.
func (w *world) tend(ctx context.Context, h *hurrier) (open []string, events int, err error) {
	b, err := w.openBooks()
	if err != nil {
		return []string{"books to be read"}, 0, err
	}
	defer b.close()

	open, err = w.decide(ctx, b)
	if err == nil && len(open) == 0 {
		return nil, 0, nil
	}

	h.along(ctx, b)

	events, unread := b.told(ctx)
	if unread != nil {
		events = 0
	}
	return open, events, err
}

func because(err error) string {
	if err == nil {
		return ""
	}
	return " (" + err.Error() + ")"
}

// hurrier restarts the panels of a quiet world when a deadline has passed, because a
// plugin that starts notices that at once. A panel that is starting is left alone, and
// one that is at work gets time for its due work: at least as long as it took to start.
type hurrier struct {
	*world
	asked   time.Time     // when the panels were told to end, or when the quiet began
	working time.Time     // since when all of them are at work; zero = they are not
	took    time.Duration // time between these two
}

func (h *hurrier) along(ctx context.Context, b books) {
	now := time.Now()

	if h.asked.IsZero() {
		h.asked = now
	}

	for _, n := range h.nodes() {
		if ok, _ := n.serves(ctx); !ok {
			h.working = time.Time{}
			return
		}
	}

	if h.working.IsZero() {
		h.working, h.took = now, now.Sub(h.asked)
		return
	}

	late, err := b.late(ctx)
	if err != nil || !late || now.Sub(h.working) < max(anew, h.took) {
		return
	}

	for _, n := range h.nodes() {
		send(n.panelPID(), syscall.SIGTERM)
	}

	h.asked, h.working = now, time.Time{}
}

// late reports whether a deadline has passed that the plugin will notice within a minute, or at once after a start.
func (b books) late(ctx context.Context) (bool, error) {
	n, err := number(ctx, b.plugin, fmt.Sprintf("select count(*) from requests where deadline_at < %d", time.Now().Add(-time.Second).UnixMilli()))
	return n > 0, err
}

// decide makes one pass over what is open, and returns what is left.
func (w *world) decide(ctx context.Context, b books) (open []string, err error) {
	for _, n := range w.nodes() {
		if ok, seen := n.serves(ctx); !ok {
			return []string{"a panel that is at work: " + seen}, nil
		}
	}

	reviewed, err := w.review(ctx)
	if err != nil {
		return []string{"reviews"}, err
	}

	if reviewed > 0 { // more may have come meanwhile
		open = append(open, fmt.Sprintf("%d mails that were for review", reviewed))
	}

	orders, err := api.All[api.Order](ctx, w.client(), api.Path("orders"), url.Values{"open": {"1"}, "state": {"paid"}})
	if err != nil {
		return []string{"orders"}, err
	}

	for _, o := range orders {
		open = append(open, o.Kind+" "+o.Domain)
	}

	working, err := b.operations(ctx, "where finished_at is null")
	if err != nil {
		return open, err
	}

	waits := 0
	for _, o := range working {
		if contract.OperationState(o.state).WaitsForPerson() {
			waits++
		}
	}

	// A mail that is not read yet may answer what seems to wait for a person.
	fresh, err := number(ctx, b.plugin, "select count(*) from mails where state = 'new'")
	if err != nil {
		return open, err
	}

	if waits == 0 && len(open) == 0 && fresh == 0 {
		return b.unheard(ctx)
	}

	if fresh > 0 {
		return append(open, fmt.Sprintf("%d mails to be read", fresh)), nil
	}

	if waits == 0 {
		return open, nil
	}

	return append(open, fmt.Sprintf("%d operations for a person", waits)), w.judgeEach(ctx, b, working)
}

// unheard returns what the panel has still to hear: the judge compares all events, and an order may end before the last
// event about it.
func (b books) unheard(ctx context.Context) (open []string, err error) {
	told, err := b.told(ctx)
	if err != nil {
		return []string{"events"}, err
	}

	heard, err := number(ctx, b.panel, "select coalesce(max(cursor), 0) from followed")
	if err != nil || heard < told {
		open = append(open, fmt.Sprintf("%d events that the panel has not heard", told-heard))
	}
	return open, err
}

// review sets aside the mails that no rule could place: the operator looks at R01 instead.
func (w *world) review(ctx context.Context) (reviewed int, err error) {
	longer, cancel := context.WithTimeout(ctx, w.scale(10*perCall)) // a long list takes its time
	defer cancel()

	list, missing, err := api.GetPartial[[]api.Review](longer, w.client(), api.Path("review"), nil)
	if err != nil {
		return 0, err
	}

	if len(missing) > 0 { // a busy plugin did not answer in time: its mails are not known
		return 0, fmt.Errorf("list reviews: %s", missing[0].Reason)
	}

	for _, r := range list {
		d := api.ReviewDecision{Version: *r.Version, Outcome: string(contract.ReplyIgnore), By: operator()}
		_, err := post[api.Review](ctx, w, api.Path("review", r.ID, "resolve"), d)
		if outdated(err) {
			continue // an operation that it may belong to has moved
		}

		if err != nil {
			return reviewed, err
		}

		w.tally.add(&w.tally.Reviews, 1)
		reviewed++
	}

	return reviewed, nil
}

// sift keeps the review queue short while orders come, as the staff does: a liar fills it.
func (w *world) sift(ctx context.Context) {
	for ctx.Err() == nil {
		w.review(ctx) // failures are tried again
		pause(ctx, time.Second)
	}
}

// judgeEach resolves the operations that wait for a person by what R01 has.
func (w *world) judgeEach(ctx context.Context, b books, working []operation) error {
	// The versions first: what R01 shows later may be newer than they are, and is never older.
	seen, err := w.seen(ctx, working)
	if err != nil {
		return err
	}

	m, err := w.sim.remembers(ctx)
	if err != nil {
		return err
	}

	requests, err := b.requests(ctx)
	if err != nil {
		return err
	}

	byID := map[string]request{}
	for _, q := range requests {
		byID[q.id] = q
	}

	// Of operations that share a request only one is resolved in a pass. After that R01 may have what it did not have
	// before, and has to be looked at again: two decisions on one look have sent a request twice.
	decided := map[string]bool{} // by request
	for _, o := range working {
		if !contract.OperationState(o.state).WaitsForPerson() || decided[o.request] {
			continue
		}

		verdict, note := verdictOn(m.fate(byID[o.request]))
		if verdict == "" {
			continue
		}

		d := api.Decision{Version: seen[o.id], Outcome: string(verdict), By: operator(), Note: note}
		_, err := post[api.Operation](ctx, w, api.Path("operations", o.id, "resolve"), d)
		if outdated(err) || refusedWith(err, contract.Precondition) {
			continue // it has moved on, or it is too early to say
		}

		if err != nil {
			return err
		}

		decided[o.request] = true
		w.tally.add(&w.tally.Asked, 1)
	}

	return nil
}

// seen returns the versions of the operations that wait for a person.
func (w *world) seen(ctx context.Context, working []operation) (map[string]string, error) {
	versions := map[string]string{}
	for _, o := range working {
		if !contract.OperationState(o.state).WaitsForPerson() {
			continue
		}
		op, err := get[api.Operation](ctx, w, api.Path("operations", o.id))
		if err != nil {
			return nil, err
		}
		versions[o.id] = *op.Version
	}
	return versions, nil
}

func outdated(err error) bool { return refusedWith(err, contract.Conflict) }

func refusedWith(err error, code contract.Code) bool {
	var refusal *api.Error
	return errors.As(err, &refusal) && refusal.Code == string(code)
}

func verdictOn(f fate) (contract.Verdict, string) {
	switch {
	case f.arrived == 0:
		return contract.VerdictResend, "R01 has never received it"
	case f.pending:
		return "", ""
	case f.done:
		return contract.VerdictDone, "R01 shows it carried out"
	}
	return contract.VerdictFailed, "R01 shows that it failed: " + f.why
}
