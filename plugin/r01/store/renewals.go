package store

import (
	"fmt"
	"time"

	"registrar.panel/internal/sqldb"
	"registrar.panel/plugin/r01/renewal/policy"
	"registrar.panel/shared/registrar"
)

// Expiries of one paid year lie near each other, counted in days as if every month had 31. The
// indexes of requests cut these days into parts in two ways; days that share a part in either
// way belong to one year, in every statement here. Migration 00009 says more.
const (
	part = 340
	half = part / 2
)

// oneYear is the condition that two such days belong to one year.
func oneYear(a, b string) string {
	return fmt.Sprintf("(%[1]s / %[3]d = %[2]s / %[3]d or (%[1]s + %[4]d) / %[3]d = (%[2]s + %[4]d) / %[3]d)", a, b, part, half)
}

// isOneYear is oneYear for two dates.
func isOneYear(a, b registrar.Date) bool {
	if a.IsZero() || b.IsZero() {
		return false
	}
	x, y := ordinal(a), ordinal(b)
	return x/part == y/part || (x+half)/part == (y+half)/part
}

func ordinal(d registrar.Date) int { return d.Year*372 + int(d.Month)*31 + d.Day }

// dayOf is such a day for a column that holds a date.
func dayOf(column string) string {
	return "(cast(substr(" + column + ", 1, 4) as bigint) * 372 + cast(substr(" + column + ", 6, 2) as bigint) * 31 + cast(substr(" + column + ", 9, 2) as bigint))"
}

// baseDay is dayOf for a date; nil = there is no date.
func baseDay(d registrar.Date) any {
	if d.IsZero() {
		return nil
	}
	return ordinal(d)
}

// Within lists the domains in a window with what the policy needs to know of them. It leaves
// out open updates, because they keep no renewal from being begun.
func (t Renewals) Within(agreement string, w policy.Window) ([]policy.Domain, error) {
	return collect(t.tx, scanRenewal, `select d.name, d.paid_till, d.status, d.renewal,
			coalesce(o.kind, ''), coalesce(o.state, ''), coalesce(o.waits_for, ''),
			coalesce(r.state, ''), coalesce(r.base, ''), coalesce(r.error, ''), r.early_at, p.domain is not null, coalesce(p.begun, 0),
			coalesce((select min(threshold) from announcements a where a.domain = d.name and a.paid_till = d.paid_till), $4)
		from domains d
		left join operations o on o.domain = d.name and o.finished_at is null and o.kind <> 'update'
		left join planned p on p.domain = d.name and p.base = d.paid_till
		left join requests r on r.id = (select x.id from requests x
			where x.kind = 'prolong' and x.agreement = $1 and x.object = d.name
				and (x.state <> 'Cancelled' or x.attempt > 0 or p.begun = 1)
			order by x.created_at desc, x.id limit 1)
		where d.status in (`+heldStatuses+`) and d.renewal in ('auto', 'manual') and d.paid_till between $2 and $3
		order by d.paid_till, d.name`, agreement, w.From.String(), w.To.String(), policy.Never)
}

func scanRenewal(s sqldb.Scanner) (d policy.Domain, err error) {
	var paidTill, base string
	var asked policy.Asked
	err = s.Scan(&d.Name, &paidTill, &d.Status, &d.Mode, &d.Operation.Kind, &d.Operation.State, &d.Operation.WaitsFor,
		&asked.State, &base, &asked.Error, sqldb.At(&asked.EarlyAt), &d.Planned, &d.Begun, &d.Announced)
	if err != nil {
		return d, err
	}
	if d.PaidTill, err = registrar.ParseDate(paidTill); err != nil {
		return d, err
	}
	from, err := registrar.ParseDate(base)
	// The last renewal belongs to this year only if it starts from this expiry.
	if isOneYear(from, d.PaidTill) {
		d.Asked = asked
	}
	return d, err
}

// dueAuto selects the domains in a window, $1 to $2, that are renewed automatically.
var dueAuto = "status in (" + heldStatuses + ") and renewal = 'auto' and paid_till between $1 and $2"

// Plan plans a renewal of every domain in a window that is renewed automatically. It is one
// statement, and repeating it plans nothing. It returns how many renewals are new, or planned
// again because R01 refused them as too early and may take them now.
func (t Renewals) Plan(w policy.Window, at time.Time) (int, error) {
	again, err := t.planAgain(w, at)
	if err != nil {
		return 0, fmt.Errorf("plan renewals again: %w", err)
	}
	fresh, err := t.planNew(w, at)
	return again + fresh, err
}

// planAgain plans renewals again that R01 has refused as too early, once that is long enough ago.
func (t Renewals) planAgain(w policy.Window, at time.Time) (int, error) {
	from, to := policy.Early(policy.Today(at))
	n, err := sqldb.Changed(t.tx.ctx, t.tx.sql, `update planned set begun = 0 where begun = 1 and (domain, base) in (
		select d.name, d.paid_till from requests r join domains d on d.name = r.object
		where r.early_at is not null and r.state = 'Failed' and (r.early_at < $3 or r.early_at >= $4)
			and d.status in (`+heldStatuses+`) and d.renewal = 'auto' and d.paid_till between $1 and $2
			and `+oneYear("r.base_day", dayOf("d.paid_till"))+`
			and not exists (select 1 from requests later where later.kind = 'prolong' and later.object = r.object and later.created_at > r.created_at))`,
		w.From.String(), w.To.String(), sqldb.Millis(from), sqldb.Millis(to))
	return int(n), err
}

func (t Renewals) planNew(w policy.Window, at time.Time) (int, error) {
	// Most passes have nothing to plan. To find that out costs less than to try: both lists
	// have the same order, and are merged.
	missing, err := collect(t.tx, scanPlan, `select name, paid_till from domains where `+dueAuto+`
		except select domain, base from planned where base between $1 and $2
		order by paid_till, name limit 1`, w.From.String(), w.To.String())
	if err != nil || len(missing) == 0 {
		return 0, err
	}
	n, err := sqldb.Changed(t.tx.ctx, t.tx.sql, `insert into planned (domain, base, planned_at)
		select name, paid_till, $3 from domains where `+dueAuto+`
		order by paid_till, name
		on conflict do nothing`, w.From.String(), w.To.String(), sqldb.Millis(at))
	if err != nil {
		return 0, fmt.Errorf("plan renewals: %w", err)
	}
	return int(n), nil
}

// Plan is a renewal to be begun.
type Plan struct {
	Domain string
	Base   registrar.Date // the paid-till to renew from
}

// Planned lists at most limit renewals that can be begun, the most urgent first: those of
// domains on which nothing but an update is open, and that were not requested in another way.
func (t Renewals) Planned(agreement string, at time.Time, limit int) ([]Plan, error) {
	// One PROLONG a year, unless the former never left, or R01 found it too early long enough ago. r01-mail 4.3
	from, to := policy.Early(policy.Today(at))
	return collect(t.tx, scanPlan, `select p.domain, p.base from planned p where p.begun = 0
			and not exists (select 1 from operations o where o.domain = p.domain and o.finished_at is null and o.kind <> 'update')
			and not exists (select 1 from requests r
				where r.kind = 'prolong' and r.agreement = $1 and r.object = p.domain
					and (r.base = p.base or `+oneYear("r.base_day", dayOf("p.base"))+`)
					and (r.state <> 'Cancelled' or r.attempt > 0) 
					and (r.state <> 'Failed' or r.early_at is null or r.early_at >= $3 and r.early_at < $4))
		order by p.base, p.domain limit $2`, agreement, limit, sqldb.Millis(from), sqldb.Millis(to))
}

// CountPlanned counts the renewals that a pass has planned and that are not begun.
func (t Renewals) CountPlanned() (n int, err error) {
	return one(t.tx, func(s sqldb.Scanner) (n int, err error) { return n, s.Scan(&n) }, "select count(*) from planned where begun = 0")
}

func scanPlan(s sqldb.Scanner) (p Plan, err error) {
	var base string
	if err := s.Scan(&p.Domain, &base); err != nil {
		return p, err
	}
	p.Base, err = registrar.ParseDate(base)
	return p, err
}

// Get returns the operation that our own schedule began to renew a domain from an expiry of
// this year, if it is open or done. An operation that an order has joined is not found.
func (t Renewals) Get(agreement, domain string, base registrar.Date) (Operation, error) {
	return one(t.tx, scanOperation, renewalQuery, agreement, domain, base.String(), baseDay(base))
}

// renewalQuery starts with the requests for the domain, so it compares order_id in a form that
// no index answers: there are as many operations without an order as renewals were ever made.
var renewalQuery = "select " + operationColumns + ` from operations
	where coalesce(order_id, '') = '' and state not in ('Failed', 'Cancelled') and request in (select id from requests
		where kind = 'prolong' and agreement = $1 and object = $2
			and (base = $3 or ` + oneYear("base_day", "cast($4 as bigint)") + `))
	order by created_at desc limit 1`

// Begun records that planned renewals have their requests.
func (t Renewals) Begun(plans []Plan) error {
	byBase := map[registrar.Date][]Plan{}
	for _, p := range plans {
		byBase[p.Base] = append(byBase[p.Base], p)
	}
	for base, all := range byBase {
		for _, some := range chunks(all) {
			args := []any{base.String()}
			for _, p := range some {
				args = append(args, p.Domain)
			}
			if err := t.tx.exec("update planned set begun = 1 where base = $1 and domain in ("+placeholders(2, len(some))+")", args...); err != nil {
				return fmt.Errorf("mark renewals as begun: %w", err)
			}
		}
	}
	return nil
}

// CorrectExpiry moves everything that depends on the expiry of a domain to the day that
// replaces it: what is planned or was announced, and the renewal that has not left yet. A
// renewal that has left keeps the day with which it was asked for.
func (t Domains) CorrectExpiry(domain string, from, to registrar.Date) error {
	for _, statement := range []string{
		// There may be a plan for the new day already, and one is enough.
		"delete from planned where domain = $1 and base = $2 and exists (select 1 from planned there where there.domain = $1 and there.base = $3)",
		"update planned set base = $3 where domain = $1 and base = $2",
		`insert into announcements (domain, paid_till, threshold, announced_at)
			select domain, $3, threshold, announced_at from announcements where domain = $1 and paid_till = $2 on conflict do nothing`,
	} {
		if err := t.tx.exec(statement, domain, from.String(), to.String()); err != nil {
			return fmt.Errorf("correct expiry of %s: %w", domain, err)
		}
	}
	err := t.tx.exec(`update requests set base = $3, base_day = $4 where kind = 'prolong' and object = $1 and base = $2 and state = 'Queued' and attempt = 0`,
		domain, from.String(), to.String(), baseDay(to))
	if err != nil {
		return fmt.Errorf("correct expiry of %s: %w", domain, err)
	}
	return nil
}

// EarlyAt is when R01 said that a renewal came too early; zero = it did not.
func (t Renewals) EarlyAt(request string) (at time.Time, err error) {
	_, err = one(t.tx, func(s sqldb.Scanner) (struct{}, error) {
		return struct{}{}, s.Scan(sqldb.At(&at))
	}, "select early_at from requests where id = $1", request)
	return at, err
}

// SetEarly records that R01 said that a renewal came too early.
func (t Renewals) SetEarly(request string, at time.Time) error {
	return t.tx.exec("update requests set early_at = $1 where id = $2", sqldb.Millis(at), request)
}

// Unplan takes a renewal that is no longer to be begun off the plan. If it is due again, it can be planned again.
func (t Renewals) Unplan(p Plan) error {
	return t.tx.exec("delete from planned where domain = $1 and base = $2", p.Domain, p.Base.String())
}

// Unannounced lists the domains in a band that are renewed by hand and whose expiry was not announced since.
func (t Renewals) Unannounced(b policy.Band) ([]Plan, error) {
	return collect(t.tx, scanPlan, `select d.name, d.paid_till from domains d
		where d.status in (`+heldStatuses+`) and d.renewal = 'manual' and d.paid_till between $1 and $2
			and not exists (select 1 from announcements a
				where a.domain = d.name and a.paid_till = d.paid_till and a.threshold <= $3)
		order by d.paid_till, d.name`, b.From.String(), b.To.String(), b.Threshold)
}

// Announced records that an expiry was announced.
func (t Renewals) Announced(p Plan, threshold policy.Threshold, at time.Time) error {
	return t.tx.exec("insert into announcements (domain, paid_till, threshold, announced_at) values ($1, $2, $3, $4) on conflict do nothing",
		p.Domain, p.Base.String(), threshold, sqldb.Millis(at))
}

// StaleStatuses lists domains whose status contradicts their expiry on a day: those that show
// Registered past paid-till, and those that show Expired before.
func (t Domains) StaleStatuses(today registrar.Date) ([]registrar.Domain, error) {
	return collect(t.tx, scanDomain, "select "+domainColumns+` from domains
		where status in (`+heldStatuses+`) and renewal in ('auto', 'manual') and paid_till <> '' and paid_till < $1
			and status = 'Registered'
		union all select `+domainColumns+` from domains
		where status = 'Expired' and paid_till >= $1`, today.String())
}

// Outdated lists the domains whose expiry has left a window while they have an alarm of a kind, KEY:DOMAIN.
func (t Domains) Outdated(kind string, w policy.Window) ([]string, error) {
	return collect(t.tx, scanText, `select a.domain from alarms a join domains d on d.name = a.domain
		where a.key = $1 || ':' || a.domain and d.paid_till > $2`, kind, w.To.String())
}

func scanInt(s sqldb.Scanner) (n int, err error) {
	err = s.Scan(&n)
	return n, err
}
