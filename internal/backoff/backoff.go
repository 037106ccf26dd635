// Package backoff says how long to wait before something that failed is tried again: twice as
// long after each failure, up to a limit, and less by chance, so that what failed together is not
// tried again in step.
package backoff

import "time"

// Pause is first before the first repetition and doubles with each further failure, up to most.
// Chance, from 0 to 1, takes up to half of it away.
func Pause(first, most time.Duration, failures int, chance float64) time.Duration {
	pause := min(first, most)
	if pause <= 0 {
		return 0
	}
	for range failures {
		// Beyond the half doubling reaches the limit, or in the end overflows.
		if pause >= most/2 {
			pause = most
			break
		}
		pause *= 2
	}
	return pause - time.Duration(chance*float64(pause)/2)
}
