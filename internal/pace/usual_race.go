//go:build race

package pace

import "time"

// usual is how long the work takes there under the race detector, which is no reason for more
// patience than the tests were tuned with.
const usual = 12 * time.Millisecond
