package backoff

import (
	"math"
	"testing"
	"time"
)

func TestPause(t *testing.T) {
	t.Parallel()

	for _, c := range []struct {
		first, most time.Duration
		failures    int
		chance      float64
		want        time.Duration
	}{
		{time.Second, time.Minute, 0, 0, time.Second},
		{time.Second, time.Minute, 1, 0, 2 * time.Second},
		{time.Second, time.Minute, 5, 0, 32 * time.Second},
		{time.Second, time.Minute, 6, 0, time.Minute},
		{time.Second, time.Minute, math.MaxInt, 0, time.Minute},
		{time.Second, time.Minute, 1, 1, time.Second},
		{time.Second, time.Minute, 1, 0.5, 1500 * time.Millisecond},
		{time.Hour, time.Minute, 0, 0, time.Minute},
		{0, time.Minute, 0, 1, 0},
		{0, time.Minute, math.MaxInt, 0, 0},
	} {
		if got := Pause(c.first, c.most, c.failures, c.chance); got != c.want {
			t.Errorf("Pause(%s, %s, %d, %v) = %s, want %s", c.first, c.most, c.failures, c.chance, got, c.want)
		}
	}
}
