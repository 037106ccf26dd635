package r01

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"registrar.panel/shared/registrar"
)

// lock keeps a second instance off the same directory. The kernel releases it when the
// process dies, however it dies.
type lock struct {
	dir  string
	file *os.File // nil = not taken
}

// Take implements lease. Another instance on the directory is an error, Locked.
func (l *lock) Take(context.Context) (string, bool, error) {
	if l.file != nil {
		return "", true, nil
	}
	f, err := os.OpenFile(filepath.Join(l.dir, "r01.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return "", false, fmt.Errorf("lock data directory: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return "", false, errors.Join(registrar.Errorf(registrar.Locked, "another instance works on %s", l.dir), f.Close())
	}
	l.file = f
	return "", true, nil
}

// Keep implements lease: a lock that is taken stays.
func (l *lock) Keep(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

// Release implements lease. It unlocks before it closes: a child that is being forked just
// now may hold the file for a moment longer.
func (l *lock) Release(context.Context) error {
	if l.file == nil {
		return nil
	}
	return errors.Join(syscall.Flock(int(l.file.Fd()), syscall.LOCK_UN), l.file.Close())
}
