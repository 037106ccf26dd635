package outbox

import (
	"slices"
	"testing"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/store"
)

// What may build on one another goes out in the order in which it was asked for; renewals
// overtake it.
func TestInOrder(t *testing.T) {
	t.Parallel()
	mail := func(id string, k lifecycle.Kind) delivery {
		return delivery{engine.Identity{ID: id}, []store.Request{{ID: id, Kind: k}}}
	}
	lines := independentQueues([]delivery{mail("p1", lifecycle.Prolong), mail("client", lifecycle.UpdateClient), mail("p2", lifecycle.Prolong),
		mail("domain", lifecycle.NewDomain), mail("update", lifecycle.UpdateDomain)})
	var got []string
	for _, line := range lines {
		text := ""
		for _, m := range line {
			text += m.ID + " "
		}
		got = append(got, text)
	}
	if want := []string{"client domain update ", "p1 ", "p2 "}; !slices.Equal(got, want) {
		t.Errorf("lines %q, want %q", got, want)
	}
}
