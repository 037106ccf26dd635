package turn

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// every is how often an instance that stands by asks.
const every = 2 * time.Second

// played is a lease that is held in the spans of a plan.
type played struct {
	began time.Time
	held  [][2]time.Duration // from, to
	away  [2]time.Duration   // the database does not answer
}

var errAway = errors.New("the database is away")

func (l *played) until() (time.Duration, bool) {
	now := time.Since(l.began)
	for _, span := range l.held {
		if now >= span[0] && now < span[1] {
			return span[1] - now, true
		}
	}
	return 0, false
}

func (l *played) Take(context.Context) (string, bool, error) {
	if now := time.Since(l.began); now >= l.away[0] && now < l.away[1] {
		return "", false, errAway
	}
	if _, held := l.until(); held {
		return "me", true, nil
	}
	return "other", false, nil
}

func (l *played) Keep(ctx context.Context) error {
	left, _ := l.until()
	select {
	case <-ctx.Done():
		return nil
	case <-time.After(left):
		return errors.New("the lease is lost")
	}
}

func (l *played) Release(context.Context) error { return nil }

// playing is a turn by a lease that is played.
func playing(l *played, takeOver func(context.Context) (Work, error)) *Turn {
	return &Turn{Lease: l, Every: every, TakeOver: takeOver, Follow: func(context.Context, string) error { return nil }, Log: slog.New(slog.DiscardHandler)}
}

// Work is done only while the lease is held, each time after taking over, and its end is
// waited for.
func TestWorkFollowsTheLease(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		l := &played{began: time.Now(), held: [][2]time.Duration{{10 * time.Second, 60 * time.Second}, {5 * time.Minute, 6 * time.Minute}}}
		var story []string
		tell := func(what string) { story = append(story, what+" "+time.Since(l.began).Truncate(every).String()) }
		w := playing(l, func(context.Context) (Work, error) {
			tell("takes over")
			return Func(func(ctx context.Context) {
				tell("begins")
				<-ctx.Done()
				time.Sleep(every) // something is under way
				tell("ends")
			}), nil
		})

		ctx, cancel := context.WithTimeout(t.Context(), 330*time.Second)
		defer cancel()
		w.Run(ctx, nil)

		want := []string{"takes over 10s", "begins 10s", "ends 1m2s", "takes over 5m0s", "begins 5m0s", "ends 5m32s"}
		if !slices.Equal(story, want) {
			t.Errorf("%q, want %q", story, want)
		}
	})
}

func TestNothingIsDoneWithoutTakingOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &played{began: time.Now(), held: [][2]time.Duration{{0, time.Hour}}}
		tries, began := 0, 0
		w := playing(l, func(context.Context) (Work, error) {
			if tries++; tries < 4 {
				return nil, errAway
			}
			return Func(func(ctx context.Context) { began = tries; <-ctx.Done() }), nil
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		w.Run(ctx, nil)
		if tries != 4 || began != 4 {
			t.Errorf("work began after try %d of %d, want the fourth", began, tries)
		}
	})
}

func TestHealthTellsWhoHasTheLease(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		l := &played{began: time.Now(), held: [][2]time.Duration{{time.Minute, time.Hour}}, away: [2]time.Duration{10 * time.Second, 20 * time.Second}}
		w := playing(l, func(context.Context) (Work, error) { return Func(func(ctx context.Context) { <-ctx.Done() }), nil })
		ctx, cancel := context.WithCancel(t.Context())
		go w.Run(ctx, nil)

		for _, c := range []struct {
			at     time.Duration
			ok     bool
			detail string
		}{
			{5 * time.Second, true, "standby: other holds the lease"},
			{15 * time.Second, false, errAway.Error()},
			{30 * time.Second, true, "standby: other holds the lease"},
			{2 * time.Minute, true, "this instance works: me"},
		} {
			time.Sleep(c.at - time.Since(l.began))
			if got := w.Component(); got.OK != c.ok || got.Detail != c.detail {
				t.Errorf("after %s: %+v", c.at, got)
			}
		}

		cancel()
		synctest.Wait()
	})
}
