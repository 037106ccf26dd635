package orders

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"registrar.panel/shared/registrar"
)

// able is a registrar with all powers that knows one thing of each kind.
type able struct {
	fake
	name string // begins its IDs
	err  error  // of its lists
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

func (a *able) ResolveReview(_ context.Context, d registrar.ReviewDecision) (registrar.Review, error) {
	return registrar.Review{ID: d.Review, Outcome: d.Outcome, ResolvedBy: d.By}, nil
}

func (a *able) ReviewRule(_ context.Context, id registrar.ReviewID) (string, error) {
	return "rule of " + string(id), nil
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

func (a *able) SetRenewal(_ context.Context, name string, mode registrar.RenewalMode) (registrar.Domain, error) {
	return registrar.Domain{Name: name, Renewal: mode}, nil
}

func (a *able) ImportDomain(_ context.Context, i registrar.Import) (registrar.Domain, error) {
	return registrar.Domain{Name: i.Domain, Customer: i.Customer, Handle: i.Handle, Status: registrar.StatusRegistered}, a.err
}

func (a *able) Form(_ context.Context, q registrar.FormQuery) (registrar.Form, error) {
	return registrar.Form{TLD: q.TLD, Kind: q.Kind}, nil
}

// plain is a registrar without any power beyond the core.
type plain struct {
	registrar.Core
	fake
}

func (*plain) Describe(context.Context) (registrar.Description, error) {
	return registrar.Description{Name: "m"}, nil
}

// newAbleBook has r01, which can do everything, and m, which can do nothing more.
func newAbleBook(t *testing.T) (*book, *able) {
	t.Helper()
	b, a := newBook(t), &able{name: "r01"}
	b.registrars.set("r01", a)
	b.registrars.set("m", &plain{})
	return b, a
}

// What one registrar knows is not lost over another that doesn't.
func TestOneOfSeveralAnswers(t *testing.T) {
	t.Parallel()
	b, _ := newAbleBook(t)
	if mail, err := b.Mail(t.Context(), "r01-mail"); err != nil || mail.Subject != "of r01" {
		t.Errorf("mail %+v, %v", mail, err)
	}
	if entry, err := b.Review(t.Context(), "r01-review"); err != nil || entry.ID != "r01-review" {
		t.Errorf("entry %+v, %v", entry, err)
	}
	if rule, err := b.ReviewRule(t.Context(), "r01-review"); err != nil || rule != "rule of r01-review" {
		t.Errorf("rule %q, %v", rule, err)
	}
	entry, err := b.ResolveReview(t.Context(), registrar.ReviewDecision{Review: "r01-review", Outcome: registrar.ReplyDone, By: "olga"}, "")
	if err != nil || entry.Outcome != registrar.ReplyDone || entry.ResolvedBy != "olga" {
		t.Errorf("resolved %+v, %v", entry, err)
	}
	_, err = b.Mail(t.Context(), "other")
	wantCode(t, err, registrar.NotFound, "there is no mail other")
	_, err = b.Review(t.Context(), "other")
	wantCode(t, err, registrar.NotFound, "there is no review entry other")
	_, err = b.ResolveReview(t.Context(), registrar.ReviewDecision{Review: "r01-review", Outcome: "eaten"}, "")
	wantCode(t, err, registrar.Invalid, "outcome: must be one of")
}

func TestListsOfAllRegistrars(t *testing.T) {
	t.Parallel()
	b, a := newAbleBook(t)
	reviews, err := b.Reviews(t.Context())
	if diff := cmp.Diff(Several[registrar.Review]{List: []Of[registrar.Review]{{"r01", registrar.Review{ID: "r01-review"}}}}, reviews); diff != "" || err != nil {
		t.Errorf("reviews: %v (-want +got):\n%s", err, diff)
	}
	steps, err := b.RunRenewals(t.Context(), true)
	if diff := cmp.Diff(Several[registrar.RenewalStep]{List: []Of[registrar.RenewalStep]{{"r01", registrar.RenewalStep{Domain: "r01.ru"}}}}, steps); diff != "" || err != nil {
		t.Errorf("steps: %v (-want +got):\n%s", err, diff)
	}
	b.registrars.set("m", &able{name: "m"})
	a.err = registrar.Errorf(registrar.Unavailable, "it is down")
	reviews, err = b.Reviews(t.Context())
	want := Several[registrar.Review]{List: []Of[registrar.Review]{{"r01", registrar.Review{ID: "r01-review"}}, {"m", registrar.Review{ID: "m-review"}}},
		Absent: []Absent{{"r01", "it is down"}}} // this fake answers and fails
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
	b, _ := newAbleBook(t)
	if h, err := b.AdoptHandle(t.Context(), "", "c1", "H"); err != nil || h.Registrar != "r01" || h.Value.Handle != "H" || h.Value.Customer != "c1" {
		t.Errorf("adopted %+v, %v", h, err)
	}
	if rec, err := b.Recognise(t.Context(), "r01", []byte("x")); err != nil || rec.Subject != "r01 x" {
		t.Errorf("recognised %+v, %v", rec, err)
	}
	_, err := b.AdoptHandle(t.Context(), "nobody", "c1", "H")
	wantCode(t, err, registrar.Invalid, "registrar: must be one of [r01 m]")
	b.registrars.set("m", &able{name: "m"})
	_, err = b.Recognise(t.Context(), "", nil)
	wantCode(t, err, registrar.Invalid, "more than one")
	b.registrars.set("m", &able{name: "m", err: registrar.Errorf(registrar.Unavailable, "it is down")})
	_, err = b.Recognise(t.Context(), "", nil)
	wantCode(t, err, registrar.Unavailable, "name the registrar: m may have the capability mail too")
	if rec, err := b.Recognise(t.Context(), "r01", []byte("x")); err != nil || rec.Subject != "r01 x" {
		t.Errorf("named, the other does not matter: %+v, %v", rec, err)
	}
	b.registrars.set("m", &plain{})
	b.registrars.set("r01", &plain{})
	_, err = b.Recognise(t.Context(), "", nil)
	wantCode(t, err, registrar.Unsupported, "no registrar has the capability mail")
}

func TestImport(t *testing.T) {
	t.Parallel()
	b, a := newAbleBook(t)
	take := func(domain, customer string) (Domain, error) {
		return b.Import(t.Context(), registrar.Import{Domain: domain, Customer: customer, Handle: "H"}, "")
	}
	if d, err := take("Пример.РФ", "c1"); err != nil || d.Name != "xn--e1afmkfd.xn--p1ai" || d.Registrar != "r01" {
		t.Fatalf("imported %+v, %v", d, err)
	}
	if d := b.mustDomain("пример.рф"); d.Customer != "c1" || d.Handle != "H" || d.Status != registrar.StatusRegistered {
		t.Errorf("listed as %+v", d)
	}
	if _, err := take("пример.рф", "c1"); err != nil {
		t.Errorf("again: %v", err)
	}
	b.place(request("ordered.ru"))
	_, err := take("ordered.ru", "c1")
	wantCode(t, err, registrar.Precondition, "ordered.ru is Pending here already")
	_, err = b.Import(t.Context(), registrar.Import{Domain: "пример.рф", Customer: "c1"}, "m")
	wantCode(t, err, registrar.Precondition, "with registrar r01")
	_, err = take("example.zz", "c1")
	wantCode(t, err, registrar.Invalid, "no registrar serves .zz")
	_, err = take("ru", "c1")
	wantCode(t, err, registrar.Invalid, "it needs a name and a TLD")
	a.err = registrar.Errorf(registrar.Precondition, "R01 does not hold it")
	_, err = take("foreign.ru", "c1")
	wantCode(t, err, registrar.Precondition, "R01 does not hold it")
	_, err = b.Domain(t.Context(), "foreign.ru")
	wantCode(t, err, registrar.NotFound, "foreign.ru")
}

func TestSetRenewal(t *testing.T) {
	t.Parallel()
	b, _ := newAbleBook(t)
	if _, err := b.Import(t.Context(), registrar.Import{Domain: "example.ru", Customer: "c1"}, ""); err != nil {
		t.Fatal(err)
	}
	if d, err := b.SetRenewal(t.Context(), "EXAMPLE.ru", registrar.RenewManual); err != nil || d.Renewal != registrar.RenewManual || d.Registrar != "r01" {
		t.Errorf("renewal %+v, %v", d, err)
	}
	_, err := b.SetRenewal(t.Context(), "example.ru", "never")
	wantCode(t, err, registrar.Invalid, "mode: must be one of [auto manual]")
	_, err = b.SetRenewal(t.Context(), "unheard.ru", registrar.RenewAuto)
	wantCode(t, err, registrar.NotFound, "unheard.ru")
}

func TestFormOfATLDInAnyForm(t *testing.T) {
	t.Parallel()
	b, _ := newAbleBook(t)
	for _, tld := range []string{"рф", ".РФ", "xn--p1ai", " рф. "} {
		if f, err := b.Form(t.Context(), registrar.FormQuery{TLD: tld, Kind: registrar.KindRegister}); err != nil || f.TLD != "xn--p1ai" || f.Kind != registrar.KindRegister {
			t.Errorf("%q: %+v, %v", tld, f, err)
		}
	}
	for _, tld := range []string{"zz", "", "ru ru", "<"} {
		_, err := b.Form(t.Context(), registrar.FormQuery{TLD: tld})
		wantCode(t, err, registrar.Invalid, "tld: ")
	}
}

// A preview is made of the sealed order, with the contact in it.
func TestPreview(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	o := b.place(request("example.ru"))
	var asked registrar.Order
	b.fake.validate = func(o registrar.Order) []registrar.Problem {
		asked = o
		return nil
	}
	text, err := b.Preview(t.Context(), o.ID)
	if err != nil || text != "the mail for example.ru" {
		t.Errorf("%q, %v", text, err)
	}
	if asked.ID != o.ID || !slices.Equal(asked.Registrant.Fields["passport"], []string{passport}) {
		t.Errorf("the registrar was asked about order %s without its contact", asked.ID)
	}
	b.fake.validate = func(registrar.Order) []registrar.Problem {
		return []registrar.Problem{{Path: "domain", Message: "is taken"}}
	}
	_, err = b.Preview(t.Context(), o.ID)
	wantCode(t, err, registrar.Invalid, "domain: is taken")
	_, err = b.Preview(t.Context(), "none")
	wantCode(t, err, registrar.NotFound, "none")
}
