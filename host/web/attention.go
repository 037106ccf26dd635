package web

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"registrar.panel/host/input"
	"registrar.panel/host/orders"
	"registrar.panel/host/supervisor"
	"registrar.panel/host/switchboard"
	"registrar.panel/host/web/api"
	"registrar.panel/shared/registrar"
)

// How urgent an entry is.
const (
	mustAct    = "error"
	shouldLook = "warning"
)

const (
	// shownReviews bounds how many mails that wait have an entry of their own.
	shownReviews = 20
	// countedReviews bounds how many of them are counted.
	countedReviews = 200
)

// listAttention lists plugins and the first mails with the first page, and domains page by page.
// Acknowledged entries are left out unless they are asked for.
func (l lists) listAttention(r *http.Request) (paged[api.Attention], []switchboard.Absent, error) {
	a := query(r)
	page, which := a.page(), word(a, "acknowledged", []string{onlyNew, onlySeen, every})
	if err := a.err(); err != nil {
		return paged[api.Attention]{}, nil, err
	}

	seen, err := l.sighted(r.Context())
	if err != nil {
		return paged[api.Attention]{}, nil, err
	}
	// This list is short enough to be read whole, because the number of acknowledged things is limited.
	if which == onlySeen {
		rows, err := cut(r, seen.entries, func(n api.Attention) string { return n.ID })
		return rows, seen.absent, err
	}
	if which == every {
		seen.names, seen.waiting = nil, seen.allWaiting
	}

	var all []api.Attention
	if page.After == "" {
		all = seen.marked(slices.Concat(list(slices.DeleteFunc(l.plugins.Statuses(), healthy), pluginNeeds), reviewsNeed(seen.waiting, seen.more)), which)
	}

	found, next, err := l.book.Lists().Domains(r.Context(), orders.DomainList{Page: page, Attention: true, Without: seen.names})
	if err != nil {
		return paged[api.Attention]{}, nil, err
	}
	domains, err := l.domainsNeed(r.Context(), found)
	if err != nil {
		return paged[api.Attention]{}, nil, err
	}

	all = append(all, seen.marked(domains, which)...)
	// Sorted only within this page: from page to page the list goes by name, so that it can go on from a mark.
	slices.SortStableFunc(all, func(a, b api.Attention) int { return strings.Compare(a.Severity, b.Severity) })
	return pageOf(r, all, func(v api.Attention) api.Attention { return v }, next), seen.absent, nil
}

// domainsNeed returns an entry for each of some domains.
func (l lists) domainsNeed(ctx context.Context, found []orders.Domain) (all []api.Attention, err error) {
	failed, err := l.book.Lists().FailedOf(ctx, list(found, func(d orders.Domain) string { return d.Name }))
	for _, d := range found {
		all = append(all, markedDomain(d, domainNeeds(d, failed[d.Name])))
	}
	return all, err
}

// healthy reports whether a plugin needs nothing. Mails in review have entries of their own.
func healthy(p supervisor.Status) bool { return p.State != supervisor.Disabled && len(unwell(p)) == 0 }

func unwell(p supervisor.Status) (all []string) {
	for _, c := range p.Health {
		if !c.OK && c.Name != "review" {
			all = append(all, c.Name+": "+c.Detail)
		}
	}
	if p.Error != "" && !p.State.Serves() { // while it serves this repeats the words of its components
		all = append(all, p.Error)
	}
	return all
}

func pluginNeeds(p supervisor.Status) api.Attention {
	n := api.Attention{Kind: "plugin", Severity: shouldLook, Since: knownTime(p.Since), Registrar: known(p.Name), What: fmt.Sprintf("registrar %s is %s", p.Name, p.State),
		State: known(p.State), Why: strings.Join(unwell(p), "; "), Actions: []api.Action{{Does: "see how it stands", Command: "panel plugins", Code: "show"}}}
	if p.State == supervisor.Disabled {
		n.Severity = mustAct
		n.Actions = append(n.Actions, api.Action{Does: "start it again when plugin.hcl is right", Command: "panel plugins upgrade " + p.Name, Code: "upgrade"})
	}
	return marked(n, ofPlugin+p.Name, append(unwellParts(p), instantOf(p.Since))...)
}

func unwellParts(p supervisor.Status) (names []string) {
	for _, c := range p.Health {
		if !c.OK && c.Name != "review" {
			names = append(names, c.Name)
		}
	}
	return names
}

// reviewsNeed returns an entry for each of the first mails, and one for the others together.
func reviewsNeed(waiting []switchboard.Item[registrar.Review], more bool) []api.Attention {
	return append(list(waiting[:min(len(waiting), shownReviews)], reviewNeeds), othersNeed(waiting, more)...)
}

// othersNeed returns the entry for the mails that have none of their own, if there are any.
func othersNeed(waiting []switchboard.Item[registrar.Review], more bool) []api.Attention {
	left := len(waiting) - shownReviews
	if left <= 0 {
		return nil
	}

	count := strconv.Itoa(left)
	if more {
		count = "more than " + count
	}
	return []api.Attention{marked(api.Attention{Kind: "reviews", Severity: mustAct, Since: knownTime(waiting[shownReviews].Value.ReceivedAt),
		What: count + " further mails wait to be read", Why: "the oldest come first", Actions: []api.Action{
			{Does: "list them", Command: "panel review", Code: "show"},
			{Does: "resolve all mails of one sender", Command: "panel review resolve --from ADDRESS --outcome ignore --reason WHY", Code: "resolve"}}}, ofAllOthers, count)}
}

func reviewNeeds(v switchboard.Item[registrar.Review]) api.Attention {
	e := v.Value
	return marked(api.Attention{Kind: "review", Severity: mustAct, Since: knownTime(e.ReceivedAt), Registrar: known(v.Registrar), Review: known(e.ID), From: known(e.From), Subject: known(e.Subject),
		What: fmt.Sprintf("a mail of %s waits to be read: %s", e.From, e.Subject), Why: e.Reason, Actions: []api.Action{
			{Does: "read it", Command: "panel review show " + string(e.ID), Code: "show"},
			{Does: "say what it means", Command: "panel review resolve " + string(e.ID) + " --outcome O", Code: "resolve"}}}, ofReview+string(e.ID), string(e.Version))
}

// domainNeeds returns what a domain needs; failed is the paid order for it that failed, if there is one.
func domainNeeds(d orders.Domain, failed orders.Order) api.Attention {
	name := input.Unicode(d.Name)
	n := api.Attention{Kind: "domain", Severity: shouldLook, Domain: known(d.Name), Unicode: known(name), Registrar: known(d.Registrar), Since: firstAlarm(d),
		What: fmt.Sprintf("%s is %s", name, d.Status), Why: alarmed(d), Actions: []api.Action{{Does: "see what happened", Command: "panel domain show " + name, Code: "show"}}, State: known(d.Status)}
	if d.Status == registrar.StatusError {
		n.Severity = mustAct
	}

	op := d.Operation
	if op == nil || !op.State.WaitsForPerson() {
		if failed.ID != "" {
			return orderNeeds(n, failed)
		}
		return n
	}

	n.Kind, n.Severity, n.Operation = "operation", mustAct, known(op.ID)
	n.State, n.OperationKind, n.Version = known(op.State), known(op.Kind), known(op.Version)
	n.What = theWorkOn(op.Kind) + name + " is " + string(op.State)
	if n.Why = op.WaitsFor; op.Error != "" {
		n.Why = strings.TrimPrefix(n.Why+": "+op.Error, ": ")
	}

	resolve := "panel operation resolve " + string(op.ID) + " --outcome "

	// A decision that the work was not carried out may need a note, because
	// the relay or the registrar may still have the request in a queue.
	n.Actions = []api.Action{
		{Does: "see its history", Command: "panel operation show " + string(op.ID), Code: "show"},
		{Does: "it was carried out", Command: resolve + "done", Code: "done"},
		{Does: "it was not, and shall not be", Command: resolve + "failed --note WHY", Code: "failed"},
		{Does: "it was not: send it again", Command: resolve + "resend --note WHY", Code: "resend"}}

	return n
}

// orderNeeds turns the entry of a domain into that of its failed order.
func orderNeeds(n api.Attention, o orders.Order) api.Attention {
	n.Severity, n.Order, n.Since, n.Why = mustAct, known(o.ID), knownTime(o.ClosedAt), cmp.Or(o.Reason, n.Why)
	if *n.State != string(registrar.StatusError) { // an entry for a domain in Error says as much of it already
		n.Kind, n.State, n.OperationKind = "order", known(o.Outcome), known(o.Kind)
		n.What = theWorkOn(o.Kind) + input.Unicode(o.Domain) + " is paid and came to nothing"
	}
	retry := api.Action{Does: "try it again, with --contact, --ns or --auth if that was wrong", Command: "panel order retry " + string(o.ID), Code: "retry"}
	end := api.Action{Does: "the payment was given back", Command: "panel order refund " + string(o.ID), Code: "refund"}
	if o.Own {
		end = api.Action{Does: "it needs no more", Command: "panel order dismiss " + string(o.ID), Code: "dismiss"}
	}
	n.Actions = []api.Action{retry, end, {Does: "see what happened", Command: "panel domain show " + input.Unicode(o.Domain), Code: "show"}}
	return n
}

func theWorkOn(k registrar.OperationKind) string {
	switch k {
	case registrar.KindRegister:
		return "the registration of "
	case registrar.KindTransfer:
		return "the transfer of "
	case registrar.KindRenew:
		return "the renewal of "
	case registrar.KindUpdate:
		return "the update of "
	case registrar.KindDelete:
		return "the deletion of "
	case registrar.KindRestore:
		return "the restoration of "
	case registrar.KindLock:
		return "the lock of "
	case registrar.KindUnlock:
		return "the unlocking of "
	case registrar.KindAuthCode:
		return "the transfer code of "
	case registrar.KindTrade:
		return "the trade of "
	}
	return "the " + string(k) + " of "
}

func firstAlarm(d orders.Domain) *time.Time {
	var first time.Time
	for _, a := range d.Alarms {
		if first.IsZero() || a.Since.Before(first) {
			first = a.Since
		}
	}
	return knownTime(first)
}

func alarmed(d orders.Domain) string {
	return strings.Join(list(d.Alarms, func(a registrar.Alarm) string { return a.Message }), "; ")
}

func (l lists) showStatus(r *http.Request) (api.Status, error) {
	now := l.book.Now()
	status := api.Status{Version: l.version, Time: now.UTC(), Plugins: list(l.plugins.Statuses(), pluginOf)}
	var err error
	if status.Domains, err = l.book.Lists().CountDomains(r.Context()); err != nil {
		return status, err
	}
	if status.Orders, err = l.book.Lists().CountOrders(r.Context()); err != nil {
		return status, err
	}

	today := registrar.DateOf(now.UTC())
	for days, count := range map[int]*int{0: &status.Due.Today, 7: &status.Due.Days7, 30: &status.Due.Days30, 60: &status.Due.Days60} {
		if *count, err = l.book.Lists().CountDue(r.Context(), today.AddDays(days)); err != nil {
			return status, err
		}
	}

	if status.Failed, err = l.book.Lists().CountFailed(r.Context()); err != nil {
		return status, err
	}

	needing, err := l.book.Lists().CountAttention(r.Context())
	if err != nil {
		return status, err
	}

	// The book's count lacks mails and plugins, and includes domains that were acknowledged.
	seen, err := l.sighted(r.Context())
	plugins := seen.marked(list(slices.DeleteFunc(l.plugins.Statuses(), healthy), pluginNeeds), onlyNew)
	status.Attention = max(needing-len(seen.names), 0) + len(reviewsNeed(seen.waiting, seen.more)) + len(plugins)
	status.Acknowledged = len(seen.entries)
	return status, err
}

// dueDays is how many days ahead the due domains are counted day by day.
const dueDays = 60

func (l lists) listDue(r *http.Request) ([]api.DueDay, error) {
	today := registrar.DateOf(l.book.Now().UTC())
	days, err := l.book.Lists().Calendar(r.Context(), today, today.AddDays(dueDays))
	return list(days, func(d orders.DueDay) api.DueDay {
		return api.DueDay{Day: d.Day.String(), Auto: d.Auto, Manual: d.Manual}
	}), err
}
