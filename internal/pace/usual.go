//go:build !race

package pace

import "time"

// usual is how long the work takes on the machine that the patience of tests and campaigns was
// tuned on.
const usual = 1500 * time.Microsecond
