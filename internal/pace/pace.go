// Package pace measures how much longer than usual work takes here and now: because the
// machine is slow or busy, or because the race detector watches. What would be a fixed number
// of seconds is multiplied by it, so that the same patience fits an idle desktop and a loaded
// build server.
package pace

import (
	"slices"
	"time"
)

// usual is how long [work] takes on the machine that the patience of tests and campaigns was
// tuned on, when it is idle and the race detector is off.
const usual = 1500 * time.Microsecond

// Slowest is the largest factor: a measurement that was interrupted for longer says nothing
// about how long a wait has to be.
const Slowest = 100

// Factor measures, which takes some milliseconds of one processor. It returns 1 on a machine
// that is as fast as usual or faster, and at most [Slowest].
func Factor() float64 {
	began := time.Now()
	work()
	return factor(time.Since(began))
}

func factor(took time.Duration) float64 {
	return min(max(float64(took)/float64(usual), 1), Slowest)
}

// Scale is a duration that fits the usual machine, as long as it has to be here and now.
func Scale(d time.Duration) time.Duration { return time.Duration(float64(d) * Factor()) }

// work is of the kind that tests wait for: plain Go that goes through memory, which the race
// detector slows down as it does the rest.
func work() {
	const size = 1 << 14
	numbers, seed := make([]uint32, size), uint32(1)
	for i := range numbers {
		seed = seed*1664525 + 1013904223
		numbers[i] = seed
	}
	slices.Sort(numbers)
}
