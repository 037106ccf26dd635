package console

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"registrar.panel/host/supervisor"
	"registrar.panel/host/web/api"
	"registrar.panel/shared/registrar"
)

// tells has the registrar tell its figures.
func (f *fake) tells(figures ...map[registrar.Figure]float64) {
	s := supervisor.Status{Name: "r01", TLDs: []string{"ru"}, State: supervisor.Running, Since: now}
	for i, part := range []string{"queue", "mailbox", "registry", "renewals", "review"} {
		if i < len(figures) {
			s.Health = append(s.Health, registrar.Component{Name: part, OK: true, Detail: "it is well", Figures: figures[i]})
		}
	}
	f.statuses = []supervisor.Status{s}
}

// The head of each page tells how the registrar stands, and Today by when what waits for the limit is sent.
func TestHeadTellsHowItStands(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	at := func(d time.Duration) float64 { return float64(now.Add(d).Unix()) }
	b.fake.tells(map[registrar.Figure]float64{registrar.FigureLeft: 11, registrar.FigureMost: 300, registrar.FigureQueued: 1808}, map[registrar.Figure]float64{registrar.FigureLookedAt: at(-12 * time.Second)},
		map[registrar.Figure]float64{registrar.FigureHeardAt: at(-2 * time.Minute)}, map[registrar.Figure]float64{registrar.FigurePassedAt: at(-11 * time.Hour), registrar.FigureNextAt: at(13 * time.Hour)},
		map[registrar.Figure]float64{registrar.FigureWaiting: 4})
	for _, path := range []string{"/", "/orders", "/registrars"} {
		sees(t, b.get(path), "mailbox read less than a minute ago", "registry heard 2 minutes ago", "limit: 11 of 300 left this hour", `<a class="fact" href="/review">review: 4</a>`)
	}
	sees(t, b.get("/"), "1,808 requests that cost money wait to be sent (limit: 300 an hour): done by about", `<time datetime="2026-03-01T18:04:05Z"`,
		"last pass: <time datetime=\"2026-03-01T01:04:05Z\"", "next pass: <time datetime=\"2026-03-02T01:04:05Z\"")
	sees(t, b.get("/registrars"), `<form action="/renewals/plan" method="post">`, "next pass:")

	b.fake.tells(map[registrar.Figure]float64{registrar.FigureLeft: 0, registrar.FigureMost: 0, registrar.FigureQueued: 3})
	page := b.get("/")
	sees(t, page, "3 requests that cost money wait to be sent and none goes out until what stops them is settled")
	if strings.Contains(page, "done by about") || strings.Contains(page, "left this hour") {
		t.Errorf("while nothing may be sent the page says when it is done:\n%s", page)
	}
}

// The page of a registrar tells what went out and came in within a day, and leads to what has waited longest.
func TestRegistrarsTellTheirDay(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.fake.tells(map[registrar.Figure]float64{registrar.FigureLeft: 1})
	if page := b.get("/registrars"); strings.Contains(page, "Last 24 hours") || strings.Contains(page, "Longest without an answer") {
		t.Errorf("what the registrar does not tell is shown:\n%s", page)
	}

	day := []map[registrar.Figure]float64{{registrar.FigureSent: 1, registrar.FigureUnansweredAt: float64(now.Add(-3 * time.Hour).Unix())},
		{registrar.FigureRead: 1402, registrar.FigureApplied: 1400, registrar.FigureForReview: 2}}
	b.fake.tells(day...)
	b.fake.statuses[0].Health[0].Advice = []registrar.Advice{{Action: registrar.AdviseSeeOperation, Parameters: map[string]string{"operation": "op-1", "domain": "xn--e1afmkfd.xn--p1ai"}}}
	sees(t, b.get("/registrars"), "<dt>Last 24 hours</dt><dd>1 request sent · 1,402 mails read · 1,400 answers applied · 2 mails left for review</dd>",
		`<dt>Longest without an answer</dt><dd><a href="/operations/op-1">пример.рф</a>, for 3 hours, <time datetime="2026-03-01T09:04:05Z"`)
	_, page := b.post("/language", url.Values{"language": {"ru"}, "back": {"/registrars"}})
	sees(t, page, "<dt>За последние 24 часа</dt><dd>1 запрос отправлен · ", "2 письма осталось на разбор", "<dt>Дольше всех без ответа</dt>")

	delete(day[0], registrar.FigureUnansweredAt)
	b.fake.tells(day...)
	_, page = b.post("/language", url.Values{"language": {"en"}, "back": {"/registrars"}})
	sees(t, page, "none: each request that was sent has a first answer")
}

func TestDoneBy(t *testing.T) {
	t.Parallel()
	n := func(n int) *int { return &n }
	for _, c := range []struct {
		queued, left, most int
		hours              time.Duration // negative = it can't be said
	}{{1808, 11, 300, 6}, {300, 0, 300, 1}, {301, 0, 300, 2}, {5, 11, 300, 0}, {0, 11, 300, -1}, {5, 0, 0, -1}} {
		got := doneBy(now, api.Figures{Queued: n(c.queued), Left: n(c.left), Most: n(c.most)})
		if want := now.Add(c.hours * time.Hour); c.hours < 0 && !got.IsZero() || c.hours >= 0 && !got.Equal(want) {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

// Mails about operations that have ended stand apart, and can be ticked as the others.
func TestReviewsOfWhatHasEnded(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.registered()
	if page := b.get("/review"); strings.Contains(page, "have ended") {
		t.Errorf("an operation under way has ended:\n%s", page)
	}
	b.fake.ended = true
	page := b.get("/review")
	open, ended, found := strings.Cut(page, "About operations that have ended")
	if !found || !strings.Contains(open, "rv-2 6") || strings.Contains(open, "rv-1 6") || !strings.Contains(ended, "rv-1 6") {
		t.Errorf("what has ended does not stand apart:\n%s", page)
	}
}

// The log can be followed without script, and stops where that is chosen.
func TestLogIsFollowed(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	w := b.call("GET", "/log?follow=1&level=warning", nil)
	if w.Header().Get("Refresh") != "10" {
		t.Errorf("it is asked for again after %q", w.Header().Get("Refresh"))
	}
	sees(t, w.Body.String(), `<a href="/log?level=warning">Stop</a>`, `<input type="hidden" name="follow" value="1">`)
	w = b.call("GET", "/log?level=warning", nil)
	if w.Header().Get("Refresh") != "" {
		t.Error("a page that is not to follow does")
	}
	sees(t, w.Body.String(), `<a href="/log?follow=1&amp;level=warning">Follow…</a>`)
}

// Whole lists are tables for other programs, and hold no formula.
func TestListsAreTables(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.registered()
	b.placed()
	for path, want := range map[string]string{
		"/operations.csv":   "operation,kind,state,domain,unicode,customer,registrar,waits_for,error\nop-1,update,NeedsAction,example.ru,example.ru,c1,r01,",
		"/review.csv":       "entry,received_at,from,subject,reason,candidates\nrv-1,2026-03-01T12:04:05Z,robot@registrar.example,",
		"/mails.csv":        "mail,at,out,from,to,subject,state,registrar\nm-1,2026-03-01T12:04:05Z,false,robot@registrar.example,callback@panel.example,",
		"/log.csv?after=0":  "entry,at,domain,registrar,actor,level,event,message,order,operation,mail\n1,2026-03-01T12:04:05Z,example.ru,r01,registrar,warning,domain,",
		"/log.csv?level=xx": "",
	} {
		w := b.call("GET", path, nil)
		if want == "" {
			if w.Code != 422 {
				t.Errorf("%s: status %d", path, w.Code)
			}
			continue
		}
		if w.Code != 200 || w.Header().Get("Content-Type") != "text/csv; charset=utf-8" || !strings.HasPrefix(w.Body.String(), want) {
			t.Errorf("%s: status %d\n%s", path, w.Code, w.Body)
		}
	}
	if _, page := b.post("/language", url.Values{"language": {"ru"}, "back": {"/operations"}}); !strings.Contains(page, "/operations.csv") {
		t.Error("the list of operations has no table")
	}
}

// An order that is not paid says how long it has waited, and when it ends.
func TestUnpaidOrdersHaveAnAge(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	at := b.placed()
	sees(t, b.get("/orders"), "for less than a minute · ends by itself", "Not concluded 1</a>", "Not paid 1</a>", "Paid and failed 0</a>")
	sees(t, b.get(at), "<dt>Not paid for</dt><dd>less than a minute</dd>")
}
