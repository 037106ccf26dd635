package input

import (
	"strings"
	"testing"
	"unicode/utf8"

	"registrar.panel/shared/registrar"
)

// Whatever is said, a line of it is one line of bounded length, and nothing in it is invisible or
// obeyed by a terminal. What people write stays as it is.
func TestOneLine(t *testing.T) {
	t.Parallel()

	for _, c := range []struct {
		text string
		most int
		want string
	}{
		{"as it is", 10, "as it is"},
		{"за 1\u00a0000 руб., «т. е.»", 50, "за 1\u00a0000 руб., «т. е.»"},
		{"a\r\nb\tc", 10, "a  b c"},
		{"\x1b[2J\x07\u009b1m", 20, "\uFFFD[2J\uFFFD\uFFFD1m"},
		{"\u202egnp.exe\u200b\u2028\ue000", 20, "\uFFFDgnp.exe\uFFFD\uFFFD\uFFFD"},
		{"a\xffb", 10, "a\uFFFDb"},
		{"длинно", 3, "дли…"},
		{"ровно", 5, "ровно"},
		{"", 0, ""},
		{"x", 0, "…"},
	} {
		if got := OneLine(c.text, c.most); got != c.want {
			t.Errorf("OneLine(%q, %d) = %q, want %q", c.text, c.most, got, c.want)
		}
	}
}

func FuzzOneLine(f *testing.F) {
	f.Add("a\r\nb", 2)
	f.Add("\xff\xfe\x1b[31m\u202e", 3)
	f.Fuzz(func(t *testing.T, text string, most int) {
		if most < 0 || most > 1<<16 {
			return
		}
		got := OneLine(text, most)
		if n := utf8.RuneCountInString(got); n > most+1 {
			t.Errorf("%d characters of %d", n, most)
		}
		if wrong := CheckLine(strings.ReplaceAll(got, "\uFFFD", "?"), most+1); wrong != "" {
			t.Errorf("%q %s", got, wrong)
		}
	})
}

func TestNames(t *testing.T) {
	t.Parallel()

	for typed, want := range map[string]string{"Example.RU": "example.ru", " пример.рф. ": "xn--e1afmkfd.xn--p1ai", "XN--E1AFMKFD.xn--p1ai": "xn--e1afmkfd.xn--p1ai"} {
		if got, err := ACE(typed); err != nil || got != want {
			t.Errorf("%q is %q, %v; want %q", typed, got, err, want)
		}
	}

	for _, typed := range []string{"", "ru", "no name.ru", "-a.ru", "a..ru", strings.Repeat("a", 64) + ".ru"} {
		if got, err := ACE(typed); registrar.CodeOf(err) != registrar.Invalid {
			t.Errorf("%q is %q, %v", typed, got, err)
		}
	}

	for ace, want := range map[string]string{"xn--e1afmkfd.xn--p1ai": "пример.рф", "example.ru": "example.ru"} {
		if got := Unicode(ace); got != want {
			t.Errorf("%q reads %q, want %q", ace, got, want)
		}
	}

	if got, err := Zone(".РФ"); err != nil || got != "xn--p1ai" {
		t.Errorf("the zone is %q, %v", got, err)
	}
}
