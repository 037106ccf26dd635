package launch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"registrar.panel/host/config"
	"registrar.panel/shared/registrar"
	"registrar.panel/shared/registrarkit"
)

// LockFile is in the data directory.
const LockFile = "panel.lock"

// lockPatience bounds the wait for a lock that was released: a process that is being started may
// have a copy of it for a moment.
const lockPatience = time.Second

// Lock creates the data directory and locks it for this process.
func Lock(p config.Panel) (*registrarkit.Lock, error) {
	if err := os.MkdirAll(p.Data, 0o700); err != nil {
		return nil, p.DataAt.Errorf("can't make the data directory: %v", err)
	}

	lock, err := registrarkit.LockDir(p.Data, LockFile, lockPatience)
	var unopened *fs.PathError
	switch {
	case errors.Is(err, registrar.Locked):
		return nil, p.DataAt.Errorf("another panel is serving from %s", p.Data)
	case errors.As(err, &unopened):
		return nil, p.DataAt.Errorf("can't use the data directory: %v", err)
	case err != nil:
		return nil, fmt.Errorf("open data directory: %w", err)
	}
	return lock, nil
}
