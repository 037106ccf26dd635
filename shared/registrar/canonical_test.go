package registrar_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	. "registrar.panel/shared/registrar"
)

var update = flag.Bool("update", false, "write the golden files anew")

// canonicalOrders are orders of every kind, with what is awkward in a value.
func canonicalOrders() []Order {
	return []Order{
		{ID: "o1", Kind: KindRegister, Domain: "newtime.ru", Customer: "c1",
			Registrant: &Registrant{Kind: Person, Fields: map[string][]string{
				"name":   {"Сидоров Сидор"},
				"emails": {"a@example.ru", "b@example.ru"},
				"faxes":  {},
				"note":   {""},
				"a=b\\c": {"line\nbreak", "car\rriage", `back\slash`, "x=y"},
			}},
			Nameservers: []Nameserver{{Host: "ns1.newtime.ru", IPs: []string{"192.0.2.1", "2001:db8::1"}}, {Host: "ns2.hoster.example"}}},
		{ID: "o2", Kind: KindTransfer, Domain: "xn--e1afmkfd.xn--p1ai", AuthCode: "se=cret\n", Registrant: &Registrant{Kind: Organization}},
		{ID: "o3", Kind: KindRenew, Domain: "newtime.ru", Customer: "c 1", PaidTill: Date{Year: 2027, Month: time.January, Day: 4}},
		{ID: "o4", Kind: KindUpdate, Domain: "newtime.ru", Registrant: &Registrant{}, Nameservers: []Nameserver{}},
		{},
		{ID: "o5", Kind: KindRenew, Domain: "newtime.com", Customer: "c1", PaidTill: Date{Year: 2027, Month: time.January, Day: 4}, Years: 3},
		{ID: "o6", Kind: KindAuthCode, Domain: "newtime.com", Customer: "c1"},
		{ID: "o7", Kind: KindRegister, Domain: "gold.example", AcceptPrice: Price{"1200.50", "RUB"}},
		{ID: "o8", Kind: KindUpdate, Domain: "newtime.ru", DS: []DelegationSigner{{KeyTag: 12345, Algorithm: 13, DigestType: 2, Digest: "9f86d0"}, {Digest: "00"}}},
		{ID: "o9", Kind: KindRegister, Domain: "newtime.com", Customer: "c1", Registrant: &Registrant{Kind: Person}, Contacts: Contacts{
			RoleTech:  {Kind: Organization, Fields: map[string][]string{"name": {"ООО «Линия»"}, "kind": {"a=b\nc"}, "emails": {"a@example.ru", "b@example.ru"}}},
			RoleAdmin: {Kind: Person},
			"ops":     {}}},
	}
}

// The golden file is the promise: what a store holds of an order is a digest of these bytes.
func TestCanonicalNeverChanges(t *testing.T) {
	t.Parallel()

	var have strings.Builder
	for _, o := range canonicalOrders() {
		fmt.Fprintf(&have, "# %s\n%s", o.ID, o.Canonical())
	}

	file := filepath.Join("testdata", "canonical.golden")

	if *update {
		if err := os.WriteFile(file, []byte(have.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}

	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}

	if have.String() != string(want) {
		t.Errorf("the canonical form of orders has changed, and with it the digests in every plugin's store:\n%s", have.String())
	}
}

// A field that is added to the contract must stand in the form, or two different orders
// would be taken for one.
func TestCanonicalHoldsEveryField(t *testing.T) {
	t.Parallel()

	samples := map[string]func(*Order){
		"Kind":        func(o *Order) { o.Kind = KindRenew },
		"Domain":      func(o *Order) { o.Domain = "a.ru" },
		"Customer":    func(o *Order) { o.Customer = "c" },
		"Registrant":  func(o *Order) { o.Registrant = &Registrant{Kind: Person} },
		"Nameservers": func(o *Order) { o.Nameservers = []Nameserver{{Host: "ns1.a.example"}} },
		"AuthCode":    func(o *Order) { o.AuthCode = "code" },
		"Years":       func(o *Order) { o.Years = 2 },
		"PaidTill":    func(o *Order) { o.PaidTill = Date{Year: 2027, Month: 1, Day: 1} },
		"AcceptPrice": func(o *Order) { o.AcceptPrice = Price{"1", "RUB"} },
		"Contacts":    func(o *Order) { o.Contacts = Contacts{RoleAdmin: {}} },
		"DS":          func(o *Order) { o.DS = []DelegationSigner{{Digest: "9f"}} },
	}

	names := func(v any) (all []string) {
		for f := range reflect.TypeOf(v).NumField() {
			all = append(all, reflect.TypeOf(v).Field(f).Name)
		}
		return all
	}

	for _, name := range names(Order{}) {
		set, ok := samples[name]
		switch {
		case name == "ID":
		case !ok:
			t.Errorf("Order.%s has no sample here: is it in Canonical?", name)
		default:
			var o Order
			set(&o)
			if len(o.Canonical()) == 0 {
				t.Errorf("Order.%s is not in the canonical form", name)
			}
			if f := o.Fields(); len(f) != 1 || !slices.Contains(OrderFields(), f[0]) {
				t.Errorf("an order with %s alone has the fields %v, want one of %v", name, f, OrderFields())
			}
		}
	}

	if have, want := names(Registrant{}), []string{"Kind", "Fields"}; !slices.Equal(have, want) {
		t.Errorf("Registrant has fields %v: is each in Canonical?", have)
	}
	if have, want := names(Nameserver{}), []string{"Host", "IPs"}; !slices.Equal(have, want) {
		t.Errorf("Nameserver has fields %v: is each in Canonical?", have)
	}
	if have, want := names(DelegationSigner{}), []string{"KeyTag", "Algorithm", "DigestType", "Digest"}; !slices.Equal(have, want) {
		t.Errorf("DelegationSigner has fields %v: is each in Canonical?", have)
	}
}

// What a registrar does not declare is not submitted to it, and what all registrars read needs
// no declaration.
func TestUnread(t *testing.T) {
	t.Parallel()

	all := Order{ID: "o1", Kind: KindTransfer, Domain: "a.ru", Customer: "c", Registrant: &Registrant{Kind: Person}, AuthCode: "code",
		Nameservers: []Nameserver{{Host: "ns1.a.example", IPs: []string{"192.0.2.1"}}}, PaidTill: Date{Year: 2027, Month: 1, Day: 1}}

	for _, c := range []struct {
		reads []string
		o     Order
		want  []string
	}{
		{nil, all, nil},
		{nil, Order{ID: "o1", Kind: KindUpdate, DS: []DelegationSigner{{Digest: "9f"}}}, []string{"ds"}},
		{[]string{"kind", "ds"}, Order{ID: "o1", Kind: KindUpdate, Contacts: Contacts{RoleAdmin: {Kind: Person}}}, []string{"contacts"}},
		{OrderFields(), all, nil},
		{[]string{"kind", "domain", "customer", "contact", "auth_code"}, all, []string{"nameservers", "paid_till"}},
		{[]string{"kind"}, Order{ID: "o1", Kind: KindRenew}, nil},
		{[]string{"kind"}, Order{}, nil},
		{nil, Order{Kind: KindRenew, Years: 2}, []string{"years"}},
		{nil, Order{Kind: KindRenew}, nil},
	} {
		var have []string
		for _, p := range (Description{Name: "x", OrderFields: c.reads}).Unread(c.o) {
			have = append(have, p.Path)
		}
		if !slices.Equal(have, c.want) {
			t.Errorf("a registrar that reads %v does not read %v, want %v", c.reads, have, c.want)
		}
	}
}

// Reading the form back gives the order again, so different orders have different forms.
func TestCanonicalIsInjective(t *testing.T) {
	t.Parallel()

	text := rapid.StringOfN(rapid.SampledFrom([]rune("a=\\\nr.\rb#")), 1, 6, -1)
	nameserver := rapid.Custom(func(t *rapid.T) Nameserver {
		return Nameserver{Host: text.Draw(t, "host"), IPs: rapid.SliceOfN(text, 0, 2).Draw(t, "ips")}
	})

	rapid.Check(t, func(t *rapid.T) {
		o := Order{Kind: OperationKind(text.Draw(t, "kind")), Domain: text.Draw(t, "domain"), Customer: text.Draw(t, "customer"),
			Nameservers: rapid.SliceOfN(nameserver, 0, 2).Draw(t, "nameservers"), AuthCode: AuthCode(text.Draw(t, "code")),
			Years: rapid.IntRange(-1, 12).Draw(t, "years")}

		if rapid.Bool().Draw(t, "registrant") {
			o.Registrant = &Registrant{Kind: RegistrantKind(text.Draw(t, "person")),
				Fields: rapid.MapOfN(text, rapid.SliceOfN(text, 1, 2), 0, 3).Draw(t, "fields")}
		}

		o.Contacts = rapid.MapOfN(rapid.Map(text, func(s string) ContactRole { return ContactRole(s) }), rapid.Custom(func(t *rapid.T) Registrant {
			return Registrant{Kind: RegistrantKind(text.Draw(t, "kind of contact")), Fields: rapid.MapOfN(text, rapid.SliceOfN(text, 1, 2), 0, 2).Draw(t, "answers")}
		}), 0, 2).Draw(t, "contacts")

		again := readCanonical(t, o.Canonical())
		if !bytes.Equal(again.Canonical(), o.Canonical()) || !reflect.DeepEqual(simplest(again), simplest(o)) {
			t.Fatalf("%#v\nwas read back as\n%#v\nfrom\n%s", o, again, o.Canonical())
		}
	})
}

// simplest writes what is empty in one way.
func simplest(o Order) Order {
	if o.Registrant != nil {
		r := *o.Registrant
		if len(r.Fields) == 0 {
			r.Fields = nil
		}
		o.Registrant = &r
	}
	contacts := Contacts{}
	for role, r := range o.Contacts {
		if len(r.Fields) == 0 {
			r.Fields = nil
		}
		contacts[role] = r
	}
	o.Contacts = contacts
	o.Nameservers = slices.Clone(o.Nameservers)
	for i := range o.Nameservers {
		if len(o.Nameservers[i].IPs) == 0 {
			o.Nameservers[i].IPs = nil
		}
	}
	if len(o.Nameservers) == 0 {
		o.Nameservers = nil
	}
	return o
}

// readCanonical is the form's reader, written from its description.
func readCanonical(t *rapid.T, form []byte) (o Order) {
	var role ContactRole // whose contact is being read
	o.Contacts = Contacts{}
	for line := range strings.Lines(string(form)) {
		name, value := splitCanonical(t, strings.TrimSuffix(line, "\n"))
		switch name {
		case "kind":
			o.Kind = OperationKind(value)
		case "domain":
			o.Domain = value
		case "customer":
			o.Customer = value
		case "registrant":
			o.Registrant = &Registrant{Kind: RegistrantKind(value), Fields: map[string][]string{}}
		case "nameserver":
			o.Nameservers = append(o.Nameservers, Nameserver{Host: value})
		case "nameserver.ip":
			last := &o.Nameservers[len(o.Nameservers)-1]
			last.IPs = append(last.IPs, value)
		case "auth_code":
			o.AuthCode = AuthCode(value)
		case "years":
			o.Years, _ = strconv.Atoi(value)
		case "contact":
			role = ContactRole(value)
			o.Contacts[role] = Registrant{}
		case "contact.kind":
			r := o.Contacts[role]
			r.Kind = RegistrantKind(value)
			o.Contacts[role] = r
		default:
			if key, ok := strings.CutPrefix(name, "contact.field."); ok {
				r := o.Contacts[role]
				if r.Fields == nil {
					r.Fields = map[string][]string{}
				}
				r.Fields[key] = append(r.Fields[key], value)
				o.Contacts[role] = r
				continue
			}
			key := strings.TrimPrefix(name, "registrant.")
			o.Registrant.Fields[key] = append(o.Registrant.Fields[key], value)
		}
	}

	return o
}

func splitCanonical(t *rapid.T, line string) (name, value string) {
	var parts [2]strings.Builder
	part, escaped := 0, false
	for _, r := range line {
		switch {
		case escaped:
			parts[part].WriteRune(map[rune]rune{'n': '\n', 'r': '\r', '\\': '\\', '=': '='}[r])
			escaped = false
		case r == '\\':
			escaped = true
		case r == '=' && part == 0:
			part = 1
		default:
			parts[part].WriteRune(r)
		}
	}

	if part == 0 || escaped {
		t.Fatalf("%q is no line of the form", line)
	}

	return parts[0].String(), parts[1].String()
}
