package config

import (
	"testing"

	"github.com/hashicorp/hcl/v2/hclsimple"

	"registrar.panel/shared/registrar"
)

// A proposed rule is configuration, whatever its values hold.
func TestRule(t *testing.T) {
	t.Parallel()

	for _, value := range []string{"plain", `"quoted" \d+`, "${ok} %{if} $${x}", "две\nстроки", "a\tb", ""} {
		text := Rule(registrar.SuggestedRule{Block: "reply", Name: "like " + value, Settings: []registrar.Setting{{Name: "subject", Value: value}, {Name: "outcome", Value: "done"}}})
		var read struct {
			Replies []struct {
				Name    string `hcl:"name,label"`
				Subject string `hcl:"subject"`
				Outcome string `hcl:"outcome"`
			} `hcl:"reply,block"`
		}
		if err := hclsimple.Decode("rule.hcl", []byte(text), nil, &read); err != nil || len(read.Replies) != 1 {
			t.Errorf("%q: %v in\n%s", value, err, text)
			continue
		}
		if r := read.Replies[0]; r.Name != "like "+value || r.Subject != value || r.Outcome != "done" {
			t.Errorf("%q is read back as %q, in\n%s", value, r, text)
		}
	}

	if got, want := Rule(registrar.SuggestedRule{Why: "nothing is\nsaid }"}), "# nothing is said }\n"; got != want {
		t.Errorf("no rule is %q, want %q", got, want)
	}
}
