package term

import (
	"testing"

	"pgregory.net/rapid"

	"registrar.panel/shared/registrar"
)

func date(t testing.TB, text string) registrar.Date {
	t.Helper()
	d, err := registrar.ParseDate(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestImplausible(t *testing.T) {
	t.Parallel()

	for _, c := range []struct {
		today, domain, till string
		ok                  bool
		why                 string
	}{
		{"2026-11-28", "a.ru", "2026-11-28", true, "expires today"},
		{"2026-11-28", "a.ru", "2027-11-28", true, "registered today"},
		{"2026-11-28", "a.su", "2028-01-27", true, "renewed on the first day that R01 takes"},
		{"2026-11-28", "a.xn--p1ai", "2028-01-30", true, "the same, written a few days apart"},
		{"2026-11-28", "a.ru", "2026-10-29", true, "R01's last day to renew it"},
		{"2026-11-28", "a.ru", "2028-02-15", false, "longer than the earliest renewal adds"},
		{"2026-11-28", "a.ru", "2028-11-28", false, "two years"},
		{"2026-11-28", "a.ru", "2206-12-24", false, "digits swapped"},
		{"2026-11-28", "a.ru", "9999-12-31", false, "the end of the calendar"},
		{"2026-11-28", "a.ru", "2026-10-20", false, "deleted by now"},
		{"2026-11-28", "a.ru", "1989-12-31", false, "before there was a registry"},
		{"2026-11-28", "a.ru", "0001-01-01", false, "the zero time of a program"},
		{"2026-11-28", "a.ru", "", false, "no day"},
		{"2026-11-28", "a.com", "2027-11-28", false, "a zone that R01 does not sell by mail"},
		{"2027-12-31", "a.ru", "2029-02-28", true, "a leap day: 60 days are 29 February, and a year more is 1 March"},
	} {
		var till registrar.Date
		if c.till != "" {
			till = date(t, c.till)
		}
		if why := Implausible(date(t, c.today), c.domain, till); (why == "") != c.ok {
			t.Errorf("on %s %s paid till %q: %q, want plausible = %t (%s)", c.today, c.domain, c.till, why, c.ok, c.why)
		}
	}
}

func TestYear(t *testing.T) {
	t.Parallel()

	for _, c := range []struct {
		base, till string
		is         bool
	}{
		{"2026-12-19", "2026-12-20", false}, // a day later is no year
		{"2026-12-19", "2027-12-19", true},
		{"2026-12-19", "2027-12-20", true},
		{"2026-12-19", "2027-12-16", true},
		{"2026-12-19", "2027-11-19", false}, // eleven months
		{"2026-12-19", "2028-12-19", false}, // two years
		{"2026-12-19", "2206-12-19", false},
		{"2028-02-29", "2029-02-28", true},
		{"2028-02-29", "2029-03-01", true},
		{"2026-12-19", "2025-12-19", false}, // last year's
	} {
		if got := Year(date(t, c.base)).Holds(date(t, c.till)); got != c.is {
			t.Errorf("%s is a year after %s: %t, want %t", c.till, c.base, got, c.is)
		}
	}

	first := Registered(date(t, "2026-11-28"), date(t, "2026-12-05"))
	for till, is := range map[string]bool{"2027-11-28": true, "2027-12-05": true, "2027-11-20": false, "2026-12-05": false, "2028-11-28": false} {
		if first.Holds(date(t, till)) != is {
			t.Errorf("registered in %s: paid till %s = %t", first, till, !is)
		}
	}
}

// anyDay draws a day of a century.
func anyDay(r *rapid.T, name string) registrar.Date {
	return registrar.Date{Year: 2000, Month: 1, Day: 1}.AddDays(rapid.IntRange(0, 36500).Draw(r, name))
}

// What R01 sells fits: a renewal at any day on which it takes one gives a plausible day that is
// a year on, and of another paid year.
func TestWhatIsSoldFits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		today := anyDay(r, "today")
		base := today.AddDays(rapid.IntRange(-Closes, Opens).Draw(r, "left"))
		till := base.AddYears(1).AddDays(rapid.IntRange(-Slack, Slack).Draw(r, "written apart"))
		switch {
		case Implausible(today, "a.ru", base) != "" || Implausible(today, "a.ru", till) != "":
			r.Fatalf("on %s a renewal from %s to %s is implausible", today, base, till)
		case !Year(base).Holds(till):
			r.Fatalf("%s does not end the year from %s", till, base)
		case SameYear(base, till) || Near(base, till):
			r.Fatalf("%s and %s are one year", base, till)
		}
	})
}

func TestSameYear(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		a, b := anyDay(r, "a"), anyDay(r, "b")
		apart := max(a.DaysSince(b), b.DaysSince(a))
		switch {
		case SameYear(a, b) != SameYear(b, a) || Near(a, b) != Near(b, a):
			r.Fatal("it matters which is named first")
		case SameYear(a, b) != (apart <= Apart) || Near(a, b) != (apart <= Slack):
			r.Fatalf("%s and %s are %d days apart", a, b, apart)
		}
	})
	day := registrar.Date{Year: 2026, Month: 12, Day: 31}
	if !SameYear(day, day.AddDays(1)) || SameYear(registrar.Date{}, day) || SameYear(day, registrar.Date{}) {
		t.Error("the end of a calendar year parts, or an unknown day is of some year")
	}
}
