// Package pace measures how much longer than usual things take on this machine now, because it
// is slow or because others are at work on it. What would be a fixed number of seconds is
// multiplied by it, so that one patience fits an idle desktop and a loaded build server.
package pace

import (
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Slowest is the largest factor: what is told of a machine that is slower still is an accident
// of the measurement.
const Slowest = 100

// Factor measures, which takes some milliseconds of one processor. It returns 1 on a machine
// that is as fast as usual and idle, and at most [Slowest].
func Factor() float64 {
	took := time.Hour
	for range 3 { // one of them is not interrupted
		began := time.Now()
		work()
		took = min(took, time.Since(began))
	}
	load, _ := os.ReadFile("/proc/loadavg") // other systems have none
	return factor(took, busy(string(load)), runtime.NumCPU())
}

// Scale is a duration that fits the usual machine, as long as it has to be on this one now.
func Scale(d time.Duration) time.Duration { return time.Duration(float64(d) * Factor()) }

// factor is of a machine whose processors take so long for the work when they are let, and have
// so many others that want them.
func factor(took time.Duration, want float64, processors int) float64 {
	slower := max(float64(took)/float64(usual), 1)
	shared := max(want/float64(processors), 1)
	return min(slower*shared, Slowest)
}

// busy is how many want a processor: now, or in the mean of the last minute. proc_loadavg(5)
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
