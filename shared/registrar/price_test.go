package registrar_test

import (
	"testing"

	. "registrar.panel/shared/registrar"
)

func TestPrices(t *testing.T) {
	t.Parallel()

	for text, valid := range map[string]bool{
		"": true, "12.50 RUB": true, "0 USD": true, "1200  EUR": true,
		"12.50": false, "RUB": false, "12,50 RUB": false, "-1 RUB": false, "1. RUB": false, "1 rub": false, "1 RUBLE": false, "1e3 RUB": false, " 1 RUB": false,
	} {
		if p, err := ParsePrice(text); (err == nil) != valid || valid && text != "" && !p.Valid() {
			t.Errorf("%q: %v, %v", text, p, err)
		}
	}

	for _, c := range []struct {
		a, b  Price
		equal bool
	}{
		{Price{"12.5", "RUB"}, Price{"012.50", "RUB"}, true},
		{Price{"12", "RUB"}, Price{"12.000", "RUB"}, true},
		{Price{"12", "RUB"}, Price{"12", "USD"}, false},
		{Price{"12", "RUB"}, Price{"120", "RUB"}, false},
		{Price{"0.1", "RUB"}, Price{"0.01", "RUB"}, false},
		{Price{}, Price{"0", "RUB"}, false},
		{Price{}, Price{}, true},
	} {
		if c.a.Equal(c.b) != c.equal || c.b.Equal(c.a) != c.equal {
			t.Errorf("%q and %q are the same: %v", c.a, c.b, !c.equal)
		}
	}
}

// An order agrees with the price of its name, or it is a problem at one path.
func TestPriceProblems(t *testing.T) {
	t.Parallel()

	gold := Availability{Name: "gold.example", Status: Available, Reason: ReasonPremium, Price: Price{"1200.00", "RUB"}}
	usual, silent := Availability{Status: Available}, Availability{Status: AvailabilityUnknown}
	for why, c := range map[string]struct {
		a    Availability
		kind OperationKind
		with Price
		want string
	}{
		"accepted":                           {gold, KindRegister, Price{"1200", "RUB"}, ""},
		"not accepted":                       {gold, KindRegister, Price{}, "accept_price price_required"},
		"another price":                      {gold, KindRegister, Price{"1200.01", "RUB"}, "accept_price price_other"},
		"another currency":                   {gold, KindRegister, Price{"1200", "USD"}, "accept_price price_other"},
		"no price":                           {gold, KindRegister, Price{"much", "RUB"}, "accept_price price"},
		"the usual price":                    {usual, KindRegister, Price{}, ""},
		"accepted where the price is usual":  {usual, KindRegister, Price{"1200", "RUB"}, "accept_price price_usual"},
		"accepted where nothing is known":    {silent, KindRegister, Price{"1200", "RUB"}, ""},
		"no price where nothing is known":    {silent, KindRegister, Price{"", "RUB"}, "accept_price price"},
		"a transfer, which has another cost": {gold, KindTransfer, Price{}, ""},
	} {
		problems := c.a.PriceProblems(Order{Kind: c.kind, Domain: c.a.Name, AcceptPrice: c.with})
		if have := said(problems); have != c.want {
			t.Errorf("%s: %q, want %q", why, have, c.want)
		}
		for _, p := range problems {
			if p.Texts["en"] != p.Message || p.Texts["ru"] == "" {
				t.Errorf("%s: it is not worded: %#v", why, p)
			}
		}
	}
}
