package inbox

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/store"
)

// Whatever a mail holds, few things are looked for because of it: twenty names, tokens and
// Message-IDs of a field each, and the results of an answer to the largest request.
func TestWorkForOneMailIsBounded(t *testing.T) {
	t.Parallel()
	recogniser, problems := mailform.NewRecogniser(nil)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	rr := NewReader(&engine.Settings{Callback: "callback@panel.example"}, recogniser, nil, time.Now)
	many := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	tokens := func(n int) string { // which have no digit below 2
		return strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' {
				return r - '0' + 'A'
			}
			return r
		}, many(n, "[ABCDEFGHIJKLMNOPQRSTUV%04d]\r\n"))
	}
	head := "From: a@b.example\r\nSubject: s\r\nMessage-ID: <x@b.example>\r\n"
	type found struct{ names, tokens, answers, references, results int }
	for what, c := range map[string]struct {
		raw   string
		want  found
		doubt string
	}{
		"a megabyte of names": {head + "\r\n" + many(40000, "domain%d.ru and\r\n"), found{names: 20}, "its text is longer than a reply of R01"},
		"tokens":              {head + "\r\n" + tokens(9000), found{tokens: 20}, "its text is longer than a reply of R01"},
		"one token again":     {head + "\r\n" + strings.Repeat("[ABCDEFGHIJKLMNOPQRSTUVWXYZ]\r\n", 9000), found{tokens: 1}, "its text is longer than a reply of R01"},
		"threads": {head + "In-Reply-To: " + many(500, "<%d@panel.example> ") + "\r\nReferences:" + many(500, "\r\n <%d@panel.example>") + "\r\n\r\nText.\r\n",
			found{answers: 20, references: 20}, ""},
		"results":                         {head + "\r\n" + many(201, "domain: d%d.ru\r\nstatus: TASK_SUCCESS\r\n\r\n"), found{names: 20}, "it states more than 200 results"},
		"as many as one request may have": {head + "\r\n" + many(200, "domain: d%d.ru\r\nstatus: TASK_SUCCESS\r\n\r\n"), found{names: 20, results: 200}, ""},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			l, _ := rr.understand(store.Mail{}, []byte(c.raw))
			got := found{len(l.names), len(Tokens(l.Text)), len(l.InReplyTo), len(l.References), len(l.results)}
			if got != c.want || l.doubt != c.doubt {
				t.Errorf("%+v, %q; want %+v, %q", got, l.doubt, c.want, c.doubt)
			}
		})
	}
}

// What is told of a mail in a list is short.
func TestHeadingIsShort(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"": "", "short": "short", "ровно": "ровно", "длинный": "длинн…", "longer": "longe…"} {
		if got := short(text, 5); got != want {
			t.Errorf("%q is told as %q, want %q", text, got, want)
		}
	}
}
