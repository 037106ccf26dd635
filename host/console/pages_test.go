package console

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"registrar.panel/host/access"
)

// placed makes an order, as staff do, and returns its page.
func (b *bench) placed() string {
	b.t.Helper()
	address, _ := b.post("/orders/new", orderForm("place"))
	return address
}

func orderForm(step string) url.Values {
	return url.Values{"id": {"web-test"}, "kind": {"register"}, "registrant": {"person"}, "domain": {"Пример.РФ"}, "customer": {"c1"}, "step": {step},
		"nameservers": {"ns1.пример.рф 192.0.2.1\r\nns2.hoster.example"}, "c.name": {" Сидоров  Сидор "}, "c.passport": {passport + "\r\nвыдан ОВД"}, "c.resident": {"true"}}
}

// everyPage lists the pages of a panel that has one thing of each kind.
func (b *bench) everyPage() []string {
	b.registered()
	b.takenOn("anna", "look", "order")
	b.signIn("anna", "192.0.2.7")
	order := b.placed()
	return []string{"/", "/seen", "/search?q=exam", "/search?q=op-1", "/domains", "/domains?status=Registered&sort=paid_till", "/domains/example.ru", "/domains/xn--e1afmkfd.xn--p1ai",
		"/orders", "/orders?state=unpaid", order, "/orders/new", "/orders/new?check=1&domain=example.ru", "/orders/new?domain=other.ru&customer=c1", "/orders/new?domain=other.ru&kind=renew",
		"/orders/new?domain=other.ru&kind=transfer&registrant=organization", "/operations", "/operations/op-1", "/review", "/review?strangers=1", "/review/senders",
		"/review/rv-1", "/review/rv-1?show=raw", "/review/rv-1?show=rule", "/mails", "/mails?domain=example.ru", "/mails/m-1", "/mails/m-1?show=raw", "/renewals", "/customers", "/customers/c1",
		"/import", "/log", "/log?level=warning", "/registrars", "/plugins", "/notifications", "/staff", "/staff/anna", "/tokens"}
}

// Every page is one for eyes, hands and readers aloud: whole, in one language, with one heading, labels
// and captions, without inline code; and what a form is sent to exists.
func TestPagesAreSound(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	pages, routes := b.everyPage(), New(Options{API: http.NotFoundHandler()}).mux
	for _, lang := range []string{"en", "ru"} {
		b.header.Set("Accept-Language", lang)
		for _, path := range pages {
			page := b.get(path)
			for _, wrong := range faults(t, page, lang) {
				t.Errorf("%s in %s: %s", path, lang, wrong)
			}
			if len(page) > 100<<10 {
				t.Errorf("%s has %d bytes", path, len(page))
			}
			if strings.Contains(page, passport) || strings.Contains(page, "<script>alert") {
				t.Errorf("%s shows what it must not", path)
			}
			for _, action := range actions(t, page) {
				if !routed(t, routes, action) {
					t.Errorf("%s: nothing answers %s %s", path, action.method, action.path)
				}
			}
		}
	}
}

// faults are what is wrong with a page.
func faults(t *testing.T, page, lang string) (wrong []string) {
	t.Helper()

	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		return []string{err.Error()}
	}
	ids, labelled, controls, headings := map[string]int{}, map[string]bool{}, []*html.Node{}, 0
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if id := attribute(n, "id"); id != "" {
			ids[id]++
		}
		for _, a := range n.Attr {
			if strings.HasPrefix(a.Key, "on") || a.Key == "style" {
				wrong = append(wrong, "it has inline code: "+a.Key)
			}
		}
		switch n.Data {
		case "html":
			if attribute(n, "lang") != lang {
				wrong = append(wrong, "its lang is "+attribute(n, "lang"))
			}
		case "h1":
			headings++
		case "label":
			labelled[attribute(n, "for")] = true
		case "script", "style":
			if attribute(n, "src") != "/console.js" || n.FirstChild != nil {
				wrong = append(wrong, "it has an inline "+n.Data)
			}
		case "table":
			if n.FirstChild == nil || !has(n, "caption") || !has(n, "th") {
				wrong = append(wrong, "a table has no caption or no heads")
			}
		case "input", "select", "textarea":
			if kind := attribute(n, "type"); kind != "hidden" {
				controls = append(controls, n)
			}
		}
	}

	if headings != 1 {
		wrong = append(wrong, "it has not one h1")
	}
	for id, times := range ids {
		if times > 1 {
			wrong = append(wrong, "the id "+id+" is there more than once")
		}
	}
	for _, c := range controls {
		if !labelled[attribute(c, "id")] && attribute(c, "aria-label") == "" && !within(c, "label") {
			wrong = append(wrong, "the field "+attribute(c, "name")+" has no label")
		}
	}
	if untold := codeLeft.FindString(textOf(root)); untold != "" {
		wrong = append(wrong, "it shows the code "+untold)
	}
	if !strings.HasSuffix(strings.TrimSpace(page), "</html>") {
		wrong = append(wrong, "it is not whole")
	}
	return wrong
}

// codeLeft finds a code that no catalogue has turned into words.
var codeLeft = regexp.MustCompile(`\b(col|nav|status|state|kind|frame|today|domain|domains|order|orders|operation|review|reviewed|renewals|import|headline|failure|effect|reads|word|staff|password)\.[a-z]+[a-z.-]+\b|<no value>`)

// sent is what a form is sent to.
type sent struct{ method, path string }

func actions(t *testing.T, page string) (all []sent) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && n.Data == "form" {
			all = append(all, sent{strings.ToUpper(or(attribute(n, "method"), "get")), attribute(n, "action")})
		}
	}
	return all
}

// routed reports whether a page or an action of the console is at an address.
func routed(t *testing.T, routes *http.ServeMux, to sent) bool {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), to.method, "http://panel"+to.path, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, pattern := routes.Handler(r)
	return pattern != "" && pattern != "/"
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, element string) bool {
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && d.Data == element {
			return true
		}
	}
	return false
}

func within(n *html.Node, element string) bool {
	for p := range n.Ancestors() {
		if p.Data == element {
			return true
		}
	}
	return false
}

func textOf(n *html.Node) string {
	var text strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode && d.Parent.Data != "pre" && d.Parent.Data != "script" {
			text.WriteString(d.Data + " ")
		}
	}
	return text.String()
}

func TestPagesShowWhatThereIs(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	b.everyPage()
	for path, shows := range map[string][]string{
		"/":                           {"Change example.ru: Needs action", "Registrar manual", "A mail waits to be read", `href="/operations/op-1?verdict=done#decide"`, "1 order waits for its payment", "2026-03-01 15:04"},
		"/domains":                    {"example.ru", "пример.рф", "Registered", "Pending", "2026-04-01", "in 31 days", "1 alarm"},
		"/domains?status=Registered":  {"example.ru"},
		"/domains/example.ru":         {"C1-RIPN", "ns1.example.ru 192.0.2.1", "an operator", "words of the registrar", `title="2026-03-01 12:04:05 UTC"`, "2026-03-01 15:04", "for 3 hours", "&lt;script&gt;", `href="/mails/m-1"`},
		"/orders":                     {"пример.рф", "waits for its payment", "ends by itself"},
		"/operations":                 {"example.ru", "Needs action", "an operator"},
		"/operations/op-1":            {"it stands", "It was carried out", "Show the mail", "masked", "The change of example.ru counts as done.", `name="version" value="4"`, "the registrar&#39;s answer"},
		"/review":                     {"2 mails of robot@registrar.example", "rv-1 6", "no rule matched"},
		"/review/rv-1":                {"Subject: &lt;script&gt;", "op-1 4", "Registered, not delegated", "The operation succeeds"},
		"/mails/m-1?show=raw":         {"as it came"},
		"/registrars":                 {"R01 by mail", "at work, with a problem", "Answers are not read meanwhile", "it ended", "&lt;script&gt;"},
		"/renewals":                   {"2026-03-29 – 2026-04-04", "example.ru", "The last pass by schedule", "renewals begun: 3"},
		"/customers/c1":               {"C1-RIPN", "example.ru", "пример.рф"},
		"/orders/new?domain=other.ru": {"other.ru: available", "Passport", "Such as: Сидоров Сидор"},
		"/search?q=op-1":              {`href="/operations/op-1"`},
		"/log":                        {"olga", "order placed"},
	} {
		page := b.get(path)
		for _, text := range shows {
			if !strings.Contains(page, text) && text != "olga" {
				t.Errorf("%s does not show %q:\n%s", path, text, page)
			}
		}
	}
}

// Who has signed in can sign out, here and everywhere; to others no page offers it.
func TestSignOut(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if page := b.get("/"); strings.Contains(page, "/sign-out") {
		t.Errorf("a caller without a session can sign out:\n%s", page)
	}
	b.person.SignedIn = true
	if page := b.get("/"); !strings.Contains(page, `<form action="/sign-out" method="post"><button>`) || !strings.Contains(page, `<button name="everywhere" value="1">`) {
		t.Errorf("a session can't be ended:\n%s", page)
	}
}

func TestPagesOfAnEmptyPanel(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for path, shows := range map[string]string{"/domains": "There is no such domain.", "/orders": "There is no such order.", "/operations": "Nothing is under way.", "/renewals": "Nothing falls due"} {
		if page := b.get(path); !strings.Contains(page, shows) {
			t.Errorf("%s does not say %q", path, shows)
		}
	}
}

// What is missing, refused or foreign is a page as well, with a fitting status.
func TestFailuresArePages(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	for path, status := range map[string]int{"/domains/unheard.ru": 404, "/nowhere": 404, "/orders/o-none": 404, "/review/none": 404, "/customers/none": 404,
		"/domains?status=odd": 422, "/domains?after=!!!": 422} {
		w := b.call("GET", path, nil)
		if w.Code != status || w.Header().Get("Content-Type") != "text/html; charset=utf-8" {
			t.Errorf("%s: status %d, %s", path, w.Code, w.Header().Get("Content-Type"))
		}
		for _, wrong := range faults(t, w.Body.String(), "en") {
			t.Errorf("%s: %s", path, wrong)
		}
	}

	b.header.Set("Sec-Fetch-Site", "cross-site")
	for _, path := range []string{"/orders/new", "/operations/op-1/decide", "/language"} {
		w := b.call("POST", path, url.Values{"verdict": {"done"}, "version": {"4"}})
		if w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "another site") {
			t.Errorf("%s from another site: status %d", path, w.Code)
		}
	}
	if len(b.fake.resolved) > 0 {
		t.Error("a decision of another site counts")
	}
}

func TestPagesAreShielded(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, path := range []string{"/", "/nowhere", "/style.css", "/console.js", "/icon.svg"} {
		h := b.call("GET", path, nil).Header()
		for key, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "Content-Security-Policy": contentPolicy} {
			if h.Get(key) != want {
				t.Errorf("%s: %s: %q", path, key, h.Get(key))
			}
		}
	}
	if strings.Contains(contentPolicy, "unsafe") {
		t.Error("pages may run what stands in them")
	}
}

// What a person may not do is not shown, and refused.
func TestRights(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	pages := b.everyPage()
	b.person = access.Caller{Name: "trainee", Rights: []access.Right{access.Look}}
	harmless := []string{"/language", "/renewals/plan", "/domains/ticked/csv"}
	for _, path := range pages {
		w := b.call("GET", path, nil)
		forbidden := path == "/import" || path == "/tokens" || strings.HasPrefix(path, "/staff") || strings.HasPrefix(path, "/orders/new")
		if forbidden != (w.Code == http.StatusForbidden) {
			t.Errorf("%s: status %d", path, w.Code)
		}
		for _, a := range actions(t, w.Body.String()) {
			if a.method == "POST" && !slices.Contains(harmless, a.path) {
				t.Errorf("%s offers POST %s to who may only look", path, a.path)
			}
		}
		if strings.Contains(w.Body.String(), "verdict=done") {
			t.Errorf("%s offers a decision to who may only look", path)
		}
	}

	for _, path := range []string{"/acknowledge", "/acknowledge/take-back", "/orders/new", "/orders/x/pay", "/orders/x/cancel", "/orders/x/retry", "/orders/x/refund", "/orders/x/dismiss", "/orders/x/contact", "/orders/x/code",
		"/operations/op-1/decide", "/review", "/review/rv-1", "/review/senders", "/domains/ticked/auto", "/domains/example.ru/refresh", "/domains/example.ru/renewal", "/domains/example.ru/renew", "/domains/example.ru/move", "/domains/example.ru/correct", "/domains/example.ru/forget",
		"/domains/example.ru/nameservers", "/renewals/run", "/import", "/customers/c1/handles", "/customers/c1/erase", "/registrars/r01/upgrade", "/notifications/x/1", "/notifications/test", "/tokens", "/tokens/x/revoke",
		"/staff", "/staff/anna/rights", "/staff/anna/password", "/staff/anna/sign-out", "/staff/anna/remove"} {
		if w := b.call("POST", path, url.Values{"verdict": {"done"}, "version": {"4"}}); w.Code != http.StatusForbidden {
			t.Errorf("%s: status %d", path, w.Code)
		}
	}

	b.person = access.Caller{Name: "nothing"}
	if w := b.call("GET", "/", nil); w.Code != http.StatusForbidden || strings.Contains(w.Body.String(), "example.ru") {
		t.Errorf("who may do nothing sees: status %d", w.Code)
	}
}
