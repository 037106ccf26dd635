package manual

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"registrar.panel/shared/registrar"
)

// takeLock keeps a second instance off the same directory until it is released. The kernel
// does that when the process dies, however it dies.
func takeLock(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "manual.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock data directory: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(registrar.Errorf(registrar.Locked, "another instance works on %s", dir), f.Close())
	}
	return f, nil
}

// releaseLock unlocks before it closes: a child that is being forked just now may hold the
// file for a moment longer.
func releaseLock(f *os.File) error {
	return errors.Join(syscall.Flock(int(f.Fd()), syscall.LOCK_UN), f.Close())
}
