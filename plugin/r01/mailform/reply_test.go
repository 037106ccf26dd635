package mailform

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"registrar.panel/shared/registrar"
)

// vector is one file of testdata/replies: what to expect, an empty line, the text.
type vector struct {
	subject string
	text    string
	expect  []Result
}

func readVector(t testing.TB, path string) vector {
	t.Helper()

	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}

	head, text, found := strings.Cut(string(raw), "\n\n")
	if !found {
		t.Fatalf("%s: no empty line", path)
	}

	v := vector{text: text}
	for l := range strings.SplitSeq(head, "\n") {
		name, value, _ := strings.Cut(l, ": ")
		if name == "expect" && value != "nothing" {
			v.expect = append(v.expect, Result{Outcome: registrar.ReplyOutcome(value)})
		}

		last := &Result{}
		if len(v.expect) > 0 {
			last = &v.expect[len(v.expect)-1]
		}

		switch name {
		case "comment", "spec", "expect":
		case "subject":
			v.subject = value
		case "rule":
			last.Rule = value
		case "domain":
			last.Domain = value
		case "handle":
			last.Handle = value
		case "task":
			last.Task = value
		case "message":
			last.Message = value
		case "state":
			last.State = value
		case "action":
			last.Action = Action(value)
		case "paid-till":
			if last.PaidTill, err = registrar.ParseDate(value); err != nil {
				t.Fatal(err)
			}
		default:
			t.Fatalf("%s: unknown line %q", path, l)
		}
	}

	if !strings.Contains(head, "\nspec: ") || !strings.Contains(head, "\nexpect: ") {
		t.Fatalf("%s: spec or expect is missing", path)
	}

	return v
}

func vectors(t testing.TB) []string {
	t.Helper()
	paths, err := filepath.Glob("testdata/replies/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no vectors: %v", err)
	}
	return paths
}

func builtIn(t *testing.T) *Recogniser {
	t.Helper()
	r, problems := NewRecogniser(nil)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return r
}

func TestVectors(t *testing.T) {
	t.Parallel()
	for _, path := range vectors(t) {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			t.Parallel()
			v := readVector(t, path)
			got := builtIn(t).Recognise(Input{From: []string{"robot@registrar.example"}, Subject: v.subject, Text: v.text}).Results
			if diff := cmp.Diff(v.expect, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// Every sentence that is understood has a vector, so that none can be broken unseen.
func TestEveryRuleHasAVector(t *testing.T) {
	t.Parallel()
	var used strings.Builder
	for _, path := range vectors(t) {
		for _, r := range readVector(t, path).expect {
			used.WriteString(r.Rule + "\n")
		}
	}
	for _, s := range sentences() {
		if !strings.Contains(used.String(), "built-in: "+s.name+"\n") {
			t.Errorf("no vector for %q", s.name)
		}
	}
}

func TestFurtherSentences(t *testing.T) {
	t.Parallel()

	for text, want := range map[string]Result{
		"Domain newtime.ru was modified.":                        {Outcome: registrar.ReplyDone, Domain: "newtime.ru", Action: ActionUpdate},
		"Данные клиента MYCO_1_1-GPT изменены.":                  {Outcome: registrar.ReplyDone, Handle: "MYCO_1_1-GPT", Action: ActionUpdate},
		"Invalid agreement number or password":                   {Outcome: registrar.ReplyAuthFailed, Message: "Invalid agreement number or password"},
		"Недостаточно средств на лицевом счете.":                 {Outcome: registrar.ReplyNoFunds, Message: "Недостаточно средств на лицевом счете"},
		"Неверный номер договора или пароль!":                    {Outcome: registrar.ReplyAuthFailed, Message: "Неверный номер договора или пароль"},
		"Запрос отклонён: имя занято":                            {Outcome: registrar.ReplyRejected, Message: "имя занято"},
		"The domain name \"NEWTIME.RU\" was renewed.":            {Outcome: registrar.ReplyDone, Domain: "newtime.ru", Action: ActionProlong},
		"Your request to renew domain newtime.ru is queued":      {Outcome: registrar.ReplyQueued, Domain: "newtime.ru", Action: ActionProlong},
		"Регистрация домена newtime.ru продлена до 2027-05-01":   {Outcome: registrar.ReplyDone, Domain: "newtime.ru", Action: ActionProlong, PaidTill: registrar.Date{Year: 2027, Month: 5, Day: 1}},
		"Client myco_1_x-org-r01 is successfully registered":     {Outcome: registrar.ReplyDone, Handle: "MYCO_1_X-ORG-R01", Action: ActionNew},
		"DOMAIN NEWTIME.RU HAS BEEN REGISTERED, DELEGATED!":      {Outcome: registrar.ReplyDone, Domain: "newtime.ru", Action: ActionNew},
		"Домен newtime.ru зарегистрирован и ещё не делегирован.": {Outcome: registrar.ReplyNotDelegated, Domain: "newtime.ru", Action: ActionNew},
	} {
		got := builtIn(t).Recognise(Input{Text: text}).Results
		if len(got) == 1 {
			got[0].Rule = ""
		}
		if diff := cmp.Diff([]Result{want}, got); diff != "" {
			t.Errorf("%q (-want +got)\n%s", text, diff)
		}
	}
}

func TestTooLongOrBroken(t *testing.T) {
	t.Parallel()
	const fact = "Client MYCO_1_1-R01 has been registered.\n\n"
	for name, text := range map[string]string{
		"longer than a reply": fact + strings.Repeat("x", longest),
		"not UTF-8":           fact + "\xff",
	} {
		if got := builtIn(t).Recognise(Input{Text: text}).Results; got != nil {
			t.Errorf("%s: %v", name, got)
		}
	}
	got := builtIn(t).Recognise(Input{Text: "status: TASK_FAILURE\nmessage: \x1b[31m" + strings.Repeat("я", 2*longestMessage)}).Results
	if len(got) != 1 || strings.Contains(got[0].Message, "\x1b") || len([]rune(got[0].Message)) != longestMessage+1 {
		t.Errorf("message kept as %q", got)
	}
}

// Operator's rules come first, and say more than the built-in ones.
func TestOperatorRules(t *testing.T) {
	t.Parallel()

	r, problems := NewRecogniser([]RuleConfig{
		{Name: "later", Subject: `^Re: .*later`, Body: `(?m)^(?P<domain>\S+) goes (?P<task>\d+)$`, Outcome: "queued"},
		{Name: "robot's word", From: `^robot@`, Body: `done with (?P<handle>\S+)`, Outcome: "done"},
		{Name: "no luck", Subject: `(?P<domain>\S+\.ru) refused`, Body: `because (?P<message>.*)`, Outcome: "rejected"},
		{Name: "noise", Subject: `^Maintenance`, Outcome: "ignore"},
		{Name: "ours", Body: `status: TASK_SUCCESS`, Outcome: "notice"},
	})
	if len(problems) > 0 {
		t.Fatal(problems)
	}

	for name, c := range map[string]struct {
		in   Input
		want []Result
	}{
		"two matches are two results": {Input{Subject: "Re: later", Text: "A1.RU goes 1\nпример.рф goes 2"}, []Result{
			{Rule: "later", Outcome: "queued", Domain: "a1.ru", Task: "1"},
			{Rule: "later", Outcome: "queued", Domain: "xn--e1afmkfd.xn--p1ai", Task: "2"}}},
		"another subject":           {Input{Subject: "later", Text: "a1.ru goes 1"}, nil},
		"not what its name says":    {Input{Subject: "Re: later", Text: "a1.ru goes 1\nsomebody goes 2"}, nil},
		"a sender":                  {Input{From: []string{"robot@r01.example"}, Text: "done with myco_1_1-R01"}, []Result{{Rule: "robot's word", Outcome: "done", Handle: "MYCO_1_1-R01"}}},
		"another sender":            {Input{From: []string{"me@r01.example"}, Text: "done with MYCO_1_1-R01"}, nil},
		"subject and body together": {Input{Subject: "a1.ru refused", Text: "because wrong password"}, []Result{{Rule: "no luck", Outcome: "rejected", Domain: "a1.ru", Message: "wrong password"}}},
		"subject alone":             {Input{Subject: "Maintenance tonight", Text: "status: TASK_FAILURE"}, []Result{{Rule: "noise", Outcome: "ignore"}}},
		"before the built-in rules": {Input{Text: "nic-hdl: MYCO_1_1-R01\nstatus: TASK_SUCCESS"}, []Result{{Rule: "ours", Outcome: "notice"}}},
		"quotation":                 {Input{Text: "> status: TASK_SUCCESS"}, nil},
	} {
		if diff := cmp.Diff(c.want, r.Recognise(c.in).Results); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

func TestWrongOperatorRules(t *testing.T) {
	t.Parallel()
	_, problems := NewRecogniser([]RuleConfig{
		{Name: "ok", Subject: "x", Outcome: "done"},
		{Name: "ok", Subject: "x", Outcome: "done"},
		{Name: "a", Outcome: "done"},
		{Name: "b", From: "(", Subject: "(?=x)", Body: `(?P<money>x)`, Outcome: "paid"},
	})
	var paths []string
	for _, p := range problems {
		paths = append(paths, p.Path)
	}
	want := []string{`reply["ok"]`, `reply["a"]`, `reply["b"].outcome`, `reply["b"].from`, `reply["b"].subject`, `reply["b"].body`}
	if diff := cmp.Diff(want, paths); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// Whatever a mail says: it succeeds only for what it names outside quotation, a copy of it
// that is quoted states nothing, a doubt has no results, and a task is a number.
func FuzzRecognise(f *testing.F) {
	seeds := texts(f)
	if len(seeds) == 0 {
		f.Fatal("no seeds")
	}

	for _, text := range seeds {
		f.Add("Re: New domain", text)
	}

	r, _ := NewRecogniser(nil)
	f.Fuzz(func(t *testing.T, subject, text string) {
		got := r.Recognise(Input{Subject: subject, Text: text})
		if got.Doubt != "" && len(got.Results) > 0 {
			t.Errorf("results beside a doubt: %+v", got)
		}

		named := Objects(tidied(withoutQuotation(text)))
		for _, result := range got.Results {
			if about := result.Domain + result.Handle; result.Outcome == registrar.ReplyDone && len(named) < mostObjects && !slices.Contains(named, about) && !(slices.Contains(named, result.Domain) && slices.Contains(named, result.Handle)) {
				t.Errorf("success for %q, and the text names %q: %+v", about, named, result)
			}
			if strings.Trim(result.Task, "0123456789") != "" {
				t.Errorf("task %q", result.Task)
			}
		}

		for _, mark := range marks {
			copied := marked(text, mark)
			if alone := r.Recognise(Input{Subject: subject, Text: copied}); len(alone.Results) > 0 {
				t.Errorf("quoted by %q, it is evidence: %+v", mark, alone)
			}
			if below := r.Recognise(Input{Subject: subject, Text: text + "\n\n" + copied}); !noMore(below, got) {
				t.Errorf("quoted by %q below, it adds to %+v: %+v", mark, got, below)
			}
		}
	})
}
