package testrun

import (
	"fmt"
	"testing"
	"time"
)

// Reach repeats an attempt to reach a server of the test, and returns nil once an attempt succeeds. It returns
// that the server has ended, or after [Limit] the error of the last attempt.
//
// Another program may have been faster to take the port and say nothing, and loopback may have connected the
// dialler with itself, because it was given this port. So the first attempt has a second, the next one twice
// as long, and so on up to a minute: a server may be slow, and must not be missed because of that.
func Reach(t testing.TB, server string, ended <-chan struct{}, attempt func(patience time.Duration) error) error {
	deadline := time.Now().Add(Limit(t))
	for patience := time.Second; ; patience = min(2*patience, time.Minute) {
		err := attempt(min(patience, time.Until(deadline)))
		if err == nil {
			return nil
		}

		select {
		case <-ended:
			return fmt.Errorf("%s has ended", server)
		case <-time.After(10 * time.Millisecond): // polling another process
		}

		if time.Now().After(deadline) {
			return err
		}
	}
}
