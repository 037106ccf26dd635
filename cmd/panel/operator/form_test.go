package operator

import (
	"bytes"
	"testing"

	"registrar.panel/host/web/api"
)

func TestFormTells(t *testing.T) {
	t.Parallel()

	fields := []api.Field{
		{Key: "plain"},
		{Key: "purpose", Help: map[string]string{"en": "What it is for."}, Choices: []api.Choice{{Value: "home"}, {Value: "trade", Label: map[string]string{"en": "Trade"}}}},
		{Key: "number", When: []api.Condition{{Field: "purpose", Values: []string{"trade", ""}}}, MinLength: 3, MaxLength: 4},
		{Key: "terms", Link: "https://registry.example/terms"},
		{Key: "short", MaxLength: 2},
		{Key: "long", MinLength: 2},
	}

	var text bytes.Buffer
	furtherText(&text, fields)
	const want = `
purpose	What it is for.
purpose	one of: home
purpose	one of: trade (Trade)
number	asked where purpose is trade or not answered
number	3 to 4 characters
terms	read first: https://registry.example/terms
short	2 characters at most
long	2 characters at least
`
	if text.String() != want {
		t.Errorf("it tells\n%s", text.String())
	}

	text.Reset()
	if furtherText(&text, fields[:1]); text.Len() > 0 {
		t.Errorf("of a field without more it tells %q", text.String())
	}
}
