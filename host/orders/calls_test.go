package orders

import (
	"context"
	"slices"
	"testing"

	"registrar.panel/shared/registrar"
	"registrar.panel/shared/registrar/registrartest"
)

// able is a registrar with all powers that knows one review entry.
type able struct {
	fake
	name string // begins its IDs
	err  error  // of what it describes and imports
}

func (a *able) Describe(context.Context) (registrar.Description, error) {
	return registrar.Description{Name: a.name, Capabilities: registrar.Capabilities()}, a.err
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

func (a *able) SetRenewal(_ context.Context, name string, mode registrar.RenewalMode) (registrar.Domain, error) {
	return registrar.Domain{Name: name, Renewal: mode}, nil
}

func (a *able) ImportDomain(_ context.Context, i registrar.Import) (registrar.Domain, error) {
	return registrar.Domain{Name: i.Domain, Customer: i.Customer, Handle: i.Handle, Status: registrar.StatusRegistered}, a.err
}

// plain is a registrar without any power beyond the core.
type plain struct {
	registrartest.Powerless
	fake
}

func (*plain) Describe(context.Context) (registrar.Description, error) {
	return registrar.Description{Name: "m"}, nil
}

func (*plain) TransferCode(context.Context, registrar.OperationID) (registrar.AuthCode, error) {
	return "", registrar.Errorf(registrar.Unsupported, "no codes")
}

// newAbleBook has r01, which can do everything, and m, which can do nothing more.
func newAbleBook(t *testing.T) (*book, *able) {
	t.Helper()
	b, a := newBook(t), &able{name: "r01"}
	b.registrars.set("r01", a)
	b.registrars.set("m", &plain{})
	return b, a
}

// A person's reading of a mail reaches the registrar that has it.
func TestReadingReachesTheOwner(t *testing.T) {
	t.Parallel()
	b, _ := newAbleBook(t)
	entry, err := b.ResolveReview(t.Context(), registrar.ReviewDecision{Review: "r01-review", Outcome: registrar.ReplyDone, By: "olga"}, "")
	if err != nil || entry.Outcome != registrar.ReplyDone || entry.ResolvedBy != "olga" {
		t.Errorf("resolved %+v, %v", entry, err)
	}
	_, err = b.ResolveReview(t.Context(), registrar.ReviewDecision{Review: "r01-review", Outcome: "eaten"}, "")
	wantCode(t, err, registrar.Invalid, "outcome: must be one of")
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
