package endpoint

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestWords(t *testing.T) {
	t.Parallel()

	for said, want := range map[string]string{
		"Invalid credentials (Failure)":         "Invalid credentials (Failure)",
		"":                                      "",
		"LOGIN user pa55 word is wrong":         "LOGIN user *** is wrong",
		"LOGIN USER PA55 WORD is wrong":         "LOGIN USER *** is wrong",
		"cut: pa55 wo":                          "cut: ***",
		"two\r\nlines\tand\x1b[31m  blanks\x00": "two lines and [31m blanks",
		"b64 " + base64.StdEncoding.EncodeToString([]byte("\x00user\x00pa55 word")): "b64 ***",
		"Неверный пароль":                                                           "Неверный пароль",
	} {
		if got := Words(said, "user", "pa55 word"); got != want {
			t.Errorf("%q: got %q, want %q", said, got, want)
		}
	}

	if got := Words(strings.Repeat("я", 500), "user", "p"); len(got) > mostWords+len("…") || !strings.HasSuffix(got, "я…") {
		t.Errorf("long words: %q", got)
	}
	if got := Words("nothing to hide", "user", ""); got != "nothing to hide" {
		t.Errorf("without a password: %q", got)
	}
}

// Whatever a server repeats of the password, in a form in which it was sent, is not shown.
func TestWordsHideThePassword(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		password := rapid.StringMatching(`[ -~]{6,20}`).Draw(t, "password")
		form := rapid.SampledFrom([]func(string) string{
			func(p string) string { return p }, strings.ToUpper, url.QueryEscape,
			func(p string) string { return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(p) + `"` },
			func(p string) string { return base64.StdEncoding.EncodeToString([]byte(p)) },
			func(p string) string { return base64.StdEncoding.EncodeToString([]byte("\x00me\x00" + p)) },
			func(p string) string { return base64.StdEncoding.EncodeToString([]byte("me\x00me\x00" + p)) },
		}).Draw(t, "form")(password)
		before, after := rapid.StringMatching(`[a-z ]{0,20}`).Draw(t, "before"), rapid.StringMatching(`[a-z ]{0,20}`).Draw(t, "after")
		got := Words(before+form+after, "me", password)
		if strings.Contains(strings.ToLower(got), strings.ToLower(form)) {
			t.Fatalf("%q shows %q", got, form)
		}
	})
}
