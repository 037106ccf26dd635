package switchboard

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"registrar.panel/shared/registrar"
	"registrar.panel/shared/registrar/registrartest"
)

// able is a registrar with all powers that knows one thing of each kind.
type able struct {
	registrar.Service        // nil: what a test does not expect panics
	name              string // begins its IDs
	err               error  // of its lists
}

func (a *able) Describe(context.Context) (registrar.Description, error) {
	return registrar.Description{Name: a.name, Capabilities: registrar.Capabilities()}, a.err
}

func (a *able) Mail(_ context.Context, id registrar.MailID) (registrar.Mail, error) {
	if string(id) != a.name+"-mail" {
		return registrar.Mail{}, registrar.Errorf(registrar.NotFound, "no such mail")
	}
	return registrar.Mail{ID: id, Subject: "of " + a.name}, nil
}

func (a *able) Reviews(context.Context) ([]registrar.Review, error) {
	return []registrar.Review{{ID: registrar.ReviewID(a.name + "-review")}}, a.err
}

func (a *able) Review(_ context.Context, id registrar.ReviewID) (registrar.Review, error) {
	if string(id) != a.name+"-review" {
		return registrar.Review{}, registrar.Errorf(registrar.NotFound, "no such entry")
	}
	return registrar.Review{ID: id}, nil
}

func (a *able) ReviewRule(_ context.Context, id registrar.ReviewID) (registrar.SuggestedRule, error) {
	return registrar.SuggestedRule{Block: "rule of " + string(id)}, nil
}

func (a *able) RunRenewals(_ context.Context, dryRun bool) ([]registrar.RenewalStep, error) {
	if !dryRun {
		return nil, errors.New("a real pass")
	}
	return []registrar.RenewalStep{{Domain: a.name + ".ru"}}, a.err
}

func (a *able) AdoptHandle(_ context.Context, customer, handle string) (registrar.Handle, error) {
	return registrar.Handle{Customer: customer, Handle: handle}, nil
}

func (a *able) Recognise(_ context.Context, raw []byte) (registrar.Recognition, error) {
	return registrar.Recognition{Subject: a.name + " " + string(raw)}, nil
}

func (a *able) Form(_ context.Context, q registrar.FormQuery) (registrar.Form, error) {
	return registrar.Form{TLD: q.TLD, Kind: q.Kind}, nil
}

// plain is a registrar without any power beyond the core.
type plain struct {
	registrartest.Powerless
	silent
}

type silent struct{ registrar.Service } // nil: what a test does not expect panics

func (plain) Describe(context.Context) (registrar.Description, error) {
	return registrar.Description{Name: "m"}, nil
}

// plugins are those at work; a missing one is down.
type plugins map[string]registrar.Service

func (p plugins) Registrar(name string) (registrar.Service, error) {
	if found, ok := p[name]; ok {
		return found, nil
	}
	return nil, registrar.Errorf(registrar.Unavailable, "registrar %s is down", name)
}

// newBoard has r01, which can do everything, and m, which can do nothing more.
func newBoard(t *testing.T) (*Board, plugins, *able) {
	t.Helper()
	a := &able{name: "r01"}
	at := plugins{"r01": a, "m": plain{}}
	return boardOf(at, "r01", "m"), at, a
}

func boardOf(at plugins, names ...string) *Board {
	route := func(tld string) (string, bool) {
		name, ok := map[string]string{"ru": "r01", "xn--p1ai": "r01", "com": "m"}[tld]
		return name, ok
	}
	return New(Options{Plugins: at, Names: names, Route: route, Logger: slog.New(slog.DiscardHandler)})
}

func wantCode(t *testing.T, err error, code registrar.Code, says string) {
	t.Helper()
	if registrar.CodeOf(err) != code || !strings.Contains(err.Error(), says) {
		t.Errorf("%v; want %s with %q", err, code, says)
	}
}

// A name goes to the registrar of the longest zone that it lies in, and to no other.
func TestNamesGoByTheirZone(t *testing.T) {
	t.Parallel()
	serve := map[string]string{"ru": "first", "com.ru": "second", "co.uk": "second"}
	route := func(zone string) (string, bool) { name, ok := serve[zone]; return name, ok }
	b := New(Options{Names: []string{"first", "second"}, Zones: []string{"ru", "com.ru", "co.uk", "msk.ru"}, Logger: slog.New(slog.DiscardHandler),
		Route: route, Serves: func(name, zone string) bool { return serve[zone] == name }})

	for domain, want := range map[string]string{"x.ru": "first", "a.x.ru": "first", "x.com.ru": "second", "telecom.ru": "first", "x.telecom.ru": "first", "x.co.uk": "second"} {
		if got, err := b.Route(domain); got != want || err != nil {
			t.Errorf("%s goes to %q, %v; want %q", domain, got, err, want)
		}
		for _, name := range b.Names() {
			if b.Serves(name, domain) != (name == want) {
				t.Errorf("%s serves %s: %v", name, domain, name != want)
			}
		}
	}

	for domain, zone := range map[string]string{"x.msk.ru": "msk.ru", "x.uk": "uk", "x.org.uk": "uk"} {
		_, err := b.Route(domain)
		wantCode(t, err, registrar.Invalid, "no registrar serves ."+zone)
	}
}

// What one registrar knows is not lost over another that doesn't.
func TestOneOfSeveralAnswers(t *testing.T) {
	t.Parallel()
	b, _, _ := newBoard(t)
	if mail, err := b.Mail(t.Context(), "r01-mail"); err != nil || mail.Subject != "of r01" {
		t.Errorf("mail %+v, %v", mail, err)
	}
	if entry, err := b.Review(t.Context(), "r01-review"); err != nil || entry.ID != "r01-review" {
		t.Errorf("entry %+v, %v", entry, err)
	}
	if rule, err := b.ReviewRule(t.Context(), "r01-review"); err != nil || rule.Block != "rule of r01-review" {
		t.Errorf("rule %+v, %v", rule, err)
	}
	_, err := b.Mail(t.Context(), "other")
	wantCode(t, err, registrar.NotFound, "there is no mail other")
	_, err = b.Review(t.Context(), "other")
	wantCode(t, err, registrar.NotFound, "there is no review entry other")
}

func TestListsOfAllRegistrars(t *testing.T) {
	t.Parallel()

	b, at, a := newBoard(t)
	reviews, err := b.Reviews(t.Context())
	if diff := cmp.Diff(Several[registrar.Review]{List: []Item[registrar.Review]{{"r01", registrar.Review{ID: "r01-review"}}}}, reviews); diff != "" || err != nil {
		t.Errorf("reviews: %v (-want +got):\n%s", err, diff)
	}

	steps, err := b.RunRenewals(t.Context(), true)
	if diff := cmp.Diff(Several[registrar.RenewalStep]{List: []Item[registrar.RenewalStep]{{"r01", registrar.RenewalStep{Domain: "r01.ru"}}}}, steps); diff != "" || err != nil {
		t.Errorf("steps: %v (-want +got):\n%s", err, diff)
	}

	at["m"] = &able{name: "m"}
	a.err = registrar.Errorf(registrar.Unavailable, "it is down")

	reviews, err = b.Reviews(t.Context())
	want := Several[registrar.Review]{List: []Item[registrar.Review]{{"r01", registrar.Review{ID: "r01-review"}}, {"m", registrar.Review{ID: "m-review"}}},
		Absent: []Absent{{"r01", "registrar r01: it is down"}}} // this fake answers and fails
	if diff := cmp.Diff(want, reviews); diff != "" || err != nil {
		t.Errorf("with one down: %v (-want +got):\n%s", err, diff)
	}

	a.err = errors.New("CANARY of the wire")
	steps, err = b.RunRenewals(t.Context(), true)
	if len(steps.List) != 2 || len(steps.Absent) != 1 || strings.Contains(steps.Absent[0].Reason, "CANARY") || err != nil {
		t.Errorf("with one that fails oddly: %+v, %v", steps, err)
	}
}

func TestRegistrarIsChosenByPower(t *testing.T) {
	t.Parallel()

	b, at, _ := newBoard(t)
	if h, err := b.AdoptHandle(t.Context(), "", "c1", "H"); err != nil || h.Registrar != "r01" || h.Value.Handle != "H" || h.Value.Customer != "c1" {
		t.Errorf("adopted %+v, %v", h, err)
	}

	if rec, err := b.Recognise(t.Context(), "r01", []byte("x")); err != nil || rec.Subject != "r01 x" {
		t.Errorf("recognised %+v, %v", rec, err)
	}

	_, err := b.AdoptHandle(t.Context(), "nobody", "c1", "H")
	wantCode(t, err, registrar.Invalid, "registrar: must be one of [r01 m]")
	at["m"] = &able{name: "m"}
	_, err = b.Recognise(t.Context(), "", nil)
	wantCode(t, err, registrar.Invalid, "more than one")
	at["m"] = &able{name: "m", err: registrar.Errorf(registrar.Unavailable, "it is down")}
	_, err = b.Recognise(t.Context(), "", nil)
	wantCode(t, err, registrar.Unavailable, "name the registrar: m may have the capability mail too")
	if rec, err := b.Recognise(t.Context(), "r01", []byte("x")); err != nil || rec.Subject != "r01 x" {
		t.Errorf("named, the other does not matter: %+v, %v", rec, err)
	}

	at["m"] = plain{}
	at["r01"] = plain{}
	_, err = b.Recognise(t.Context(), "", nil)
	wantCode(t, err, registrar.Unsupported, "no registrar has the capability mail")
}

func TestFormOfATLDInAnyForm(t *testing.T) {
	t.Parallel()
	b, _, _ := newBoard(t)
	for _, tld := range []string{"рф", ".РФ", "xn--p1ai", " рф. "} {
		if f, _, err := b.Form(t.Context(), registrar.FormQuery{TLD: tld, Kind: registrar.KindRegister}); err != nil || f.TLD != "xn--p1ai" || f.Kind != registrar.KindRegister {
			t.Errorf("%q: %+v, %v", tld, f, err)
		}
	}
	for _, tld := range []string{"zz", "", "ru ru", "<"} {
		_, _, err := b.Form(t.Context(), registrar.FormQuery{TLD: tld})
		wantCode(t, err, registrar.Invalid, "tld: ")
	}
	_, _, err := b.Form(t.Context(), registrar.FormQuery{TLD: "ru", Kind: registrar.KindRestore})
	wantCode(t, err, registrar.Invalid, "kind: restore is nothing that registrar r01 offers in .ru")
}
