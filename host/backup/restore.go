package backup

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"filippo.io/age"
)

// Restoration says what to restore, and how.
type Restoration struct {
	Archive    string
	Dir        string         // the data directory: absent or empty, unless Replace
	Identities []age.Identity // that open wrapped keys
	KeysDir    string         // where keys that were left out are, under their paths; "" = nowhere
	Replace    bool           // move a directory that is not empty aside
	Ignore     []string       // names in Dir that don't make it count as not empty
	At         time.Time
}

var (
	// ErrNotEmpty means that the data directory contains something.
	ErrNotEmpty = errors.New("the data directory is not empty")
	// ErrKeys means that the archive's keys are wrapped and no identity was given, or that they are elsewhere.
	ErrKeys = errors.New("the keys are missing")
	// ErrOtherKey means that a key is not the one that the archive's data are sealed with.
	ErrOtherKey = errors.New("this key is not the one that the backup was made with, and opens nothing in it")
)

// Restore unpacks an archive as a data directory. It returns where it moved the directory that was
// there; "" = there was none.
func Restore(r Restoration) (m Manifest, aside string, err error) {
	if err := r.checkEmpty(); err != nil {
		return m, "", err
	}
	if err := os.MkdirAll(filepath.Dir(r.Dir), 0o700); err != nil {
		return m, "", fmt.Errorf("restore: %w", err)
	}

	// Beside the data directory, so that one rename brings it to its place.
	stage, err := os.MkdirTemp(filepath.Dir(r.Dir), ".restore-*")
	if err != nil {
		return m, "", fmt.Errorf("restore: %w", err)
	}
	// After the rename nothing has this name any more, so nothing is removed.
	defer os.RemoveAll(stage)

	if m, err = r.unpack(stage); err != nil {
		return m, "", fmt.Errorf("restore %s: %w", r.Archive, err)
	}
	if aside, err = r.install(stage); err != nil {
		return m, aside, fmt.Errorf("restore: %w", err)
	}

	return m, aside, nil
}

func (r Restoration) checkEmpty() error {
	entries, err := os.ReadDir(r.Dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("restore: %w", err)
	}
	for _, e := range entries {
		if !r.Replace && !r.ignores(e.Name()) {
			return fmt.Errorf("restore: %s: %w", r.Dir, ErrNotEmpty)
		}
	}
	return nil
}

func (r Restoration) ignores(name string) bool {
	for _, ignored := range r.Ignore {
		if name == ignored {
			return true
		}
	}
	return false
}

func (r Restoration) unpack(stage string) (Manifest, error) {
	m, err := read(r.Archive, func(f File) (io.WriteCloser, error) { return create(stage, f.Path) })
	if err != nil {
		return m, err
	}
	for _, key := range m.Keys {
		if err := r.placeKey(stage, key, m); err != nil {
			return m, err
		}
	}

	// On the disk as a whole, before a rename makes it the data directory.
	return m, syncTree(stage)
}

// synced is a file that is on the disk once it is closed.
type synced struct{ *os.File }

func (f synced) Close() error { return errors.Join(f.Sync(), f.File.Close()) }

func create(dir, path string) (io.WriteCloser, error) {
	file := filepath.Join(dir, path)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return nil, err
	}
	// O_EXCL refuses the second of two entries with the same name, and follows no link.
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	return synced{f}, err
}

func (r Restoration) placeKey(stage, path string, m Manifest) error {
	key, err := r.key(stage, path, m.Wrapped)
	if err != nil {
		return err
	}

	// Checked now: a panel refuses to start with another key, but by then the directory would be exchanged.
	if check := m.KeyChecks[path]; check != "" && check != checkOf(key) {
		return fmt.Errorf("%w: %s", ErrOtherKey, path)
	}
	f, err := create(stage, path)
	if err != nil {
		return err
	}
	_, err = f.Write(key)
	return errors.Join(err, f.Close())
}

func (r Restoration) key(stage, path string, wrapped bool) ([]byte, error) {
	if !wrapped {
		if r.KeysDir == "" {
			return nil, fmt.Errorf("%w: this backup was made without them; give the directory that holds %s", ErrKeys, path)
		}
		return os.ReadFile(filepath.Join(r.KeysDir, path))
	}

	if len(r.Identities) == 0 {
		return nil, fmt.Errorf("%w: they are encrypted; give the identity that opens them", ErrKeys)
	}

	file := filepath.Join(stage, path) + wrapSuffix
	sealed, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}

	opened, err := age.Decrypt(bytes.NewReader(sealed), r.Identities...)
	if err != nil {
		return nil, fmt.Errorf("open key %s: %w", path, err)
	}

	key, err := io.ReadAll(opened)
	if err != nil {
		return nil, fmt.Errorf("open key %s: %w", path, err)
	}

	// The sealed copy has no place in a data directory.
	return key, os.Remove(file)
}

// syncTree brings the directories to the disk; the files are on it already.
func syncTree(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		return syncDir(path)
	})
}

func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// install moves the old directory aside and the new one to its place.
func (r Restoration) install(stage string) (aside string, err error) {
	aside = strings.TrimSuffix(r.Dir, string(filepath.Separator)) + ".before-" + r.At.UTC().Format("20060102T150405Z")
	err = os.Rename(r.Dir, aside)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		aside = ""
	case err != nil:
		return "", err
	}

	if err := os.Rename(stage, r.Dir); err != nil {
		return aside, err
	}

	// A rename is on the disk once its directory is.
	if err := syncDir(filepath.Dir(r.Dir)); err != nil {
		return aside, err
	}
	if aside != "" && !r.Replace { // it holds nothing that counts
		return "", os.RemoveAll(aside)
	}

	return aside, nil
}
