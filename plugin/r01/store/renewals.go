package store

import (
	"fmt"
	"time"

	"registrar.panel/internal/sqldb"
	"registrar.panel/plugin/r01/renewal/policy"
	"registrar.panel/shared/registrar"
)

// Renewals lists the domains in a window with what the policy needs to know of them.
func (tx *Tx) Renewals(agreement string, w policy.Window) ([]policy.Domain, error) {
	return collect(tx, scanRenewal, `select d.name, d.paid_till, d.status, d.renewal,
			coalesce(o.kind, ''), coalesce(o.state, ''), coalesce(o.waits_for, ''), coalesce(r.state, ''), p.domain is not null,
			coalesce((select min(threshold) from announcements a where a.domain = d.name and a.paid_till = d.paid_till), $4)
		from domains d
		left join operations o on o.domain = d.name and o.finished_at is null
		left join planned p on p.domain = d.name and p.base = d.paid_till
		left join requests r on r.id = (select x.id from requests x
			where x.kind = 'prolong' and x.agreement = $1 and x.object = d.name and x.base = d.paid_till
				and (x.state <> 'Cancelled' or x.attempt > 0 or p.begun = 1)
			order by x.created_at desc, x.id limit 1)
		where d.status in ('Registered', 'Expired') and d.renewal in ('auto', 'manual') and d.paid_till between $2 and $3
		order by d.paid_till, d.name`, agreement, w.From.String(), w.To.String(), policy.Never)
}

func scanRenewal(s sqldb.Scanner) (d policy.Domain, err error) {
	var paidTill string
	err = s.Scan(&d.Name, &paidTill, &d.Status, &d.Mode, &d.Operation.Kind, &d.Operation.State, &d.Operation.WaitsFor,
		&d.Asked, &d.Planned, &d.Announced)
	if err != nil {
		return d, err
	}
	d.PaidTill, err = registrar.ParseDate(paidTill)
	return d, err
}

// dueAuto selects the domains in a window, $1 to $2, that are renewed by themselves.
const dueAuto = "status in ('Registered', 'Expired') and renewal = 'auto' and paid_till between $1 and $2"

// PlanRenewals plans a renewal of every domain in a window that is renewed by itself. It is
// one statement, and repeating it plans nothing. It returns how many are new.
func (tx *Tx) PlanRenewals(w policy.Window, at time.Time) (int, error) {
	// Most passes have nothing to plan. To see that costs less than to try: the two lists are in
	// one order, and are merged.
	missing, err := collect(tx, scanPlan, `select name, paid_till from domains where `+dueAuto+`
		except select domain, base from planned where base between $1 and $2
		order by paid_till, name limit 1`, w.From.String(), w.To.String())
	if err != nil || len(missing) == 0 {
		return 0, err
	}
	n, err := sqldb.Changed(tx.ctx, tx.sql, `insert into planned (domain, base, planned_at)
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
// domains on which nothing is open, and that were not asked for in another way.
func (tx *Tx) Planned(agreement string, limit int) ([]Plan, error) {
	return collect(tx, scanPlan, `select p.domain, p.base from planned p where p.begun = 0
			and not exists (select 1 from operations o where o.domain = p.domain and o.finished_at is null)
			and not exists (select 1 from requests r
				where r.kind = 'prolong' and r.agreement = $1 and r.object = p.domain and r.base = p.base
					and (r.state <> 'Cancelled' or r.attempt > 0))
		order by p.base, p.domain limit $2`, agreement, limit)
}

func scanPlan(s sqldb.Scanner) (p Plan, err error) {
	var base string
	if err := s.Scan(&p.Domain, &base); err != nil {
		return p, err
	}
	p.Base, err = registrar.ParseDate(base)
	return p, err
}

// Renewal returns the operation that our own schedule began to renew a domain from an expiry,
// and that is open or done. One that an order has joined is not found.
func (tx *Tx) Renewal(agreement, domain string, base registrar.Date) (Operation, error) {
	return one(tx, scanOperation, renewalQuery, agreement, domain, base.String())
}

// renewalQuery begins at the requests for the domain, and so it asks for order_id in words that
// no index answers: of operations without an order there are as many as renewals ever made.
const renewalQuery = "select " + operationColumns + ` from operations
	where coalesce(order_id, '') = '' and state not in ('Failed', 'Cancelled') and request in (select id from requests
		where kind = 'prolong' and agreement = $1 and object = $2 and base = $3)`

// Begun records that a planned renewal has its request.
func (tx *Tx) Begun(p Plan) error {
	return tx.exec("update planned set begun = 1 where domain = $1 and base = $2", p.Domain, p.Base.String())
}

// Unplan takes a renewal off the plan, because it is no longer to be begun. Should it be
// due again, it can be planned again.
func (tx *Tx) Unplan(p Plan) error {
	return tx.exec("delete from planned where domain = $1 and base = $2", p.Domain, p.Base.String())
}

// Unannounced lists the domains in a band that are renewed by hand and whose expiry was not
// announced since.
func (tx *Tx) Unannounced(b policy.Band) ([]Plan, error) {
	return collect(tx, scanPlan, `select d.name, d.paid_till from domains d
		where d.status in ('Registered', 'Expired') and d.renewal = 'manual' and d.paid_till between $1 and $2
			and not exists (select 1 from announcements a
				where a.domain = d.name and a.paid_till = d.paid_till and a.threshold <= $3)
		order by d.paid_till, d.name`, b.From.String(), b.To.String(), b.Threshold)
}

// Announced records that an expiry was announced.
func (tx *Tx) Announced(p Plan, t policy.Threshold, at time.Time) error {
	return tx.exec("insert into announcements (domain, paid_till, threshold, announced_at) values ($1, $2, $3, $4) on conflict do nothing",
		p.Domain, p.Base.String(), t, sqldb.Millis(at))
}

// Miscast lists domains whose status and expiry disagree on a day: those that show
// Registered and are past paid-till, and those that show Expired and are not.
func (tx *Tx) Miscast(today registrar.Date) ([]registrar.Domain, error) {
	return collect(tx, scanDomain, "select "+domainColumns+` from domains
		where status in ('Registered', 'Expired') and renewal in ('auto', 'manual') and paid_till <> '' and paid_till < $1
			and status = 'Registered'
		union all select `+domainColumns+` from domains
		where status = 'Expired' and paid_till >= $1`, today.String())
}

// Outdated lists the domains on whose alarms of a kind, KEY:DOMAIN, the expiry has moved
// out of a window.
func (tx *Tx) Outdated(kind string, w policy.Window) ([]string, error) {
	return collect(tx, scanText, `select a.domain from alarms a join domains d on d.name = a.domain
		where a.key = $1 || ':' || a.domain and d.paid_till > $2`, kind, w.To.String())
}

// PaidSince counts the transmissions after a moment that may have cost money.
func (tx *Tx) PaidSince(at time.Time) (int, error) {
	return one(tx, scanInt, `select count(*) from attempts a join requests r on r.id = a.request
		where a.claimed_at > $1 and r.kind in ('new-domain', 'prolong') and (a.outcome is null or a.outcome in ('accepted', 'unknown'))`, sqldb.Millis(at))
}

// QueuedPaid counts the requests in the queue that cost money.
func (tx *Tx) QueuedPaid() (int, error) {
	return one(tx, scanInt, "select count(*) from requests where state = 'Queued' and kind in ('new-domain', 'prolong')")
}

// PaidDue counts the requests that cost money and would be sent by now, were they not held.
func (tx *Tx) PaidDue(now time.Time) (int, error) {
	return one(tx, scanInt, `select count(*) from requests
		where state = 'Queued' and kind in ('new-domain', 'prolong') and due_at <= $1`, sqldb.Millis(now))
}

func scanInt(s sqldb.Scanner) (n int, err error) {
	err = s.Scan(&n)
	return n, err
}
