package kit

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"registrar.panel/shared/registrar"
)

// What an order needs, and what is wrong with it, by path.
func TestJudge(t *testing.T) {
	t.Parallel()

	for why, c := range map[string]struct {
		change func(o *registrar.Order)
		paths  []string
	}{
		"good":                      {func(*registrar.Order) {}, nil},
		"below a TLD of two labels": {func(o *registrar.Order) { o.Domain = "a.co.example" }, nil},
		"no ID":                     {func(o *registrar.Order) { o.ID = "" }, []string{"id"}},
		"an unknown kind":           {func(o *registrar.Order) { o.Kind = "rename" }, []string{"kind"}},
		"the TLD itself":            {func(o *registrar.Order) { o.Domain = "example" }, []string{"domain"}},
		"another TLD":               {func(o *registrar.Order) { o.Domain = "a.test" }, []string{"domain"}},
		"capitals":                  {func(o *registrar.Order) { o.Domain = "A.example" }, []string{"domain"}},
		"a long name":               {func(o *registrar.Order) { o.Domain = strings.Repeat("a.", 126) + "example" }, []string{"domain"}},
		"nobody":                    {func(o *registrar.Order) { o.Customer, o.Registrant = "", nil }, []string{"contact", "customer"}},
		"no nameservers":            {func(o *registrar.Order) { o.Nameservers = nil }, []string{"nameservers"}},
		"a nameserver with a dot":   {func(o *registrar.Order) { o.Nameservers[1].Host = "ns." }, []string{"nameservers[1]"}},
		"a transfer without a code": {func(o *registrar.Order) { o.Kind = registrar.KindTransfer }, []string{"auth_code"}},
		"a renewal of nothing": {func(o *registrar.Order) {
			*o = registrar.Order{ID: "o", Kind: registrar.KindRenew, Domain: "a.example"}
		}, []string{"paid_till"}},
		"an update of nothing": {func(o *registrar.Order) {
			*o = registrar.Order{ID: "o", Kind: registrar.KindUpdate, Domain: "a.example"}
		}, []string{"nameservers"}},
		"an unknown registrant": {func(o *registrar.Order) { o.Registrant.Kind = "robot" }, []string{"contact.kind"}},
		"no name":               {func(o *registrar.Order) { delete(o.Registrant.Fields, "name") }, []string{"contact.name"}},
		"two names":             {func(o *registrar.Order) { o.Registrant.Fields["name"] = []string{"a", "b"} }, []string{"contact.name"}},
		"no mail address":       {func(o *registrar.Order) { o.Registrant.Fields["emails"] = []string{"a@b.example", "b"} }, []string{"contact.emails[1]"}},
		"no date":               {func(o *registrar.Order) { o.Registrant.Fields["born"] = []string{"31.12.1970"} }, []string{"contact.born"}},
		"what others ask":       {func(o *registrar.Order) { o.Registrant.Fields["shoe_size"] = []string{"42"} }, nil},
		"changes of what stays": {func(o *registrar.Order) { o.Kind = registrar.KindUpdate }, []string{"contact.born", "contact.emails", "contact.name"}},
		"nothing optional":      {func(o *registrar.Order) { delete(o.Registrant.Fields, "born") }, nil},
	} {
		o := order("o", "a.example")
		c.change(&o)
		var paths []string
		for _, p := range judge(newShop(), o) {
			paths = append(paths, p.Path)
		}
		if slices.Sort(paths); !slices.Equal(paths, c.paths) {
			t.Errorf("%s: %q, want %q", why, paths, c.paths)
		}
	}
}

// A form is given for what is sold only.
func TestForm(t *testing.T) {
	t.Parallel()
	good := registrar.FormQuery{TLD: "co.example", Kind: registrar.KindRegister, Registrant: registrar.Person}
	if f, err := form(newShop(), good); err != nil || len(f.Fields) != 3 {
		t.Errorf("%d fields, %v", len(f.Fields), err)
	}
	for _, change := range []func(q *registrar.FormQuery){
		func(q *registrar.FormQuery) { q.TLD = "test" },
		func(q *registrar.FormQuery) { q.TLD = "" },
		func(q *registrar.FormQuery) { q.Kind = "rename" },
		func(q *registrar.FormQuery) { q.Registrant = "robot" },
	} {
		q := good
		change(&q)
		if _, err := form(newShop(), q); !errors.Is(err, registrar.Invalid) {
			t.Errorf("%+v: %v", q, err)
		}
	}
}

// A mask hides what is secret or personal, in capitals too, the whole before its parts; and makes
// one bounded line.
func TestMask(t *testing.T) {
	t.Parallel()

	schema := registrar.Schema{
		Attributes: []registrar.Attribute{{Name: "token", Sensitive: true}, {Name: "account"}},
		Blocks: []registrar.Block{
			{Name: "api", Schema: registrar.Schema{Attributes: []registrar.Attribute{{Name: "key", Sensitive: true}}}},
			{Name: "proxy", Repeated: true, Schema: registrar.Schema{Attributes: []registrar.Attribute{{Name: "password", Sensitive: true}}}}},
	}
	secrets := secretsOf(schema, []byte(`{"token": "t-4711", "account": "ours", "api": {"key": "k-4712"}, "proxy": [{"password": "p-4713"}, {"password": "p-4714"}]}`))
	o := order("o", "a.example")
	o.AuthCode = "auth-4715"
	o.Contacts = registrar.Contacts{registrar.RoleTech: {Kind: registrar.Person, Fields: map[string][]string{"name": {"Olga Ivanova"}}}}
	hide := newMask(append(secrets, personalOf(o, func(role registrar.ContactRole, _ registrar.Registrant) registrar.Form {
		if role == registrar.RoleTech {
			return registrar.Form{Fields: []registrar.Field{{Key: "name", Class: registrar.DataPersonal}}}
		}
		return registrar.Form{Fields: []registrar.Field{{Key: "name", Class: registrar.DataPersonal}, {Key: "emails", Class: registrar.DataPublic}}}
	})...))

	for text, want := range map[string]string{
		"t-4711 k-4712 p-4713 p-4714 auth-4715 ours": "*** *** *** *** *** ours",
		"SIDOR SIDOROV, s@example.com\nline two":     "***, s@example.com line two",
		"call Olga Ivanova":                          "call ***",
		"owner: Sidor\r\n  Sidorov is unknown":       "owner: *** is unknown", // broken by a mailer, or by a page
		"born 1970-12-31":                            "born ***",              // a field that the form does not know is not public
		"a\x00b\x1bc":                                "a b c",
		"":                                           "",
	} {
		if got := hide.of(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if got := newMask([]string{"", "ab"}).of("ab"); got != "ab" {
		t.Errorf("what is too short to be looked for: %q", got)
	}
	if got := (mask{}).of(strings.Repeat("я", longest+1)); len([]rune(got)) != longest+1 {
		t.Errorf("a long text has %d characters", len([]rune(got)))
	}
}

// Only what was never connected has certainly not left.
func TestNeverLeft(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + l.Addr().String()
	l.Close()
	_, refused := http.Get(url)
	if !NeverLeft(refused) {
		t.Errorf("nobody listens: %v", refused)
	}
	for _, err := range []error{nil, errors.New("unexpected EOF"), &net.OpError{Op: "read"}, &net.OpError{Op: "write"}, fmt.Errorf("post: %w", ErrStatus(502))} {
		if NeverLeft(err) {
			t.Errorf("%v says that nothing left", err)
		}
	}
}
