package mailform

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"registrar.panel/shared/registrar"
)

// A suggested rule is configuration, recognises the mail it was made of, and one that
// differs only in what always differs.
func TestSuggestRule(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		in, like Input
		domain   string
		handle   string
	}{
		"a domain": {
			in:     Input{Subject: `Re: "New domain" [ABCDEFGHIJKLMNOPQRSTUVWXYZ]`, Text: "Hello!\n\nnewtime.ru: done ${ok} %{x} \\o/ till 2027.05.01 (1048577)"},
			like:   Input{Subject: `Re: "New domain" [BBCDEFGHIJKLMNOPQRSTUVWXYZ]`, Text: "Hello!\n\npochta.su: done ${ok} %{x} \\o/ till 2028.06.02 (1048599)"},
			domain: "pochta.su",
		},
		"a handle, and two domains": {
			in:     Input{Subject: "О клиенте", Text: "Анкета MYCO_1_1-R01 принята для a1.ru и b1.ru"},
			like:   Input{Subject: "О клиенте", Text: "Анкета MYCO_2_2-ORG-R01 принята для пример.рф и b2.ru"},
			handle: "MYCO_2_2-ORG-R01", domain: "xn--e1afmkfd.xn--p1ai",
		},
		"nothing telling": {
			in:   Input{Subject: "", Text: "See section 7.\nR01"},
			like: Input{Subject: "", Text: "Hello!\n\nSee section 7.\nR01"},
		},
	} {
		rule, _ := SuggestRule(c.in, registrar.ReplyRejected)
		r := configured(t, rule)
		if r == nil {
			t.Errorf("%s: no rule\n%+v", name, rule)
			continue
		}

		if got := r.Recognise(c.in).Results; len(got) != 1 || got[0].Outcome != registrar.ReplyRejected {
			t.Errorf("%s: itself is read as %v by\n%+v", name, got, rule)
		}

		got := r.Recognise(c.like).Results
		if len(got) != 1 || got[0].Domain != c.domain || got[0].Handle != c.handle {
			t.Errorf("%s: its like is read as %v by\n%+v", name, got, rule)
		}
	}
}

// configured is what a suggested rule alone recognises; nil if there is none.
func configured(t *testing.T, suggested registrar.SuggestedRule) *Recogniser {
	t.Helper()

	if suggested.Block == "" {
		return nil
	}

	values := map[string]string{}
	for _, s := range suggested.Settings {
		values[s.Name] = s.Value
	}

	rules, problems := operatorRules([]RuleConfig{{Name: suggested.Name, Subject: values["subject"], Body: values["body"], Outcome: values["outcome"]}})
	if len(problems) > 0 || suggested.Block != "reply" || suggested.Why != "" || len(values) != 3 {
		t.Fatalf("%v in\n%+v", problems, suggested)
	}

	return &Recogniser{rules}
}

// Whatever waits for review: the rule made of it, once configured, knows it and none of the
// other mails, for every outcome.
func TestSuggestedRuleKnowsItsMail(t *testing.T) {
	t.Parallel()

	waiting := map[string]Input{
		"tabs and blanks": {Subject: "Re:  New\tdomain ", Text: "\tDone  with\tit. "},
		"not normal":      {Subject: "И\u0306од \u2126", Text: "и\u0306од принят \u212b"},
		"templates":       {Subject: "${x} %{if}", Text: "${x} %{if} \"q\" \\d+ (?P<x>.) [a] {1}"},
		"very long":       {Subject: strings.Repeat("слово ", 200), Text: strings.Repeat("ещё ", 100)},
	}

	mails := maps.Clone(waiting)
	for _, path := range vectors(t) {
		v := readVector(t, path)
		mails[filepath.Base(path)] = Input{Subject: "Re: New domain", Text: v.text}
		if v.expect == nil {
			waiting[filepath.Base(path)] = mails[filepath.Base(path)]
		}
	}

	suggested := 0
	for name, in := range waiting {
		for _, outcome := range registrar.ReplyOutcomes() {
			rule, _ := SuggestRule(in, outcome)
			r := configured(t, rule)
			if r == nil {
				continue
			}

			suggested++
			got := r.Recognise(in).Results
			if len(got) == 0 || got[0].Outcome != outcome {
				t.Errorf("%s as %s: read as %+v by\n%+v", name, outcome, got, rule)
				continue
			}

			for other, mail := range mails {
				if outcome == registrar.ReplyDone && r.Recognise(mail).Results != nil && !alike(in.Text, mail.Text) {
					t.Errorf("%s as %s: %s is read, too, by\n%+v", name, outcome, other, rule)
				}
			}

			in := in
			if in.Subject += " and more"; r.Recognise(in).Results != nil {
				t.Errorf("%s as %s: another subject is read, too, by\n%+v", name, outcome, rule)
			}
		}
	}

	if all := len(waiting) * len(registrar.ReplyOutcomes()); suggested < all*3/4 {
		t.Errorf("only %d of %d rules", suggested, all)
	}
}

// alike reports whether a text holds the telling paragraph of another, but for what always
// differs.
func alike(a, b string) bool {
	paragraph := strings.Split(telling(a), "\n")
	lines := strings.Split(withoutQuotation(b), "\n")
	for len(lines) >= len(paragraph) {
		if slices.EqualFunc(paragraph, lines[:len(paragraph)], func(x, y string) bool { return words(x) == words(y) }) {
			return telling(a) != "" || telling(b) == ""
		}
		lines = lines[1:]
	}
	return false
}

// words are a line without what differs from one reply to the next.
func words(line string) string {
	return variable.ReplaceAllStringFunc(line, func(w string) string {
		if len(Objects(w)) > 0 || strings.Trim(w, "0123456789.-") == "" {
			return "x"
		}
		return w
	})
}

// What says nothing has no rule: it would be one for everything.
func TestNoRuleForNothing(t *testing.T) {
	t.Parallel()
	for reason, in := range map[string]Input{
		"empty":     {},
		"quotation": {Text: "> domain: newtime.ru\n> status: TASK_SUCCESS"},
		"too long":  {Subject: "Re: New domain", Text: strings.Repeat("x", longest+1)},
	} {
		if rule, _ := SuggestRule(in, registrar.ReplyDone); configured(t, rule) != nil || rule.Why == "" {
			t.Errorf("%s: %+v", reason, rule)
		}
	}
}

// A rule made of a success does not take a failure for one.
func TestSuggestedRuleIsNotTooWide(t *testing.T) {
	t.Parallel()

	const subject = "Re: New domain [ABCDEFGHIJKLMNOPQRSTUVWXYZ]"
	for reason, texts := range map[string][2]string{
		"another status":           {"domain: newtime.ru\nstatus: TASK_FINE", "domain: newtime.ru\nstatus: TASK_FAILURE"},
		"another line around":      {"task: 1048577\ndomain: newtime.ru", "task: 1048577\nerror: 5\ndomain: newtime.ru"},
		"the same greeting":        {"Hello!\n\nYour wish is granted.", "Hello!\n\nYour wish is refused."},
		"the same signature":       {"It is all done as you wished.\n\nR01", "No.\n\nR01"},
		"the same quotation":       {"> domain: newtime.ru", "> domain: newtime.ru\n\nrefused"},
		"one more word":            {"newtime.ru is yours", "newtime.ru is yours not"},
		"a quotation of the words": {"newtime.ru is yours", "> newtime.ru is yours"},
	} {
		in := Input{Subject: subject, Text: texts[0]}
		rule, _ := SuggestRule(in, registrar.ReplyDone)
		r := configured(t, rule)
		if r == nil || r.Recognise(in).Results == nil {
			t.Errorf("%s: no rule for the mail itself", reason)
		} else if got := r.Recognise(Input{Subject: subject, Text: texts[1]}).Results; got != nil {
			t.Errorf("%s: %+v", reason, got)
		}
	}
}
