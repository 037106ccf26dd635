package mailform

import (
	"slices"
	"testing"

	"registrar.panel/shared/registrar"
)

// FuzzOperatorRule: whatever an operator writes as a rule is refused or works: it says only
// its own outcome, of objects that are what their groups say, and only if it matches.
func FuzzOperatorRule(f *testing.F) {
	for _, seed := range [][4]string{
		{"^Accepted: ", `(?m)^Your request for (?P<domain>\S+) was accepted`, "Accepted: x", "Your request for newtime.ru was accepted"},
		{"", `(?P<handle>[A-Z0-9_]+-R01) (?P<state>.*)`, "", "MYCO_1_X-R01 REGISTERED"},
		{"(?P<task>[0-9]+)", `paid till (?P<paid_till>\S+)`, "task 17", "paid till 2027.11.24"},
		{"(", "", "", ""},
		{"", `(?P<nobody>x)`, "", "x"},
		{"", ``, "subject", "text"},
		{"", `(?P<domain>.*)`, "", "#[DOMAIN TEMPLATE]#"},
		{"^", "$", "", "> quoted"},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3])
	}

	f.Fuzz(func(t *testing.T, subject, body, mailSubject, mailBody string) {
		for _, outcome := range []registrar.ReplyOutcome{registrar.ReplyDone, registrar.ReplyRejected} {
			config := RuleConfig{Name: "x", Subject: subject, Body: body, Outcome: string(outcome)}
			r, problems := NewRecogniser([]RuleConfig{config})
			if (r == nil) != (len(problems) > 0) {
				t.Fatalf("recogniser %v with problems %v", r, problems)
			}

			if r == nil {
				continue
			}

			for _, res := range r.Recognise(Input{Subject: mailSubject, Text: mailBody}).Results {
				if res.Rule != "x" {
					continue
				}
				if res.Outcome != outcome {
					t.Errorf("the rule says %s, the result %s", outcome, res.Outcome)
				}
				if name, err := Name(res.Domain); res.Domain != "" && (err != nil || name != res.Domain) {
					t.Errorf("domain %q", res.Domain)
				}
				if _, ok := KindOfHandle(res.Handle); res.Handle != "" && !ok {
					t.Errorf("handle %q", res.Handle)
				}
			}

			if r2, _ := NewRecogniser([]RuleConfig{config}); !slices.Equal(r.Recognise(Input{Subject: mailSubject, Text: mailBody}).Results, r2.Recognise(Input{Subject: mailSubject, Text: mailBody}).Results) {
				t.Error("the same rule reads the same mail in two ways")
			}
		}
	})
}
