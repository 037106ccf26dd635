package web

import (
	"net/http"
	"strings"
	"time"

	"registrar.panel/host/input"
	"registrar.panel/host/orders"
	"registrar.panel/host/switchboard"
	"registrar.panel/host/web/api"
	"registrar.panel/shared/registrar"
)

// mailDesk answers about many mails.
type mailDesk struct {
	board  *switchboard.Board
	orders *orders.Service
}

// listReviews lists mails that wait, a page at a time; with ?strangers=1 those of strangers.
func (d mailDesk) listReviews(r *http.Request) (paged[api.Review], []switchboard.Absent, error) {
	a := query(r)
	at, id := placeIn(a)
	q := registrar.ReviewQuery{Strangers: a.yes("strangers"), Size: a.limit(), After: registrar.ReviewPlace{ReceivedAt: at, ID: registrar.ReviewID(id)}}
	if err := a.err(); err != nil {
		return paged[api.Review]{}, nil, err
	}
	all, more, err := d.board.ReviewPage(r.Context(), q)
	next := ""
	if n := len(all.List); more && n > 0 {
		last := all.List[n-1].Value.Place()
		next = mark(last.ReceivedAt, string(last.ID))
	}
	return pageOf(r, all.List, func(o switchboard.Item[registrar.Review]) api.Review { return reviewOf(o.Value) }, next), all.Absent, err
}

// listMails lists stored mails, the newest first, a page at a time.
func (d mailDesk) listMails(r *http.Request) (paged[api.MailEntry], []switchboard.Absent, error) {
	a := query(r)
	at, id := placeIn(a)
	q := registrar.MailQuery{Size: a.limit(), Before: registrar.MailPlace{At: at, ID: registrar.MailID(id)}}
	if err := a.err(); err != nil {
		return paged[api.MailEntry]{}, nil, err
	}
	all, more, err := d.board.MailPage(r.Context(), q)
	next := ""
	if n := len(all.List); more && n > 0 {
		last := all.List[n-1].Value.Place()
		next = mark(last.At, string(last.ID))
	}
	return pageOf(r, all.List, mailEntryOf, next), all.Absent, err
}

func mailEntryOf(o switchboard.Item[registrar.Mail]) api.MailEntry {
	m := o.Value
	return api.MailEntry{ID: string(m.ID), At: m.At.UTC(), Out: m.Out, From: m.From, To: m.To, Subject: m.Subject, State: known(m.State), Registrar: o.Registrar}
}

// mark names a place in a list that is ordered by time.
func mark(at time.Time, id string) string { return at.UTC().Format(time.RFC3339Nano) + "~" + id }

// placeIn reads the mark after which a list goes on; the zero time is its beginning.
func placeIn(a *asked) (at time.Time, id string) {
	given := a.text("after")
	if given == "" {
		return at, ""
	}
	instant, id, found := strings.Cut(given, "~")
	at, err := time.Parse(time.RFC3339Nano, instant)
	if !found || err != nil || input.CheckLine(id, input.LongestID) != "" {
		a.wrong("after", "must be a mark as the Link header of the page before names it, such as 2026-12-01T08:00:00Z~rv-1")
	}
	return at, id
}

func (d mailDesk) resolveReviews(r *http.Request, in api.ReviewsDecision) (incomplete[api.ReviewsResolved], error) {
	if err := checkFor(in.By); err != nil {
		return incomplete[api.ReviewsResolved]{}, err
	}
	said := registrar.ReviewsDecision{From: in.From, Outcome: registrar.ReplyOutcome(in.Outcome), By: caller(r).Name, Note: in.Reason, FromNowOn: in.FromNowOn}
	for _, seen := range in.Reviews {
		said.Reviews = append(said.Reviews, registrar.SeenReview{ID: registrar.ReviewID(seen.ID), Version: registrar.Version(seen.Version)})
	}
	done, absent, err := d.orders.Reviews().Resolve(r.Context(), said, forWhom(r, in.By))
	return incomplete[api.ReviewsResolved]{api.ReviewsResolved{Resolved: done.Resolved, Ignored: texts(done.Ignored),
		Refused: list(done.Refused, func(v registrar.RefusedReview) api.RefusedReview {
			return api.RefusedReview{ID: string(v.ID), Code: string(v.Code), Reason: v.Reason}
		})}, absent}, err
}

func (d mailDesk) listIgnored(r *http.Request) ([]api.IgnoredSender, []switchboard.Absent, error) {
	all, err := d.board.IgnoredSenders(r.Context())
	return list(all.List, func(o switchboard.Item[registrar.IgnoredSender]) api.IgnoredSender {
		v := o.Value
		return api.IgnoredSender{Address: v.Address, Since: v.Since.UTC(), By: v.By, Note: known(v.Note), Registrar: o.Registrar}
	}), all.Absent, err
}

func (d mailDesk) heedSender(r *http.Request, in api.Sender) (api.Sender, error) {
	if err := checkFor(in.By); err != nil {
		return api.Sender{}, err
	}
	return in, d.orders.Reviews().HeedSender(r.Context(), in.Address, caller(r).Name, forWhom(r, in.By))
}
