package console

import (
	"fmt"
	"html"
	"net/url"
	"strings"
	"testing"
	"time"

	"registrar.panel/host/access"
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

// A button says whether a name is free, in the language of the page, to who may order; while a name is typed, only of zones
// that are sold here.
func TestAvailabilityIsTold(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.registered()
	said := func(query string) string {
		t.Helper()
		_, line, found := strings.Cut(b.get("/orders/new?"+query), `<p id="available" role="status" data-kinds="register transfer"`)
		line, _, ends := strings.Cut(line, "</p>")
		if !found || !ends {
			t.Fatalf("%s: there is no line for the answer", query)
		}
		return line
	}
	for query, want := range map[string]string{
		"": ">", "check=1": ">", "check=typed&domain=ru": ">", "check=typed&domain=other.com": ">", "check=typed&domain=.": ">",
		"check=1&domain=other.ru":                        ` class="note">other.ru: available`,
		"check=typed&domain=+Gold.RU+":                   ` class="note">gold.ru: available (at a price of its own), 1200.00 RUB`,
		"check=typed&domain=a+b.ru":                      ` class="trouble">a b.ru: invalid`,
		"check=1&domain=other.com":                       ` class="trouble">other.com: invalid — <span class="words">no registrar serves .com</span>`,
		"check=typed&domain=example.ru":                  ` class="trouble">example.ru: taken — <span class="words">it is Registered here</span>`,
		"check=1&domain=example.ru&kind=transfer":        ` class="note">example.ru: taken — <span class="words">it is Registered here</span>`,
		"check=1&domain=%3Cb%3E.ru":                      ` class="trouble">&lt;b&gt;.ru: invalid`,
		"domain=other.ru":                                ` class="note">other.ru: available`,
		"domain=example.ru&kind=renew":                   ">",
		"check=1&domain=%D0%BF%D1%80%D0%B8.%D1%80%D1%84": ` class="note">при.рф: available`,
	} {
		if got := said(query); got != want && !(strings.Contains(want, "invalid") && strings.HasPrefix(got, want)) {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	sees(t, b.get("/orders/new?check=1&domain=other.ru&customer=c7"), `value="other.ru"`, `value="c7"`, `<button name="check" value="1">Is it free?</button>`)

	b.header.Set("Accept-Language", "ru")
	if got, want := said("check=typed&domain=example.ru"), "example.ru: занят — <span class=\"words\">здесь он "; !strings.Contains(got, want) {
		t.Errorf("in Russian: %s, want %s", got, want)
	}
	b.person = access.Caller{Name: "trainee", Rights: []access.Right{access.Look}}
	if w := b.call("GET", "/orders/new?check=typed&domain=other.ru", nil); w.Code != 403 || strings.Contains(w.Body.String(), "other.ru:") {
		t.Errorf("who may only look: status %d", w.Code)
	}
}

// The views of operations say how many there are in each state, as long as the list is that of all.
func TestOperationsAreCounted(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.registered()
	for _, path := range []string{"/operations", "/operations?state=Sent", "/operations?sort=-name&state=NeedsAction"} {
		sees(t, b.get(path), ">All 1</a>", ">Need action 1</a>", ">Uncertain 0</a>", ">Sent 0</a>")
	}
	for _, path := range []string{"/operations?q=exam", "/operations?customer=c1", "/operations?registrar=r01&state=NeedsAction"} {
		sees(t, b.get(path), ">All</a>", ">Need action</a>")
	}
}

// The lists of Review say how many mails wait: in the one that is shown as a whole, and in that of mails which a person must see
// where the registrars tell.
func TestReviewsAreCounted(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ours, strangers := "/review", "/review?strangers=1"
	sees(t, b.get(ours), ">Wait for a person 2</a>", ">Of strangers</a>", ">Ignored senders</a>")
	sees(t, b.get(strangers), ">Wait for a person</a>", ">Of strangers 2</a>")

	// More than the page has.
	b.fake.more = true
	sees(t, b.get(ours), ">Wait for a person</a>", ">Of strangers</a>")
	b.fake.tells(nil, nil, nil, nil, map[registrar.Figure]float64{registrar.FigureWaiting: 1204})
	sees(t, b.get(ours), ">Wait for a person 1,204</a>", ">Of strangers</a>")
	sees(t, b.get(strangers), ">Wait for a person 1,204</a>", ">Of strangers</a>")
	sees(t, b.get(ours+"?after=2026-03-01T12:04:05Z~rv-1"), ">Wait for a person 1,204</a>", ">Of strangers</a>")

	// A second registrar that has such mails does not tell: its mails would be missing.
	b.fake.statuses = append(b.fake.statuses, supervisor.Status{Name: "other", State: supervisor.Running, Since: now, Capabilities: registrar.Capabilities()})
	sees(t, b.get(ours), ">Wait for a person</a>", ">Of strangers</a>")
	b.fake.more = false
	sees(t, b.get(ours), ">Wait for a person 2</a>")
}

// The mails about a domain are those that its part of the Action Log names, found without opening any.
func TestMailsAboutADomain(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.registered()
	page := b.get("/mails?domain=EXAMPLE.ru")
	sees(t, page, "Mails about example.ru, by the Action Log", `<a href="/mails/m-1">m-1</a>`, `value="EXAMPLE.ru"`, `<a href="/mails">`)
	if strings.Contains(page, "robot@registrar.example") {
		t.Error("it lists other mails")
	}
	sees(t, b.get("/mails?domain=calm.ru"), "There is no mail.") // its one entry names none
	sees(t, b.get("/mails"), "robot@registrar.example", `<form class="filter" action="/mails" method="get">`)
	sees(t, b.get("/review"), `<form class="filter" action="/mails" method="get">`)
	if w := b.call("GET", "/mails?domain=a+b.ru", nil); w.Code != 422 {
		t.Errorf("what is no name: status %d", w.Code)
	}

	// A list that is longer than a page goes on.
	for i := range rowsOnPage {
		b.fake.events = append(b.fake.events, registrar.Event{Cursor: registrar.Cursor(3 + i), At: now, Type: registrar.EventNotice, Level: registrar.LevelInfo, Message: "notice of R01: more",
			Actor: "registrar", Name: "calm.ru", Mail: registrar.MailID(fmt.Sprint("m-", 1000+i))})
	}
	_ = b.book.Follow(t.Context(), "r01", b.fake) // the error is that the events have ended
	page = b.get("/mails?domain=calm.ru")
	sees(t, page, "m-1099", "m-1000", `href="/mails?before=`)
	_, next, _ := strings.Cut(page, `href="/mails?before=`)
	next, _, _ = strings.Cut(next, `"`)
	sees(t, b.get("/mails?before="+html.UnescapeString(next)), "There is no mail.", `href="/mails?domain=calm.ru"`)
}
