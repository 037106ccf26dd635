package sqldb

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"registrar.panel/internal/seal"
)

// vault is a database of a few things, each larger than a page, with its key.
type vault struct {
	dir string
	db  *DB
	box *seal.Box
}

func (s *vault) open(t *testing.T) {
	t.Helper()
	s.db = openThings(t, s.dir)
	var err error
	if s.box, err = s.db.OpenBox(t.Context(), filepath.Join(s.dir, "x.key"), true, sealedThings); err != nil {
		t.Fatal(err)
	}
}

const someThings = 4

func thing(n int) []byte { return fmt.Appendf(nil, "%d %s", n, bytes.Repeat([]byte("passport "), 700)) }

func (s *vault) fill(t *testing.T) {
	t.Helper()
	err := s.db.Write(t.Context(), func(tx *sql.Tx) error {
		for n := range someThings {
			context := fmt.Sprint("things|", n)
			if _, err := tx.ExecContext(t.Context(), "insert into things (id, sealed) values ($1, $2)", n, s.box.Seal(thing(n), context)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// sealed returns the values as they lie in the database, after it has opened them all.
func (s *vault) sealed(t *testing.T) (all [][]byte) {
	t.Helper()
	for n := range someThings {
		var sealed []byte
		if err := s.db.reader.QueryRowContext(t.Context(), "select sealed from things where id = $1", n).Scan(&sealed); err != nil {
			t.Fatal(err)
		}
		if plain, err := s.box.Open(sealed, fmt.Sprint("things|", n)); err != nil || !bytes.Equal(plain, thing(n)) {
			t.Fatalf("thing %d can't be read: %v", n, err)
		}
		all = append(all, sealed)
	}
	return all
}

// inFiles reports whether some bytes lie in a file of the directory.
func inFiles(t *testing.T, dir string, some []byte) bool {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(text, some) {
			return true
		}
	}
	return false
}

// dying is a context that ends when it was looked at some times.
type dying struct {
	context.Context
	mu   sync.Mutex
	left int
	done chan struct{}
}

func (d *dying) Done() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.left--; d.left == -1 {
		close(d.done)
	}
	return d.done
}

func (d *dying) Err() error {
	select {
	case <-d.Done():
		return context.Canceled
	default:
		return nil
	}
}

// An exchange ends anywhere, the process with it. Both keys open what is there until the next one
// goes on with it; then the former key is gone, and with it what it sealed.
func TestRotationEndsAnywhere(t *testing.T) {
	t.Parallel()
	for after, ended := 0, 0; ; after += 1 + after/6 {
		s := &vault{dir: t.TempDir()}
		s.open(t)
		s.fill(t)
		first, digest := s.box.Check(), s.box.Fingerprint("a passport")
		before := s.sealed(t)
		_, err := s.db.RotateKey(&dying{Context: t.Context(), left: after, done: make(chan struct{})}, s.box, sealedThings)
		if err == nil {
			if ended < 10 {
				t.Errorf("it was ended at %d places only", ended)
			}
			return
		}
		ended++
		s.db.Close()

		s.open(t)
		s.sealed(t)
		if _, err := s.db.RotateKey(t.Context(), s.box, sealedThings); err != nil {
			t.Fatalf("ended after %d looks, it can't go on: %v", after, err)
		}
		s.sealed(t)
		if s.box.Check() == first || s.box.Knows(first) || s.box.Fingerprint("a passport") != digest {
			t.Errorf("ended after %d looks: the key is the former one, or is still known, or digests are others", after)
		}
		for n, sealed := range before {
			if inFiles(t, s.dir, sealed[:64]) || inFiles(t, s.dir, sealed[len(sealed)-64:]) {
				t.Errorf("ended after %d looks: thing %d lies in the files as the former key sealed it", after, n)
			}
		}
		s.db.Close()
	}
}

// What is written while the key is exchanged, and what is copied, can be read.
func TestRotationBesideWriters(t *testing.T) {
	t.Parallel()
	s := &vault{dir: t.TempDir()}
	s.open(t)
	s.fill(t)
	var others sync.WaitGroup
	for n := range someThings {
		others.Go(func() {
			for range 5 {
				err := s.db.Write(t.Context(), func(tx *sql.Tx) error {
					_, err := tx.ExecContext(t.Context(), "update things set sealed = $1 where id = $2", s.box.Seal(thing(n), fmt.Sprint("things|", n)), n)
					return err
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	copied := &vault{dir: t.TempDir()}
	others.Go(func() {
		err := s.box.Steady(func() error {
			return errors.Join(s.db.Copy(t.Context(), filepath.Join(copied.dir, "x.db")), s.box.Save(filepath.Join(copied.dir, "x.key")))
		})
		if err != nil {
			t.Error(err)
		}
	})
	for range 3 {
		if _, err := s.db.RotateKey(t.Context(), s.box, sealedThings); err != nil && !errors.Is(err, ErrBusy) {
			t.Fatal(err)
		}
	}
	others.Wait()
	s.sealed(t)
	copied.open(t)
	copied.sealed(t)
}

// What is taken out of the database is taken out of its files.
func TestPurge(t *testing.T) {
	t.Parallel()
	s := &vault{dir: t.TempDir()}
	s.open(t)
	s.fill(t)
	gone := s.sealed(t)[1]
	err := s.db.Write(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), "update things set sealed = $1 where id = 1", []byte{})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if !inFiles(t, s.dir, gone[:64]) {
		t.Error("nothing was to be purged: the test shows nothing")
	}
	if err := s.db.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, part := range [][]byte{gone[:64], gone[len(gone)/2 : len(gone)/2+64], gone[len(gone)-64:]} {
		if inFiles(t, s.dir, part) {
			t.Error("what was removed lies in the files")
		}
	}
}
