package phrasebook

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"registrar.panel/shared/registrar"
)

func phrase(en, ru string) registrar.Phrase {
	return registrar.Phrase{Code: en, Texts: map[string]string{"en": en, "ru": ru}}
}

func TestSay(t *testing.T) {
	t.Parallel()

	b := New("ru", phrase("being sent", "отправка"), phrase("registration of {name}", "регистрация {name}"), phrase("renewed", "продлён"),
		phrase("paid till {date}", "оплачен до {date}"), phrase("waits for {what}", "ждёт: {what}"), phrase("{n} mails wait", "писем: {n}"), phrase("{n} Queued", "в очереди: {n}"), phrase("{n} Sent", "ушло: {n}"),
		phrase("ones begun: {count}", "начато: {count}"), phrase("ones told: {count}", "сказано: {count}"), phrase("ones held: {count}", "задержано: {count}"), phrase("ones mended: {count}", "исправлено: {count}"),
		phrase("it was {a}, now {b}", "теперь {b}, было {a}"), phrase("a registration of {name}", "не тот"), phrase("{name} is {state}", "{name}: {state}"), phrase("registrar {registrar} has it", "есть у {registrar}"), registrar.Phrase{Code: "x", Texts: map[string]string{"en": "untold"}})
	for _, x := range []struct {
		said string
		want []Part
	}{
		{"being sent", []Part{{"отправка", false}}},
		{"registration of a.ru", []Part{{"регистрация a.ru", false}}},
		{"registration of a.ru: renewed, paid till 2027-01-01", []Part{{"регистрация a.ru: продлён, оплачен до 2027-01-01", false}}},
		{"waits for being sent", []Part{{"ждёт: отправка", false}}},
		{"a.ru: renewed", []Part{{"a.ru: продлён", false}}},
		{"renewed (being sent)", []Part{{"продлён (отправка)", false}}},
		{"renewed: connection refused by peer", []Part{{"продлён: ", false}, {"connection refused by peer", true}}},
		{"registration of a.ru: the server is away", []Part{{"регистрация a.ru: ", false}, {"the server is away", true}}},
		{"renewed: Недостаточно средств", []Part{{"продлён: Недостаточно средств", false}}},
		{"a.ru is renewed", []Part{{"a.ru: продлён", false}}},
		{"registrar renewed has it", []Part{{"есть у renewed", false}}}, // that is a name
		{"this is so", []Part{{"this is so", true}}},
		{"3 mails wait", []Part{{"писем: 3", false}}},
		{"2 Queued, 1 Sent", []Part{{"в очереди: 2, ушло: 1", false}}},
		{"renewed; ones begun: 1, ones told: 0, ones held: 0, ones mended: 12", []Part{{"продлён; начато: 1, сказано: 0, задержано: 0, исправлено: 12", false}}},
		{"it was x, now y", []Part{{"теперь y, было x", false}}},
		{"untold", []Part{{"untold", false}}},
		{"words of no phrase: renewed", []Part{{"words of no phrase: renewed", true}}},
		{"", nil},
	} {
		if diff := cmp.Diff(x.want, b.Say(x.said)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", x.said, diff)
		}
	}
}

// Without phrases a sentence stays what it is, whatever it is, and with them nothing hangs or is lost
// that no phrase covers.
func TestSayKeepsWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()

	none := New("ru")
	some := New("ru", phrase("{a}: {b}", "{a}: {b}"), phrase("{a}; {b}", "{a}; {b}"), phrase("paid {x}", "paid {x}"))
	rapid.Check(t, func(t *rapid.T) {
		said := strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "paid ", ": ", "; ", "(", ")", " (", ", ", "{a}", "слово", "\n", "\xff"}), 0, 60).Draw(t, "said"), "")
		if got := textOf(none.Say(said)); got != said {
			t.Fatalf("%q became %q without a phrase", said, got)
		}
		if got := textOf(some.Say(said)); got != said {
			t.Fatalf("%q became %q by phrases that say the same", said, got)
		}
	})
}

func textOf(parts []Part) (text string) {
	for _, p := range parts {
		text += p.Text
	}
	return text
}
