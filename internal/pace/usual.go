//go:build !race

package pace

import "time"

// size is how many numbers the work goes through.
const size = 1 << 14

// usual is how long the work takes on the machine on which the waits of tests and campaigns were tuned.
const usual = 1500 * time.Microsecond
