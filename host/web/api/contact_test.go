package api

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDecodeContact(t *testing.T) {
	t.Parallel()

	for _, c := range []struct {
		why, file string
		want      Contact
		says      string
	}{
		{"every type of value", `{"kind":"person","name":"Сидор","resident":true,"abroad":false,"phones":["1","2"],"faxes":[]}`,
			Contact{"kind": {"person"}, "name": {"Сидор"}, "resident": {"true"}, "abroad": {"false"}, "phones": {"1", "2"}, "faxes": {}}, ""},
		{"space around it", " \n{\"kind\":\"person\"}\n ", Contact{"kind": {"person"}}, ""},
		{"a kind nobody knows is the plugin's to refuse", `{"kind":"robot"}`, Contact{"kind": {"robot"}}, ""},
		{"a byte order mark", "\uFEFF{\"kind\":\"person\"}", Contact{"kind": {"person"}}, ""},
		{"UTF-16", "\xff\xfe{\x00", nil, "it must be UTF-8 text"},
		{"empty", "", nil, "it is empty"},
		{"cut off", `{"kind":"person"`, nil, "it ends too early"},
		{"no JSON", `kind=person`, nil, "mistake at byte 1"},
		{"a list", `["person"]`, nil, "must be a JSON object"},
		{"null", `null`, nil, `it needs "kind"`},
		{"no kind", `{"name":"x","inn":"1"}`, nil, "it has [inn name]"},
		{"two kinds", `{"kind":["person","organization"]}`, nil, `it needs "kind"`},
		{"two objects", `{"kind":"person"}{}`, nil, "something stands after the object"},
		{"a number", `{"kind":"person","inn":77}`, nil, `"inn" must be a string, true, false, or a list of strings`},
		{"null as a value is no value", `{"kind":"person","inn":null}`, Contact{"kind": {"person"}, "inn": nil}, ""},
		{"null in a list", `{"kind":"person","inn":[null]}`, nil, `"inn" must be`},
		{"an object as a value", `{"kind":"person","inn":{}}`, nil, `"inn" must be`},
		{"a list of numbers", `{"kind":"person","inn":["1",2]}`, nil, `"inn" must be`},
		{"a key twice", `{"kind":"person","inn":"1","inn":"2"}`, nil, `"inn" is there twice`},
	} {
		t.Run(c.why, func(t *testing.T) {
			t.Parallel()

			got, err := DecodeContact(strings.NewReader(c.file))

			if c.says != "" {
				if err == nil || !strings.Contains(err.Error(), c.says) {
					t.Errorf("error %v, want one with %q", err, c.says)
				}
				return
			}

			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("contact (-want +got):\n%s", diff)
			}
		})
	}
}

// isKey finds what an error may quote.
var isKey = regexp.MustCompile(`CANARY[^"]*"\s*:`)

// No error may quote a value: it may be a passport.
func FuzzDecodeContact(f *testing.F) {
	for _, seed := range []string{`{"kind":"person","passport":["4510 CANARY"]}`, `{"kind":"person","passport":CANARY}`, `{"kind":["CANARY",1]}`,
		`{"kind":"person","passport":"CANARY`, `["CANARY"]`, `"CANARY"`, `{"kind":"person"}CANARY`, ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, file string) {
		contact, err := DecodeContact(strings.NewReader(file))
		if err == nil {
			if len(contact["kind"]) != 1 {
				t.Errorf("accepted without a kind: %v", contact)
			}
			return
		}
		if strings.Contains(err.Error(), "CANARY") && !isKey.MatchString(file) {
			t.Errorf("the error tells a value: %v", err)
		}
	})
}
