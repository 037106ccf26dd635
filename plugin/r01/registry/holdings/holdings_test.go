package holdings

import (
	"fmt"
	"testing"

	"registrar.panel/shared/registrar"
)

// A Set finds what was added to it, each under its own name, and nothing else.
func TestFinds(t *testing.T) {
	t.Parallel()

	for _, n := range []int{0, 1, 2, 3, 4, 255, 256, 257, 5000} {
		p := New(n)
		name := func(i int) []byte { return fmt.Appendf(nil, "name-%d.ru", i) }
		for i := range n {
			p.Add(name(i), "", registrar.Date{}, int64(i)*1000)
		}

		for i := range n {
			if e := p.Find(name(i)); e == nil || string(p.Name(e)) != string(name(i)) || e.changed != uint32(i) {
				t.Errorf("of %d: %s is %+v", n, name(i), e)
			}
		}

		for i := n; i < n+20_000; i++ {
			if e := p.Find(name(i)); e != nil {
				t.Errorf("of %d: %s was found as %s", n, name(i), p.Name(e))
			}
		}
	}
}
