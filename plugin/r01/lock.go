package r01

import (
	"context"

	"registrar.panel/shared/registrarkit"
)

// lock is the lease of an instance whose store is a file: the lock on its directory.
type lock struct {
	dir   string
	taken *registrarkit.Lock // nil = not taken
}

// Take implements lease. Another instance on the directory is an error, Locked.
func (l *lock) Take(context.Context) (holder string, held bool, err error) {
	if l.taken == nil {
		if l.taken, err = registrarkit.LockDir(l.dir, "r01.lock", 0); err != nil {
			return "", false, err
		}
	}
	return "", true, nil
}

// Keep implements lease: a lock that is taken stays.
func (l *lock) Keep(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

// Release implements lease.
func (l *lock) Release(context.Context) error {
	if l.taken == nil {
		return nil
	}
	return l.taken.Close()
}
