package message

import (
	"encoding/base64"
	"os"
	"regexp"
	"strings"
	"testing"

	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/shared/registrar"
)

// reading is what the rules make of a mail, as it is made of every mail.
func reading(t testing.TB, raw []byte) (Message, mailform.Reading) {
	t.Helper()
	m, err := Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	r, problems := mailform.NewRecogniser(nil)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return m, r.Recognise(mailform.Input{From: m.From, Subject: m.Subject, Text: m.Text})
}

func plainMail(text string) []byte {
	return mailOf("From: robot@registrar.example", "Subject: Re: Request", "Content-Type: text/plain; charset=utf-8", "", strings.ReplaceAll(text, "\n", "\r\n"))
}

// oldFacts are what a reply of last year says.
var oldFacts = []string{
	"domain: newtime.ru\nstatus: TASK_SUCCESS\nstate: REGISTERED, DELEGATED\npaid-till: 2027.11.28",
	fact, "Domain newtime.ru has been prolonged until 2027.11.28.", "status: TASK_FAILURE\nmessage: Insufficient funds",
}

var openingHead = regexp.MustCompile(`(?m)^== (.*)\n`)

// Below a line that opens a quotation, whatever program wrote it, nothing is evidence: alone,
// below a greeting, and below a word of the author's.
func TestOpeningsOfQuotation(t *testing.T) {
	t.Parallel()

	raw, err := os.ReadFile("testdata/openings.txt")
	if err != nil {
		t.Fatal(err)
	}

	heads := openingHead.FindAllSubmatchIndex(raw, -1)
	if len(heads) < 50 {
		t.Fatalf("%d openings", len(heads))
	}

	for i, h := range heads {
		end := len(raw)
		if i+1 < len(heads) {
			end = heads[i+1][0]
		}

		name, opening := string(raw[h[2]:h[3]]), strings.TrimRight(string(raw[h[1]:end]), "\n")
		for _, above := range []string{"", "Добрый день!\n\n", "Проверяем вашу заявку.\n\n"} {
			for _, below := range oldFacts {
				m, got := reading(t, plainMail(above+opening+"\n\n"+below+"\n"))
				if len(got.Results) > 0 {
					t.Errorf("%s: %+v", name, got.Results)
				}
				if !strings.Contains(m.Quoted, below) || strings.Contains(m.Text, below) || !strings.Contains(m.Shown, "> "+strings.Split(below, "\n")[0]) {
					t.Errorf("%s: text %q, quoted %q, shown %q", name, m.Text, m.Quoted, m.Shown)
				}
			}
		}

		if _, got := reading(t, plainMail(fact+"\n\n"+opening+"\n\nstatus: TASK_FAILURE\nmessage: no\n")); len(got.Results) != 1 || got.Results[0].Outcome != registrar.ReplyDone {
			t.Errorf("%s: what stands above it is read as %+v", name, got)
		}
	}
}

// What only looks like an opening stays what the author says.
func TestNoOpenings(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"Уважаемый партнёр:", "Результат обработки вашей заявки:", "Ваша заявка отклонена:\nимя занято", "-- R01 --", "----- R01 -----", "-----", "=====\ndomain: a1.ru",
		"From: here on all is well", "Re: the matter", "Кому: всем", "Дата: 24.11.2026", "date: 24.11.2026\ndomain: a1.ru\nstatus: TASK_QUEUED", "task: 1\naction: NEW\nobject: domain",
		"-----BEGIN PGP SIGNED MESSAGE-----", "The original message was lost", "This is what he wrote", "Сайт: http://www.r01.ru", "Your request:", "To: be or not to be", "Телефон: +7 495 1234567\nСайт: www.r01.ru",
		"Message: none", "Письмо получено.", "Как мы уже писали, домен продлён.", "A > B", "paid-till: 2027.11.28",
	} {
		m, _ := reading(t, plainMail(text))
		if m.Quoted != "" || m.Text != text {
			t.Errorf("%q: text %q, quoted %q", text, m.Text, m.Quoted)
		}
	}
}

// What HTML strikes out, hides, bars or indents states nothing.
func TestHTMLThatStatesNothing(t *testing.T) {
	t.Parallel()

	for name, around := range map[string]string{
		"struck":               "<s>%</s>",
		"struck, del":          "<p>one</p><del>%</del>",
		"struck, strike":       "<div><strike>%</strike></div>",
		"struck by style":      `<span style="text-decoration: line-through">%</span>`,
		"struck around blocks": `<del><p>%</p></del>`,
		"hidden":               `<div style="display:none">%</div>`,
		"hidden, with more":    `<div style="color:red;display: none !important;max-height:0">%</div>`,
		"invisible":            `<p style='visibility:hidden'>%</p>`,
		"of no size":           `<span style="font-size:0px">%</span>`,
		"of no height":         `<div style="max-height:0;overflow:hidden">%</div>`,
		"transparent":          `<div style="opacity:0">%</div>`,
		"hidden attribute":     `<div hidden>%</div>`,
		"of Outlook":           `<p style="mso-hide:all">%</p>`,
		"white":                `<p style="color:#ffffff">%</p>`,
		"white font":           `<font color="white">%</font>`,
		"white on white":       `<td bgcolor="#fff"><p style="background:#ffffff;color:#FFF">%</p></td>`,
		"nested in hidden":     `<div style="display:none"><span style="color:red"><div>x</div></span><div>%</div></div>`,
		"quotation":            `<blockquote>%</blockquote>`,
		"of Gmail":             `<div class="gmail_quote"><div>%</div></div>`,
		"of Yahoo":             `<div id="yahoo_quoted_1">%</div>`,
		"of Thunderbird":       `<div class="moz-forward-container">%</div>`,
		"barred":               `<div style="border:none;border-left:solid blue 1.5pt;padding:0 0 0 4pt">%</div>`,
		"indented":             `<div style="margin-left:36.0pt">%</div>`,
		"indented by four":     `<p style="margin: 0 0 0 40px">%</p>`,
		"indented by blanks":   `<p>&nbsp;&nbsp;&nbsp;&nbsp;%</p>`,
		"in a script":          `<script>%</script>`,
		"in a comment":         `<!-- % -->`,
		"in a title":           `<title>%</title>`,
		"header of Outlook":    `<div style="border-top:solid #E1E1E1 1.0pt"><p><b>From:</b> robot<br><b>Sent:</b> Monday<br></p></div><p>%</p>`,
	} {
		for _, f := range []string{fact, "<pre>domain: newtime.ru\nstatus: TASK_SUCCESS\nstate: REGISTERED, DELEGATED</pre>"} {
			raw := mailOf("From: robot@registrar.example", "Content-Type: text/html; charset=utf-8", "", "<html><body>"+strings.ReplaceAll(around, "%", f)+"</body></html>")
			if name == "indented by blanks" && strings.HasPrefix(f, "<pre>") {
				continue // a block of its own
			}
			if _, got := reading(t, raw); len(got.Results) > 0 {
				t.Errorf("%s: %+v", name, got.Results)
			}
		}
	}
}

// What HTML merely shows in its way is read.
func TestHTMLThatStates(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"paragraphs":        "<p>domain: newtime.ru</p><p>status: TASK_SUCCESS</p><p>state: REGISTERED, DELEGATED</p>",
		"breaks":            "domain: <b>newtime.ru</b><br>status: TASK_SUCCESS<br>state: REGISTERED, DELEGATED",
		"a link":            `<div>domain: <a href="http://newtime.ru">newtime.ru</a></div><div>status: TASK_SUCCESS</div><div>state: REGISTERED, DELEGATED</div>`,
		"cells":             "<table><tr><td>domain:</td><td>newtime.ru</td></tr><tr><td>status:</td><td>TASK_SUCCESS</td></tr><tr><td>state:</td><td>REGISTERED, DELEGATED</td></tr></table>",
		"white on blue":     `<table><tr><td bgcolor="#003366"><p style="color:#fff">` + fact + `</p></td></tr></table>`,
		"after a hidden":    `<div style="display:none">x</div><p>` + fact + `</p>`,
		"after unclosed":    `<p style="display:none">x<p>` + fact,
		"padded":            `<div style="padding:20px;margin:0 auto">` + fact + `</div>`,
		"Outlook's classes": `<p class="MsoNormal">` + fact + `<o:p></o:p></p>`,
	} {
		raw := mailOf("From: robot@registrar.example", "Content-Type: text/html; charset=utf-8", "", "<html><body>"+body+"</body></html>")
		if m, got := reading(t, raw); len(got.Results) != 1 || got.Results[0].Outcome != registrar.ReplyDone {
			t.Errorf("%s: %+v of %q", name, got, m.Text)
		}
	}
}

// Reading is the same in every charset, encoding and shape of line end.
func TestReadingIsStable(t *testing.T) {
	t.Parallel()

	for _, text := range []string{
		fact, "Домен newtime.ru продлён до 01.05.2027. Спасибо, что выбрали R01.", "Заявка на продление домена newtime.ru отклонена: недостаточно средств на счёте.",
		"task: 1\naction: PROLONG\ndomain: newtime.ru\nstatus: TASK_FAILURE\nmessage: Недостаточно средств на лицевом счёте", "Пример: домен newtime.ru продлён.",
		"Домен newtime.ru продлён.\n\nЭто письмо отправлено по ошибке.", "Domain newtime.ru has been prolonged until 2027.05.01.",
	} {
		_, want := reading(t, plainMail(text))
		for _, charset := range []string{"koi8-r", "windows-1251", "utf-8"} {
			for _, label := range []string{charset, "us-ascii", "iso-8859-1", "x-unknown", "koi8-r", "windows-1251", "iso-8859-5", "x-user-defined", "utf-8"} {
				for _, end := range []string{"\r\n", "\n", "\r\r\n"} {
					bytes := in(t, charset, strings.ReplaceAll(text, "\n", end))
					for encoding, body := range map[string]string{"8bit": bytes, "base64": base64.StdEncoding.EncodeToString([]byte(bytes)), "quoted-printable": qp(bytes)} {
						raw := mailOf("From: robot@registrar.example", "Subject: Re: Request", "Content-Type: text/plain; charset="+label, "Content-Transfer-Encoding: "+encoding, "", body)
						m, got := reading(t, raw)
						if got.Doubt != want.Doubt || len(got.Results) != len(want.Results) || len(got.Results) > 0 && got.Results[0] != want.Results[0] {
							t.Errorf("%s as %s, %s: %q is %+v, want %+v", charset, label, encoding, m.Text, got, want)
						}
					}
				}
			}
		}
	}
}
