package renewal

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"registrar.panel/plugin/r01/renewal/policy"
	"registrar.panel/shared/registrar"
)

// diary is a book that notes when it was read.
type diary struct {
	begun, completed []time.Time
	takes            time.Duration // of a pass
	plans            int           // renewals, by each pass
	err              error
	window           policy.Window
	doubtTill        time.Time // the clock is in doubt until then
}

func (d *diary) DoubtClock() string {
	if time.Now().Before(d.doubtTill) {
		return "nobody has confirmed it"
	}
	return ""
}

func (d *diary) RemindRenewals(_ context.Context, held []policy.Held, _ registrar.Date) (int, error) {
	return len(held), nil
}

func (d *diary) Renewals(context.Context, policy.Window) ([]policy.Domain, policy.Limit, error) {
	return nil, policy.Limit{}, nil
}

func (d *diary) PlanRenewals(_ context.Context, w policy.Window) (int, error) {
	d.begun, d.window = append(d.begun, time.Now().UTC()), w
	time.Sleep(d.takes)
	return d.plans, d.err
}

func (d *diary) AnnounceRenewals(context.Context, policy.Band, registrar.Date) (int, error) {
	return 0, nil
}
func (d *diary) ShowExpiry(context.Context, registrar.Date) (int, error) { return 0, nil }
func (d *diary) PassCompleted(context.Context) error {
	d.completed = append(d.completed, time.Now().UTC())
	return nil
}

// A pass that has completed is remembered, one that failed or was left out is not.
func TestLastPass(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &diary{}
		p := NewPass(d, policy.Settings{Before: 55})
		tell := func() string {
			if done, completed := p.Last(); completed {
				return done.String()
			}
			return "none"
		}

		for _, step := range []struct {
			err   error
			doubt bool
			begun int
			want  string
		}{
			{nil, true, 3, "none"},
			{errors.New("disk"), false, 3, "none"},
			{nil, false, 3, "renewals begun: 3, expiries announced: 0, urgent ones held: 0, statuses corrected: 0"},
			{errors.New("disk"), false, 5, "renewals begun: 3, expiries announced: 0, urgent ones held: 0, statuses corrected: 0"},
			{nil, false, 0, "renewals begun: 0, expiries announced: 0, urgent ones held: 0, statuses corrected: 0"},
		} {
			d.err, d.plans, d.doubtTill = step.err, step.begun, time.Time{}
			if step.doubt {
				d.doubtTill = time.Now().Add(time.Hour)
			}
			if _, err := p.Run(t.Context(), time.Now()); !errors.Is(err, step.err) {
				t.Errorf("the pass ended with %v, want %v", err, step.err)
			}
			if got := tell(); got != step.want {
				t.Errorf("%+v: remembered %q, want %q", step, got, step.want)
			}
		}
	})
}

// during runs a schedule for a while, in the simulated year 2000.
func during(t *testing.T, d *diary, c Config, length time.Duration) {
	t.Helper()
	c.Before, c.Batch, c.Mode = 55*day, 1, registrar.RenewAuto
	if problems := c.Validate(); len(problems) > 0 {
		t.Fatal(problems)
	}
	ctx, cancel := context.WithTimeout(t.Context(), length)
	defer cancel()
	s := NewSchedule(NewPass(d, c.Policy()), c, slog.New(slog.DiscardHandler), time.Now)
	if err := s.Run(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the schedule ended with %v", err)
	}
}

// The first pass is made at once, which catches up what was missed; then the zone's clock
// decides, through the change to summer time.
func TestScheduleFollowsItsZone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2000, 3, 24, 12, 0, 0, 0, time.UTC)))
		d := &diary{}
		during(t, d, Config{Schedule: "0 4 * * *", Timezone: "Europe/Berlin"}, 3*day)
		want := []time.Time{time.Date(2000, 3, 24, 12, 0, 0, 0, time.UTC), time.Date(2000, 3, 25, 3, 0, 0, 0, time.UTC),
			time.Date(2000, 3, 26, 2, 0, 0, 0, time.UTC), time.Date(2000, 3, 27, 2, 0, 0, 0, time.UTC)}
		if !slices.Equal(d.begun, want) {
			t.Errorf("passes at %v, want %v", d.begun, want)
		}
		if d.window.To != (registrar.Date{Year: 2000, Month: 5, Day: 21}) {
			t.Errorf("the last window ends on %s", d.window.To)
		}
	})
}

// A pass that takes longer than the time between two is not overtaken.
func TestOverlappingPassesAreLeftOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &diary{takes: 25 * time.Minute}
		during(t, d, Config{Schedule: "*/10 * * * *", Timezone: "Europe/Moscow"}, 2*time.Hour)
		for i := 1; i < len(d.begun); i++ {
			if d.begun[i].Before(d.completed[i-1]) {
				t.Fatalf("pass %d began at %s, before the last was over", i, d.begun[i])
			}
		}
		if len(d.begun) < 3 || len(d.begun) > 5 {
			t.Errorf("%d passes in two hours", len(d.begun))
		}
	})
}

// A pass that fails is not completed, and the next is made all the same.
func TestFailedPassIsNotCompleted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &diary{err: errors.New("disk full")}
		during(t, d, Config{Schedule: "@hourly", Timezone: "Europe/Moscow"}, 5*time.Hour+time.Minute)
		if len(d.begun) != 6 || len(d.completed) != 0 {
			t.Errorf("%d passes begun, %d completed", len(d.begun), len(d.completed))
		}
	})
}

// While the day is in doubt no pass is made, and the one that was due is made as soon as it is
// believed.
func TestPassWaitsForTheDay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &diary{doubtTill: time.Now().Add(5*time.Hour + 30*time.Second)}
		start := time.Now().UTC()
		during(t, d, Config{Schedule: "@hourly", Timezone: "Europe/Moscow"}, 5*time.Hour+30*time.Minute)
		want := []time.Time{start.Add(5*time.Hour + time.Minute)}
		if !slices.Equal(d.begun, want) {
			t.Errorf("passes at %v, want %v", d.begun, want)
		}
	})
}
