package sqldb

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// files remembers which files a database was opened from. SQLite goes on with files that were deleted or
// moved away as if they were there, and everything that it acknowledges then is lost when the process ends.
type files map[string]fs.FileInfo

// remember looks at the files of a database that has just been opened and is in use.
// One of them may be gone, if another database in the same place was closed only now.
func remember(path string) (files, error) {
	p := files{}
	for _, file := range []string{path, path + "-wal"} {
		info, err := os.Stat(file)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("look at %s: %w", file, ErrMoved)
		}
		if err != nil {
			return nil, fmt.Errorf("look at %s: %w", file, err)
		}
		p[file] = info
	}
	return p, nil
}

// ErrMoved means that a database is no longer where it was opened.
var ErrMoved = errors.New("it is not the file any more that was opened: it was deleted, moved or replaced")

// InPlace returns ErrMoved when the files of the database are no longer where they were opened.
// A database on a server has none.
func (db *DB) InPlace() error {
	for file, opened := range db.files {
		switch now, err := os.Stat(file); {
		case errors.Is(err, fs.ErrNotExist):
			return fmt.Errorf("database %s: %w", file, ErrMoved)
		case err != nil:
			return fmt.Errorf("database %s: %w", file, err)
		case !os.SameFile(opened, now):
			return fmt.Errorf("database %s: %w", file, ErrMoved)
		}
	}
	return nil
}
