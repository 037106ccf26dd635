package witness

import (
	"slices"
	"testing"
)

// Names with a paid request come first, two of them before one without, and neither starves.
func TestInterleave(t *testing.T) {
	t.Parallel()

	some := func(names ...string) (all []question) {
		for _, name := range names {
			all = append(all, question{name: name})
		}
		return all
	}
	for _, c := range []struct {
		paid, others []question
		want         []string
	}{
		{nil, nil, nil},
		{some("p1"), nil, []string{"p1"}},
		{nil, some("o1", "o2"), []string{"o1", "o2"}},
		{some("p1", "p2", "p3"), some("o1"), []string{"p1", "p2", "o1", "p3"}},
		{some("p1"), some("o1", "o2"), []string{"p1", "o1", "o2"}},
		{some("p1", "p2", "p3", "p4"), some("o1", "o2", "o3"), []string{"p1", "p2", "o1", "p3", "p4", "o2", "o3"}},
	} {
		if got := interleave(c.paid, c.others); !slices.Equal(got, c.want) {
			t.Errorf("%v and %v: %v, want %v", c.paid, c.others, got, c.want)
		}
	}
}
