package operator

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"
)

// shelf is a directory of archives that are named by their time. The zero value is no directory.
type shelf struct {
	dir  string
	keep int // how many of the latest stay; 0 = all
}

// archiveName sorts as the times do.
const archiveName = "panel-20060102T150405Z.tar"

var archiveForm = regexp.MustCompile(`^panel-[0-9]{8}T[0-9]{6}Z\.tar$`)

// shelf finds out whether a directory is meant, and if so names the archive in it.
func (p *Backup) shelf() (shelf, error) {
	info, err := os.Stat(p.File)
	directory := err == nil && info.IsDir()
	switch {
	case p.Keep < 0:
		return shelf{}, errors.New("--keep must be 1 or more")
	case p.Keep > 0 && !directory:
		return shelf{}, fmt.Errorf("--keep is for archives in a directory, and %s is none", p.File)
	case !directory:
		return shelf{}, nil
	}
	s := shelf{p.File, p.Keep}
	p.File = filepath.Join(s.dir, time.Now().UTC().Format(archiveName))
	return s, nil
}

// prune removes all archives but the latest. Other files stay.
func (s shelf) prune() (removed []string, err error) {
	if s.keep == 0 {
		return nil, nil
	}

	entries, err := os.ReadDir(s.dir) // in the order of the names
	if err != nil {
		return nil, fmt.Errorf("look for old backups: %w", err)
	}

	var archives []string
	for _, e := range entries {
		if e.Type().IsRegular() && archiveForm.MatchString(e.Name()) {
			archives = append(archives, filepath.Join(s.dir, e.Name()))
		}
	}

	for _, old := range archives[:max(0, len(archives)-s.keep)] {
		if err := os.Remove(old); err != nil {
			return removed, fmt.Errorf("remove old backup: %w", err)
		}
		removed = append(removed, old)
	}

	return slices.Clip(removed), nil
}
