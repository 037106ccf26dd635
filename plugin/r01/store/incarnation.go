package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"registrar.panel/internal/sqldb"
)

// Settings that belong to the incarnation.
const (
	incarnationSetting = "incarnation"
	formerSetting      = "former_incarnations"
	restoredSetting    = "restored" // the incarnation that began with a restored store, until it is reconciled
	holderSetting      = "holder"   // which of several instances took over last
)

// isCopy is the incarnation of every copy that Backup makes. No store in use has it.
const isCopy = "copy"

// watermark is how far the database had come, stored in a file of the plugin's directory. A
// database that is not as far, or of another incarnation, is an older one that was put in its
// place. Instances that share a database have a watermark each: the working instance advances
// its own before anything leaves, and the others follow as they see it work.
//
// The watermark trails what is committed and never runs ahead of it, so that after a crash or a
// power cut the database is at least as far as its watermark.
type watermark struct {
	incarnation string
	fence       int64
	cursor      int64  // of the last event
	former      string // incarnations before, separated by spaces; only of a database
}

// isOlder reports whether a database is older than the one that left a watermark. A database
// that several instances share may have gone on without this one.
func (m watermark) isOlder(left watermark, shared bool) bool {
	switch {
	case m.incarnation == left.incarnation:
		return m.fence < left.fence || m.cursor < left.cursor
	case shared: // another instance may have noticed it
		return !slices.Contains(strings.Fields(m.former), left.incarnation)
	}
	return true
}

// The layout has a fixed width, so that one write over itself moves the mark.
const markLayout = "%-26s %20d %20d\n"

func (s *Store) markFile() string { return filepath.Join(s.dir, "r01.mark") }

// readMark returns the mark. The error is fs.ErrNotExist if the file is missing; a file that
// can't be parsed is a mark without incarnation.
func (s *Store) readMark() (m watermark, err error) {
	text, err := os.ReadFile(s.markFile())
	if err != nil {
		return watermark{}, err
	}
	if _, err := fmt.Sscan(string(text), &m.incarnation, &m.fence, &m.cursor); err != nil {
		return watermark{}, nil
	}
	return m, nil
}

// DetectRestore compares the database with its watermark. older reports that the database is not the one that
// was last used here: a backup was restored, or the file was replaced. incarnation is the one to continue with,
// a new one if the database is older or never had any; the caller commits it and then advances the watermark.
func (s *Store) DetectRestore(ctx context.Context) (incarnation string, older bool, err error) {
	left, err := s.readMark()
	missing := errors.Is(err, fs.ErrNotExist)
	if err != nil && !missing {
		return "", false, fmt.Errorf("read mark: %w", err)
	}

	var have watermark
	if err := s.Read(ctx, func(tx *Tx) (err error) { have, err = tx.mark(); return err }); err != nil {
		return "", false, fmt.Errorf("compare with mark: %w", err)
	}

	// The mark in memory is that of the database before, and would show the present one as
	// having gone back while we worked on it.
	s.forgetMark()

	if have.incarnation != "" {
		if older = missing || have.isOlder(left, s.shared); !older {
			return have.incarnation, false, nil
		}
		return rand.Text(), true, nil
	}

	incarnation = rand.Text()

	// A database from before there were incarnations is older if it is not as far as its mark.
	if have.fence < left.fence || have.cursor < left.cursor {
		return incarnation, true, nil
	}

	// The mark first, because a database with an incarnation and without a mark counts as older.
	return incarnation, false, s.moveMark(watermark{incarnation: incarnation})
}

func (tx *Tx) mark() (m watermark, err error) {
	return one(tx, func(s sqldb.Scanner) (m watermark, err error) {
		err = s.Scan(&m.incarnation, &m.fence, &m.cursor, &m.former)
		return m, err
	}, `select coalesce(max(case name when $1 then value end), ''),
		coalesce(max(case name when $2 then cast(value as bigint) end), 0),
		coalesce(max(case name when 'event' then cast(value as bigint) end), 0),
		coalesce(max(case name when $3 then value end), '')
		from settings where name in ($1, $2, 'event', $3)`, incarnationSetting, fenceSetting, formerSetting)
}

// SetIncarnation records the incarnation that the store continues with.
func (tx *Tx) SetIncarnation(incarnation string) error {
	m, err := tx.mark()
	if err != nil || m.incarnation == incarnation {
		return err
	}
	// The former incarnations show another instance that the restored database was noticed already.
	if m.incarnation != "" && m.incarnation != isCopy {
		if err := tx.SetSetting(formerSetting, strings.TrimSpace(m.former+" "+m.incarnation)); err != nil {
			return err
		}
	}
	return tx.SetSetting(incarnationSetting, incarnation)
}

// SetHolder records which of several instances has taken over.
func (tx *Tx) SetHolder(name string) error { return tx.SetSetting(holderSetting, name) }

// Restored returns the incarnation that began with a restored store and is not reconciled
// yet; "" = none.
func (tx *Tx) Restored() (string, error) { return tx.Setting(restoredSetting) }

// SetRestored records the incarnation that is to be reconciled; "" = it was reconciled.
func (tx *Tx) SetRestored(incarnation string) error {
	return tx.SetSetting(restoredSetting, incarnation)
}

// errWentBack means that a server was given an older database while we worked on it.
var errWentBack = errors.New("the database is an older one than it was a moment ago")

// AdvanceWatermark moves the watermark to what is committed. It is called before anything leaves
// that must not be forgotten. The mark survives the process, but is synced only by the first call.
func (s *Store) AdvanceWatermark(ctx context.Context) error {
	var m watermark
	last := s.lastMark() // before looking: others move it meanwhile
	if err := s.Read(ctx, func(tx *Tx) (err error) { m, err = tx.mark(); return err }); err != nil {
		return fmt.Errorf("move mark: %w", err)
	}
	if s.shared && last.incarnation != "" && m.isOlder(last, false) {
		return fmt.Errorf("move mark: %w", errWentBack)
	}
	return s.moveMark(m)
}

// FollowWatermark moves the watermark of a standby instance to what the holder of the lease has
// committed, so that this instance recognises an older database when it takes over. Before a new
// holder has taken over, it does not follow: that holder may not have recognised one either.
func (s *Store) FollowWatermark(ctx context.Context, holder string) error {
	left, err := s.readMark()
	missing := errors.Is(err, fs.ErrNotExist)
	if err != nil && !missing {
		return fmt.Errorf("follow: %w", err)
	}

	var have watermark
	var at string
	err = s.Read(ctx, func(tx *Tx) (err error) {
		if have, err = tx.mark(); err != nil {
			return err
		}
		at, err = tx.Setting(holderSetting)
		return err
	})
	if err != nil {
		return fmt.Errorf("follow: %w", err)
	}

	// The mark stays while the new holder has not taken over, and when the database is older:
	// then the mark will show that the database went back.
	if at != holder || !missing && have.isOlder(left, s.shared) {
		return nil
	}

	return s.moveMark(have)
}

// lastMark is the mark as it was last moved, if it was since DetectRestore.
func (s *Store) lastMark() watermark {
	s.marking.Lock()
	defer s.marking.Unlock()
	return s.last
}

func (s *Store) forgetMark() {
	s.marking.Lock()
	defer s.marking.Unlock()
	s.last = watermark{}
}

func (s *Store) moveMark(m watermark) error {
	s.marking.Lock()
	defer s.marking.Unlock()
	if m.incarnation == s.last.incarnation && m.fence <= s.last.fence && m.cursor <= s.last.cursor {
		return nil // of several that move it, one that looked earlier may come later
	}
	if err := s.writeMark(fmt.Appendf(nil, markLayout, m.incarnation, m.fence, m.cursor)); err != nil {
		return fmt.Errorf("move mark: %w", err)
	}
	s.last = m
	return nil
}

func (s *Store) writeMark(text []byte) error {
	if s.marked != nil {
		_, err := s.marked.WriteAt(text, 0)
		return err
	}
	f, err := os.OpenFile(s.markFile(), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(text, 0)
	// The directory is synced as well, or a power cut may lose the name of a new file.
	if err = errors.Join(err, f.Sync(), syncDir(s.dir)); err != nil {
		return errors.Join(err, f.Close())
	}
	s.marked = f
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Backup writes a copy of the store and its key into an empty directory. The copy is marked as a copy.
func (s *Store) Backup(ctx context.Context, dir string) error {
	return s.box.Steady(func() error { return s.copyTo(ctx, dir) })
}

func (s *Store) copyTo(ctx context.Context, dir string) error {
	path := filepath.Join(dir, database)
	if err := s.db.Copy(ctx, path); err != nil {
		return fmt.Errorf("back up store: %w", err)
	}
	if err := s.stamp(ctx, path); err != nil {
		return fmt.Errorf("back up store: %w", err)
	}
	// The key that we work with, and not the file, which may have been replaced meanwhile.
	if err := s.box.Save(filepath.Join(dir, keyFile)); err != nil {
		return fmt.Errorf("back up key: %w", err)
	}
	return nil
}

func (s *Store) stamp(ctx context.Context, path string) error {
	db, err := sqldb.Open(ctx, sqldb.Options{Path: path, Migrations: migrations()})
	if err != nil {
		return err
	}
	copied := &Store{db: db, box: s.box}
	err = copied.Write(ctx, func(tx *Tx) error { return tx.SetSetting(incarnationSetting, isCopy) })
	return errors.Join(err, db.Close())
}
