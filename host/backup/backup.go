// Package backup writes what a panel keeps into one archive, and unpacks it again.
//
// An archive is a gzipped tar: first manifest.json with the size and SHA-256 of every file,
// then the files. Keys, which open the personal data in the databases, are never in it in plain
// text: each is encrypted with age to the recipients, or left out if there are none.
//
// It guarantees that a directory is only ever replaced as a whole, after every file of the archive
// was found to be as the manifest says; until then nothing that exists is touched.
package backup

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
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

// Manifest lists what an archive contains.
type Manifest struct {
	Format int       `json:"format"` // of the archive; 1
	MadeAt time.Time `json:"made_at"`
	Files  []File    `json:"files"`
	// Keys are the paths of the key files that belong to the archive. With Wrapped they are in it,
	// encrypted, under their path and ".age".
	Keys    []string `json:"keys"`
	Wrapped bool     `json:"keys_wrapped"`
	// KeyChecks are the fingerprints of the keys, by path: only the key that an archive was made with
	// opens anything in it. Archives of earlier versions have none.
	KeyChecks map[string]string `json:"key_checks,omitempty"`
	// Missing are the registrars whose stores are not in the archive.
	Missing []Missing `json:"missing,omitempty"`
}

// Missing is a registrar whose store could not be copied.
type Missing struct {
	Registrar string `json:"registrar"`
	Reason    string `json:"reason"`
}

// Contents says what an archive is made of.
type Contents struct {
	Dir     string // its regular files are archived; the caller deletes it
	Missing []Missing
}

// File is one file of an archive.
type File struct {
	Path   string `json:"path"` // with slashes, relative to the data directory
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"` // in hex
}

const (
	format       = 1
	manifestName = "manifest.json"
	keySuffix    = ".key"
	wrapSuffix   = ".age"
)

// Create writes an archive of a directory's regular files. Keys in the directory are encrypted in place, or removed.
func Create(w io.Writer, c Contents, to []age.Recipient, at time.Time) (Manifest, error) {
	dir := c.Dir
	m := Manifest{Format: format, MadeAt: at.UTC(), Wrapped: len(to) > 0, Missing: c.Missing, KeyChecks: map[string]string{}}
	// Keys come first, so that none is listed or written as it is.
	if err := m.takeKeys(dir, to); err != nil {
		return m, fmt.Errorf("back up keys: %w", err)
	}
	if err := m.list(dir); err != nil {
		return m, fmt.Errorf("back up: %w", err)
	}
	if err := m.write(w, dir); err != nil {
		return m, fmt.Errorf("write archive: %w", err)
	}
	return m, nil
}

// walk visits the regular files below a directory, in the order of their names.
func walk(dir string, visit func(path string) error) error {
	return fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		return visit(path)
	})
}

func (m *Manifest) takeKeys(dir string, to []age.Recipient) error {
	return walk(dir, func(path string) error {
		if !strings.HasSuffix(path, keySuffix) {
			return nil
		}

		m.Keys = append(m.Keys, path)
		file := filepath.Join(dir, path)
		key, err := os.ReadFile(file)
		if err != nil {
			return err
		}

		// With this check a restoration recognizes a wrong key before it exchanges anything.
		m.KeyChecks[path] = checkOf(key)

		if len(to) > 0 {
			if err := wrap(file, to); err != nil {
				return err
			}
		}

		// The directory is a copy: the panel's own key stays where it is.
		return os.Remove(file)
	})
}

// checkOf returns a fingerprint of a key, which does not reveal the key.
func checkOf(key []byte) string {
	mac := hmac.New(sha256.New, bytes.TrimSpace(key))
	mac.Write([]byte("a key of this backup"))
	return hex.EncodeToString(mac.Sum(nil))
}

func wrap(file string, to []age.Recipient) error {
	key, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var sealed bytes.Buffer
	w, err := age.Encrypt(&sealed, to...)
	if err != nil {
		return err
	}
	if _, err := w.Write(key); err != nil {
		return err
	}
	// Close writes the last piece, without which the key can't be opened.
	if err := w.Close(); err != nil {
		return err
	}
	return os.WriteFile(file+wrapSuffix, sealed.Bytes(), 0o600)
}

func (m *Manifest) list(dir string) error {
	return walk(dir, func(path string) error {
		f, err := os.Open(filepath.Join(dir, path))
		if err != nil {
			return err
		}
		defer f.Close()
		sum := sha256.New()
		n, err := io.Copy(sum, f)
		m.Files = append(m.Files, File{Path: path, Size: n, SHA256: hex.EncodeToString(sum.Sum(nil))})
		return err
	})
}

func (m *Manifest) write(w io.Writer, dir string) error {
	zip := gzip.NewWriter(w)
	out := tar.NewWriter(zip)
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}

	// The manifest comes first: a reader has to know what a file must be before it reads the file.
	if err := m.add(out, manifestName, int64(len(text)), bytes.NewReader(text)); err != nil {
		return err
	}
	for _, file := range m.Files {
		if err := m.addFile(out, dir, file); err != nil {
			return err
		}
	}
	// The archive is closed first, because its end is written through the compressor.
	return errors.Join(out.Close(), zip.Close())
}

func (m *Manifest) addFile(out *tar.Writer, dir string, file File) error {
	f, err := os.Open(filepath.Join(dir, file.Path))
	if err != nil {
		return err
	}
	defer f.Close()
	return m.add(out, file.Path, file.Size, f)
}

func (m *Manifest) add(out *tar.Writer, name string, size int64, content io.Reader) error {
	h := &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600, ModTime: m.MadeAt}
	if err := out.WriteHeader(h); err != nil {
		return err
	}
	_, err := io.Copy(out, content)
	return err
}
