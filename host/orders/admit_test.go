package orders

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"registrar.panel/shared/registrar"
)

func codes(problems []registrar.Problem) (all []string) {
	for _, p := range problems {
		all = append(all, p.Code)
	}
	return all
}

// A name that is taken is neither ordered nor paid for; one that could not be checked is ordered with a note.
func TestTakenNamesAreNotPaidFor(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	c := &checker{says: registrar.Taken}
	b.registrars.set("r01", c)
	_, err := b.Place(t.Context(), request("taken.ru"))
	wantCode(t, err, registrar.Invalid, "domain: taken.ru is taken: by the registrar")
	if _, err := b.Domain(t.Context(), "taken.ru"); registrar.CodeOf(err) != registrar.NotFound {
		t.Errorf("the domain is known: %v", err)
	}

	c.says = registrar.AvailabilityUnknown
	unknown := b.place(request("unknown.ru"))
	if diff := cmp.Diff([]string{"availability_unknown"}, codes(unknown.Notes)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if paid := b.mustPay(unknown.ID); paid.State != Paid || len(paid.Notes) != 1 {
		t.Errorf("%+v", paid)
	}

	c.says = registrar.Available
	late := b.place(request("late.ru"))
	c.says = registrar.Taken
	_, changed, err := b.Pay(t.Context(), late.ID)
	if wantCode(t, err, registrar.Invalid, "would be refused now"); changed || b.mustOrder(late.ID).State != Unpaid {
		t.Error("a name was paid for that was taken meanwhile")
	}
	if _, changed, err := b.Pay(t.Context(), unknown.ID); err != nil || changed {
		t.Errorf("paying again asks again: %v, %v", changed, err)
	}
}

// A name with a price of its own is ordered and paid for at the price that was accepted, and at no other:
// it is asked when the order is placed, and again when it is paid.
func TestTheAcceptedPriceHolds(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	c := &checker{says: registrar.Available, price: registrar.Price{Amount: "1200.00", Currency: "RUB"}}
	b.registrars.set("r01", c)

	gold := request("gold.ru")
	_, err := b.Place(t.Context(), gold)
	wantCode(t, err, registrar.Invalid, "accept_price: is required: the name has a price of its own, 1200.00 RUB")
	gold.AcceptPrice = registrar.Price{Amount: "1100", Currency: "RUB"}
	_, err = b.Place(t.Context(), gold)
	wantCode(t, err, registrar.Invalid, "accept_price: is not what the name costs: 1200.00 RUB")
	gold.AcceptPrice = registrar.Price{Amount: "1200", Currency: "roubles"}
	_, err = b.Place(t.Context(), gold)
	wantCode(t, err, registrar.Invalid, "accept_price: must be an amount and a currency")

	gold.ID, gold.AcceptPrice = "gold", registrar.Price{Amount: "1200", Currency: "RUB"}
	o := b.place(gold)
	gold.AcceptPrice.Amount = "1300"
	_, err = b.Place(t.Context(), gold)
	wantCode(t, err, registrar.Conflict, "other contents")

	c.price.Amount = "9000"
	_, changed, err := b.Pay(t.Context(), o.ID)
	if wantCode(t, err, registrar.Invalid, "9000 RUB"); changed {
		t.Error("it was paid at another price than was accepted")
	}
	c.price.Amount = "1200.0"
	b.mustPay(o.ID)
	b.during(func() { b.until("the order to be submitted", func() bool { return len(c.taken()) == 1 }) })
	if have := c.taken()[0].AcceptPrice; have != (registrar.Price{Amount: "1200", Currency: "RUB"}) {
		t.Errorf("the registrar was told %q", have)
	}
}

// What a form forbids in any spelling is neither placed nor paid for, even where the plugin let it pass; how
// values are spelt stays the plugin's to judge.
func TestWhatTheFormForbids(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	b.fake.fields = []registrar.Field{{Key: "passport", Type: registrar.FieldDate, Required: true},
		{Key: "purpose", Choices: []registrar.Choice{{Value: "home"}, {Value: "trade"}}},
		{Key: "licence", When: []registrar.Condition{{Field: "purpose", Values: []string{"trade"}}}},
		{Key: "terms", Type: registrar.FieldAgreement, Required: true}}

	refused := request("refused.ru")
	refused.Registrant.Fields = map[string][]string{"passport": {"18.10.1965"}, "purpose": {"work"}, "licence": {"7"}, "other": {"x"}}
	_, err := b.Place(t.Context(), refused)
	wantCode(t, err, registrar.Invalid, "contact.purpose")
	var e *registrar.Error
	if !errors.As(err, &e) || !slices.Equal(codes(e.Problems), []string{registrar.ProblemChoice, registrar.ProblemNotAskedHere, registrar.ProblemAgreement}) {
		t.Errorf("%v", err)
	}

	good := request("good.ru")
	good.Registrant.Fields = map[string][]string{"passport": {"18.10.1965"}, "purpose": {"trade"}, "licence": {"7"}, "terms": {"true"}}
	o := b.place(good)
	b.fake.fields[1].Choices = b.fake.fields[1].Choices[:1]
	_, changed, err := b.Pay(t.Context(), o.ID)
	if wantCode(t, err, registrar.Invalid, "contact.purpose"); changed {
		t.Error("it was paid for what its form forbids by now")
	}
}

// What its registrar finds wrong now is not paid for, and nothing is while it is down.
func TestPayingAsksAgain(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	first, second := b.place(request("first.ru")), b.place(request("second.ru"))
	b.fake.validate = func(registrar.Order) []registrar.Problem {
		return []registrar.Problem{{Path: "domain", Message: "can't be had any more", Code: "gone"}}
	}
	_, _, err := b.Pay(t.Context(), first.ID)
	wantCode(t, err, registrar.Invalid, "can't be had any more")
	b.fake.validate = nil
	delete(b.registrars.at, "r01")
	_, _, err = b.Pay(t.Context(), second.ID)
	wantCode(t, err, registrar.Unavailable, "pay again")
	b.registrars.set("r01", b.fake)
	if o := b.mustPay(second.ID); o.State != Paid {
		t.Errorf("%+v", o)
	}
}

// Orders that were typed in other ways are one order: what is submitted has its normal form.
func TestOrdersHaveOneForm(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	clean, typed := request("one.ru"), request("\u200bOne.RU. ")
	typed.Customer = "\ufeff c1\u00a0"
	typed.AuthCode = ""
	typed.Registrant.Fields = map[string][]string{"passport": {"4510\u00a0 123456\r\n", ""}, "faxes": {""}}
	typed.Nameservers = []registrar.Nameserver{{Host: " ns1.hoster.example"}, {Host: "NS2.hoster.example.\u200b", IPs: []string{""}}}
	want, err := b.order(clean)
	if err != nil {
		t.Fatal(err)
	}
	got, err := b.order(typed)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want.Canonical()), string(got.Canonical())); diff != "" {
		t.Errorf("(-clean +typed)\n%s", diff)
	}
	glue := normalHosts([]registrar.Nameserver{{Host: "ns1.one.ru", IPs: []string{" [2A00:0::1] ", "193.0.2.1"}}})
	if !slices.Equal(glue[0].IPs, []string{"2a00::1", "193.0.2.1"}) {
		t.Errorf("addresses: %v", glue[0].IPs)
	}
}
