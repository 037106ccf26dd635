package console

import (
	"context"
	_ "embed"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

//go:embed testdata/axe-core/axe.min.js
var axeCore string

// axeFinds is a promise of what axe-core finds wrong on a page, and takes for serious or critical, with all of
// the page unfolded.
const axeFinds = `(() => {
	document.querySelectorAll('details').forEach(d => d.open = true);
	return axe.run(document, { resultTypes: ['violations'], %s }).then(found => found.violations
		.filter(v => ['serious', 'critical'].includes(v.impact))
		.flatMap(v => v.nodes.map(n => v.id + ' at ' + n.target.join(' ') + ': ' + n.failureSummary)));
})()`

// judge fails where axe-core finds something by the rules that are chosen.
func (p *tab) judge(rules string) {
	p.t.Helper()
	if !eval[bool](p, "'axe' in window") { // a page is judged more than once
		eval[bool](p, "%s; true", axeCore)
	}
	for _, found := range eval[[]string](p, axeFinds, rules) {
		p.t.Errorf("%s: %s", eval[string](p, "location.href"), strings.Join(strings.Fields(found), " "))
	}
}

// Each page can be read and used by all: by WCAG, as far as a program can judge that, in light and dark.
func pleasesAxe(t *testing.T, s *served, anna *tab, chromium context.Context) {
	const all, contrast = "runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']", "runOnly: ['color-contrast']"

	stranger := s.tab(t, chromium)
	stranger.open("/") // leads to where one signs in
	stranger.judge(all)

	anna.do(chromedp.EmulateViewport(1280, 844))
	for _, path := range append([]string{"/nowhere"}, narrow...) {
		if status := anna.open(path); status != http.StatusOK && path != "/nowhere" {
			t.Errorf("%s: status %d", path, status)
		}
		anna.prefers("light")
		anna.judge(all)
		anna.prefers("dark")
		anna.judge(contrast)
	}
	anna.prefers("light")
}

// On paper a page is dark on light, whatever the screen is, without what can only be pressed; lists are there, ticks
// or not, and tables are tables although a sheet is narrower than a window.
func prints(t *testing.T, _ *served, anna *tab, _ context.Context) {
	const style, seen = "getComputedStyle(document.querySelector('%s')).%s", "[...document.querySelectorAll('%s')].filter(e => e.checkVisibility()).length"
	anna.do(chromedp.EmulateViewport(718, 1000)) // A4 without its margins
	anna.emulates("print", "dark")

	for path, list := range map[string]string{"/": "main .need", "/domains": "main tbody tr", "/operations": "main tbody tr", "/review": "main tbody tr", "/domains/example.ru": "main tbody tr"} {
		anna.open(path)
		if n := eval[int](anna, seen, list); n == 0 {
			t.Errorf("%s is printed without its list", path)
		}
		if n := eval[int](anna, seen, "header, footer, button, .button, input, textarea, select"); n > 0 {
			t.Errorf("%s is printed with %d things that can only be pressed", path, n)
		}
		if over := eval[int](anna, "document.documentElement.scrollWidth - window.innerWidth"); over > 0 {
			t.Errorf("%s is %d pixels wider than the paper", path, over)
		}
	}
	anna.open("/domains")
	for _, want := range [][3]string{{"body", "color", "rgb(0, 0, 0)"}, {"body", "backgroundColor", "rgb(255, 255, 255)"}, {"main tbody .Registered", "color", "rgb(23, 107, 52)"},
		{"main thead", "display", "table-header-group"}, {"main thead", "position", "static"}, {"main tbody tr", "display", "table-row"}} {
		if have := eval[string](anna, style, want[0], want[1]); have != want[2] {
			t.Errorf("%s of %s is %s, want %s", want[1], want[0], have, want[2])
		}
	}

	anna.emulates("", "light")
	if anna.open("/domains"); eval[int](anna, seen, "header") == 0 {
		t.Error("the screen is taken for paper")
	}
}

// prefers has the browser say which colours its user wants.
func (p *tab) prefers(scheme string) {
	p.t.Helper()
	p.emulates("", scheme)
}

// emulates has the browser take its window for another medium, in the colours that its user wants; "" = what it is.
func (p *tab) emulates(medium, scheme string) {
	p.t.Helper()
	p.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: medium,
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
		return err
	}))
}
