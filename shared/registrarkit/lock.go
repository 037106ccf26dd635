package registrarkit

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"registrar.panel/shared/registrar"
)

// retry is the pause between two attempts to take a lock.
const retry = 20 * time.Millisecond

// Lock is an exclusive lock on a directory. The kernel releases it when the process ends, in whatever way.
type Lock struct{ file *os.File }

// LockDir locks a directory by a file of the given name in it, which it creates. If another process still
// holds the lock after patience has passed, the error is registrar.Locked. Patience is needed because a
// process that is just being started may hold a copy of a lock that was released.
func LockDir(dir, name string, patience time.Duration) (*Lock, error) {
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock directory: %w", err)
	}

	// LOCK_NB and a pause, because a blocking flock can't be given a limit of time.
	for ; ; patience -= retry {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case err == nil:
			return &Lock{f}, nil
		case !errors.Is(err, syscall.EWOULDBLOCK):
			return nil, errors.Join(fmt.Errorf("lock directory: %w", err), f.Close())
		case patience <= 0:
			return nil, errors.Join(registrar.Errorf(registrar.Locked, "another instance works on %s", dir), f.Close())
		}

		time.Sleep(retry)
	}
}

// Close releases the lock. It unlocks before it closes the file, because a child process that starts at that
// moment has a copy of the open file.
func (l *Lock) Close() error {
	return errors.Join(syscall.Flock(int(l.file.Fd()), syscall.LOCK_UN), l.file.Close())
}
