package operator

import (
	"slices"
	"strings"
	"testing"

	"registrar.panel/host/web/api"
	"registrar.panel/shared/registrar"
)

// Every action has words here, with its parameters and without; an unknown one is left out.
func TestAdviceIsWorded(t *testing.T) {
	t.Parallel()

	for _, action := range registrar.AdviceActions() {
		if lines := advised([]api.Advice{{Action: string(action)}}); len(lines) != 1 || !strings.Contains(lines[0], "panel ") {
			t.Errorf("%s alone is worded %q", action, lines)
		}
	}

	for _, c := range []struct {
		advice api.Advice
		want   []string
	}{
		{api.Advice{Action: "by-hand", Parameters: map[string]string{"kind": "delete", "domain": "x.ru", "until": "2027-11-24"}}, []string{"carry it out at the registrar by 2027-11-24, then panel operation resolve"}},
		{api.Advice{Action: "by-hand"}, []string{"carry it out at the registrar, then panel operation resolve"}},
		{api.Advice{Action: "give-code", Parameters: map[string]string{"operation": "op-1"}}, []string{"panel operation resolve op-1 --outcome done --auth - --by YOU"}},
		{api.Advice{Action: "read-code", Parameters: map[string]string{"order": "o-17"}}, []string{"panel order secret o-17 --by YOU"}},
		{api.Advice{Action: "import", Parameters: map[string]string{"domain": "old.ru", "paid_till": "2027-11-24"}},
			[]string{"panel domain import old.ru --customer ID --handle H --paid-till 2027-11-24"}},
		{api.Advice{Action: "settings", Parameters: map[string]string{"settings": "reconciled"}}, []string{"look at reconciled in plugin.hcl, then panel plugins upgrade NAME"}},
		{api.Advice{Action: "see-operation", Parameters: map[string]string{"operation": "op-1", "domain": "x.ru"}}, []string{"panel operation show op-1"}},
		{api.Advice{Action: "dance"}, nil},
	} {
		if got := advised([]api.Advice{c.advice}); !slices.Equal(got, c.want) {
			t.Errorf("%v is worded %q, want %q", c.advice, got, c.want)
		}
	}
}
