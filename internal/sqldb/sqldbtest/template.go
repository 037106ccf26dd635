package sqldbtest

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// Template is an empty store, made once and copied for each test that begins with one: to bring
// a new store to today's schema takes longer than most tests. All copies have the same key.
type Template struct {
	files func() (map[string][]byte, error)
}

// NewTemplate returns a template that fill makes when it is first
// needed: fill opens a new store in a directory and closes it.
func NewTemplate(fill func(dir string) error) *Template {
	return &Template{sync.OnceValues(func() (map[string][]byte, error) {
		dir, err := os.MkdirTemp("", "template")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(dir)

		if err := fill(dir); err != nil {
			return nil, err
		}
		return read(dir)
	})}
}

func read(dir string) (map[string][]byte, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for _, e := range entries {
		if files[e.Name()], err = os.ReadFile(filepath.Join(dir, e.Name())); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// Copy copies the template into a directory, and returns the directory.
func (m *Template) Copy(t testing.TB, dir string) string {
	t.Helper()
	files, err := m.files()
	for name, text := range files {
		err = errors.Join(err, os.WriteFile(filepath.Join(dir, name), text, 0o600))
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}
