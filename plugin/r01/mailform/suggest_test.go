package mailform

import (
	"testing"

	"github.com/hashicorp/hcl/v2/hclsimple"

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
			like: Input{Subject: "anything", Text: "See section 7."},
		},
	} {
		var config struct {
			Replies []struct {
				Name    string `hcl:"name,label"`
				Subject string `hcl:"subject,optional"`
				Body    string `hcl:"body,optional"`
				Outcome string `hcl:"outcome"`
			} `hcl:"reply,block"`
		}
		text := SuggestRule(c.in, registrar.ReplyRejected)
		if err := hclsimple.Decode("rule.hcl", []byte(text), nil, &config); err != nil || len(config.Replies) != 1 {
			t.Errorf("%s: %v in\n%s", name, err, text)
			continue
		}
		rule := config.Replies[0]
		r, problems := NewRecogniser([]RuleConfig{{Name: rule.Name, Subject: rule.Subject, Body: rule.Body, Outcome: rule.Outcome}})
		if len(problems) > 0 {
			t.Errorf("%s: %v in\n%s", name, problems, text)
			continue
		}
		if got := r.Recognise(c.in); len(got) != 1 || got[0].Outcome != registrar.ReplyRejected {
			t.Errorf("%s: itself is read as %v by\n%s", name, got, text)
		}
		got := r.Recognise(c.like)
		if len(got) != 1 || got[0].Domain != c.domain || got[0].Handle != c.handle {
			t.Errorf("%s: its like is read as %v by\n%s", name, got, text)
		}
	}
}
