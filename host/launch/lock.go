package launch

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"registrar.panel/host/config"
)

// LockFile lies in the data directory.
const LockFile = "panel.lock"

// How long a lock is waited for: a process that is just being started may hold a copy of one
// that was given back.
const (
	lockWithin = time.Second
	lockPause  = 20 * time.Millisecond
)

// Lock makes the data directory and takes it for this process; the kernel gives it back
// when the process ends, however it ends.
func Lock(p config.Panel) (*os.File, error) {
	if err := os.MkdirAll(p.Data, 0o700); err != nil {
		return nil, p.DataAt.Errorf("can't make the data directory: %v", err)
	}

	f, err := os.OpenFile(filepath.Join(p.Data, LockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, p.DataAt.Errorf("can't use the data directory: %v", err)
	}

	for patience := lockWithin; ; patience -= lockPause {
		if err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err == nil {
			return f, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) || patience <= 0 {
			break
		}
		time.Sleep(lockPause)
	}

	f.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, p.DataAt.Errorf("another panel is serving from %s", p.Data)
	}

	return nil, fmt.Errorf("lock data directory: %w", err)
}
