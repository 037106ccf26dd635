package operator

import (
	"bytes"
	"testing"

	"registrar.panel/host/web/api"
)

func TestFormTells(t *testing.T) {
	t.Parallel()

	var text bytes.Buffer
	for _, f := range []api.Field{
		{Key: "plain"},
		{Key: "purpose", Help: map[string]string{"en": "What it is for."}, Choices: []api.Choice{{Value: "home"}, {Value: "trade", Label: map[string]string{"en": "Trade"}}}},
		{Key: "number", When: []api.Condition{{Field: "purpose", Values: []string{"trade", ""}}}, MinLength: 3, MaxLength: 4},
		{Key: "terms", Link: "https://registry.example/terms"},
	} {
		furtherText(&text, f)
	}

	const want = `purpose	HELP	What it is for.
purpose	CHOICE	home	
purpose	CHOICE	trade	Trade
number	ASKED IF	purpose=trade
number	ASKED IF	purpose=
number	FEWEST	3
number	MOST	4
terms	LINK	https://registry.example/terms
`
	if text.String() != want {
		t.Errorf("it tells\n%s", text.String())
	}
}
