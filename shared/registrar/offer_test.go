package registrar

import (
	"slices"
	"testing"
)

// sold is a registrar with several zones, and a rest.
func sold() Description {
	return Description{Name: "acme", TLDs: []string{"com", "uk", "co.uk", "ru"}, OrderFields: OrderFields(),
		Kinds: []OperationKind{KindRegister, KindTransfer, KindRenew, KindUpdate, KindDelete, KindLock},
		Offers: []Offer{
			{TLDs: []string{"com"}, Kinds: []KindOffer{
				{Kind: KindRegister, Years: Years{1, 10}, NameserversOptional: true}, {Kind: KindTransfer, Years: Years{1, 1}},
				{Kind: KindRenew, Years: Years{1, 10}}, {Kind: KindUpdate}, {Kind: KindLock}}},
			{TLDs: []string{"co.uk"}, Kinds: []KindOffer{{Kind: KindRegister, Years: Years{2, 10}, Contacts: []ContactOffer{{RoleAdmin, true}, {"ops", false}}},
				{Kind: KindUpdate, Contacts: []ContactOffer{{RoleAdmin, true}, {"ops", false}}}, {Kind: KindDelete}}},
			{Kinds: []KindOffer{{Kind: KindRegister}, {Kind: KindRenew}}},
		}}
}

// What is not offered is refused, with the field that says it.
func TestUnoffered(t *testing.T) {
	t.Parallel()

	plain := Description{Name: "old", Kinds: []OperationKind{KindRegister, KindRenew}}
	for _, c := range []struct {
		why  string
		d    Description
		o    Order
		want []string
	}{
		{"a year of the range", sold(), Order{Kind: KindRegister, Domain: "a.com", Years: 10}, nil},
		{"no year", sold(), Order{Kind: KindRegister, Domain: "a.com"}, nil},
		{"a year too many", sold(), Order{Kind: KindRegister, Domain: "a.com", Years: 11}, []string{"years"}},
		{"less than none", sold(), Order{Kind: KindRegister, Domain: "a.com", Years: -1}, []string{"years"}},
		{"one of one", sold(), Order{Kind: KindTransfer, Domain: "a.com", Years: 1}, nil},
		{"two of one", sold(), Order{Kind: KindTransfer, Domain: "a.com", Years: 2}, []string{"years"}},
		{"a year where there is no choice", sold(), Order{Kind: KindUpdate, Domain: "a.com", Years: 1}, []string{"years"}},
		{"less than the registry's least", sold(), Order{Kind: KindRegister, Domain: "a.co.uk", Years: 1, Contacts: Contacts{RoleAdmin: {}}}, []string{"years"}},
		{"of the longest TLD", sold(), Order{Kind: KindDelete, Domain: "a.co.uk"}, nil},
		{"not of the shorter one", sold(), Order{Kind: KindDelete, Domain: "a.uk"}, []string{"kind"}},
		{"not of a TLD that ends alike", sold(), Order{Kind: KindDelete, Domain: "a.xco.uk"}, []string{"kind"}},
		{"a kind of elsewhere", sold(), Order{Kind: KindLock, Domain: "a.ru"}, []string{"kind"}},
		{"a kind of the rest", sold(), Order{Kind: KindRenew, Domain: "a.ru"}, nil},
		{"a kind of nowhere", sold(), Order{Kind: KindTrade, Domain: "a.com"}, []string{"kind"}},
		{"a contact that is taken", sold(), Order{Kind: KindRegister, Domain: "a.co.uk", Contacts: Contacts{RoleAdmin: {}, "ops": {}}}, nil},
		{"without one that it needs", sold(), Order{Kind: KindRegister, Domain: "a.co.uk", Contacts: Contacts{"ops": {}}}, []string{`contacts["admin"]`}},
		{"without any", sold(), Order{Kind: KindRegister, Domain: "a.co.uk"}, []string{`contacts["admin"]`}},
		{"a change needs none", sold(), Order{Kind: KindUpdate, Domain: "a.co.uk", Contacts: Contacts{"ops": {}}}, nil},
		{"a contact that is not taken", sold(), Order{Kind: KindRegister, Domain: "a.com", Contacts: Contacts{RoleTech: {}}}, []string{`contacts["tech"]`}},
		{"the registrant in the wrong place", sold(), Order{Kind: KindUpdate, Domain: "a.co.uk", Contacts: Contacts{RoleRegistrant: {}}}, []string{`contacts["registrant"]`}},
		{"a role that is no word", sold(), Order{Kind: KindUpdate, Domain: "a.co.uk", Contacts: Contacts{`a"]`: {}}}, []string{"contacts"}},
		{"contacts where none are read", plain, Order{Kind: KindRenew, Domain: "a.ru", Contacts: Contacts{RoleTech: {}}}, []string{`contacts["tech"]`}},
		{"without offers", plain, Order{Kind: KindRenew, Domain: "a.ru"}, nil},
		{"without offers, another kind", plain, Order{Kind: KindTransfer, Domain: "a.ru"}, []string{"kind"}},
		{"without offers, years, which are unread, too, and told once", plain, Order{Kind: KindRenew, Domain: "a.ru", Years: 2}, []string{"years"}},
		{"without kinds, as the first version", Description{Name: "first"}, Order{Kind: KindUpdate, Domain: "a.ru"}, nil},
		{"without kinds, one of a later version", Description{Name: "first"}, Order{Kind: KindDelete, Domain: "a.ru"}, []string{"kind"}},
	} {
		var have []string
		for _, p := range c.d.Refused(c.o) {
			have = append(have, p.Path)
			if p.Code == "" || p.Texts["ru"] == "" || p.Texts["en"] != p.Message {
				t.Errorf("%s: %+v lacks a code or a language", c.why, p)
			}
		}
		if !slices.Equal(have, c.want) {
			t.Errorf("%s: problems at %v, want %v", c.why, have, c.want)
		}
	}
}

func TestOffered(t *testing.T) {
	t.Parallel()

	for name, want := range map[string][]OperationKind{
		"com": {KindRegister, KindTransfer, KindRenew, KindUpdate, KindLock}, "a.com": {KindRegister, KindTransfer, KindRenew, KindUpdate, KindLock},
		"co.uk": {KindRegister, KindUpdate, KindDelete}, "uk": {KindRegister, KindRenew}, "ru": {KindRegister, KindRenew},
	} {
		if have := sold().KindsFor(name); !slices.Equal(have, want) {
			t.Errorf("%s: %v, want %v", name, have, want)
		}
	}

	if o, ok := sold().Offered("com", KindRegister); !ok || !o.NameserversOptional {
		t.Errorf("com: %+v, %v", o, ok)
	}

	for o, want := range map[string]int{"a.com": 1, "a.co.uk": 2, "a.ru": 1} {
		if have := sold().Term(Order{Kind: KindRegister, Domain: o}); have != want {
			t.Errorf("a registration of %s without years is for %d, want %d", o, have, want)
		}
	}
	if have := sold().Term(Order{Kind: KindRenew, Domain: "a.com", Years: 3}); have != 3 {
		t.Errorf("a renewal for 3 years is for %d", have)
	}
}

func TestYears(t *testing.T) {
	t.Parallel()

	for y, wrong := range map[Years]bool{{}: false, {1, 1}: false, {1, 10}: false, {2, 10}: false, {0, 10}: true, {2, 1}: true, {-1, 1}: true, {1, 101}: true, {1, 0}: true} {
		if y.Wrong() != wrong {
			t.Errorf("%v is wrong: %v", y, !wrong)
		}
	}
}

// Each kind suits some status, and none suits a domain that is on its way.
func TestKindsSuitStatuses(t *testing.T) {
	t.Parallel()

	want := map[OperationKind][]DomainStatus{
		KindRegister: {"", StatusError, StatusDeleted, StatusTransferredAway}, KindTransfer: {"", StatusError, StatusDeleted, StatusTransferredAway},
		KindRestore: {StatusExpired, StatusDeleted},
	}

	for _, k := range OperationKinds() {
		var have []DomainStatus
		for _, s := range append([]DomainStatus{""}, DomainStatuses()...) {
			if k.Suits(s) {
				have = append(have, s)
			}
		}
		suits := want[k]
		if suits == nil {
			suits = []DomainStatus{StatusRegistered, StatusExpired}
		}
		if !slices.Equal(have, suits) {
			t.Errorf("%s suits %q, want %q", k, have, suits)
		}
	}
}
