package secret

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Conceal keeps the memory of this process, and the environment it was started with, from other
// processes of the same user, and out of core dumps; those of its children, too, as far as the
// dumps go. Root sees it all the same.
func Conceal() error {
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("conceal the process's memory: %w", err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return fmt.Errorf("turn core dumps off: %w", err)
	}
	return nil
}
