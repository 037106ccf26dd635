package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/term"
	"registrar.panel/shared/registrar"
)

func prolong(id string, base registrar.Date) Request {
	return Request{ID: id, Kind: lifecycle.Prolong, Agreement: "A", Object: "a.ru", Base: base, MessageID: id, Token: id, CreatedAt: noon, DueAt: noon}
}

// What term calls one year is one year here, and what is a year apart is not, however it is
// written.
func TestYearsAreToldApart(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := registrar.Date{Year: 2000, Month: 1, Day: 1}.AddDays(rapid.IntRange(0, 36500).Draw(t, "a"))
		near := a.AddDays(rapid.IntRange(-term.Apart, term.Apart).Draw(t, "near"))
		if !term.SameYear(a, near) || !isOneYear(a, near) {
			t.Fatalf("%s and %s are of two years", a, near)
		}
		other := a.AddYears(rapid.SampledFrom([]int{-2, -1, 1, 2}).Draw(t, "years")).AddDays(rapid.IntRange(-10, 10).Draw(t, "off"))
		if term.SameYear(a, other) || isOneYear(a, other) {
			t.Fatalf("%s and %s are of one year", a, other)
		}
	})
}

// Of renewals from expiries that are days apart one is stored, in whatever order they come and
// however many at once; one that was refused makes room for another. r01-mail 4.3
func TestOneProlongationForOneYear(t *testing.T) {
	t.Parallel()

	base := registrar.Date{Year: 2026, Month: 12, Day: 31} // the calendar's year ends between them
	s := open(t)
	var wait sync.WaitGroup
	stored := make(chan Request, 20)
	for i := range 20 {
		wait.Go(func() {
			var r Request
			err := s.Write(context.WithoutCancel(t.Context()), func(tx *Tx) (err error) {
				r, err = tx.Requests.Add(prolong(fmt.Sprint("r", i), base.AddDays(i*3-30)), nil)
				if err != nil || i%2 == 0 {
					return err
				}
				_, err = tx.Requests.Advance(&r, decide(t, r, lifecycle.Claimed), Change{At: noon})
				return err
			})
			switch {
			case err == nil:
				stored <- r
			case !errors.Is(err, ErrExists):
				t.Error(err)
			}
		})
	}

	wait.Wait()
	if len(stored) != 1 {
		t.Fatalf("%d of 20 were stored", len(stored))
	}

	r := <-stored
	finish := func(e ...lifecycle.Event) {
		for _, event := range e {
			write(t, s, func(tx *Tx) error {
				_, err := tx.Requests.Advance(&r, decide(t, r, event), Change{At: noon})
				return err
			})
		}
	}

	add := func(id string, base registrar.Date) (err error) {
		return s.Write(t.Context(), func(tx *Tx) (err error) { r, err = tx.Requests.Add(prolong(id, base), nil); return err })
	}

	if r.State == registrar.Queued {
		finish(lifecycle.Claimed)
	}

	finish(lifecycle.Relayed, lifecycle.Overdue, lifecycle.SaidNot)
	if err := add("again", base.AddDays(1)); err != nil {
		t.Fatalf("after a refusal: %v", err)
	}

	finish(lifecycle.Claimed, lifecycle.Relayed, lifecycle.Overdue, lifecycle.SaidDone)

	for _, off := range []int{-30, -1, 0, 1, 30} {
		if err := add(fmt.Sprint("same", off), base.AddDays(off)); !errors.Is(err, ErrExists) {
			t.Errorf("%d days off, after a success: %v", off, err)
		}
	}

	if err := add("next", base.AddYears(1).AddDays(-3)); err != nil {
		t.Errorf("the next year: %v", err)
	}
}

// A store that has two renewals for one year, as a day's difference once allowed, is opened all
// the same, and the later of them counts.
func TestMigrationOfTwoForOneYear(t *testing.T) {
	t.Parallel()

	s := open(t)
	base := registrar.Date{Year: 2026, Month: 12, Day: 19}
	write(t, s, func(tx *Tx) error {
		for _, statement := range []string{"drop index requests_year", "drop index requests_year_between"} {
			if err := tx.exec(statement); err != nil {
				return err
			}
		}

		for i, off := range []int{0, 1, 365} {
			r := prolong(fmt.Sprint("r", i), base.AddDays(off))
			r.Object, r.CreatedAt = "a.ru", noon.AddDate(0, 0, i)
			if _, err := tx.Requests.Add(r, nil); err != nil {
				return err
			}
			if err := tx.exec("update requests set state = 'Succeeded', closed = 1, attempt = 1, base_day = null where id = $1", r.ID); err != nil {
				return err
			}
		}

		text, err := embedded.ReadFile("migrations/00009_years.sql")
		if err != nil {
			return err
		}

		for _, statement := range statementsOf(string(text), "update requests", "create unique index requests_year") {
			if err := tx.exec(statement); err != nil {
				return fmt.Errorf("%s: %w", statement, err)
			}
		}

		counted, err := collect(tx, scanText, "select id from requests where base_day is not null order by id")
		if fmt.Sprint(counted) != "[r1 r2]" {
			t.Errorf("counted are %v", counted)
		}

		return err
	})

	for off, ok := range map[int]bool{0: false, 1: false, 5: false, 364: false, 730: true} {
		err := s.Write(t.Context(), func(tx *Tx) error {
			r := prolong(fmt.Sprint("new", off), base.AddDays(off))
			_, err := tx.Requests.Add(r, nil)
			return err
		})
		if (err == nil) != ok {
			t.Errorf("%d days after the first: %v", off, err)
		}
	}
}

// statementsOf are the statements of a migration that begin so.
func statementsOf(text string, beginnings ...string) (found []string) {
	for statement := range strings.SplitSeq(text, ";") {
		lines := slices.DeleteFunc(strings.Split(statement, "\n"), func(l string) bool { return strings.HasPrefix(l, "--") || l == "" })
		statement = strings.Join(lines, "\n")
		if slices.ContainsFunc(beginnings, func(b string) bool { return strings.HasPrefix(statement, b) }) {
			found = append(found, statement)
		}
	}
	return found
}
