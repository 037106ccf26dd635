// Package backoff says how long to wait before something that failed is tried
// again. The wait doubles with each failure, up to a limit, and chance shortens
// it, so that things that failed together are not tried again in step.
package backoff

import "time"

// Pause returns the wait before the next try. It is first after the first failure and doubles
// with each further one, up to most. Chance, from 0 to 1, takes up to half of it away.
func Pause(first, most time.Duration, failures int, chance float64) time.Duration {
	pause := min(first, most)
	if pause <= 0 {
		return 0
	}
	for range failures {
		// From half the limit on, doubling would reach the limit and in the end overflow.
		if pause >= most/2 {
			pause = most
			break
		}
		pause *= 2
	}
	return pause - time.Duration(chance*float64(pause)/2)
}
