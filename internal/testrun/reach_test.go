package testrun

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestReach(t *testing.T) {
	t.Parallel()
	silent := errors.New("it says nothing")

	synctest.Test(t, func(t *testing.T) {
		var given []time.Duration
		err := Reach(&story{}, "ours", make(chan struct{}), func(patience time.Duration) error {
			time.Sleep(patience)
			if given = append(given, patience); len(given) < 8 {
				return silent
			}
			return nil
		})
		want := []time.Duration{1, 2, 4, 8, 16, 32, 60, 60}
		if err != nil || !slices.EqualFunc(given, want, func(got, seconds time.Duration) bool { return got == seconds*time.Second }) {
			t.Errorf("the eighth attempt succeeds: %v after %v", err, given)
		}
	})

	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		hangs := Limit(&story{})
		err := Reach(&story{}, "ours", make(chan struct{}), func(patience time.Duration) error { time.Sleep(patience); return silent })
		if took := time.Since(began); !errors.Is(err, silent) || took < hangs || took > hangs+time.Second {
			t.Errorf("no attempt succeeds: %v after %s", err, took)
		}
	})

	synctest.Test(t, func(t *testing.T) {
		gone := make(chan struct{})
		attempts := 0
		err := Reach(&story{}, "ours", gone, func(time.Duration) error {
			if attempts++; attempts == 3 {
				close(gone)
			}
			return silent
		})
		if err == nil || err.Error() != "ours has ended" || attempts != 3 {
			t.Errorf("the server ends: %v after %d attempts", err, attempts)
		}
	})
}
