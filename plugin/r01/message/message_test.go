package message

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"registrar.panel/internal/pace"
)

// fact is what a reply says, in every shape below.
const fact = "Домен newtime.ru зарегистрирован и делегирован."

func in(t testing.TB, charset, text string) string {
	t.Helper()
	e := map[string]encoding.Encoding{"koi8-r": charmap.KOI8R, "windows-1251": charmap.Windows1251,
		"utf-16": unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), "utf-8": encoding.Nop}[charset]
	out, err := e.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func mailOf(lines ...string) []byte { return []byte(strings.Join(lines, "\r\n")) }

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// qp writes every byte as =XX.
func qp(s string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, "=%02X", s[i])
		if i%20 == 19 {
			b.WriteString("=\r\n")
		}
	}
	return b.String()
}

// Every shape of mail that robots and relays were seen to send, right and wrong.
func TestText(t *testing.T) {
	t.Parallel()

	koi8, win := in(t, "koi8-r", fact), in(t, "windows-1251", fact)
	plain := func(label string) string { return "Content-Type: text/plain; charset=" + label }
	const from, eight = "From: robot@registrar.example", "Content-Transfer-Encoding: 8bit"
	const base, quoted = "Content-Transfer-Encoding: base64", "Content-Transfer-Encoding: quoted-printable"
	const mixed = `Content-Type: multipart/mixed; boundary="b"`
	for name, c := range map[string]struct {
		raw     []byte
		damaged bool
	}{
		"koi8-r, 8bit":                {mailOf(from, plain("koi8-r"), eight, "", koi8), false},
		"koi8-r, base64":              {mailOf(from, plain("koi8-r"), base, "", b64(koi8)), false},
		"koi8-r, quoted-printable":    {mailOf(from, plain("koi8-r"), quoted, "", qp(koi8)), false},
		"windows-1251, 8bit":          {mailOf(from, plain("windows-1251"), eight, "", win), false},
		"windows-1251, base64":        {mailOf(from, plain("windows-1251"), base, "", b64(win)), false},
		"windows-1251, qp":            {mailOf(from, plain("windows-1251"), quoted, "", qp(win)), false},
		"utf-8, 8bit":                 {mailOf(from, plain("utf-8"), eight, "", fact), false},
		"utf-8, base64":               {mailOf(from, plain("utf-8"), base, "", b64(fact)), false},
		"utf-8, quoted-printable":     {mailOf(from, plain("utf-8"), quoted, "", qp(fact)), false},
		"utf-8 with a mark":           {mailOf(from, plain("utf-8"), "", "\ufeff"+fact), false},
		"utf-16":                      {mailOf(from, plain("utf-16"), base, "", b64(in(t, "utf-16", fact))), false},
		"label in capitals, quoted":   {mailOf(from, plain(`"KOI8-R"`), "", koi8), false},
		"label koi8":                  {mailOf(from, plain("koi8"), "", koi8), false},
		"label koi8r":                 {mailOf(from, plain("koi8r"), "", koi8), false},
		"label cp1251":                {mailOf(from, plain("cp1251"), "", win), false},
		"label cp-1251":               {mailOf(from, plain("cp-1251"), "", win), false},
		"label win-1251":              {mailOf(from, plain("win-1251"), "", win), false},
		"label unknown, koi8-r":       {mailOf(from, plain("russian"), "", koi8), false},
		"label unknown, windows-1251": {mailOf(from, plain("russian"), "", win), false},
		"no content type, koi8-r":     {mailOf(from, "", koi8), false},
		"no content type, 1251":       {mailOf(from, "", win), false},
		"no content type, utf-8":      {mailOf(from, "", fact), false},
		"label us-ascii, koi8-r":      {mailOf(from, plain("us-ascii"), "", koi8), false},
		"label iso-8859-1, 1251":      {mailOf(from, plain("iso-8859-1"), "", win), false},
		"label utf-8, koi8-r":         {mailOf(from, plain("utf-8"), "", koi8), false},
		"label koi8-r, utf-8":         {mailOf(from, plain("koi8-r"), "", fact), false},
		"label koi8-r, 1251":          {mailOf(from, plain("koi8-r"), "", win), false},
		"label 1251, koi8-r":          {mailOf(from, plain("windows-1251"), "", koi8), false},
		"LF line ends":                {[]byte(from + "\n" + plain("koi8-r") + "\n\n" + koi8 + "\n"), false},
		"blank before colon":          {mailOf(from, "Content-Type : text/plain; charset=koi8-r", "", koi8), false},
		"semicolon at the end":        {mailOf(from, plain("koi8-r;"), "", koi8), false},
		"folded header":               {mailOf(from, "CONTENT-TYPE:", "\ttext/plain;", " charset=koi8-r", "", koi8), false},
		"8 bit":                       {mailOf(from, plain("koi8-r"), "Content-Transfer-Encoding: 8 bit", "", koi8), false},
		"mailbox file":                {mailOf("From robot@registrar.example Mon Jan  1 00:00:00 2026", from, plain("koi8-r"), "", koi8), false},
		"HTML only":                   {mailOf(from, "Content-Type: text/html; charset=koi8-r", "", "<html><head><title>x</title><style>p{}</style></head><body><p>"+koi8+"</p></body>"), false},
		"HTML first, then plain":      {mailOf(from, mixed, "", "--b", "Content-Type: text/html", "", "<p></p>", "--b", plain("koi8-r"), "", koi8, "--b--"), false},
		"alternative":                 {mailOf(from, `Content-Type: multipart/alternative; boundary="b"`, "", "--b", plain("koi8-r"), base, "", b64(koi8), "--b", "Content-Type: text/html", "", "<p>other</p>", "--b--"), false},
		"attachment first":            {mailOf(from, mixed, "", "--b", plain("utf-8"), "Content-Disposition: attachment; filename=a.txt", "", "other", "--b", plain("koi8-r"), "", koi8, "--b--"), false},
		"nested":                      {mailOf(from, mixed, "", "--b", `Content-Type: multipart/alternative; boundary="c"`, "", "--c", plain("koi8-r"), "", koi8, "--c--", "--b--"), false},

		"unknown transfer encoding":  {mailOf(from, plain("koi8-r"), "Content-Transfer-Encoding: x-uuencode", "", koi8), true},
		"broken content type":        {mailOf(from, "Content-Type: text; charset=koi8-r", "", koi8), true},
		"nonsense for content type":  {mailOf(from, "Content-Type: ;;;=", "", koi8), true},
		"charset twice":              {mailOf(from, plain("koi8-r; charset=utf-8"), "", koi8), true},
		"no final boundary":          {mailOf(from, mixed, "", "--b", plain("koi8-r"), "", koi8, ""), true},
		"base64 with a footer":       {mailOf(from, plain("koi8-r"), base, "", b64(koi8+" \n"), "-- ", "R01, it is a footer"), true},
		"boundary missing":           {mailOf(from, "Content-Type: multipart/mixed", "", koi8), true},
		"boundary never appears":     {mailOf(from, mixed, "", koi8), true},
		"header line without colon":  {mailOf(from, "this is no field", plain("koi8-r"), "", koi8), true},
		"broken line and its rest":   {mailOf(from, "this is no field", " nor is this", plain("koi8-r"), "", koi8), true},
		"continuation first":         {mailOf(" lost", from, plain("koi8-r"), "", koi8), true},
		"no header at all":           {[]byte("\r\n" + koi8), true},
		"part with a broken header":  {mailOf(from, mixed, "", "--b", plain("koi8-r"), "", koi8, "--b", "Content-Type: application/zip", "no field", "", "x", "--b--"), true},
		"header of a hundred kilos ": {mailOf(from, plain("koi8-r"), "X-Long: "+strings.Repeat("x", 100<<10), "", koi8), true},
	} {
		m, err := Parse(c.raw)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}

		if strings.TrimSpace(m.Text) != fact && !(strings.HasPrefix(m.Text, fact) && strings.Contains(name, "footer")) {
			t.Errorf("%s: text is %q", name, m.Text)
		}
		if (len(m.Damaged) > 0) != c.damaged {
			t.Errorf("%s: damaged is %q", name, m.Damaged)
		}
		if name != "no header at all" && (len(m.From) != 1 || m.From[0] != "robot@registrar.example") {
			t.Errorf("%s: from %q", name, m.From)
		}
	}
}

func TestEmpty(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{"", "\r\n \n"} {
		if m, err := Parse([]byte(raw)); err == nil {
			t.Errorf("%q is read as %+v", raw, m)
		}
	}
	if m, err := Parse([]byte("From: a@b.example\r\nSubject: no text\r\n\r\n")); err != nil || m.Text != "" || len(m.Damaged) > 0 {
		t.Errorf("a mail without text: %+v %v", m, err)
	}
}

func TestHeader(t *testing.T) {
	t.Parallel()

	raw := mailOf(
		"Return-Path: <>",
		"FROM: =?koi8-r?B?"+b64(in(t, "koi8-r", "Робот"))+"?= <robot@registrar.example>",
		"To: Callback <callback@panel.example>, second@panel.example",
		"Subject: Re: New domain",
		"\t[ABCDEFGHIJKLMNOPQRSTUVWXYZ]",
		"Date: Fri, 01 May 2026 12:00:00 +0300",
		"Message-ID: <r1@registrar.example>",
		"In-Reply-To: <a@panel.example>",
		"References: <z@panel.example>",
		" <a@panel.example>",
		"Auto-Submitted: Auto-Replied; owner=x",
		"", "text")

	got, err := Parse(raw)
	if err != nil {
		t.Fatal(err)
	}

	want := Message{
		Header: Header{MessageID: "<r1@registrar.example>", InReplyTo: []string{"<a@panel.example>"}, References: []string{"<z@panel.example>", "<a@panel.example>"},
			From: []string{"robot@registrar.example"}, To: []string{"callback@panel.example", "second@panel.example"},
			Recipients: []string{"callback@panel.example", "second@panel.example"},
			Subject:    "Re: New domain [ABCDEFGHIJKLMNOPQRSTUVWXYZ]"},
		Date:          time.Date(2026, 5, 1, 9, 0, 0, 0, time.UTC),
		AutoSubmitted: "auto-replied", ReturnPath: "<>", Text: "text", Shown: "text", Kind: AutoReply,
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(time.Time.Equal)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestSubject(t *testing.T) {
	t.Parallel()
	const want = "Домен зарегистрирован"
	for name, subject := range map[string]string{
		"raw koi8-r":       in(t, "koi8-r", want),
		"raw windows-1251": in(t, "windows-1251", want),
		"raw utf-8":        want,
		"koi8-r word":      "=?koi8-r?B?" + b64(in(t, "koi8-r", want)) + "?=",
		"cp-1251 word":     "=?cp-1251?Q?" + strings.ReplaceAll(qp(in(t, "windows-1251", want)), "=\r\n", "") + "?=",
		"two words":        "=?utf-8?B?" + b64("Домен ") + "?=\r\n =?utf-8?B?" + b64("зарегистрирован") + "?=",
	} {
		m, err := Parse(mailOf("From: a@b.example", "Subject: "+subject, "", "x"))
		if err != nil || m.Subject != want {
			t.Errorf("%s: %q %v", name, m.Subject, err)
		}
	}
}

// A second sender must be visible to the check of the sender.
func TestEverySenderIsSeen(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		lines []string
		want  []string
	}{
		"two fields":  {[]string{"From: robot@registrar.example", "From: evil@x.example"}, []string{"robot@registrar.example", "evil@x.example"}},
		"two in one":  {[]string{"From: robot@registrar.example, evil@x.example"}, []string{"robot@registrar.example", "evil@x.example"}},
		"name is one": {[]string{`From: "robot@registrar.example" <evil@x.example>`}, []string{"evil@x.example"}},
		"unreadable":  {[]string{"From: robot@registrar.example <evil"}, []string{"robot@registrar.example <evil"}},
		"raw name":    {[]string{"From: " + in(t, "koi8-r", "Робот") + " <robot@registrar.example>"}, []string{"robot@registrar.example"}},
		"none":        {[]string{"Subject: x"}, nil},
	} {
		m, err := Parse(mailOf(append(c.lines, "", "x")...))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, m.From); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

func TestKind(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		header string
		want   Kind
	}{
		"a reply":              {"Subject: Re: x", Ordinary},
		"a bulk reply":         {"Precedence: bulk", Ordinary},
		"empty return path":    {"Return-Path: <>", Ordinary},
		"not automatic":        {"Auto-Submitted: no", Ordinary},
		"automatic":            {"Auto-Submitted: auto-generated", AutoReply},
		"out of office":        {"X-Autoreply: yes", AutoReply},
		"old out of office":    {"Precedence: auto_reply", AutoReply},
		"receipt":              {`Content-Type: multipart/report; report-type=disposition-notification; boundary="b"` + "\r\n\r\n--b\r\n\r\nread\r\n--b--", AutoReply},
		"bounce without parts": {"From: MAILER-DAEMON@x.example\r\nReturn-Path: <>", Bounce},
		"postmaster in person": {"From: postmaster@x.example", Ordinary},
	} {
		m, err := Parse([]byte(c.header + "\r\n\r\nx"))
		if err != nil || m.Kind != c.want || (m.Bounce != nil) != (c.want == Bounce) {
			t.Errorf("%s: %s %+v %v", name, m.Kind, m.Bounce, err)
		}
	}
}

func TestQuotation(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct{ text, own, quoted string }{
		"none":            {"one\ntwo\n", "one\ntwo", ""},
		"signs":           {"one\n> a: b\n > c\n\ntwo", "one\n\n\n\ntwo", "> a: b\n > c"},
		"broken to fit":   {"one\n> a: b\nc\n\ntwo", "one\n\n\n\ntwo", "> a: b\nc"},
		"all":             {"> a\n> b", "", "> a\n> b"},
		"original":        {"one\n\n-----Original Message-----\npassword: x\n", "one", "-----Original Message-----\npassword: x"},
		"original, short": {"one\n-- Original message --\nx", "one", "-- Original message --\nx"},
		"your original":   {"one\n\nYour original message follows\n------\nx", "one", "Your original message follows\n------\nx"},
		"Russian":         {"one\n-------- Исходное сообщение --------\nx", "one", "-------- Исходное сообщение --------\nx"},
		"forwarded":       {"one\n---------- Forwarded message ----------\nx", "one", "---------- Forwarded message ----------\nx"},
		"your request":    {"one\nТекст вашего запроса:\nx", "one", "Текст вашего запроса:\nx"},
		"attribution":     {"one\n\nOn 1 May 2026, Panel wrote:\n> x\n\ntwo", "one\n\n\n\n\ntwo", "On 1 May 2026, Panel wrote:\n> x"},
		"attribution, ru": {"one\n01.05.2026, Panel пишет:\n\n> x", "one", "01.05.2026, Panel пишет:\n> x"},
		"wrote, no signs": {"one\nPanel wrote:\nnothing", "one", "Panel wrote:\nnothing"},
		"copied header":   {"one\n\nFrom: Panel\nSent: Friday\nTo: R01\n\nx", "one", "From: Panel\nSent: Friday\nTo: R01\n\nx"},
		"copied, Russian": {"one\nОт: Panel\nОтправлено: пятница\nx", "one", "От: Panel\nОтправлено: пятница\nx"},
		"from alone":      {"From: here on\nall is well", "From: here on\nall is well", ""},
		"message, prose":  {"The original message was lost", "The original message was lost", ""},
		"rules":           {"-----\none\n-----", "-----\none\n-----", ""},
	} {
		m, err := Parse(mailOf("From: a@b.example", "Content-Type: text/plain; charset=utf-8", "", strings.ReplaceAll(c.text, "\n", "\r\n")))
		if err != nil || m.Text != c.own || m.Quoted != c.quoted {
			t.Errorf("%s: %q and %q, %v", name, m.Text, m.Quoted, err)
		}
	}
}

func TestHTML(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ html, own, quoted string }{
		"lines":      {"task: 1<br>status:&nbsp;TASK_QUEUED<br/>x &lt; y &amp;\n z", "task: 1\nstatus: TASK_QUEUED\nx < y & z", ""},
		"paragraphs": {"<p>one</p><p>two</p>", "one\n\ntwo", ""},
		"rows":       {"<table><tr><td>task:</td><td>1</td></tr><tr><td>status:</td><td>OK</td></tr></table>", "task: 1\nstatus: OK", ""},
		"list":       {"<ul><li>a<li>b</ul>", "a\nb", ""},
		"exact":      {"<pre>a: 1\n\n\nb: 2</pre>", "a: 1\n\nb: 2", ""},
		"left out":   {"<script>status: TASK_SUCCESS</script><style>x</style>one<!-- status: x -->", "one", ""},
		"quotation":  {"one<blockquote>status: TASK_SUCCESS<br>x</blockquote>two", "one\n\n\n\ntwo", "> status: TASK_SUCCESS\n> x"},
		"unclosed":   {"<div>one<div>two<b", "one\ntwo", ""},
	} {
		m, err := Parse(mailOf("From: a@b.example", "Content-Type: text/html; charset=utf-8", "", c.html))
		if err != nil || m.Text != c.own || m.Quoted != c.quoted {
			t.Errorf("%s: %q and %q, %v", name, m.Text, m.Quoted, err)
		}
	}
}

func report(parts ...string) []byte {
	lines := []string{"From: MAILER-DAEMON@relay.example", `Content-Type: multipart/report; report-type=delivery-status; boundary="b"`, "", "--b", "", "This is the mail system.", ""}
	for _, p := range parts {
		lines = append(lines, "--b", p, "")
	}
	return mailOf(append(lines, "--b--")...)
}

func TestBounce(t *testing.T) {
	t.Parallel()

	const status = "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; relay.example\r\n\r\n"
	const failed = "Final-Recipient: rfc822; robot@registrar.example\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 no such\r\n user"
	const delayed = "Final-Recipient: rfc822; bcc@panel.example\r\nAction: delayed\r\nStatus: 4.4.1 (no answer)"
	const original = "Content-Type: message/rfc822\r\n\r\nMessage-ID: <a@panel.example>\r\nSubject: x\r\n\r\nstatus: TASK_SUCCESS"
	robot := Delivery{Fate: Failed, Action: "failed", Status: "5.1.1", Diagnostic: "550 5.1.1 no such user", DiagnosticType: "smtp", Recipients: []string{"robot@registrar.example"}}
	copied := Delivery{Fate: Delayed, Action: "delayed", Status: "4.4.1", Recipients: []string{"bcc@panel.example"}}
	second := robot
	second.Recipients = []string{"bcc@panel.example"}

	original1 := Header{MessageID: "<a@panel.example>", Subject: "x"}
	of := func(h Header, d ...Delivery) Report {
		return Report{Formal: true, Reporter: "relay.example", Deliveries: d, Original: h}
	}
	for name, c := range map[string]struct {
		raw  []byte
		want Report
	}{
		"failed":            {report(status+failed, original), of(original1, robot)},
		"failed, no copy":   {report(status + failed), of(Header{}, robot)},
		"header of it only": {report(status+failed, "Content-Type: text/rfc822-headers\r\n\r\nMessage-ID: <a@panel.example>"), of(Header{MessageID: "<a@panel.example>"}, robot)},
		"international":     {report(strings.Replace(status, "message/", "message/global-", 1) + failed), of(Header{}, robot)},
		"delayed":           {report(status + delayed), of(Header{}, copied)},
		"delayed, failed":   {report(status+delayed+"\r\n\r\n"+failed, original), of(original1, copied, robot)},
		"failed, delayed":   {report(status+failed+"\r\n\r\n"+delayed, original), of(original1, robot, copied)},
		"two failed": {report(status + failed + "\r\n\r\n" + strings.Replace(failed, "robot@registrar", "bcc@panel", 1)),
			of(Header{}, robot, second)},
		"nothing told": {report(strings.TrimSpace(status)), of(Header{})},
		"for people only": {mailOf("From: MAILER-DAEMON@x.example", "Return-Path: <>", "", "I could not deliver it:", "550 5.7.1 not allowed", "", "Message-ID: <a@panel.example>"),
			Report{Deliveries: []Delivery{{Fate: Unread, Status: "5.7.1", Diagnostic: "550 5.7.1 not allowed"}}, Original: Header{MessageID: "<a@panel.example>"}}},
	} {
		m, err := Parse(c.raw)
		if err != nil || m.Kind != Bounce {
			t.Errorf("%s: %s %v", name, m.Kind, err)
			continue
		}

		if diff := cmp.Diff(&c.want, m.Bounce); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
		if strings.Contains(m.Text, "TASK_SUCCESS") {
			t.Errorf("%s: what was sent back is text: %q", name, m.Text)
		}
	}
}

// Reading takes no longer than a moment, whatever nests or repeats in a mail.
func TestHostileSize(t *testing.T) {
	t.Parallel()

	var deep, many bytes.Buffer
	deep.WriteString("From: a@b.example\r\n")
	for i := range 20000 {
		fmt.Fprintf(&deep, "Content-Type: multipart/mixed; boundary=x%d\r\n\r\n--x%[1]d\r\n", i)
	}

	many.WriteString("From: a@b.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n")
	many.WriteString(strings.Repeat("--b\r\n\r\n", 200000))
	for name, raw := range map[string][]byte{
		"deep":    deep.Bytes(),
		"many":    many.Bytes(),
		"long":    []byte("From: a@b.example\r\n\r\n" + strings.Repeat("status: TASK_SUCCESS\r\n", 100000)),
		"senders": []byte("From: " + strings.Repeat("a@b.example,", 5000) + "a@b.example\r\n\r\nx"),
		"header":  []byte(strings.Repeat("From: a@b.example\r\n", 100000) + "\r\nx"),
	} {
		done := make(chan Message, 1)
		go func() {
			m, _ := Parse(raw)
			done <- m
		}()

		select {
		case m := <-done:
			if len(m.Damaged) == 0 && name != "senders" {
				t.Errorf("%s: nothing is said to be wrong", name)
			}
			if len(m.Text) > maxText {
				t.Errorf("%s: text of %d bytes", name, len(m.Text))
			}
		case <-time.After(pace.Scale(90 * time.Second)): // it takes milliseconds; without limits, minutes
			t.Errorf("%s: still reading", name)
		}
	}
}

func TestContentHash(t *testing.T) {
	t.Parallel()

	const body = "task: 1\r\nstatus: TASK_QUEUED\r\n"
	base := "Message-ID: <1@x.example>\r\nFrom: robot@registrar.example\r\nSubject: Re: New domain\r\nDate: Fri, 01 May 2026 12:00:00 +0300\r\n\r\n" + body
	hash := ArrivalOf([]byte(base)).Hash
	for name, same := range map[string]string{
		"trace":        "Return-Path: <>\r\nReceived: from a by b;\r\n\tFri, 1 May 2026\r\nDelivered-To: x\r\nX-Spam: no\r\n" + base,
		"order":        strings.Replace(strings.Replace(base, "Message-ID: <1@x.example>\r\n", "", 1), "Date:", "Message-ID: <1@x.example>\r\nDate:", 1),
		"line ends":    strings.ReplaceAll(base, "\r\n", "\n"),
		"folding":      strings.Replace(base, "Re: New", "Re:\r\n New", 1),
		"end":          base + "\r\n\r\n",
		"name's case":  strings.Replace(base, "Subject:", "SUBJECT:", 1),
		"mailbox file": "From robot@registrar.example Fri May  1 12:00:00 2026\r\n" + base,
		"our mark":     "X-Panel: read\r\n" + base,
	} {
		if ArrivalOf([]byte(same)).Hash != hash {
			t.Errorf("%s: another hash for the same mail", name)
		}
	}

	for name, other := range map[string]string{
		"message id":    strings.Replace(base, "<1@", "<2@", 1),
		"sender":        strings.Replace(base, "robot@", "root@", 1),
		"second sender": "From: evil@x.example\r\n" + base,
		"subject":       strings.Replace(base, "Re: New", "Re: Old", 1),
		"date":          strings.Replace(base, "12:00", "12:01", 1),
		"body":          strings.Replace(base, "TASK_QUEUED", "TASK_SUCCESS", 1),
		"no header":     body,
		"empty":         "",
	} {
		if ArrivalOf([]byte(other)).Hash == hash {
			t.Errorf("%s: the same hash for another mail", name)
		}
	}

	if len(hash) != 64 || strings.Trim(hash, "0123456789abcdef") != "" {
		t.Errorf("not hexadecimal SHA-256: %s", hash)
	}
}

// The sentences are short and of mixed case, as robots write; either charset under no label.
func TestGuess(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		fact, "Домен", "ДОМЕН ЗАРЕГИСТРИРОВАН", "Заявка отклонена: Недостаточно средств на счёте.", "Клиент MYCO_1_1-R01 зарегистрирован",
		"Уважаемый партнёр!\nРезультат операции смотрите в личном кабинете.", "продлён до 01.05.2027", "Ошибка",
	} {
		for _, charset := range []string{"koi8-r", "windows-1251"} {
			if got := decode("", []byte(in(t, charset, text))); got != text {
				t.Errorf("%s: %q is read as %q", charset, text, got)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	seeds := [][]byte{
		mailOf("From: a@b.example", "Subject: =?koi8-r?B?8g==?=", "Content-Type: text/plain; charset=koi8-r", "Content-Transfer-Encoding: base64", "", "8g==", "> q"),
		mailOf("From a@b", "no field", "Content-Type: multipart/mixed; boundary=b", "", "--b", "Content-Type: text/html", "", "<p>x<blockquote>y", "--b--"),
		report("Content-Type: message/delivery-status\r\n\r\n\r\nAction: failed\r\nStatus: 5.1.1", "Content-Type: message/rfc822\r\n\r\nMessage-ID: <a@b>"),
		[]byte("\xff\xfe\x00"), []byte("a"), []byte(": x\n\n"), []byte("From: \xf2\xcf <a@b>\n\n-----Original Message-----\n"),
	}
	if len(seeds) == 0 {
		f.Fatal("no seeds")
	}

	for _, s := range seeds {
		f.Add(s)
	}

	f.Fuzz(func(t *testing.T, raw []byte) {
		before := bytes.Clone(raw)
		m, err := Parse(raw)
		if hash := ArrivalOf(raw).Hash; !bytes.Equal(raw, before) || ArrivalOf(raw).Hash != hash {
			t.Error("reading changed the mail")
		}
		if err != nil {
			return
		}
		if m.Kind == "" || (m.Kind == Bounce) != (m.Bounce != nil) {
			t.Errorf("kind %q with %v", m.Kind, m.Bounce)
		}
		if again := m.Likeness(); m.Likeness() != again || len(again) != 64 {
			t.Error("no likeness, or two")
		}

		if m.Bounce != nil {
			for _, d := range m.Bounce.Deliveries {
				if d.Fate == "" || d.Fate == Failed && d.Action != "failed" && m.Bounce.Formal {
					t.Errorf("fate %q of %+v", d.Fate, d)
				}
			}
		}

		for l := range strings.SplitSeq(m.Shown, "\n") {
			if strings.TrimSpace(l) != "" && len(m.Damaged) == 0 && m.Bounce == nil && strings.Contains(m.Quoted, l) && strings.HasPrefix(l, "status: TASK_") && !strings.Contains(m.Text, l) {
				t.Errorf("quotation is shown without a sign: %q", l)
			}
		}

		Source(raw)

		for l := range strings.SplitSeq(m.Text, "\n") {
			if isQuoted(l) || heading.MatchString(l) {
				t.Errorf("quotation is text: %q", l)
			}
		}

		if strings.ContainsAny(m.Text+m.Subject+m.Quoted, "\x00\r\x1b") || strings.Contains(m.Subject, "\n") {
			t.Errorf("control characters in %q %q", m.Subject, m.Text)
		}
	})
}
