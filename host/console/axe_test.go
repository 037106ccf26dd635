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
	eval[bool](p, "%s; true", axeCore)
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

// prefers has the browser say which colours its user wants.
func (p *tab) prefers(scheme string) {
	p.t.Helper()
	p.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
		return err
	}))
}
