//go:build race

package pace

import "time"

// size is smaller under the race detector, which takes ten times as long: some suites measure for each test.
const size = 1 << 11

// usual is how long the work takes on that machine under the race detector, which alone is no reason to wait longer.
const usual = 1200 * time.Microsecond
