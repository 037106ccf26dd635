package policy

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"registrar.panel/shared/registrar"
)

var today = registrar.Date{Year: 2026, Month: 11, Day: 24}

// in is an expiry so many days from today.
func in(days int) registrar.Date { return today.AddDays(days) }

func domain(left int, change func(d *Domain)) Domain {
	d := Domain{Name: "a.ru", PaidTill: in(left), Status: registrar.StatusRegistered, Mode: registrar.RenewAuto, Announced: Never}
	if change != nil {
		change(&d)
	}
	return d
}

func TestDecide(t *testing.T) {
	t.Parallel()

	open := func(k registrar.OperationKind, s registrar.OperationState) func(*Domain) {
		return func(d *Domain) { d.Operation = Operation{Kind: k, State: s, WaitsFor: "a person"} }
	}
	asked := func(s registrar.OperationState) func(*Domain) { return func(d *Domain) { d.Asked.State = s } }

	early := func(days int, change ...func(*Domain)) func(*Domain) { // ago
		return func(d *Domain) {
			d.Asked = Asked{State: registrar.Failed, EarlyAt: in(-days).In(Zone()), Error: "not earlier than 60 days before"}
			d.Planned, d.Begun = true, true
			for _, c := range change {
				c(d)
			}
		}
	}

	told := func(last Threshold, change func(*Domain)) func(*Domain) {
		return func(d *Domain) { change(d); d.Announced = last }
	}
	manual := func(last Threshold) func(*Domain) {
		return func(d *Domain) { d.Mode, d.Announced = registrar.RenewManual, last }
	}
	status := func(s registrar.DomainStatus) func(*Domain) { return func(d *Domain) { d.Status = s } }
	const nothing, send, announced, held = "", registrar.RenewalSend, registrar.RenewalAnnounce, registrar.RenewalHold
	for _, c := range []struct {
		why    string
		d      Domain
		held   string
		action registrar.RenewalAction
		begin  bool
		at     Threshold
	}{
		{"a day too early", domain(56, nil), "", nothing, false, 0},
		{"the first day", domain(55, nil), "", send, true, 0},
		{"the day of expiry", domain(0, nil), "", send, true, 0},
		{"expired", domain(-1, status(registrar.StatusExpired)), "", send, true, 0},
		{"the last day at R01", domain(-30, nil), "", send, true, 0},
		{"too late", domain(-31, nil), "", nothing, false, 0},
		{"expiry unknown", Domain{Name: "a.ru", Status: registrar.StatusRegistered, Mode: registrar.RenewAuto}, "", nothing, false, 0},
		{"not registered yet", domain(10, status(registrar.StatusRegistering)), "", nothing, false, 0},
		{"left us", domain(10, status(registrar.StatusTransferredAway)), "", nothing, false, 0},
		{"under way", domain(15, open(registrar.KindRenew, registrar.Accepted)), "", nothing, false, 0},
		{"under way for long", domain(14, open(registrar.KindRenew, registrar.Accepted)), "", held, false, 14},
		{"under way while the queue stands", domain(40, open(registrar.KindRenew, registrar.Queued)), "no funds", held, false, 0},
		{"a person must look", domain(31, open(registrar.KindRenew, registrar.Uncertain)), "", held, false, 0},
		{"a person must look, and soon", domain(30, open(registrar.KindRenew, registrar.Uncertain)), "", held, false, 30},
		{"an update is open", domain(10, open(registrar.KindUpdate, registrar.Sent)), "", send, true, 0},
		{"an update waits for a person", domain(10, open(registrar.KindUpdate, registrar.Uncertain)), "", send, true, 0},
		{"a registration is open", domain(10, open(registrar.KindRegister, registrar.NeedsAction)), "", held, false, 14},
		{"failed before", domain(10, asked(registrar.Failed)), "", held, false, 14},
		{"failed before, and told", domain(10, told(14, asked(registrar.Failed))), "", held, false, 0},
		{"failed before, and told earlier", domain(7, told(14, asked(registrar.Failed))), "", held, false, 7},
		{"failed before, the last day before", domain(1, told(7, asked(registrar.Failed))), "", held, false, 1},
		{"failed before, expired", domain(-1, told(1, asked(registrar.Failed))), "", held, false, Expired},
		{"failed before, a week is left at R01", domain(-23, told(Expired, asked(registrar.Failed))), "", held, false, FinalWeek},
		{"failed before, a day is left at R01", domain(-29, told(FinalWeek, asked(registrar.Failed))), "", held, false, FinalDay},
		{"withdrawn before", domain(40, asked(registrar.Cancelled)), "", held, false, 0},
		{"refused as too early, lately", domain(40, early(4)), "", held, false, 0},
		{"refused as too early, on this day", domain(40, early(0)), "", held, false, 0},
		{"refused as too early, long enough ago", domain(40, early(5)), "", send, true, 0},
		{"refused as too early, in the future of a clock that was wrong", domain(40, early(-200)), "", send, true, 0},
		{"refused as too early, and planned again", domain(40, early(5, func(d *Domain) { d.Begun = false })), "", nothing, false, 0},
		{"refused as too early, no funds", domain(40, early(5)), "no funds", held, true, 0},
		{"refused as too early, not due yet", domain(56, early(200)), "", nothing, false, 0},
		{"refused as too early, then for good", domain(40, early(5, func(d *Domain) { d.Asked.EarlyAt = time.Time{} })), "", held, false, 0},
		{"refused as too early, then renewed", domain(40, early(5, func(d *Domain) { d.Asked.State = registrar.Succeeded })), "", held, false, 0},
		{"planned", domain(10, func(d *Domain) { d.Planned = true }), "", nothing, false, 0},
		{"no funds", domain(10, nil), "no funds", held, true, 14},
		{"no funds, and planned", domain(10, func(d *Domain) { d.Planned = true }), "no funds", held, false, 14},
		{"manual, early", domain(61, manual(Never)), "", nothing, false, 0},
		{"manual, first threshold", domain(60, manual(Never)), "", announced, false, 60},
		{"manual, told", domain(59, manual(60)), "", nothing, false, 0},
		{"manual, only the latest of those missed", domain(6, manual(60)), "", announced, false, 7},
		{"manual, the last day before", domain(1, manual(7)), "", announced, false, 1},
		{"manual, the day of expiry", domain(0, manual(1)), "", nothing, false, 0},
		{"manual, expired", domain(-1, manual(1)), "", announced, false, Expired},
		{"manual, expired and told", domain(-20, manual(Expired)), "", nothing, false, 0},
		{"manual, a week is left at R01", domain(-23, manual(Expired)), "", announced, false, FinalWeek},
		{"manual, too late", domain(-31, manual(Never)), "", nothing, false, 0},
	} {
		got := Settings{Before: 55}.Decide(c.d, today, c.held)
		if got.Action != c.action || got.Begin != c.begin || got.Threshold != c.at {
			t.Errorf("%s: %+v, want %q, begin %v, threshold %d", c.why, got, c.action, c.begin, c.at)
		}
		if (got.Reason == "") != (got.Action == nothing) {
			t.Errorf("%s: the reason is %q", c.why, got.Reason)
		}
	}
}

// Where R01 renews by itself nothing is begun from here. r01-mail 4.2
func TestNothingIsBegunWhereR01Renews(t *testing.T) {
	t.Parallel()
	s := Settings{Before: 55, R01: true}
	for left := -40; left <= 70; left++ {
		d := s.Decide(domain(left, nil), today, "")
		if d.Begin || d.Action == registrar.RenewalSend || s.Due(today).Holds(in(left)) {
			t.Errorf("%d days before: %+v", left, d)
		}
	}
}

// A whole range and one domain are judged alike.
func TestRangesAgreeWithDecide(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		s := Settings{Before: rapid.IntRange(1, Opens).Draw(t, "before")}
		left := rapid.IntRange(-Closes-3, Opens+3).Draw(t, "left")
		today := today.AddDays(rapid.IntRange(0, 3000).Draw(t, "today"))
		d := Domain{Name: "a.ru", PaidTill: today.AddDays(left), Status: registrar.StatusRegistered, Mode: registrar.RenewAuto, Announced: Never}
		if got := s.Decide(d, today, ""); got.Begin != s.Due(today).Holds(d.PaidTill) {
			t.Fatalf("%d days before: %+v, and Due is %+v", left, got, s.Due(today))
		}

		d.Mode = registrar.RenewManual
		got, in := s.Decide(d, today, ""), 0
		for _, b := range Bands(today) {
			if b.Holds(d.PaidTill) {
				in++
				if got.Action != registrar.RenewalAnnounce || got.Threshold != b.Threshold {
					t.Fatalf("%d days before: %+v, and the band is %+v", left, got, b)
				}
			}
		}

		if want := got.Action == registrar.RenewalAnnounce; in > 1 || (in == 1) != want {
			t.Fatalf("%d days before: %+v, in %d bands", left, got, in)
		}
	})
}

// A year of passes, some of them missed, announces each threshold at most once and in
// order, and ends with the last that was reached.
func TestAnnouncedOncePerThreshold(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		d := domain(80, manualFrom)
		last := Never
		for day := range 120 {
			if rapid.IntRange(0, 3).Draw(t, "pass") == 0 {
				continue
			}

			now := today.AddDays(day)
			got := Settings{Before: 55}.Decide(d, now, "")
			if got.Action == "" {
				continue
			}

			if got.Threshold >= last {
				t.Fatalf("day %d: announced %d after %d", day, got.Threshold, last)
			}
			if left := d.PaidTill.DaysSince(now); left > int(got.Threshold) {
				t.Fatalf("%d days before: announced %d too early", left, got.Threshold)
			}

			last, d.Announced = got.Threshold, got.Threshold
		}
	})
}

func manualFrom(d *Domain) { d.Mode = registrar.RenewManual }

// The day is Moscow's, wherever the clock stands.
func TestToday(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 24, 21, 30, 0, 0, time.UTC)
	if got := Today(at); got != in(1) {
		t.Errorf("half past midnight in Moscow is %s", got)
	}
	if got := Today(at.Add(-time.Hour)); got != today {
		t.Errorf("half past eleven in Moscow is %s", got)
	}
}
