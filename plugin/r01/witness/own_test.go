package witness

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// growing is a store in which more domains are stored after the first look at it.
type growing struct {
	*store.Store
	more  int
	grown bool
}

func (g *growing) Read(ctx context.Context, fn func(tx *store.Tx) error) error {
	err := g.Store.Read(ctx, fn)
	if !g.grown {
		g.grown = true
		err = errors.Join(err, put(ctx, g.Store, "late", g.more))
	}
	return err
}

func put(ctx context.Context, s *store.Store, name string, n int) error {
	return s.Write(ctx, func(tx *store.Tx) error {
		for _, i := range rand.Perm(n) {
			d := registrar.Domain{Name: fmt.Sprintf("%s-%05d.ru", name, i), Customer: "c", Status: registrar.StatusRegistered, Renewal: registrar.RenewManual,
				PaidTill: registrar.Date{Year: 2027, Month: time.May, Day: 1 + i%28}}
			if err := tx.Domains.Put(d, time.UnixMilli(int64(i)*1000)); err != nil {
				return err
			}
		}
		return nil
	})
}

// All our domains are read, each once and as it is stored, also those that are stored meanwhile, up to a bound.
func TestOwnDomains(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		stored, late int
		wrong        error
	}{
		{0, 0, nil}, {1, 0, nil}, {2, 0, nil}, {3, 1, nil}, {300, 0, nil}, {2, lateRoom, nil}, {0, lateRoom + 1, errLate},
	} {
		t.Run(fmt.Sprintf("%d and %d", c.stored, c.late), func(t *testing.T) {
			t.Parallel()
			kept, err := store.Open(t.Context(), store.Options{Dir: t.TempDir(), Create: true})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { kept.Close() })
			if err := put(t.Context(), kept, "kept", c.stored); err != nil {
				t.Fatal(err)
			}

			lists := &Lists{store: &growing{Store: kept, more: c.late}}
			set, err := lists.holdings(t.Context())
			if !errors.Is(err, c.wrong) {
				t.Fatalf("%v, want %v", err, c.wrong)
			}
			if c.wrong != nil {
				return
			}

			if set.Len() != c.stored+c.late {
				t.Errorf("%d domains, want %d", set.Len(), c.stored+c.late)
			}
			for name, n := range map[string]int{"kept": c.stored, "late": c.late} {
				for i := range n {
					e := set.Find(fmt.Appendf(nil, "%s-%05d.ru", name, i))
					if e == nil || e.PaidTill().Day != 1+i%28 || e.ChangedAt().Unix() != int64(i) || e.Status() != registrar.StatusRegistered {
						t.Fatalf("%s %d is %+v", name, i, e)
					}
				}
			}
		})
	}
}
