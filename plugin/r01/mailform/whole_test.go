package mailform

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"registrar.panel/shared/registrar"
)

// texts are all mails of the vectors and tables.
func texts(t testing.TB) (all []string) {
	t.Helper()
	for _, path := range vectors(t) {
		all = append(all, readVector(t, path).text)
	}
	paths, err := filepath.Glob("testdata/tables/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		for _, c := range readingCases(t, path) {
			all = append(all, c.text)
		}
	}
	return all
}

// marks are ways to quote a line.
var marks = []string{"> ", ">", "> > ", "SS> ", "ИП> ", "    ", "\t", " "}

// marked is a text with a mark before each of its lines.
func marked(text, mark string) string {
	return mark + strings.ReplaceAll(strings.ReplaceAll(strings.TrimRight(text, "\n"), "\r", ""), "\n", "\n"+mark)
}

// noMore reports whether a reading has no result that another does not have.
func noMore(got, than Reading) bool {
	return !slices.ContainsFunc(got.Results, func(r Result) bool { return !slices.Contains(than.Results, r) })
}

// A copy of any mail that is quoted or indented, below or above another, states nothing.
func TestQuotationAddsNothing(t *testing.T) {
	t.Parallel()

	all, r := texts(t), builtIn(t)
	rapid.Check(t, func(t *rapid.T) {
		one, other := rapid.SampledFrom(all).Draw(t, "one"), rapid.SampledFrom(all).Draw(t, "other")
		mark := rapid.SampledFrom(marks).Draw(t, "mark")
		alone := r.Recognise(Input{Text: one})
		for where, text := range map[string]string{
			"below": one + "\n\n" + marked(other, mark), "above": marked(other, mark) + "\n\n" + one, "alone": marked(other, mark),
		} {
			than := alone
			if where == "alone" {
				than = Reading{}
			}
			if got := r.Recognise(Input{Text: text}); !noMore(got, than) {
				t.Fatalf("%s, with %q:\n%s\nis read as %+v", where, mark, text, got)
			}
		}
	})
}

// Lines that some mailer broke change nothing, or make the mail doubtful or silent.
func TestWrappingChangesNoOutcome(t *testing.T) {
	t.Parallel()
	all, r := texts(t), builtIn(t)
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SampledFrom(all).Draw(t, "text")
		width := rapid.IntRange(8, 76).Draw(t, "width")
		folded := rapid.SampledFrom([]string{"\n", "\n ", "\n\t"}).Draw(t, "break")
		whole, broken := r.Recognise(Input{Text: text}), r.Recognise(Input{Text: wrapped(text, width, folded)})
		for _, got := range broken.Results {
			if !slices.ContainsFunc(whole.Results, func(w Result) bool {
				return w.Outcome == got.Outcome && w.Domain == got.Domain && w.Handle == got.Handle
			}) {
				t.Fatalf("in lines of %d:\n%s\nis read as %+v, and whole as %+v", width, wrapped(text, width, folded), broken, whole)
			}
		}
	})
}

// wrapped breaks the lines of a text at blanks, though not behind what marks a line.
func wrapped(text string, width int, with string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		at := len(mark.FindString(line))
		b.WriteString(line[:at])
		line = line[at:]
		for i, word := range strings.SplitAfter(line, " ") {
			if n := len([]rune(word)); i > 0 && at+n > width {
				b.WriteString(with)
				at = n
			} else {
				at += n
			}
			b.WriteString(word)
		}
	}
	return b.String()
}

var mark = regexp.MustCompile(`^[ \t]*(?:[\pL\pN]{0,6}[>|][>| \t]*)?`)

// strange are sentences that are not known: none of them may stand beside a success.
var strange = []string{
	"Всё сказанное относится к прошлой неделе.", "Слон спит.", "The moon is made of cheese.", "Это было вчера, а сегодня иначе.",
	"Please read it the other way round.", "Реестр передумал.", "The registry changed its mind.", "См. пункт 7.", "Прочее на обороте.",
}

// A sentence that is not known, put anywhere into the paragraph of a success or before it,
// leaves the mail to a person.
func TestStrangeSentenceIsDoubt(t *testing.T) {
	t.Parallel()

	all, r := texts(t), builtIn(t)
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SampledFrom(all).Draw(t, "text")
		sentence := rapid.SampledFrom(strange).Draw(t, "sentence")

		whole := r.Recognise(Input{Text: text})
		if len(whole.Results) != 1 || whole.Results[0].Outcome != registrar.ReplyDone {
			return // it states no success alone
		}

		blocks := emptyLine.Split(strings.Trim(text, "\n"), -1)
		i := slices.IndexFunc(blocks, func(b string) bool { return len(r.Recognise(Input{Text: b}).Results) > 0 })
		if i < 0 || len(blocksOf(blocks[i])) != 1 {
			return // what states it is no paragraph alone
		}

		blocks[i] = rapid.SampledFrom([]string{blocks[i] + "\n" + sentence, sentence + "\n" + blocks[i], sentence + "\n\n" + blocks[i]}).Draw(t, "place")
		if got := r.Recognise(Input{Text: strings.Join(blocks, "\n\n")}); len(got.Results) > 0 {
			t.Fatalf("%s\nis read as %+v", strings.Join(blocks, "\n\n"), got)
		}
	})
}

// A mail that takes back another, in the same text, applies nothing of it.
func TestContradictionIsDoubt(t *testing.T) {
	t.Parallel()
	r := builtIn(t)
	yes := []string{"Домен newtime.ru зарегистрирован и делегирован.", "Domain newtime.ru has been prolonged until 2027.05.01.",
		"action: PROLONG\ndomain: newtime.ru\nstatus: TASK_SUCCESS", "Your request has been queued."}
	no := []string{"Заявка отклонена: имя занято.", "Not enough funds on the account.", "Неверный номер договора или пароль.",
		"The request to prolong domain newtime.ru has been rejected: no.", "domain: newtime.ru\nstatus: TASK_FAILURE\nmessage: taken", "status: TASK_FAILURE\nmessage: taken", "task: 1\nstatus: TASK_FAILURE\nmessage: taken"}
	rapid.Check(t, func(t *rapid.T) {
		both := []string{rapid.SampledFrom(yes).Draw(t, "yes"), rapid.SampledFrom(no).Draw(t, "no")}
		if rapid.Bool().Draw(t, "turned") {
			slices.Reverse(both)
		}
		text := strings.Join(both, rapid.SampledFrom([]string{"\n\n", "\n\n====\n\n", "\n\nС уважением, R01\n\n"}).Draw(t, "between"))
		if got := r.Recognise(Input{Text: text}); len(got.Results) > 0 {
			t.Fatalf("%s\nis read as %+v", text, got)
		}
	})
}
