package supervisor

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"
	"time"

	"registrar.panel/shared/registrar"
)

func steady() float64 { return 0 }

func TestBreaker(t *testing.T) {
	t.Parallel()
	timing := Timing{}.filled()
	died := errors.New("it died")
	const first = 50 * time.Millisecond
	type step struct {
		after time.Duration // since the step before
		lived time.Duration
		err   error
		state State
		pause time.Duration
	}
	for _, test := range []struct {
		reason string
		steps  []step
	}{
		{"the first restart is almost at once; then back-off doubles up to its limit", []step{
			{0, 0, registrar.Locked, Backoff, first},
			{0, 0, registrar.Locked, Backoff, time.Second},
			{0, 0, registrar.Locked, Backoff, 2 * time.Second},
			{0, 0, registrar.Locked, Backoff, 4 * time.Second},
			{0, 0, registrar.Locked, Backoff, 8 * time.Second},
			{0, 0, registrar.Locked, Backoff, 16 * time.Second},
			{0, 0, registrar.Locked, Backoff, 32 * time.Second},
			{0, 0, registrar.Locked, Backoff, time.Minute},
			{0, 0, registrar.Locked, Backoff, time.Minute},
		}},
		{"a healthy life starts it afresh", []step{
			{0, 0, died, Backoff, first},
			{0, 0, died, Backoff, time.Second},
			{0, 5*time.Minute - 1, died, Backoff, 2 * time.Second},
			{0, 5 * time.Minute, died, Backoff, first},
			{0, 0, died, Disabled, 15 * time.Minute},
		}},
		{"five crashes in ten minutes disable, then each probe is one try", []step{
			{0, 0, died, Backoff, first},
			{time.Minute, 0, died, Backoff, time.Second},
			{time.Minute, 0, died, Backoff, 2 * time.Second},
			{time.Minute, 0, died, Backoff, 4 * time.Second},
			{time.Minute, 0, died, Disabled, 15 * time.Minute},
			{15 * time.Minute, 0, died, Disabled, 15 * time.Minute},
			{20 * time.Minute, 5 * time.Minute, died, Backoff, first},
		}},
		{"crashes far apart do not disable", []step{
			{0, 0, died, Backoff, first},
			{3 * time.Minute, 0, died, Backoff, time.Second},
			{3 * time.Minute, 0, died, Backoff, 2 * time.Second},
			{3 * time.Minute, 0, died, Backoff, 4 * time.Second},
			{3 * time.Minute, 0, died, Backoff, 8 * time.Second},
		}},
	} {
		t.Run(test.reason, func(t *testing.T) {
			t.Parallel()
			b := breaker{timing: timing, jitter: steady}
			now := time.Unix(0, 0)
			for i, s := range test.steps {
				now = now.Add(s.after)
				if state, pause := b.failed(now, s.lived, s.err); state != s.state || pause != s.pause {
					t.Errorf("step %d: %s, %s; want %s, %s", i, state, pause, s.state, s.pause)
				}
			}
		})
	}
}

func TestJitterTakesUpToHalf(t *testing.T) {
	t.Parallel()
	b := breaker{timing: Timing{}.filled(), jitter: func() float64 { return 0.5 }}
	for _, want := range []time.Duration{37500 * time.Microsecond, 750 * time.Millisecond, 1500 * time.Millisecond} {
		if pause := b.pause(0); pause != want {
			t.Errorf("pause = %s, want %s", pause, want)
		}
	}
}

func TestHopeless(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err  error
		want bool
	}{
		{misfit{errors.New("other version")}, true},
		{fmt.Errorf("configure: %w", &registrar.Error{Code: registrar.Invalid}), true},
		{fmt.Errorf("open program: %w", fs.ErrNotExist), true},
		{errors.New("exit status 2"), false},
		{&registrar.Error{Code: registrar.Locked}, false},
		{&registrar.Error{Code: registrar.Internal}, false},
	} {
		if got := hopeless(test.err); got != test.want {
			t.Errorf("hopeless(%v) = %v", test.err, got)
		}
	}
}
