package supervisor

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
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
		{"a program that is missing is looked for soon, and then every minute", []step{
			{0, 0, fs.ErrNotExist, Disabled, first},
			{0, 0, fs.ErrNotExist, Disabled, time.Second},
			{0, 0, fs.ErrNotExist, Disabled, 2 * time.Second},
			{0, 0, fs.ErrNotExist, Disabled, 4 * time.Second},
			{0, 0, fs.ErrNotExist, Disabled, 8 * time.Second},
			{0, 0, fs.ErrNotExist, Disabled, 16 * time.Second},
			{0, 0, fs.ErrNotExist, Disabled, 32 * time.Second},
			{0, 0, fs.ErrNotExist, Disabled, time.Minute},
			{0, 0, fs.ErrNotExist, Disabled, time.Minute},
		}},
		{"want of descriptors is no crash, however often", []step{
			{0, 0, syscall.EMFILE, Backoff, first},
			{0, 0, syscall.EMFILE, Backoff, time.Second},
			{0, 0, syscall.EMFILE, Backoff, 2 * time.Second},
			{0, 0, syscall.EMFILE, Backoff, 4 * time.Second},
			{0, 0, syscall.EMFILE, Backoff, 8 * time.Second},
			{0, 0, syscall.EMFILE, Backoff, 16 * time.Second},
			{0, 0, died, Backoff, 32 * time.Second},
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

// What kind of fault it is decides how soon it is tried again.
func TestKindsOfFaults(t *testing.T) {
	t.Parallel()

	const soon = 50 * time.Millisecond
	for _, test := range []struct {
		err   error
		state State
		pause time.Duration
	}{
		{permanentError{errors.New("other version")}, Disabled, time.Minute},
		{fmt.Errorf("configure: %w", &registrar.Error{Code: registrar.Invalid}), Disabled, time.Minute},
		{&registrar.Error{Code: registrar.Unsupported}, Disabled, time.Minute},
		{fmt.Errorf("open program: %w", fs.ErrNotExist), Disabled, soon},
		{fmt.Errorf("open program: %w", fs.ErrPermission), Disabled, soon},
		{fmt.Errorf("start: %w", syscall.ENOEXEC), Disabled, soon},
		{fmt.Errorf("open pipe: %w", syscall.EMFILE), Backoff, soon},
		{fmt.Errorf("fork: %w", syscall.EAGAIN), Backoff, soon},
		{fmt.Errorf("fork: %w", syscall.ENOMEM), Backoff, soon},
		{errors.New("exit status 2"), Backoff, soon},
		{&registrar.Error{Code: registrar.Locked}, Backoff, soon},
		{&registrar.Error{Code: registrar.Internal}, Backoff, soon},
	} {
		b := breaker{timing: Timing{}.filled(), jitter: steady}
		if state, pause := b.failed(time.Unix(0, 0), 0, test.err); state != test.state || pause != test.pause {
			t.Errorf("%v: %s, %s; want %s, %s", test.err, state, pause, test.state, test.pause)
		}
	}
}
