package pace

import (
	"testing"
	"time"
)

func TestFactor(t *testing.T) {
	t.Parallel()

	for _, c := range []struct {
		took       time.Duration
		want       float64
		processors int
		factor     float64
	}{
		{0, 0, 2, 1},
		{usual / 2, 1, 2, 1},
		{usual, 2, 2, 1},
		{3 * usual, 1, 2, 3},
		{usual, 10, 2, 5},
		{usual, 10, 10, 1},
		{2 * usual, 10, 2, 10},
		{time.Hour, 1, 1, Slowest},
	} {
		if got := factor(c.took, c.want, c.processors); got != c.factor {
			t.Errorf("%s with %v on %d processors gives %v, want %v", c.took, c.want, c.processors, got, c.factor)
		}
	}

	if f := Factor(); f < 1 || f > Slowest {
		t.Errorf("measured %v", f)
	}
}

func TestBusy(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]float64{
		"0.20 0.18 0.12 1/80 11206\n": 1,
		"9.50 3.00 1.00 2/80 11206\n": 9.5,
		"1.00 3.00 1.00 9/80 11206\n": 9,
		"":                            0,
		"nonsense":                    0,
		"a b c d":                     0,
	} {
		if got := busy(text); got != want {
			t.Errorf("%q is %v, want %v", text, got, want)
		}
	}
}

func TestScale(t *testing.T) {
	t.Parallel()
	if got := Scale(time.Second); got < time.Second || got > Slowest*time.Second {
		t.Errorf("a second becomes %s", got)
	}
}
