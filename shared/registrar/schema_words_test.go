package registrar

import (
	"encoding/json"
	"slices"
	"testing"
)

// Every problem of settings comes with its code and with both texts, and the English one is the message.
func TestSchemaProblemsHaveTexts(t *testing.T) {
	t.Parallel()

	schema := Schema{
		Attributes: []Attribute{{Name: "name", Required: true}, {Name: "mode", OneOf: []string{"auto", "manual"}}, {Name: "count", Type: TypeInt}, {Name: "on", Type: TypeBool},
			{Name: "hosts", Type: TypeStrings}, {Name: "kinds", Type: TypeStrings, OneOf: []string{"a", "b"}}, {Name: "wait", Type: TypeDuration}, {Name: "text"}},
		Blocks: []Block{{Name: "smtp"}, {Name: "reply", Repeated: true}, {Name: "rule", Repeated: true}},
	}
	const wrong = `{"mode": "x", "count": 1.5, "on": 1, "hosts": 1, "kinds": ["c"], "wait": "long", "text": 1, "smtp": 1, "reply": 1, "rule": [1], "other": 1}`
	want := map[string]string{"name": ProblemRequired, "mode": ProblemOneOf, "count": ProblemWhole, "on": ProblemTruth, "hosts": ProblemTexts, "kinds": ProblemChoices,
		"wait": ProblemDuration, "text": ProblemText, "smtp": ProblemBlock, "reply": ProblemBlocks, "rule[0]": ProblemBlock, "other": ProblemNoSetting}

	problems := slices.Concat(schema.Problems(json.RawMessage(wrong)), schema.Problems(json.RawMessage("[]")))
	for _, p := range problems {
		if p.Texts["en"] != p.Message || p.Texts["ru"] == "" || p.Texts["ru"] == p.Message || p.Code == "" {
			t.Errorf("%+v has no code, or not both texts", p)
		}
		if code := want[p.Path]; p.Path != "" && p.Code != code {
			t.Errorf("%s: %s, want %q", p.Path, p.Code, code)
		}
	}
	if len(problems) != len(want)+1 {
		t.Errorf("%d problems, want %d", len(problems), len(want)+1)
	}
}
