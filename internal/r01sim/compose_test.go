package r01sim

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"registrar.panel/shared/registrar"
)

func testReply(r result) reply {
	return reply{to: testCallback, from: testGateway, messageID: "<m@r01sim.invalid>", subject: "R01 task-1",
		date: noon, results: []result{r},
		request: origin{subject: "Новый домен [t1]", messageID: "<t1@panel.example>", text: "action: NEW\npassword: secret\ndomain: newtime.ru"}}
}

func registered() result {
	return result{task: 1048577, action: ActionNew, kind: KindDomain, object: "newtime.ru", status: TaskSuccess,
		state: stateDelegated, paidTill: registrar.Date{Year: 2027, Month: time.November, Day: 24}}
}

// Every layout, language, charset and encoding says the same, read by a library that
// the simulator does not use.
func TestCompose_styles(t *testing.T) {
	t.Parallel()

	says := map[Layout]map[Language]string{
		LayoutLines: {
			English: "task: 1048577\naction: NEW\nobject: domain\ndomain: newtime.ru\nstatus: TASK_SUCCESS\nstate: REGISTERED, DELEGATED\npaid-till: 2027.11.24\n",
			Russian: "task: 1048577\naction: NEW\nobject: domain\ndomain: newtime.ru\nstatus: TASK_SUCCESS\nstate: REGISTERED, DELEGATED\npaid-till: 2027.11.24\n",
		},
		LayoutProse: {
			English: "Domain newtime.ru has been registered and delegated. It is paid till 2027.11.24.\n",
			Russian: "Домен newtime.ru зарегистрирован и делегирован. Оплачен до 24.11.2027.\n",
		},
	}
	for _, layout := range layouts() {
		for _, language := range languages() {
			for _, charset := range charsets() {
				for _, encoding := range encodings() {
					style := Style{Layout: layout, Language: language, Charset: charset, Encoding: encoding, Quote: QuoteNone}
					raw := testReply(registered()).compose(style)
					got := parseAnswer(t, raw)
					if got.text != says[layout][language] {
						t.Errorf("%+v says\n%q", style, got.text)
					}
					if cte := got.header.Get("Content-Transfer-Encoding"); cte != encoding {
						t.Errorf("%+v is encoded as %s", style, cte)
					}
				}
			}
		}
	}
}

// The bytes of an 8-bit answer, written down by hand from the code tables.
func TestCompose_bytes(t *testing.T) {
	t.Parallel()
	for charset, word := range map[string]string{ // "Домен"
		charsetKOI8R:       "\xe4\xcf\xcd\xc5\xce newtime.ru",
		charsetWindows1251: "\xc4\xee\xec\xe5\xed newtime.ru",
		charsetUTF8:        "\xd0\x94\xd0\xbe\xd0\xbc\xd0\xb5\xd0\xbd newtime.ru",
	} {
		raw := testReply(registered()).compose(Style{Layout: LayoutProse, Language: Russian, Charset: charset, Encoding: "8bit"})
		if !bytes.Contains(raw, []byte(word)) {
			t.Errorf("%s: %q", charset, raw)
		}
		if bytes.Contains(bytes.ReplaceAll(raw, []byte("\r\n"), nil), []byte("\n")) {
			t.Errorf("%s: a line ends in LF alone", charset)
		}
	}
}

func TestCompose_sentences(t *testing.T) {
	t.Parallel()

	task := func(kind Kind, object string, a Action, status TaskStatus) result {
		return result{task: 7, action: a, kind: kind, object: object, status: status, message: "WHY"}
	}
	undelegated := registered()
	undelegated.state, undelegated.message = stateNotDelegated, notDelegated
	prolonged := registered()
	prolonged.action = ActionProlong
	for _, row := range []struct {
		r                result
		english, russian string
	}{
		{undelegated, "Domain newtime.ru has been registered but not delegated: The registrant's phone has not been checked. It is paid till 2027.11.24.",
			"Домен newtime.ru зарегистрирован, но не делегирован: Не проверен телефон администратора домена. Оплачен до 24.11.2027."},
		{prolonged, "Domain newtime.ru has been prolonged until 2027.11.24.", "Домен newtime.ru продлён до 24.11.2027."},
		{task(KindDomain, "newtime.ru", ActionNew, TaskQueued), "The request to register domain newtime.ru has been put in the queue (task 7).",
			"Заявка на регистрацию домена newtime.ru поставлена в очередь (задание 7)."},
		{task(KindDomain, "newtime.ru", ActionProlong, TaskFailure), "The request to prolong domain newtime.ru has been rejected: WHY",
			"Заявка на продление домена newtime.ru отклонена: WHY"},
		{task(KindDomain, "newtime.ru", ActionUpdate, TaskSuccess), "Domain newtime.ru has been changed.", "Домен newtime.ru изменён."},
		{task(KindPerson, "A-R01", ActionNew, TaskSuccess), "Client A-R01 has been registered.", "Клиент A-R01 зарегистрирован."},
		{task(KindOrganization, "A-ORG-R01", ActionUpdate, TaskSuccess), "Client A-ORG-R01 has been changed. WHY", "Клиент A-ORG-R01 изменён. WHY"},
		{result{action: ActionNew, status: TaskFailure, message: wrongAccount}, "The request has been rejected: Wrong agreement or password.",
			"Заявка отклонена: Неверный номер договора или пароль."},
		{result{action: ActionNew, status: TaskFailure, message: noFunds}, "The request has been rejected: Not enough funds on the account.",
			"Заявка отклонена: Недостаточно средств на счёте."},
	} {
		if got := row.r.prose(English); got != row.english+"\n" {
			t.Errorf("says %q, want %q", got, row.english)
		}
		if got := row.r.prose(Russian); got != row.russian+"\n" {
			t.Errorf("says %q, want %q", got, row.russian)
		}
	}
}

func TestCompose_knobs(t *testing.T) {
	t.Parallel()

	style := Calm().Style
	got := parseAnswer(t, testReply(registered()).compose(style))
	if subject, _ := got.header.Text("Subject"); subject != "Re: Новый домен [t1]" {
		t.Errorf("subject %q", subject)
	}

	if got.header.Get("References") != "<t1@panel.example>" {
		t.Error("not threaded")
	}

	style.Threaded, style.KeepSubject, style.OddHeaders, style.ExtraLines = false, false, true, true
	raw := testReply(registered()).compose(style)
	got = parseAnswer(t, raw)
	if got.header.Get("Subject") != "R01 task-1" || got.header.Has("In-Reply-To") || got.header.Has("References") {
		t.Errorf("still tied to the request: %q", raw)
	}

	if !bytes.Contains(raw, []byte("CONTENT-TYPE:\r\n\ttext/plain")) {
		t.Errorf("header is not odd: %q", raw)
	}
	if !strings.Contains(got.text, "queue: partners-2\n") {
		t.Errorf("no extra line in %q", got.text)
	}

	style.Layout = LayoutProse
	if got = parseAnswer(t, testReply(registered()).compose(style)); !strings.HasPrefix(got.text, "-- R01 --\n") {
		t.Errorf("no extra line in %q", got.text)
	}
}

func TestCompose_quotes(t *testing.T) {
	t.Parallel()
	style := Calm().Style
	for how, want := range map[Quotation]string{
		QuotePrefixed: "\n> action: NEW\n> password: secret\n> domain: newtime.ru\n",
		QuoteTail:     "\n-----Original Message-----\naction: NEW\npassword: secret\ndomain: newtime.ru\n",
	} {
		style.Quote = how
		if got := parseAnswer(t, testReply(registered()).compose(style)); !strings.HasSuffix(got.text, want) {
			t.Errorf("%s quotes %q", how, got.text)
		}
	}
}

// A text that a charset lacks goes as UTF-8, never with question marks.
func TestCompose_charsetTooSmall(t *testing.T) {
	t.Parallel()
	r := testReply(registered())
	r.request.text = "descr: «Ньютайм» № 5"
	style := Calm().Style
	style.Quote = QuotePrefixed
	got := parseAnswer(t, r.compose(style))
	if !strings.Contains(got.text, "> descr: «Ньютайм» № 5") || got.header.Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("%s: %q", got.header.Get("Content-Type"), got.text)
	}
}
