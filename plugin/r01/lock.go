package r01

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"registrar.panel/shared/registrar"
)

// lock keeps a second instance off the same directory. The kernel releases it when the
// process dies, however it dies.
type lock struct{ file *os.File }

func takeLock(dir string) (*lock, error) {
	f, err := os.OpenFile(filepath.Join(dir, "r01.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock data directory: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(registrar.Errorf(registrar.Locked, "another instance works on %s", dir), f.Close())
	}
	return &lock{f}, nil
}

// release unlocks before it closes: a child that is being forked just now may hold the file
// for a moment longer.
func (l *lock) release() error {
	return errors.Join(syscall.Flock(int(l.file.Fd()), syscall.LOCK_UN), l.file.Close())
}
