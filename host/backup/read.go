package backup

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// maxManifest bounds a manifest, which is read into memory.
const maxManifest = 1 << 20

// Inspect reads an archive to its end and checks every file in it.
func Inspect(archive string) (Manifest, error) {
	m, err := read(archive, func(File) (io.WriteCloser, error) { return discard{}, nil })
	if err != nil {
		return m, fmt.Errorf("read archive %s: %w", archive, err)
	}
	return m, nil
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) Close() error                { return nil }

// read checks each file against the manifest and passes it to a writer of its own.
func read(archive string, writer func(File) (io.WriteCloser, error)) (Manifest, error) {
	f, err := os.Open(archive)
	if err != nil {
		return Manifest{}, err
	}
	defer f.Close()
	zip, err := gzip.NewReader(f)
	if err != nil {
		return Manifest{}, err
	}

	in := tar.NewReader(zip)
	m, err := readManifest(in)
	if err != nil {
		return m, fmt.Errorf("it is not a backup of a panel: %w", err)
	}

	// Files are read in the manifest's order, so that nothing is written that the manifest does not list.
	for _, want := range m.Files {
		if err := readFile(in, want, writer); err != nil {
			return m, fmt.Errorf("%s: %w", want.Path, err)
		}
	}

	if _, err := in.Next(); !errors.Is(err, io.EOF) {
		return m, errors.New("something stands after the last file")
	}

	_, err = io.Copy(io.Discard, zip) // to its checksum
	return m, err
}

func readManifest(in *tar.Reader) (m Manifest, err error) {
	h, err := in.Next()
	if err != nil {
		return m, err
	}

	if h.Name != manifestName || h.Size > maxManifest {
		return m, errors.New("it does not begin with a manifest")
	}
	if err := json.NewDecoder(in).Decode(&m); err != nil {
		return m, err
	}
	if m.Format != format {
		return m, fmt.Errorf("its format is %d, and this program knows only %d", m.Format, format)
	}

	// An archive may come from another hand, and must write nothing outside of its directory.
	for _, f := range m.Files {
		if !filepath.IsLocal(f.Path) {
			return m, fmt.Errorf("%q leaves the directory", f.Path)
		}
	}

	for _, key := range m.Keys {
		if !filepath.IsLocal(key) {
			return m, fmt.Errorf("%q leaves the directory", key)
		}
	}

	return m, nil
}

func readFile(in *tar.Reader, want File, writer func(File) (io.WriteCloser, error)) error {
	h, err := in.Next()
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}

	if err != nil {
		return err
	}
	// Checked before writing: an entry that is no regular file, such as a link, might lead out of the directory.
	if h.Name != want.Path || h.Typeflag != tar.TypeReg || h.Size != want.Size {
		return fmt.Errorf("the archive has %s of %d bytes instead", h.Name, h.Size)
	}

	w, err := writer(want)
	if err != nil {
		return err
	}

	sum := sha256.New()
	if _, err := io.Copy(io.MultiWriter(w, sum), in); err != nil {
		return errors.Join(err, w.Close())
	}

	if hex.EncodeToString(sum.Sum(nil)) != want.SHA256 {
		return errors.Join(errors.New("it was changed: its checksum is not the manifest's"), w.Close())
	}

	return w.Close()
}
