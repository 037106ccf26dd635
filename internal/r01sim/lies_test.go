package r01sim

import (
	"bytes"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"registrar.panel/shared/registrar"
)

// shapes are what the mails of a kind have in common, as patterns of what a reader of theirs
// sees; %s is the request's object.
var shapes = map[LieKind]string{
	"success-lines":      `(?m)^domain: %s\n(.*\n)*status: TASK_SUCCESS$`,
	"success-prose":      `%s (has been|зарегистрирован и делегирован|продлён|изменён)`,
	"refusal":            `%s(.*\n)*.*The service is not available`,
	"no-funds":           `%s(.*\n)*.*(Not enough funds|Недостаточно средств)`,
	"auth-failed":        `%s(.*\n)*.*(Wrong agreement or password|Неверный номер договора)`,
	"queued":             `(?s)700\d\d\d.*%s|%s.*700\d\d\d`,
	"guessed-task":       `^task: 10485\d\d\n(queue: .*\n)?status: TASK_(SUCCESS|FAILURE)\n`,
	"taken-over":         `nic-hdl: ATTACKER_1_\d{5}-R01\nstatus: TASK_SUCCESS`,
	"bounce":             `(?s)%s could not be delivered.*Status: 5\.1\.1`,
	"many-names":         `(?s)(named\d.*){20}`,
	"automatic":          `%s`,
	"foreign-thread":     `%s`,
	"taken-id":           `The service is not available|%s`,
	"forged-proof":       `%s`,
	"quoted-indented":    `(?s)\n\n(    |\t|  )(action: |Domain|Домен|Client|Клиент)`,
	"quoted-forward":     `(?s)(From|От|От кого)(:|:\*) .*robot@registrar\.example.*\n\n.*%s`,
	"quoted-attribution": `(wrote|писал\(а\).*|пишет|UTC|г\., 10:00:00|>):\n\n`,
	"quoted-struck":      `(<s>|<del>|<strike>|line-through|display:none|hidden)(.|\n)*%s`,
	"quoted-attached":    `Content-Type: message/rfc822\r?\n\r?\n(.*\n)*.*%s`,
	"quoted-digest":      `(?s)^--=_P\r?\n\r?\nFrom: robot@.*%s`,
	"quoted-report":      `(?s)Content preview:  .*%s.* \[\.\.\.\].*message/rfc822`,
	"contradiction":      `(?s)TASK_SUCCESS.*TASK_FAILURE|TASK_FAILURE.*TASK_SUCCESS`,
	"taken-back":         `(?s)%s.+(аннулирована|отозвана|приостановлено|revoked|withdrawn|suspended|удалена|blocked|истёк)`,
	"denied-lines":       `(?s)(аннулирована|отозвана|приостановлено|revoked|withdrawn|suspended|удалена|blocked|истёк).*TASK_SUCCESS|TASK_SUCCESS.*(аннулирована|отозвана|приостановлено|revoked|withdrawn|suspended|удалена|blocked|истёк)`,
	"conditional":        `^(After payment|По готовности|Пример|Тестовый режим|If the registry|Sample).*%s`,
	"impossible-date":    `%s`,
	"before-request":     `%s`,
	"other-recipient":    `%s`,
	"other-domain":       `(new|prolonged|old|other-\d+)\.ru`,
	"other-domains":      `(?s)(named\d.*){20}`,
	"other-action":       `action: \w+\n(.*\n)*domain: %s\n`,
	"leaked-handle":      `ATTACKER_1_\d{5}-R01`,
	"passport-task":      `^task: Сидоров Сидор 4510 123456\n`,
	"out-of-office":      `отпуске|out of the office|обращение|ticket`,
	"leaked-success":     `%s`,
	"leaked-refusal":     `The service is not available`,
	"leaked-no-funds":    `Not enough funds|Недостаточно средств`,
	"leaked-auth-failed": `Wrong agreement or password|Неверный номер договора`,
	"leaked-queued":      `700\d\d\d`,
	"leaked-bounce":      `(?s)Status: 5\.1\.1.*Message-ID: <`,
	"leaked-proof":       `%s`,
}

// Each kind is what the table says of it.
func TestLies_shapes(t *testing.T) {
	t.Parallel()
	eavesdropped(t, func(t *testing.T, s *Simulator) {
		eachLie(t, s, func(_ string, l Lie, a answerMail) {
			if strings.HasPrefix(string(l.Kind), "replay") {
				return // they have a test of their own
			}
			shape, ok := shapes[l.Kind]
			if !ok {
				t.Fatalf("%s: no shape", l.Kind)
			}
			if !regexp.MustCompile(strings.ReplaceAll(shape, "%s", regexp.QuoteMeta(l.Object))).MatchString(a.text) {
				t.Errorf("%s about %s does not match %s:\n%s", l.Kind, l.Object, shape, a.text)
			}
		})
	})
}

// What is wrong with some kinds does not stand in their text.
func TestLies_misfit(t *testing.T) {
	t.Parallel()

	eavesdropped(t, func(t *testing.T, s *Simulator) {
		now, facts := s.options.Now(), map[Fact]bool{}
		actions := map[string]Action{"fresh": ActionNew, "renewed": ActionProlong, "changed": ActionUpdate}
		eachLie(t, s, func(token string, l Lie, a answerMail) {
			to := a.header.Get("To")
			if (to == testCallback) != (l.Kind != "other-recipient") {
				t.Errorf("%s is to %s", l.Kind, to)
			}

			date, err := a.header.Text("Date")
			if err != nil || date == "" {
				t.Errorf("%s is of no time", l.Kind)
			}

			switch l.Kind {
			case "before-request":
				if l.Date.After(now.Add(-47 * time.Hour)) {
					t.Errorf("%s is of %s", l.Kind, l.Date)
				}
			case "impossible-date":
				if till := l.Claims[0].PaidTill; plausible(token, till, s.today()) {
					t.Errorf("%s of %s says paid till %s", l.Kind, token, till)
				}
			case "other-domain":
				if l.Claims[0].Object == l.Object {
					t.Errorf("%s is about the request's own", l.Kind)
				}
			case "other-action":
				if l.Claims[0].Action == actions[token] {
					t.Errorf("%s says %s of %s", l.Kind, l.Claims[0].Action, token)
				}
			case "taken-id":
				facts[l.Claims[0].Fact] = true
				if !regexp.MustCompile(`^<task-\d+-done-1\.1@r01sim\.invalid>$`).MatchString(l.MessageID) {
					t.Errorf("%s has the Message-ID %s", l.Kind, l.MessageID)
				}
			case "foreign-thread":
				if a.header.Get("In-Reply-To") != "<over@panel.example>" {
					t.Errorf("%s answers %s", l.Kind, a.header.Get("In-Reply-To"))
				}
			case "forged-proof", "leaked-proof":
				if n := len(slices.Collect(maps.Keys(a.header.Map()))); n == 0 || a.header.Get("DKIM-Signature") == "" {
					t.Errorf("%s has no signature", l.Kind)
				}
			}
		})

		if !facts[FactRejected] || !facts[FactDone] {
			t.Errorf("taken-id claims %v only", facts)
		}
	})
}

// plausible is what a registry sells: a year from today, or from the expiry in 20 days.
func plausible(token string, till, today registrar.Date) bool {
	year := today.AddYears(1)
	if token == "renewed" {
		year = today.AddDays(20).AddYears(1)
	}
	off := till.DaysSince(year)
	return -5 <= off && off <= 5
}

// Replays are the robot's mails about requests that are over, changed as their kind says.
func TestLies_replay(t *testing.T) {
	t.Parallel()

	eavesdropped(t, func(t *testing.T, s *Simulator) {
		spoken := map[string][]byte{} // by what they say
		for _, raw := range s.Sent() {
			spoken[parseAnswer(t, raw).text] = raw
		}

		eachLie(t, s, func(token string, l Lie, a answerMail) {
			if !strings.HasPrefix(string(l.Kind), "replay") || l.Kind == "replay-unbound" || l.Kind == "replay-encoded" {
				return
			}
			if l.Repeats != "<over@panel.example>" {
				t.Errorf("%s repeats an answer to %s", l.Kind, l.Repeats)
			}

			raw := spoken[unblanked(a.text)]
			if raw == nil {
				t.Fatalf("%s says what R01 never said:\n%s", l.Kind, a.text)
			}

			if token == "changed" && !strings.Contains(a.text, "old.ru") {
				t.Errorf("%s is of another domain, though there is one of old.ru", l.Kind)
			}

			was := parseAnswer(t, raw)
			same := map[string]bool{"bytes": bytes.Equal(raw, l.Raw), "text": a.text == was.text,
				"id": a.header.Get("Message-ID") == was.header.Get("Message-ID"), "date": a.header.Get("Date") == was.header.Get("Date"),
				"thread": a.header.Get("In-Reply-To") == was.header.Get("In-Reply-To")}
			want := map[string]bool{"bytes": l.Kind == "replay", "text": l.Kind != "replay-blanks",
				"id": l.Kind == "replay" || l.Kind == "replay-blanks", "date": !strings.HasSuffix(string(l.Kind), "-date"), "thread": true}
			if !maps.Equal(same, want) {
				t.Errorf("%s is the same in %v, want %v", l.Kind, same, want)
			}
		})
	})
}

// unblanked is a text without blanks at the ends of its lines.
func unblanked(text string) string {
	return regexp.MustCompile(`(?m)[ \t]+$`).ReplaceAllString(text, "")
}

// What is old is said again in other clothes.
func TestLies_replayAnew(t *testing.T) {
	t.Parallel()
	eavesdropped(t, func(t *testing.T, s *Simulator) {
		eachLie(t, s, func(_ string, l Lie, a answerMail) {
			switch l.Kind {
			case "replay-unbound":
				if a.header.Has("In-Reply-To") || !strings.Contains(a.text, l.Claims[0].Object) {
					t.Errorf("%s answers %q or says nothing of %s", l.Kind, a.header.Get("In-Reply-To"), l.Claims[0].Object)
				}
			case "replay-encoded":
				if cte := a.header.Get("Content-Transfer-Encoding"); cte == "8bit" || a.header.Get("In-Reply-To") != "<over@panel.example>" {
					t.Errorf("%s is %s and answers %q", l.Kind, cte, a.header.Get("In-Reply-To"))
				}
			}
		})
	})
}
