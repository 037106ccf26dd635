//go:build linux

package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"

	"registrar.panel/host/input"
	"registrar.panel/internal/r01sim"
	contract "registrar.panel/shared/registrar"
)

// broken is an invariant that does not hold.
type broken struct {
	invariant string
	domain    string // "" = no particular one
	detail    string
}

func (b *broken) Error() string {
	return fmt.Sprintf("invariant broken: %s: %s %s", b.invariant, b.domain, b.detail)
}

// judge holds the end of a round: the orders, and the books of all three.
type judge struct {
	books
	memory
	placed     []order
	operations []operation
	requests   []request
	stored     []mail            // received by the plugin
	shown      map[string]record // domains that the panel shows
	held       map[string]record // domains that the plugin holds
	faults     []*broken
}

func (j *judge) fault(invariant, domain, format string, args ...any) {
	j.faults = append(j.faults, &broken{invariant, domain, fmt.Sprintf(format, args...)})
}

// gather reads everything. Only the simulator still runs.
func (w *world) gather(ctx context.Context, placed []order) (*judge, error) {
	j := &judge{placed: placed}
	var err error
	if j.books, err = w.openBooks(); err != nil {
		return j, err
	}

	if j.memory, err = w.sim.remembersAll(ctx); err != nil {
		return j, err
	}
	if j.operations, err = j.books.operations(ctx, ""); err != nil {
		return j, err
	}
	if j.requests, err = j.books.requests(ctx); err != nil {
		return j, err
	}
	if j.shown, err = records(ctx, j.panel); err != nil {
		return j, err
	}
	if j.held, err = records(ctx, j.plugin); err != nil {
		return j, err
	}

	j.stored, err = j.books.mails(ctx)
	return j, err
}

// judge compares what was gathered, and records what is wrong in faults.
func (j *judge) judge(ctx context.Context) error {
	j.listen()
	for _, check := range []func(context.Context) error{j.everyOrder, j.noneTwice, j.everyReply, j.agreement, j.stream, j.truth, j.belief} {
		if err := check(ctx); err != nil {
			return err
		}
	}
	return nil
}

// everyOrder checks that every order that a panel has acknowledged exists and is concluded,
// and that the same is true of those that it has stored without acknowledging them.
func (j *judge) everyOrder(ctx context.Context) error {
	type entry struct {
		id, kind, domain, state, operation, refusal string
		closed                                      bool
	}
	stored, err := rows(ctx, j.panel, func(r *sql.Rows, e *entry) error {
		return r.Scan(&e.id, &e.kind, &e.domain, &e.state, &e.operation, &e.refusal, &e.closed)
	}, "select id, kind, domain, state, operation, refusal, closed_at is not null from orders")
	if err != nil {
		return err
	}

	byID, operations := map[string]entry{}, map[string]operation{}
	for _, o := range j.operations {
		operations[o.id] = o
	}

	for _, e := range stored {
		byID[e.id] = e
		o := operations[e.operation]
		switch {
		case e.state != "paid":
		case e.refusal != "":
			if e.kind != string(contract.KindUpdate) { // only two updates may meet
				j.fault("no order is refused", e.domain, "%s: %s", e.id, e.refusal)
			}
		case e.operation == "" || !e.closed:
			j.fault("every order is concluded", e.domain, "%+v", e)
		case o.order != e.id || !contract.OperationState(o.state).Final():
			j.fault("every order has its operation", e.domain, "%+v has %+v", e, o)
		}
	}

	// The loop goes through the acknowledged orders, because the loss of a row shows nowhere else.
	for _, p := range j.placed {
		if e, ok := byID[p.id]; !ok || e.state != "paid" {
			j.fault("no acknowledged order is lost", p.domain, "%+v: %+v", p, e)
		}
	}

	return nil
}

// noneTwice checks that no request reaches R01 twice, whether it costs
// money or not, and that R01 never has two paid tasks for one object.
func (j *judge) noneTwice(context.Context) error {
	times := map[string]int{}
	for _, e := range j.history {
		if times[e.MessageID]++; times[e.MessageID] == 2 {
			j.fault("no request is sent twice", e.Objects[0], "%s %s", e.Action, e.MessageID)
		}
	}
	paid := map[string]int{}
	for _, t := range j.Tasks {
		if t.Kind == r01sim.KindDomain && t.Action != r01sim.ActionUpdate && t.Status != r01sim.TaskFailure {
			paid[string(t.Action)+" "+t.Object]++
			if paid[string(t.Action)+" "+t.Object] == 2 {
				j.fault("one paid task for one object", t.Object, "%s", t.Action)
			}
		}
	}
	return nil
}

// everyReply checks that each mail of R01 is stored as it was sent,
// once, and read, and that only mails from R01 or the liar are stored.
func (j *judge) everyReply(context.Context) error {
	times := map[string]int{}
	for _, m := range j.stored {
		times[m.text]++
		_, lie := j.lieOf(m.text)
		switch {
		case !lie && !j.wrote[m.text]:
			j.fault("every stored mail was sent", "", "not sent by R01 or the liar:\n%s", m.text)
		case !lie && (m.state == "new" || m.state == "review"):
			j.fault("every reply is read", "", "a mail is left as %s", m.state)
		}
	}
	for _, raw := range j.sent {
		if n := times[string(raw)]; n != 1 {
			j.fault("every reply is stored once", "", "it is there %d times:\n%s", n, raw)
		}
	}
	return nil
}

// agreement checks that panel and plugin have the same record of every domain.
func (j *judge) agreement(context.Context) error {
	for name, d := range j.held {
		if j.shown[name] != d {
			j.fault("panel and plugin agree", name, "the panel has %+v, the plugin %+v", j.shown[name], d)
		}
	}
	for name, d := range j.shown {
		if _, ok := j.held[name]; !ok {
			j.fault("panel and plugin agree", name, "the panel has %+v, the plugin nothing", d)
		}
	}
	return nil
}

// stream checks that the panel's Action Log has the plugin's events
// in their order, each once, among the panel's own entries.
func (j *judge) stream(ctx context.Context) error {
	type event struct{ typ, name, message string }

	told, err := rows(ctx, j.plugin, func(r *sql.Rows, e *event) error {
		var cursor int
		var text []byte
		if err := r.Scan(&cursor, &text); err != nil {
			return err
		}
		var full contract.Event
		err := json.Unmarshal(text, &full)
		// The panel keeps each message as one line, and a plugin's may hold several errors.
		*e = event{string(full.Type), full.Name, input.OneLine(full.Message, input.LongestMessage)}
		return err
	}, "select cursor, event from events order by cursor")
	if err != nil {
		return err
	}

	last, err := j.books.told(ctx)
	if err != nil {
		return err
	}

	if last != len(told) {
		j.fault("cursors are dense", "", "%d events, the last cursor is %d", len(told), last)
	}

	heard, err := rows(ctx, j.panel, func(r *sql.Rows, e *event) error { return r.Scan(&e.typ, &e.name, &e.message) },
		"select event, domain, message from log where actor <> 'panel' order by id")
	if err != nil {
		return err
	}

	for i := range max(len(told), len(heard)) {
		if i >= len(told) || i >= len(heard) || told[i] != heard[i] {
			j.fault("the event stream has no gap and no repetition", "", "%d were told and %d heard; they differ at %d", len(told), len(heard), i+1)
			break
		}
	}

	return nil
}

const (
	registeredIsTrue = "registered is what R01 has registered"
	paidTillIsTrue   = "paid till is R01's"
	successIsTrue    = "success is what R01 has carried out"
	failureIsTrue    = "what R01 has carried out is success"
)

// truth checks that the panel shows as registered exactly what
// R01 has registered, with R01's paid-till date and nameservers.
func (j *judge) truth(context.Context) error {
	there := map[string]r01sim.Domain{}
	for _, d := range j.Domains {
		there[d.Name] = d
	}

	taken := map[string]bool{}
	for name, d := range j.shown {
		taken[name] = true
		at, ok := there[name]
		registered := ok && at.Delegated
		switch {
		case registered != (d.status == string(contract.StatusRegistered)):
			j.fault(registeredIsTrue, name, "R01 has %+v, the panel shows %+v", at, d)
		case registered && d.paidTill != "" && d.paidTill != at.PaidTill.String():
			j.fault(paidTillIsTrue, name, "R01 has %s, the panel shows %s", at.PaidTill, d.paidTill)
		}
	}

	// The other direction: a domain that R01 registered for us and that the panel does not show was paid for in vain.
	for name := range there {
		if !taken[name] && strings.HasPrefix(name, "new") {
			j.fault("the panel knows what R01 has registered for it", name, "")
		}
	}

	return j.results()
}

// results checks that the operations that succeeded are those that R01's record shows as carried out.
func (j *judge) results() error {
	byID := map[string]request{}
	for _, q := range j.requests {
		byID[q.id] = q
	}

	done := map[string]int{}
	for _, t := range j.Tasks {
		if t.Status == r01sim.TaskSuccess {
			done[string(t.Action)+" "+t.Object]++
		}
	}

	want := map[string]int{}
	for _, o := range j.operations {
		if o.state != string(contract.Succeeded) {
			continue
		}
		action := map[string]r01sim.Action{"register": r01sim.ActionNew, "renew": r01sim.ActionProlong, "update": r01sim.ActionUpdate}[o.kind]
		want[string(action)+" "+o.domain]++
	}

	for what, n := range want {
		if done[what] != n {
			j.fault(successIsTrue, strings.Fields(what)[1], "%s: %d succeeded, R01 carried out %d", what, n, done[what])
		}
	}

	// R01's tasks about clients, which a handle names, are parts of a registration and not operations.
	for what, n := range done {
		if !strings.Contains(what, "-R01") && want[what] != n {
			j.fault(failureIsTrue, strings.Fields(what)[1], "%s: R01 carried out %d, %d succeeded", what, n, want[what])
		}
	}

	return nil
}

// timeline returns all that is known about a domain, for the search for the mistake.
func (j *judge) timeline(ctx context.Context, domain string) string {
	var text strings.Builder
	section := func(title string, db *sql.DB, query string, args ...any) {
		fmt.Fprintf(&text, "-- %s\n", title)
		lines, err := rows(ctx, db, func(r *sql.Rows, line *string) error { return r.Scan(line) }, query, args...)
		for _, l := range lines {
			fmt.Fprintln(&text, "  ", l)
		}
		if err != nil {
			fmt.Fprintln(&text, "  ", err)
		}
	}

	section("the panel's orders", j.panel, `select id || ' ' || kind || ' ' || state || ' ' || operation || ' ' || refusal from orders where domain = $1`, domain)
	section("the panel's Action Log", j.panel, `select at || ' ' || event || ' ' || actor || ' ' || message from log where domain = $1 order by id`, domain)
	section("the plugin's steps", j.plugin, `select s.at || ' ' || o.id || ' ' || s.state || ' ' || s.actor || ' ' || s.evidence || ' ' || s.message
		from steps s join operations o on o.id = s.operation where o.domain = $1 order by s.at, s.number`, domain)
	section("the plugin's attempts", j.plugin, `select a.claimed_at || ' ' || r.id || ' ' || r.kind || ' ' || r.message_id || ' attempt ' || a.attempt || ' ' || coalesce(a.outcome, '-') || ' ' || a.response
		from attempts a join requests r on r.id = a.request where r.object = $1 order by a.claimed_at`, domain)

	fmt.Fprintln(&text, "-- what R01 received")
	for _, e := range j.history {
		if len(e.Objects) > 0 && e.Objects[0] == domain {
			fmt.Fprintln(&text, "  ", e.ReceivedAt.UnixMilli(), e.Action, e.MessageID, e.Verdict, e.Reasons)
		}
	}

	fmt.Fprint(&text, "-- what was lied about it\n", j.liesAbout(domain))
	fmt.Fprintln(&text, "-- R01's tasks")
	for _, t := range j.Tasks {
		if t.Object == domain {
			fmt.Fprintln(&text, "  ", t.ID, t.QueuedAt.UnixMilli(), t.FinishedAt.UnixMilli(), t.Action, t.Status, t.Message)
		}
	}

	return text.String()
}
