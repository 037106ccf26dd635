package message

import (
	"fmt"
	"strings"
	"testing"
)

// fill is text again and again, n bytes of it.
func fill(text string, n int) string { return strings.Repeat(text, n/len(text)+1)[:n] }

// numbered is like fill, with a number in each.
func numbered(format string, n int) string {
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

const (
	headOnly  = "From: robot@registrar.example\r\n"
	headMixed = headOnly + "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
)

func typed(media string) string {
	return headOnly + "Content-Type: " + media + "\r\n\r\n"
}

func encoded(encoding, media string) string {
	return headOnly + "Content-Transfer-Encoding: " + encoding + "\r\nContent-Type: " + media + "\r\n\r\n"
}

// hostile are the shapes that make a careless reader slow or fat, of n bytes each.
func hostile() map[string]func(n int) string {
	of := func(head, text string) func(int) string { return func(n int) string { return head + fill(text, n) } }
	return map[string]func(n int) string{
		"one line of text":            of(typed("text/plain"), "x"),
		"short lines":                 of(typed("text/plain"), "x\n"),
		"empty lines":                 of(typed("text/plain"), "\n"),
		"carriage returns":            of(typed("text/plain"), "\r"),
		"quoted lines":                of(typed("text/plain"), "> x\n"),
		"signs of quotation":          of(typed("text/plain"), ">"),
		"lines that attribute":        of(typed("text/plain"), "x wrote:\n\n"),
		"dashes":                      of(typed("text/plain"), "-"),
		"blanks":                      of(typed("text/plain"), " \t"),
		"koi8-r without a label":      of(headOnly+"\r\n", "\xeb\xc5\xce\xc1\xd2 "),
		"bytes of no charset":         of(typed("text/plain; charset=utf-8"), "\xff\xfe\x80"),
		"characters replaced":         of(typed("text/plain; charset=utf-16"), "\x00\xd8"),
		"NULs":                        of(typed("text/plain"), "\x00"),
		"NULs only":                   of("", "\x00"),
		"no header":                   of("\r\n", "text "),
		"one line and nothing else":   of("", "x"),
		"blank lines and nothing":     of("x", "\r\n "),
		"base64 of text":              of(encoded("base64", "text/plain"), "0JrQtdC9\r\n"),
		"base64 on one line":          of(encoded("base64", "text/plain"), "0JrQtdC9"),
		"base64 of nothing":           of(encoded("base64", "text/plain"), "\r\n"),
		"base64 that is none":         of(encoded("base64", "text/plain"), "!=!="),
		"quoted-printable":            of(encoded("quoted-printable", "text/plain"), "=D0=9A=\r\n"),
		"quoted-printable, soft ends": of(encoded("quoted-printable", "text/plain"), "=\r\n"),
		"quoted-printable, one line":  of(encoded("quoted-printable", "text/plain"), "=41"),
		"quoted-printable, broken":    of(encoded("quoted-printable", "text/plain"), "=="),
		"tags":                        of(typed("text/html"), "<b>"),
		"quotations in HTML":          of(typed("text/html"), "<blockquote>x"),
		"broken tags":                 of(typed("text/html"), "<<a <!--"),
		"entities":                    of(typed("text/html"), "&amp;&x"),
		"one attribute":               of(typed("text/html")+"<a ", "x"),
		"attributes":                  of(typed("text/html")+"<a ", "x=y "),
		"comments":                    of(typed("text/html"), "<!---->"),
		"scripts":                     of(typed("text/html"), "<script>"),
		"a script without end":        of(typed("text/html")+"<script>", "<x"),
		"rows":                        of(typed("text/html"), "<tr><td>x"),
		"parts":                       of(headMixed, "--b\r\n\r\nx\r\n"),
		"parts without a body":        of(headMixed, "--b\r\n"),
		"parts with a header only":    of(headMixed, "--b\r\na:b\r\n"),
		"zip attachments":             of(headMixed, "--b\r\nContent-Type: application/zip\r\nContent-Disposition: attachment\r\nContent-Transfer-Encoding: base64\r\n\r\n"+fill("UEsDBAo=", 100<<10)+"\r\n"),
		"nearly boundaries":           of(headMixed, "--a\r\n--bb\r\n-"),
		"a part that never ends":      of(headMixed+"--b\r\n\r\n", "x\r\n"),
		"text before the parts":       of(headMixed, "x\r\n"),
		"fields of a part":            of(headMixed+"--b\r\n", "a:b\r\n"),
		"a field of a part":           of(headMixed+"--b\r\nX: ", "x"),
		"a folded field of a part":    of(headMixed+"--b\r\nX: ", "x\r\n "),
		"broken fields of a part":     of(headMixed+"--b\r\n", "x\r\n"),
		"fields of many parts":        of(headMixed, "--b\r\n"+fill("a:b\r\n", 100<<10)),
		"reports in parts":            of(headMixed, "--b\r\nContent-Type: message/delivery-status\r\n\r\n"+fill("Action: failed\r\nFinal-Recipient: x\r\n\r\n", 120<<10)+"\r\n"),
		"a report":                    of(typed("message/delivery-status"), "a:b\r\n"),
		"groups of a report":          of(typed("message/delivery-status"), "Action: failed\r\n\r\n"),
		"mails in parts":              of(headMixed, "--b\r\nContent-Type: message/rfc822\r\n\r\n"+fill("a: b\r\n", 120<<10)+"\r\n"),
		"nested mails":                of("", "Content-Type: message/rfc822\r\n\r\n"),
		"nested parts":                nestedParts(false),
		"nested parts, no end":        nestedParts(true),
		"nested, one boundary":        of(headMixed, "--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"),
		"short fields":                of(headOnly, "a:b\r\n"),
		"broken fields":               of(headOnly, "ab\r\n"),
		"a long field":                of(headOnly+"X: ", "x"),
		"a folded field":              of(headOnly+"X: x", "\r\n x"),
		"references":                  of(headOnly+"References: ", "<a@b> "),
		"references, broken":          of(headOnly+"References: ", "<"),
		"senders":                     of("From: ", "a@b.example, "),
		"senders, broken":             of("From: ", "(\"<"),
		"comments in the sender":      of("From: ", "("),
		"subjects":                    of(headOnly, "Subject: x\r\n"),
		"encoded words":               of(headOnly+"Subject: ", "=?koi8-r?B?68XO?= "),
		"encoded words, broken":       of(headOnly+"Subject: ", "=?koi8-r?B?"),
		"content types":               of(headOnly, "Content-Type: text/plain\r\n"),
		"parameters":                  of(headOnly+"Content-Type: text/plain", "; a=b"),
		"numbered parameters":         func(n int) string { return headOnly + "Content-Type: text/plain" + numbered("; a*%d=b", n) },
		"parameters, quoted":          of(headOnly+"Content-Type: text/plain; a=\"", `\"`),
		"parameters, broken":          of(headOnly+"Content-Type: text/plain", "; charset=\"x"),
		"a long boundary": func(n int) string {
			return headOnly + "Content-Type: multipart/mixed; boundary=" + fill("b", 60<<10) + "\r\n\r\n" + fill("--"+fill("b", 60<<10)+"\r\n", n)
		},
	}
}

// nestedParts nests as deep as n bytes let it.
func nestedParts(cut bool) func(n int) string {
	return func(n int) string {
		const each = "--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n"
		var b, ends strings.Builder
		b.WriteString(headOnly + "Content-Type: multipart/mixed; boundary=b0\r\n\r\n")
		for i := 0; b.Len()+ends.Len() < n; i++ {
			fmt.Fprintf(&b, each, i, i+1)
			if !cut {
				fmt.Fprintf(&ends, "--b%d--\r\n", i)
			}
		}
		return b.String() + ends.String()
	}
}

// read does with a mail what is done with every mail.
func read(t testing.TB, raw []byte) {
	t.Helper()
	if _, err := Parse(raw); err != nil {
		t.Error(err)
	}
	if len(ArrivalOf(raw).Hash) != 64 {
		t.Error("there is no hash")
	}
}

// Every shape is read to its end, whatever it says.
func TestHostile(t *testing.T) {
	t.Parallel()
	for name, shape := range hostile() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			read(t, []byte(shape(maxText/8)))
		})
	}
}
