package orders

import (
	"slices"
	"strings"
	"testing"

	"registrar.panel/shared/registrar"
)

// A correction goes through the registrar into the list, with the person and the reason in the Action Log;
// the same again changes nothing.
func TestCorrect(t *testing.T) {
	t.Parallel()
	b, at, _ := moveBook(t)
	later := expiry.AddYears(1)
	c := Correction{Domain: "EXAMPLE.ru", PaidTill: later, Handle: " H-9 ", Reasoned: Reasoned{By: "olga", For: "anna", Reason: "R01's own list"}}
	d, changed, err := b.Records().Correct(t.Context(), c)
	if err != nil || !changed || d.PaidTill != later || d.Handle != "H-9" {
		t.Fatalf("corrected %+v, %v, %v", d, changed, err)
	}
	if !slices.Equal(at.asked, []string{"import H-9 2028-03-01 for c1"}) {
		t.Errorf("the registrar was asked %q", at.asked)
	}
	if listed := b.mustDomain(moving); listed.PaidTill != later || listed.Handle != "H-9" || listed.Registrar != "r01" {
		t.Errorf("listed as %+v", listed)
	}
	entries := b.entries(moving)
	if e := entries[len(entries)-1]; e.Event != registrar.EventDecision || e.Actor != "olga" || !strings.Contains(e.Message, "paid till 2028-03-01 instead of 2027-03-01, handle H-9 instead of") ||
		!strings.Contains(e.Message, "R01's own list") || !strings.Contains(e.Message, "anna") {
		t.Errorf("the log says %+v", e)
	}
	if _, changed, err := b.Records().Correct(t.Context(), c); err != nil || changed || len(b.entries(moving)) != len(entries) {
		t.Errorf("again: changed %v, %v", changed, err)
	}
}

// What nothing is known of, is said without a reason, or is under way is neither corrected nor forgotten; what the
// registrar does not believe is not recorded.
func TestCorrectIsRefused(t *testing.T) {
	t.Parallel()
	b, at, _ := moveBook(t)
	by := Reasoned{By: "olga", Reason: "so it is"}
	correct := func(c Correction) error { _, _, err := b.Records().Correct(t.Context(), c); return err }
	forget := func(f Forgetting) error { _, err := b.Records().Forget(t.Context(), f); return err }

	wantCode(t, correct(Correction{Domain: "unheard.ru", PaidTill: expiry, Reasoned: by}), registrar.NotFound, "unheard.ru")
	wantCode(t, correct(Correction{Domain: moving, Reasoned: by}), registrar.Invalid, "what is to be corrected")
	wantCode(t, correct(Correction{Domain: moving, PaidTill: expiry, Reasoned: Reasoned{By: "olga", Reason: " "}}), registrar.Invalid, "reason")
	wantCode(t, correct(Correction{Domain: moving, Handle: "a\nb", Reasoned: by}), registrar.Invalid, "handle")
	wantCode(t, forget(Forgetting{Domain: moving, Reasoned: Reasoned{Reason: "sold"}}), registrar.Invalid, "by")
	wantCode(t, forget(Forgetting{Domain: "unheard.ru", Reasoned: by}), registrar.NotFound, "unheard.ru")

	strange := "import " + b.mustDomain(moving).Handle + " 2099-01-01 for c1"
	at.fail[strange] = registrar.InvalidOrder([]registrar.Problem{{Path: "paid_till", Message: "can't be"}})
	wantCode(t, correct(Correction{Domain: moving, PaidTill: registrar.Date{Year: 2099, Month: 1, Day: 1}, Reasoned: by}), registrar.Invalid, "can't be")
	at.fail["manual"] = registrar.Errorf(registrar.Unavailable, "it is down")
	wantCode(t, forget(Forgetting{Domain: moving, Reasoned: by}), registrar.Unavailable, "it is down")
	if d := b.mustDomain(moving); d.PaidTill != expiry {
		t.Errorf("listed as %+v", d)
	}

	b.place(NewOrder{Kind: registrar.KindRenew, Domain: moving, PaidTill: expiry})
	wantCode(t, correct(Correction{Domain: moving, PaidTill: expiry.AddYears(1), Reasoned: by}), registrar.Precondition, "open order")
	wantCode(t, forget(Forgetting{Domain: moving, Reasoned: by}), registrar.Precondition, "open order")
}

// A domain that is forgotten is off the list, renewed no longer, and what its registrar says of it later does
// not bring it back; taking it over does.
func TestForget(t *testing.T) {
	t.Parallel()
	b, at, _ := moveBook(t)
	was, err := b.Records().Forget(t.Context(), Forgetting{Domain: moving, Reasoned: Reasoned{By: "olga", Reason: "the customer moved away"}})
	if err != nil || was.Name != moving || !slices.Equal(at.asked, []string{"manual"}) {
		t.Fatalf("forgotten %+v, %v; asked %q", was, err, at.asked)
	}
	_, err = b.Domain(t.Context(), moving)
	wantCode(t, err, registrar.NotFound, moving)
	entries := b.entries(moving)
	if e := entries[len(entries)-1]; e.Event != registrar.EventDecision || e.Actor != "olga" || !strings.Contains(e.Message, "the customer moved away") || !strings.Contains(e.Message, "c1") {
		t.Errorf("the log says %+v", e)
	}

	late := registrar.Event{Cursor: registrar.Cursor(len(b.fake.events) + 1), Type: registrar.EventDomain, Level: registrar.LevelInfo, Message: "late word", Name: moving, At: start,
		Domain: &registrar.Domain{Name: moving, Customer: "c1", Status: registrar.StatusRegistered}}
	if err := b.apply(t.Context(), "r01", late); err != nil {
		t.Fatal(err)
	}
	_, err = b.Domain(t.Context(), moving)
	wantCode(t, err, registrar.NotFound, moving)

	if _, err := b.Import(t.Context(), registrar.Import{Domain: moving, Customer: "c2", Handle: "H", PaidTill: expiry}, ""); err != nil {
		t.Fatal(err)
	}
	if d := b.mustDomain(moving); d.Customer != "c2" {
		t.Errorf("listed as %+v", d)
	}
}

// Taking over what is here already with other contents is no correction.
func TestImportDoesNotCorrect(t *testing.T) {
	t.Parallel()
	b, at, _ := moveBook(t)
	known := b.mustDomain(moving)
	for _, i := range []registrar.Import{
		{Domain: moving, Customer: "c2", Handle: known.Handle, PaidTill: expiry},
		{Domain: moving, Customer: "c1", Handle: "H-9", PaidTill: expiry},
		{Domain: moving, Customer: "c1", Handle: known.Handle, PaidTill: expiry.AddDays(2)},
	} {
		if i.Handle == "" {
			i.Handle = "H-8"
		}
		_, err := b.Import(t.Context(), i, "")
		wantCode(t, err, registrar.Conflict, "panel domain correct")
	}
	if len(at.asked) > 0 {
		t.Errorf("the registrar was asked %q", at.asked)
	}
}
