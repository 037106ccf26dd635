package store

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"registrar.panel/shared/registrar"
)

// Wherever they are cut, the domains up to a name and those after it are all domains, each once.
func TestHoldingsInTwoParts(t *testing.T) {
	t.Parallel()
	s := open(t)
	const n = holdingsAtOnce + 2
	var want []string
	write(t, s, func(tx *Tx) error {
		for i := range n {
			d := registrar.Domain{Name: fmt.Sprintf("a%04d.ru", i), Customer: "c", Status: registrar.StatusRegistered, Renewal: registrar.RenewManual}
			if i%2 == 1 {
				d.Name = fmt.Sprintf("a%04d-b.ru", i-1) // a hyphen comes before the dot, but not in every order of a server
			}
			want = append(want, d.Name)
			if err := tx.Domains.Put(d, noon); err != nil {
				return err
			}
		}
		return nil
	})

	slices.Sort(want)
	for place := range n + 1 {
		if place > 3 && place < n-3 { // at the ends, and where a page ends
			continue
		}
		var got []string
		err := s.Read(t.Context(), func(tx *Tx) error {
			name, err := tx.Domains.Nth(place)
			if place == n && errors.Is(err, ErrNotFound) {
				err = nil
			}
			if err != nil {
				return err
			}
			add := func(h *Holding) { got = append(got, string(h.Name)) }
			if err := tx.Domains.EachHolding("", name, add); err != nil {
				return err
			}
			if wanted := min(place+1, n); len(got) != wanted || name != "" && got[len(got)-1] != name {
				t.Errorf("up to %q, which is number %d, there are %d domains", name, place, len(got))
			}
			if name != "" {
				err = tx.Domains.EachHolding(name, "", add)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("cut at %d: %d domains, want %d, each once", place, len(got), n)
		}
	}
}
