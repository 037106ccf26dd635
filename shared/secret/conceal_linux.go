package secret

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Conceal hides the memory of this process, and the environment that it was started with, from other
// processes of the same user, and keeps it out of core dumps. Its children are kept out of core dumps, too.
// Root still sees everything.
func Conceal() error {
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("conceal the process's memory: %w", err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return fmt.Errorf("turn core dumps off: %w", err)
	}
	return nil
}
