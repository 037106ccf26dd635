//go:build !race

package message

import (
	"runtime"
	"testing"
	"time"
)

// The race detector makes everything slow, and throws pooled memory away at random: costs
// are measured without it.
const (
	mebi     = 1 << 20
	largest  = 25 * mebi              // that a mail may be
	mayCost  = 64 * mebi              // beyond the mail itself
	maySlow  = 8                      // times slower for four times the mail: linear would be four
	atOnce   = 200 * time.Millisecond // fast enough, whatever the ratio
	attempts = 3
)

// No mail costs much beyond itself: all that was allocated is more than was ever held at
// once. Not parallel, since it counts what the whole process allocates.
func TestMemory(t *testing.T) {
	for name, shape := range hostile() {
		raw := []byte(shape(largest))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		read(t, raw)
		runtime.ReadMemStats(&after)
		if cost := after.TotalAlloc - before.TotalAlloc; cost > mayCost {
			t.Errorf("%s: %d MiB are allocated for a mail of %d MiB", name, cost/mebi, len(raw)/mebi)
		}
	}
}

// Four times the mail takes about four times as long, within the limit on a text and
// beyond. Not parallel, since it takes the time.
func TestTime(t *testing.T) {
	for name, shape := range hostile() {
		for _, n := range []int{maxText, 4 * maxText} {
			quarter, whole := []byte(shape(n/4)), []byte(shape(n))
			if slow := slowdown(t, quarter, whole); slow > maySlow {
				t.Errorf("%s: %d KiB take %.1f times as long as a quarter of them", name, n>>10, slow)
			}
		}
	}
}

// slowdown compares the best times, and measures again as long as the answer is bad: what
// else the machine does can only add to a time.
func slowdown(t *testing.T, quarter, whole []byte) (ratio float64) {
	t.Helper()
	shortest, longest := time.Hour, time.Hour
	for range attempts {
		shortest, longest = min(shortest, stopwatch(t, quarter)), min(longest, stopwatch(t, whole))
		ratio = float64(longest) / float64(max(shortest, atOnce/maySlow))
		if ratio <= maySlow {
			break
		}
	}
	return ratio
}

func stopwatch(t *testing.T, raw []byte) time.Duration {
	start := time.Now()
	read(t, raw)
	return time.Since(start)
}
