package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Measure returns the size of the store's files, and how many bytes of their disk are free.
func (s *Store) Measure() (size, free int64, err error) {
	for _, name := range []string{database, database + "-wal"} {
		info, err := os.Stat(filepath.Join(s.dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return 0, 0, fmt.Errorf("measure store: %w", err)
		}
		size += info.Size()
	}
	var disk unix.Statfs_t
	if err := unix.Statfs(s.dir, &disk); err != nil {
		return 0, 0, fmt.Errorf("measure disk: %w", err)
	}
	return size, int64(disk.Bavail) * int64(disk.Bsize), nil
}
