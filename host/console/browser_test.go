package console

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"registrar.panel/internal/testrun"
	"registrar.panel/shared/registrar"
)

// served is a bench that browsers can reach.
type served struct {
	*bench
	address string

	mu sync.Mutex // orders requests one after another, so that the fake needs no lock; nothing waits for it
}

func serve(t *testing.T, b *bench) *served {
	t.Helper()
	s := &served{bench: b}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.turn()
		defer s.turn()
		b.server.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		server.CloseClientConnections() // pages follow what happens
		server.Close()
	})
	s.address = server.URL
	return s
}

// turn is a moment that everything before it happens before.
func (s *served) turn() {
	s.mu.Lock()
	defer s.mu.Unlock()
}

// browser is one Chromium without a window, for all tabs of a test.
func browser(t *testing.T) context.Context {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatalf("%v: .ci/setup installs it", err)
	}

	said := &strings.Builder{}
	options := []chromedp.ExecAllocatorOption{chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()), chromedp.CombinedOutput(said)}
	for _, flag := range []string{"headless", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking", "disable-component-update",
		"disable-sync", "disable-extensions", "disable-dev-shm-usage", "hide-scrollbars", "mute-audio"} {
		options = append(options, chromedp.Flag(flag, true))
	}
	ctx, end := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, endBrowser := chromedp.NewContext(ctx)
	t.Cleanup(func() {
		endBrowser()
		end()
		if t.Failed() {
			t.Logf("chromium wrote:\n%s", said)
		}
	})
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// tab is a page with cookies of its own.
type tab struct {
	t   *testing.T
	ctx context.Context
	at  string
}

func (s *served) tab(t *testing.T, browser context.Context) *tab {
	t.Helper()
	ctx, end := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	t.Cleanup(end)
	p := &tab{t, ctx, s.address}
	p.do(chromedp.EmulateViewport(1280, 900))
	return p
}

// do takes steps, each of which ends with an event of the browser and not with time.
func (p *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	// The first steps of a tab may have no limit of their own: it would end the tab.
	if err := chromedp.Do(p.ctx, steps...); err != nil {
		p.t.Fatal(err)
	}
}

// within is the context of a step that may hang.
func (p *tab) within() (context.Context, context.CancelFunc) {
	return context.WithTimeout(p.ctx, testrun.Limit(p.t))
}

// eval is the value of an expression in the page, or of its promise.
func eval[T any](p *tab, expression string, args ...any) T {
	p.t.Helper()
	ctx, cancel := p.within()
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](fmt.Sprintf(expression, args...), chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("%s: %v", fmt.Sprintf(expression, args...), err)
	}
	return v
}

// leads does what leads to another page, waits until that is there, and returns its status.
func (p *tab) leads(step chromedp.Action[chromedp.Void]) int {
	p.t.Helper()
	ctx, cancel := p.within()
	defer cancel()
	response, err := chromedp.RunResponse(ctx, step)
	if err != nil {
		p.t.Fatal(err)
	}
	return int(response.Status)
}

func (p *tab) open(path string) int {
	p.t.Helper()
	return p.leads(chromedp.Navigate(p.at + path))
}

// find is an expression for what a selector finds.
const find = "const e = document.querySelector(%q); if (!e) throw new Error('nothing is there'); for (let d = e.closest('details'); d; d = d.parentElement.closest('details')) d.open = true;"

// press clicks what leads to another page, and returns the status of that.
func (p *tab) press(selector string) int {
	p.t.Helper()
	click := chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Run(ctx, chromedp.Evaluate[bool](fmt.Sprintf("(() => {"+find+" e.click(); return true })()", selector)))
		return err
	})
	return p.leads(click)
}

// enter puts values into fields, ticks and radio buttons: a selector and a value each.
func (p *tab) enter(pairs ...string) {
	p.t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		eval[bool](p, "(() => {"+find+" if (e.type === 'radio' || e.type === 'checkbox') e.checked = true; else e.value = %q; return true })()", pairs[i], pairs[i+1])
	}
}

// types enters one value after another into a field, as a person does who does not stop in between.
func (p *tab) types(selector string, values ...string) {
	p.t.Helper()
	typing := ""
	for _, v := range values {
		typing += fmt.Sprintf(" e.value = %q; e.dispatchEvent(new Event('input', { bubbles: true }));", v)
	}
	eval[bool](p, "(() => {"+find+"%s return true })()", selector, typing)
}

// shows fails where the page lacks one of the texts.
func (p *tab) shows(texts ...string) {
	p.t.Helper()
	shown := eval[string](p, "document.body.innerText")
	for _, text := range texts {
		if !strings.Contains(shown, text) {
			p.t.Fatalf("%s does not show %q:\n%s", eval[string](p, "location.href"), text, shown)
		}
	}
}

// signIn goes to a page, and signs in on the page that it is led to first.
func (p *tab) signIn(name, path string) {
	p.t.Helper()
	p.open(path)
	p.enter("#name", name, "#password", firstPassword)
	if status := p.press("main form button"); status != http.StatusOK {
		p.t.Fatalf("signing in: status %d", status)
	}
}

// The console in a browser, from the order form to what becomes of it.
func TestInABrowser(t *testing.T) {
	t.Parallel()
	testrun.Place(t)
	b := newBench(t)
	b.registered()
	b.takenOn("anna", "look", "order", "money", "secrets", "admin")
	b.takenOn("boris", "look", "order", "money")
	b.takenOn("vera", "look")
	s := serve(t, b)
	chromium := browser(t)

	anna := s.tab(t, chromium)
	anna.signIn("anna", "/")
	anna.shows("Today", "anna", "Needs a person")

	if dir := os.Getenv("SCREENSHOTS"); dir != "" {
		takePictures(t, chromium, dir, strings.Fields(cmp.Or(os.Getenv("SCREENSHOTS_IN"), "en ru"))...)
	}
	for _, play := range []struct {
		name string
		play func(t *testing.T, s *served, anna *tab, chromium context.Context)
	}{
		{"an order from its form to Registered", ordersADomain},
		{"whether a name is free, as it is typed", asksAsOneTypes},
		{"a failed order is tried again, and refunded", refundsAnOrder},
		{"a mail in review, and the rule for such mails", readsAMail},
		{"two decide at once", decidesWithAnother},
		{"an import", imports},
		{"rights", looksOnly},
		{"without script", worksWithoutScript},
		{"by axe-core", pleasesAxe},
		{"on paper", prints},
		{"in Russian, on a telephone", fitsATelephone},
	} {
		t.Run(play.name, func(t *testing.T) {
			mine := *anna
			mine.t = t
			play.play(t, s, &mine, chromium)
		})
	}
}

// orders fills in the form for a domain, pays, and returns the order's ID.
func (p *tab) orders(name string) string {
	p.t.Helper()
	p.open("/orders/new")
	p.enter("#domain", name, "#customer", "c1")
	p.press("main form button")
	p.enter("#nameservers", "ns1.hoster.example\nns2.hoster.example", "#c-name", "Сидоров Сидор", "#c-passport", passport)
	p.press("button[value=preview]")
	p.shows("This is what will happen", "the mail for "+name)
	p.press("button[value=place]")
	p.shows("The order for "+name+" is placed.", "waits for its payment")
	p.press("form[action$='/pay'] button")
	p.shows("is paid, and goes to the registrar")
	return strings.TrimPrefix(eval[string](p, "location.pathname"), "/orders/")
}

// tells lets the registrar tell how a registration stands.
func (s *served) tells(t *testing.T, name, order string, state registrar.OperationState, status registrar.DomainStatus, reason string) {
	t.Helper()
	s.turn()
	defer s.turn()
	cursor := registrar.Cursor(len(s.fake.events) + 1)
	s.fake.events = append(s.fake.events, registrar.Event{Cursor: cursor, At: now, Type: registrar.EventOperation, Level: registrar.LevelInfo, Message: "told by the registrar", Actor: "registrar",
		Name: name, Order: registrar.OrderID(order), Operation: registrar.OperationID(fmt.Sprint("op-of-", name)), Kind: registrar.KindRegister, State: state, Reason: reason,
		Domain: &registrar.Domain{Name: name, Customer: "c1", Status: status}})
	if err := s.book.Follow(t.Context(), "r01", s.fake); err == nil {
		t.Fatal("the events do not end")
	}
}

func ordersADomain(t *testing.T, s *served, anna *tab, _ context.Context) {
	order := anna.orders("newtime.ru")
	anna.open("/domains/newtime.ru")
	anna.shows("Registering")

	// Once the page follows what happens, it is brought up to date by itself.
	eval[bool](anna, "%s", becomes("document.documentElement.dataset.live"))
	link := "main a[href='/orders/" + order + "']"
	eval[bool](anna, "(() => {"+find+" e.focus(); window.left = e; return true })()", link)
	s.tells(t, "newtime.ru", order, registrar.Succeeded, registrar.StatusRegistered, "")
	eval[bool](anna, "%s", becomes("document.querySelector('main .lead')?.innerText.includes('Registered')"))

	// A person who moves by the keyboard is still at the same link, of the new page.
	if !eval[bool](anna, "document.activeElement.matches(%q) && document.activeElement !== window.left", link) {
		t.Errorf("after the page was brought up to date the keyboard is at %s", eval[string](anna, "document.activeElement.outerHTML.slice(0, 200)"))
	}
}

// A name is asked about once it is not typed on, and what is typed ends the question before.
func asksAsOneTypes(t *testing.T, s *served, anna *tab, _ context.Context) {
	asked, ended := make(chan string, 10), make(chan error, 1)
	s.checked(func(ctx context.Context, name string) {
		asked <- name
		if name == "slow.ru" {
			<-ctx.Done()
			ended <- context.Cause(ctx)
		}
	})
	defer s.checked(nil)
	limit := time.After(testrun.Limit(t))
	next := func(want string) {
		t.Helper()
		select {
		case name := <-asked:
			if name != want {
				t.Fatalf("%s is asked about, want %s", name, want)
			}
		case <-limit:
			t.Fatalf("%s is not asked about", want)
		}
	}
	const said = "document.getElementById('available').innerText"
	says := func(want string) { t.Helper(); eval[bool](anna, "%s", becomes(said+fmt.Sprintf(" === %q", want))) }

	anna.open("/orders/new")
	anna.types("#domain", "s", "slo.ru", "slow.ru")
	next("slow.ru")
	anna.types("#domain", "free.r", "free.ru")
	select {
	case err := <-ended:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("the question about slow.ru ended with %v", err)
		}
	case <-limit:
		t.Fatal("the question about slow.ru goes on")
	}
	next("free.ru")
	says("free.ru: available")

	// The answer goes with the name that it is about, and what is no name that is sold here has none.
	anna.types("#domain", "free.r")
	if text := eval[string](anna, said); text != "" {
		t.Errorf("beside another name it still says %q", text)
	}
	anna.types("#domain", "example.ru")
	says("example.ru: taken — it is Registered here")
	anna.types("#kind", "renew")
	if text := eval[string](anna, said); text != "" {
		t.Errorf("of a renewal it says %q", text)
	}

	// The second step has the name, too.
	anna.open("/orders/new?domain=other.ru")
	next("other.ru")
	anna.types("#domain", "gold.ru")
	next("gold.ru")
	says("gold.ru: available (at a price of its own), 1200.00 RUB")
}

// checked has the registrar do something before it says whether a name is free.
func (s *served) checked(first func(ctx context.Context, name string)) {
	s.turn()
	defer s.turn()
	s.fake.checks = first
}

// becomes is a promise that is kept as soon as a condition of the page holds.
func becomes(condition string) string {
	return "new Promise(done => { const look = () => { if (" + condition + ") { watch.disconnect(); done(true) } };" +
		" const watch = new MutationObserver(look); watch.observe(document.documentElement, { attributes: true, childList: true, subtree: true }); look() })"
}

func refundsAnOrder(t *testing.T, s *served, anna *tab, _ context.Context) {
	again, back := anna.orders("reserved.ru"), anna.orders("taken.ru")
	s.tells(t, "reserved.ru", again, registrar.Failed, registrar.StatusError, "is reserved")
	s.tells(t, "taken.ru", back, registrar.Failed, registrar.StatusError, "is taken")

	anna.open("/")
	anna.shows("reserved.ru", "is reserved")
	anna.press("a[href='/orders/" + again + "#retry']")
	anna.shows("The same payment, and a new operation")
	anna.press("form[action$='/retry'] button")
	anna.shows("is tried again")

	anna.open("/orders/" + back)
	anna.enter("#refund-note", "by card")
	anna.press("form[action$='/refund'] button")
	anna.shows("the payment for taken.ru was given back", "refunded")
}

func readsAMail(t *testing.T, _ *served, anna *tab, _ context.Context) {
	anna.open("/review")
	anna.press("a[href='/review/rv-1']")
	anna.press("a[href$='show=rule']")
	anna.shows("newest mails that are stored (7)", "would have recognised: 2")
	anna.enter("input[name=outcome][value=done]", "", "#reason", "it says so")
	anna.press("form[method=post] fieldset ~ button")
	anna.shows("The mail was read as: Done.")
	if path := eval[string](anna, "location.pathname"); path != "/operations/op-1" {
		t.Errorf("it goes on at %s", path)
	}
}

func decidesWithAnother(t *testing.T, s *served, anna *tab, chromium context.Context) {
	boris := s.tab(t, chromium)
	boris.signIn("boris", "/operations/op-1")
	anna.open("/operations/op-1")
	anna.enter("input[name=verdict][value=done]", "", "#note", "seen at R01")
	anna.press(".decide button")
	anna.shows("Your decision is recorded", "Succeeded")

	boris.enter("input[name=verdict][value=resend]", "", "#note", "it was lost")
	if status := boris.press(".decide button"); status != http.StatusConflict {
		t.Errorf("the second decision: status %d", status)
	}
	boris.shows("Another was faster: nothing was changed", "by anna")
}

func imports(_ *testing.T, _ *served, anna *tab, _ context.Context) {
	anna.open("/import")
	anna.enter("#rows", "held.ru;2027-05-01;c1;C1-RIPN")
	anna.press("button[value=plan]")
	anna.shows("held.ru")
	anna.press("button[value=take]")
	anna.press("a[href='/domains/held.ru']")
	anna.shows("held.ru", "2027-05-01")
}

func looksOnly(t *testing.T, s *served, _ *tab, chromium context.Context) {
	vera := s.tab(t, chromium)
	vera.signIn("vera", "/domains/example.ru")
	vera.shows("example.ru", "What now")
	if n := eval[int](vera, "document.querySelectorAll('main form[method=post]').length"); n != 0 {
		t.Errorf("who may only look is offered %d forms", n)
	}
	post := "fetch('/domains/example.ru/renewal', { method: 'POST', body: new URLSearchParams({ mode: 'manual' }) }).then(r => r.status)"
	if status := eval[int](vera, "%s", post); status != http.StatusForbidden {
		t.Errorf("who may only look changes a renewal: status %d", status)
	}
	if status := vera.open("/import"); status != http.StatusForbidden {
		t.Errorf("the page Import: status %d", status)
	}
}

func worksWithoutScript(t *testing.T, s *served, _ *tab, chromium context.Context) {
	plain := s.tab(t, chromium)
	plain.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return err
	}))
	plain.signIn("boris", "/domains/calm.ru")
	plain.press("form[action$='/renewal'] button[value=auto]")
	plain.shows("is renewed from now on")

	plain.open("/orders/new")
	plain.enter("#domain", "free.ru", "#customer", "c1")
	plain.press("button[name=check]")
	plain.shows("free.ru: available")
	plain.press("main form button")
	plain.shows("The registrant", "free.ru: available")
}

// narrow are pages that must fit a telephone.
var narrow = []string{"/", "/domains", "/domains/example.ru", "/orders", "/orders/new", "/orders/new?check=1&domain=example.ru", "/operations", "/operations/op-1", "/review", "/review/rv-1", "/mails", "/mails?domain=example.ru", "/mails/m-1", "/renewals",
	"/customers", "/customers/c1", "/import", "/log", "/registrars", "/notifications", "/staff", "/staff/anna", "/tokens", "/password"}

func fitsATelephone(t *testing.T, _ *served, anna *tab, _ context.Context) {
	anna.press("button[name=language][value=ru]")
	for _, path := range narrow {
		if status := anna.open(path); status != http.StatusOK {
			t.Errorf("%s: status %d", path, status)
		}
		if lang := eval[string](anna, "document.documentElement.lang"); lang != "ru" {
			t.Errorf("%s is in %s", path, lang)
		}
		for _, width := range []int64{390, 1280} {
			anna.do(chromedp.EmulateViewport(width, 844))
			if over := eval[int](anna, "document.documentElement.scrollWidth - window.innerWidth"); over > 0 {
				t.Errorf("%s is %d pixels wider than %d", path, over, width)
			}
		}
	}
}
