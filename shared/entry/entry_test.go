package entry

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"registrar.panel/shared/registrar"
)

func TestLine(t *testing.T) {
	t.Parallel()

	for _, c := range []struct{ why, typed, want string }{
		{"nothing to do", "Сидоров Сидор", "Сидоров Сидор"},
		{"blanks around and doubled", "  a  b   c ", "a b c"},
		{"a tab", "123007,\tМосква", "123007, Москва"},
		{"blanks that do not break, thin, wide and ideographic ones", "a\u00a0b\u2009c\u202fd\u3000e\u2007f", "a b c d e f"},
		{"letters in pieces", "и\u0306од е\u0308лка", "йод ёлка"},
		{"what nobody sees", "\ufeffa\u200bb\u00adc\u2060d\u200ee\u034f", "abcde"},
		{"a number copied from a telephone", "\u202a+7 495 1234567\u202c", "+7 495 1234567"},
		{"another telephone", "\u202d+7 495 1234567\u202c", "+7 495 1234567"},
		{"a blank hidden between invisible ones", "a \u200b b", "a b"},
		{"a line end behind", "a\r\n", "a"},
		{"a line break within stays to be refused", "a\nb", "a\nb"},
		{"a control character stays to be refused", "a\x00b", "a\x00b"},
		{"an override stays to be refused", "a\u202eb", "a\u202eb"},
		{"no UTF-8 stays to be refused", "a\xff ", "a\xff "},
		{"nothing but blanks", " \t\u00a0\u200b", ""},
	} {
		if got := Line(c.typed); got != c.want {
			t.Errorf("%s: %q, want %q", c.why, got, c.want)
		}
	}
}

func TestRegistrant(t *testing.T) {
	t.Parallel()
	got := Registrant(registrar.Registrant{Kind: registrar.Person, Fields: map[string][]string{
		"postal_address": {" 123007,\u00a0Москва \r\n\r\n ул.  Тестовая, д. 1\n"}, "faxes": {"", " \u200b"}, "kpp": {""},
		"phones": {"", "1", "2"}, "\ufeffname": {"A"},
	}})
	want := registrar.Registrant{Kind: registrar.Person, Fields: map[string][]string{
		"postal_address": {"123007, Москва\nул. Тестовая, д. 1"}, "phones": {"1", "2"}, "name": {"A"},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// What has its normal form keeps it, and no visible letter is lost on the way.
func FuzzLine(f *testing.F) {
	for _, seed := range []string{"", "a  b", "и\u0306", "\u202a1\u202c", "a\r\nb", "\xff", "\u1100\u200b\u1161", "a\u0301\u034f\u0323", "\u2000\u2001", "x\u00ad\u0301"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		for name, normal := range map[string]func(string) string{"Line": Line, "Text": Text} {
			once := normal(typed)
			if twice := normal(once); twice != once {
				t.Errorf("%s of %q: %q, and of that %q", name, typed, once, twice)
			}
			if utf8.ValidString(typed) && strings.ContainsAny(once, "\t\u00a0\u200b") || strings.Contains(once, "  ") && utf8.ValidString(typed) {
				t.Errorf("%s of %q: %q", name, typed, once)
			}
		}
	})
}
