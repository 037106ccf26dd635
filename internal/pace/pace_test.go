package pace

import (
	"testing"
	"time"
)

func TestFactor(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		took time.Duration
		want float64
	}{
		{0, 1},
		{usual / 2, 1},
		{usual, 1},
		{3 * usual, 3},
		{time.Hour, Slowest},
	} {
		if got := factor(c.took); got != c.want {
			t.Errorf("work that takes %s gives %v, want %v", c.took, got, c.want)
		}
	}
	if f := Factor(); f < 1 || f > Slowest {
		t.Errorf("measured %v", f)
	}
}

func TestScale(t *testing.T) {
	t.Parallel()
	if got := Scale(time.Second); got < time.Second || got > Slowest*time.Second {
		t.Errorf("a second becomes %s", got)
	}
}

func BenchmarkWork(b *testing.B) {
	for b.Loop() {
		work()
	}
}
