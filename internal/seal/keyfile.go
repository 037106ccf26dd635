package seal

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// A key file holds the present key in hex on its first line. After
// the key was exchanged, further lines follow, each a word and a key.
const (
	formerLine  = "former "  // as long as what it sealed is being sealed again
	digestsLine = "digests " // the key of digests, which is the first key
)

func readKeys(file string) (*ring, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("%s has mode %04o: others can read it; chmod 600 it", file, mode)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}

	keys, err := parseKeys(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s does not hold a key", file) // err may quote characters of a key
	}
	return keys, nil
}

func parseKeys(text string) (*ring, error) {
	first, rest, _ := strings.Cut(text, "\n")
	key, err := parseKey(first)
	if err != nil {
		return nil, err
	}

	present, err := newSealer(key)
	if err != nil {
		return nil, err
	}

	// A line that is not known is refused. The file is always written as a
	// whole: a program that ignored a line from a later program would lose it.
	keys := &ring{present: present, digests: key}
	for line := range strings.Lines(rest) {
		former, isFormer := strings.CutPrefix(line, formerLine)
		digests, isDigests := strings.CutPrefix(line, digestsLine)
		switch {
		case isFormer:
			if key, err = parseKey(former); err == nil {
				keys.former, err = newSealer(key)
			}
		case isDigests:
			keys.digests, err = parseKey(digests)
		case strings.TrimSpace(line) != "":
			err = errors.New("a line is not known")
		}

		if err != nil {
			return nil, err
		}
	}

	return keys, nil
}

func parseKey(text string) ([]byte, error) {
	key, err := hex.DecodeString(strings.TrimSpace(text))
	if err == nil && len(key) != keyBytes {
		err = fmt.Errorf("%d bytes", len(key))
	}
	return key, err
}

// text returns what parseKeys reads. The key of digests is left out if it is the present one.
func (r *ring) text() []byte {
	var text bytes.Buffer
	fmt.Fprintf(&text, "%x\n", r.present.key)
	if r.former != nil {
		fmt.Fprintf(&text, "%s%x\n", formerLine, r.former.key)
	}
	if !bytes.Equal(r.digests, r.present.key) {
		fmt.Fprintf(&text, "%s%x\n", digestsLine, r.digests)
	}
	return text.Bytes()
}

func newKey() []byte {
	key := make([]byte, keyBytes)
	rand.Read(key)
	return key
}

// makeKeys makes a file with a fresh key. A file that has appeared meanwhile stays, and is an error.
func makeKeys(file string) (*ring, error) {
	key := newKey()
	present, err := newSealer(key)
	if err != nil {
		return nil, err
	}
	keys := &ring{present: present, digests: key}

	// A rename would replace a key that another process has made meanwhile, and used.
	return keys, writeKeys(file, keys, os.Link)
}

// writeKeys writes to a temporary name first, so that a crash leaves no half key behind.
func writeKeys(file string, keys *ring, place func(from, to string) error) error {
	tmp, err := os.CreateTemp(filepath.Dir(file), ".key-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // fails after a rename, which does not matter

	_, err = tmp.Write(keys.text())
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	if err := place(tmp.Name(), file); err != nil {
		return err
	}

	// The name, too, must survive a power cut, because from here on data are sealed with the key.
	dir, err := os.Open(filepath.Dir(file))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// Save writes the keys that the box works with into a new file that only its owner may read.
func (b *Box) Save(file string) error {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("save key: %w", err)
	}
	_, err = f.Write(b.keys.Load().text())
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("save key: %w", err)
	}
	return nil
}
