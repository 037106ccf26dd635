//go:build !race

package message

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"registrar.panel/internal/testrun"
)

// The race detector makes everything slow, and throws pooled memory away at random: costs
// are measured without it.
const (
	mebi    = 1 << 20
	largest = 25 * mebi // that a mail may be
	mayCost = 64 * mebi // beyond the mail itself
)

// No mail costs much beyond itself: all that was allocated is more than was ever held at
// once. Not parallel, since it counts what the whole process allocates.
func TestMemory(t *testing.T) {
	testrun.TakesLong(t)
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

// BenchmarkGrowth reports how many times as long a mail takes as a quarter of it, in the
// same run, within the limit on a text and beyond: four is linear.
func BenchmarkGrowth(b *testing.B) {
	for name, shape := range hostile() {
		for _, n := range []int{maxText, 4 * maxText} {
			b.Run(fmt.Sprintf("%s/%dKiB", name, n>>10), func(b *testing.B) {
				quarter, whole := []byte(shape(n/4)), []byte(shape(n))
				var short, long time.Duration
				for b.Loop() {
					short += stopwatch(b, quarter)
					long += stopwatch(b, whole)
				}
				b.ReportMetric(float64(long)/float64(short), "of-a-quarter")
			})
		}
	}
}

func stopwatch(tb testing.TB, raw []byte) time.Duration {
	start := time.Now()
	read(tb, raw)
	return time.Since(start)
}
