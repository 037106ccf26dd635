package views

import (
	"testing"

	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/shared/registrar"
)

// Health counts what is under way in the order of the contract's states.
func TestDescribeCounts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		counts map[lifecycle.State]int
		want   string
	}{
		{nil, "nothing under way"},
		{map[lifecycle.State]int{registrar.Queued: 2}, "2 Queued"},
		{map[lifecycle.State]int{registrar.Uncertain: 1, registrar.Queued: 3, registrar.Sent: 0}, "3 Queued, 1 Uncertain"},
	} {
		if got := describeCounts(c.counts); got != c.want {
			t.Errorf("%v: %q, want %q", c.counts, got, c.want)
		}
	}
}
