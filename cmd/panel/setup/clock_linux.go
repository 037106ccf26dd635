package setup

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// clock reports an error unless the kernel knows that its clock is right.
func clock() error {
	state, err := unix.Adjtimex(&unix.Timex{})
	if err != nil {
		return fmt.Errorf("%w: %w", errUnknown, err)
	}
	const unsynchronised = 5 // TIME_ERROR of adjtimex(2)
	if state == unsynchronised {
		return errFree
	}
	return nil
}
