package gateway

import (
	"errors"
	"slices"
	"testing"
	"time"

	"registrar.panel/plugin/r01/registry"
	"registrar.panel/plugin/r01/witness"
	"registrar.panel/shared/registrar"
)

// fakeImports keeps both files in memory.
type fakeImports struct {
	hosted []string
	listed []registry.Import
	failed error
}

func (f *fakeImports) String() string { return "the list" }

func (f *fakeImports) EachHosted(each func(string)) error {
	for _, name := range f.hosted {
		each(name)
	}
	return f.failed
}

func (f *fakeImports) Listed() ([]registry.Import, error) { return f.listed, nil }

func (f *fakeImports) Put(all []registry.Import) error {
	f.listed = all
	return nil
}

func (f *fakeImports) names() (all []string) {
	for _, i := range f.listed {
		all = append(all, i.Name)
	}
	return all
}

// Of the names that are hosted here, those that the registry shows with R01 and that we do
// not know are listed.
func TestImportList(t *testing.T) {
	t.Parallel()
	g, w, l := newGateWithClient(t)
	f := &fakeImports{hosted: []string{"First.RU", "stranger.ru.", "ПРИВЕТ.рф", "elsewhere.ru", "unregistered.ru", "example.com", "www.stranger.ru"}}
	g.parts.Imports = f
	g.arrange()
	known, stranger, elsewhere, customer := g.ordered("first.ru"), g.ordered("stranger.ru"), g.ordered("elsewhere.ru"), g.ordered("notours.ru")
	elsewhere.Registrar = "REGRU-RU"
	stranger.PaidTill = registrar.Date{Year: 2027, Month: time.May, Day: 3}
	g.mustPublish(l, known, stranger, elsewhere, customer)
	want := []registry.Import{{Name: "stranger.ru", PaidTill: stranger.PaidTill}}
	if !slices.Equal(f.listed, want) {
		t.Errorf("listed are %v, want %v", f.listed, want)
	}
	if n := g.mentions("1 domains that are hosted here are with R01 and unknown here, 1 of them newly seen; the list lists them"); n != 1 {
		t.Errorf("told %d times", n)
	}

	// Nothing is told twice, and the list of another zone leaves the first one's alone.
	g.mustPublish(l, known, stranger, elsewhere, customer)
	if n := g.mentions("newly seen"); n != 1 {
		t.Errorf("told %d times", n)
	}
	cyrillic := witness.Unmanaged{"stranger.ru": {}, "unregistered.ru": {}, "xn--b1agh1afp.xn--p1ai": stranger.PaidTill}
	if _, fresh, err := g.UpdateImports(cyrillic, func(zone string) bool { return zone == "xn--p1ai" }); err != nil || fresh != 1 {
		t.Errorf("%d are new, %v", fresh, err)
	}
	if got := f.names(); !slices.Equal(got, []string{"stranger.ru", "xn--b1agh1afp.xn--p1ai"}) {
		t.Errorf("listed are %v", got)
	}

	// It was taken over: the next list has it no more.
	w.held["stranger.ru"] = stranger
	if _, err := g.ImportDomain(t.Context(), registrar.Import{Domain: "stranger.ru", Customer: "c1", Handle: "MYCO_1_ABC-R01", PaidTill: stranger.PaidTill}); err != nil {
		t.Fatal(err)
	}
	g.mustPublish(l, known, stranger)
	if got := f.names(); slices.Contains(got, "stranger.ru") {
		t.Errorf("listed are %v", got)
	}
}

// A file that can't be read is an alarm. The registry's word counts all the same.
func TestImportListFails(t *testing.T) {
	t.Parallel()
	g, _, l := newGateWithClient(t)
	f := &fakeImports{hosted: []string{"stranger.ru"}, failed: errors.New("read hosted names: no such file")}
	g.parts.Imports = f
	g.arrange()
	renewed := g.ordered("first.ru")
	g.clock = g.clock.AddDate(0, 11, 0)
	renewed.PaidTill = renewed.PaidTill.AddYears(1)
	g.mustPublish(l, renewed, g.ordered("stranger.ru"))
	if d := g.status("first.ru"); d.PaidTill != renewed.PaidTill {
		t.Errorf("paid till %s", d.PaidTill)
	}
	alarmed := func() bool { return slices.Contains(g.alarms(), witness.ImportAlarm) }
	if !alarmed() || len(f.listed) > 0 {
		t.Errorf("alarms %v, listed %v", g.alarms(), f.listed)
	}
	f.failed = nil
	g.mustPublish(l, renewed, g.ordered("stranger.ru"))
	if alarmed() || len(f.listed) != 1 {
		t.Errorf("alarms %v, listed %v", g.alarms(), f.listed)
	}
}
