// Package pace measures how much longer than usual things take on this machine now,
// because it is slow or because others use it. Callers multiply their fixed waits by
// this factor, so that the same wait fits an idle desktop and a loaded build server.
package pace

import (
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Slowest is the largest factor. A measurement that says more is an accident.
const Slowest = 100

// Factor measures, for some milliseconds of one processor. It returns 1
// on a machine that is idle and as fast as usual, and at most [Slowest].
func Factor() float64 {
	took := time.Hour
	for range 3 { // at least one of them should not be interrupted
		began := time.Now()
		work()
		took = min(took, time.Since(began))
	}
	load, _ := os.ReadFile("/proc/loadavg") // other systems don't have this file
	return factor(took, busy(string(load)), runtime.NumCPU())
}

// Scale stretches a duration that fits the usual machine to fit this one now.
func Scale(d time.Duration) time.Duration { return time.Duration(float64(d) * Factor()) }

// factor is for a machine on which the undisturbed work takes took, and on which want others want its processors.
func factor(took time.Duration, want float64, processors int) float64 {
	slower := max(float64(took)/float64(usual), 1)
	shared := max(want/float64(processors), 1)
	return min(slower*shared, Slowest)
}

// busy returns how many processes want a processor: now, or in
// the mean of the last minute, whichever is more. proc_loadavg(5)
func busy(load string) float64 {
	fields := strings.Fields(load)
	if len(fields) < 4 {
		return 0
	}
	mean, _ := strconv.ParseFloat(fields[0], 64)
	running, _, _ := strings.Cut(fields[3], "/")
	now, _ := strconv.ParseFloat(running, 64)
	return max(mean, now)
}

// work is of the kind that tests wait for: plain Go that goes through memory.
func work() {
	numbers, seed := make([]uint32, size), uint32(1)
	for i := range numbers {
		seed = seed*1664525 + 1013904223
		numbers[i] = seed
	}
	slices.Sort(numbers)
}
