//go:build linux

package main

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"registrar.panel/internal/r01sim"
)

// The invariants that break when a lie is believed.
const (
	movedByLie    = "no lie moves an operation"
	pausedByLie   = "nothing pauses the queue that R01 did not refuse"
	againByLie    = "nothing is sent again without a decision, or R01's or the relay's refusal of it"
	handedByLie   = "every registrant is R01's"
	numberedByLie = "every task number is R01's"
)

// untrue lists the invariants of which each breach means that something false is believed.
var untrue = []string{movedByLie, pausedByLie, againByLie, handedByLie, numberedByLie,
	registeredIsTrue, paidTillIsTrue, successIsTrue, failureIsTrue}

// belief compares every conclusion, and its grounds, with R01's record and that of the lies.
func (j *judge) belief(ctx context.Context) error {
	for _, check := range []func(context.Context) error{j.moves, j.pauses, j.repetitions, j.registrants, j.numbers} {
		if err := check(ctx); err != nil {
			return err
		}
	}
	return nil
}

// moves checks that no step that moved an operation has a lie as its evidence.
func (j *judge) moves(ctx context.Context) error {
	type step struct{ operation, domain, before, state, mail, message string }

	all, err := rows(ctx, j.plugin, func(r *sql.Rows, s *step) error {
		return r.Scan(&s.operation, &s.domain, &s.before, &s.state, &s.mail, &s.message)
	}, `select * from (select o.id, o.domain, coalesce(lag(s.state) over (partition by s.operation order by s.number), '') as was, s.state, s.mail, s.message
		from steps s join operations o on o.id = s.operation) as moved
		where mail <> '' and was <> state and mail not in (select id from mails where direction = 'out')`)
	if err != nil {
		return err
	}

	// A lie is recognised by its text, because it may have the Message-ID of the robot's own mail.
	texts := map[string]string{}
	for _, m := range j.stored {
		texts[m.id] = m.text
	}

	for _, s := range all {
		text, known := texts[s.mail]
		lie, lied := j.lieOf(text)
		own, err := j.ownWord(ctx, lie, s.operation)
		switch {
		case err != nil:
			return err
		case own:
		case !known:
			j.fault(movedByLie, s.domain, "%s -> %s by the mail %s, which is not there", s.before, s.state, s.mail)
		case lied:
			j.fault(movedByLie, s.domain, "%s -> %s (%s) by a lie, %s about %s, which claims %+v:\n%s", s.before, s.state, s.message, lie.Kind, lie.Object, lie.Claims, text)
		}
	}

	return nil
}

// ownWord reports whether a lie repeats R01's own answer to this very request
// of the operation. Such a statement is true, even in a forged mail.
func (j *judge) ownWord(ctx context.Context, l r01sim.Lie, operation string) (bool, error) {
	if l.Repeats == "" {
		return false, nil
	}
	n := 0
	err := j.plugin.QueryRowContext(ctx, `select count(*) from operations o join requests r on r.id = o.request or r.client = o.client and r.kind = 'new-client'
		where o.id = $1 and r.message_id = $2`, operation, l.Repeats).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("look for the request that a lie repeats: %w", err)
	}
	return n > 0, nil
}

// pauses checks that the queue was never paused. Here R01 always has
// money and knows the password, so it was not R01 that caused a pause.
func (j *judge) pauses(ctx context.Context) error {
	for _, query := range []string{
		"select key || ': ' || message from alarms where key like 'pause:%'",
		"select event from events where event like '%no longer: pause:%'",
	} {
		found, err := rows(ctx, j.plugin, func(r *sql.Rows, text *string) error { return r.Scan(text) }, query)
		if err != nil {
			return err
		}
		for _, text := range found {
			j.fault(pausedByLie, "", "%s", text)
		}
	}
	return nil
}

// repetitions checks that a request is handed over again only if the relay is known
// to have taken nothing, if an operator decided so, or if R01's own record shows that
// it refused this very request. A return to the queue by the plugin is none of these.
func (j *judge) repetitions(ctx context.Context) error {
	type attempt struct {
		request string
		number  int
		claimed int64
		outcome string
	}

	all, err := rows(ctx, j.plugin, func(r *sql.Rows, a *attempt) error {
		return r.Scan(&a.request, &a.number, &a.claimed, &a.outcome)
	}, "select request, attempt, claimed_at, coalesce(outcome, '') from attempts order by request, attempt")
	if err != nil {
		return err
	}

	byID := map[string]request{}
	for _, q := range j.requests {
		byID[q.id] = q
	}

	for i, a := range all {
		// A first attempt repeats nothing.
		if i == 0 || all[i-1].request != a.request {
			continue
		}

		before, q := all[i-1], byID[a.request]
		decided, err := j.decided(ctx, q, before.claimed, a.claimed)
		if err != nil {
			return err
		}

		if before.outcome != "deferred" && before.outcome != "refused" && !decided && !j.refusedBefore(q, a.claimed) {
			j.fault(againByLie, q.object, "attempt %d of %s follows one that ended %q", a.number, q.kind, before.outcome)
		}
	}

	return nil
}

// decided reports whether the operator decided about a request between two moments.
func (j *judge) decided(ctx context.Context, q request, from, to int64) (bool, error) {
	n := 0
	err := j.plugin.QueryRowContext(ctx, `select count(*) from steps s join operations o on o.id = s.operation
		where s.evidence = 'person' and s.actor = $1 and s.at >= $2 and s.at <= $3 and (o.domain = $4 or o.client = (select client from requests where id = $5))`,
		operator(), from, to, q.object, q.id).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("look for decisions about %s: %w", q.object, err)
	}
	return n > 0, nil
}

func (j *judge) refusedBefore(q request, moment int64) bool {
	return slices.ContainsFunc(j.arrived(q.message), func(e r01sim.Entry) bool {
		return e.Verdict == r01sim.VerdictRejected && e.ReceivedAt.UnixMilli() <= moment
	})
}

// registrants checks that a domain which the panel holds belongs to the client that
// R01 names, and that every client which counts as registered is one of R01's.
func (j *judge) registrants(ctx context.Context) error {
	type owned struct{ name, handle string }
	held, err := rows(ctx, j.plugin, func(r *sql.Rows, o *owned) error { return r.Scan(&o.name, &o.handle) },
		"select name, handle from domains where status = 'Registered'")
	if err != nil {
		return err
	}

	for _, o := range held {
		if d, ok := j.domain(o.name); ok && d.Handle != o.handle {
			j.fault(handedByLie, o.name, "R01 has it for %s, the plugin for %s", d.Handle, o.handle)
		}
	}

	// The plugin orders with a handle that counts as registered. A handle that R01 does not know comes from a lie.
	clients, err := rows(ctx, j.plugin, func(r *sql.Rows, handle *string) error { return r.Scan(handle) },
		"select handle from clients where state = 'registered'")
	if err != nil {
		return err
	}

	for _, handle := range clients {
		if !slices.ContainsFunc(j.Clients, func(c r01sim.Client) bool { return c.Handle == handle }) {
			j.fault(handedByLie, "", "R01 knows no client %s", handle)
		}
	}

	return nil
}

// numbers checks that the task numbers which the plugin has recorded are R01's.
func (j *judge) numbers(ctx context.Context) error {
	type noted struct{ object, message, task string }
	all, err := rows(ctx, j.plugin, func(r *sql.Rows, n *noted) error { return r.Scan(&n.object, &n.message, &n.task) },
		"select object, message_id, task from requests where task <> ''")
	if err != nil {
		return err
	}
	for _, n := range all {
		task, ok := j.task(request{message: n.message})
		if !ok || fmt.Sprint(task.ID) != n.task {
			j.fault(numberedByLie, n.object, "R01's is %d, the plugin has %q", task.ID, n.task)
		}
	}
	return nil
}

// isUntrue reports whether a fault means that something false is believed.
func (b *broken) isUntrue() bool { return slices.Contains(untrue, b.invariant) }

// liesAbout returns the lines of a timeline that show the lies about a domain.
func (m memory) liesAbout(domain string) string {
	var text strings.Builder
	for _, l := range m.lies {
		if l.Object == domain {
			fmt.Fprintln(&text, "  ", l.At.UnixMilli(), l.Group, l.Kind, l.MessageID, l.Claims)
		}
	}
	return text.String()
}
