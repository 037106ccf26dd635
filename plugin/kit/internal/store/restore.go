package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"registrar.panel/internal/sqldb"
	"registrar.panel/plugin/kit/internal/life"
)

// Settings by which a store is recognised.
const (
	incarnationSetting = "incarnation" // of the store at work; isCopy in every copy that Backup makes
	restoredSetting    = "restored"    // when it was found to be an older one; "" = never
)

const isCopy = "copy"

// markLayout is of fixed width: the mark, which says how far the store had come, is moved by one
// write over itself. It trails what is committed, so after a crash the store is at least as far.
const markLayout = "%-26s %20d\n"

// recognise compares the store with the mark beside it. A store that is not as far, or of another
// incarnation, is an older one that was put in its place: what it calls not sent may have been sent
// since, and orders that it does not know, too. From then on every order is asked about before it
// is sent.
func (s *Store) recognise(ctx context.Context) error {
	marked, at, err := s.readMark()
	missing := errors.Is(err, fs.ErrNotExist)
	if err != nil && !missing {
		return fmt.Errorf("read mark: %w", err)
	}

	var incarnation string
	err = s.db.Write(ctx, func(tx *sql.Tx) error {
		if incarnation, err = setting(ctx, tx, incarnationSetting); err != nil {
			return err
		}
		cursor, err := lastCursor(ctx, tx)
		if err != nil {
			return err
		}

		if fresh := incarnation == "" && cursor == 0 && (missing || at == 0); !fresh && (missing || incarnation != marked || cursor < at) {
			if err := s.distrust(ctx, tx); err != nil {
				return err
			}
			incarnation = ""
		}
		if incarnation == "" {
			incarnation = rand.Text()
		}
		return setSetting(ctx, tx, incarnationSetting, incarnation)
	})
	if err != nil {
		return fmt.Errorf("compare with mark: %w", err)
	}

	return s.advance(ctx)
}

// distrust makes of what the store calls not sent what may have been sent.
func (s *Store) distrust(ctx context.Context, tx *sql.Tx) error {
	if err := setSetting(ctx, tx, restoredSetting, s.now().UTC().Format(time.RFC3339)); err != nil {
		return err
	}

	queued, err := sqldb.Collect(ctx, tx, s.scan, "select "+columns+" from operations where state = 'Queued' order by number")
	if err != nil {
		return err
	}
	for _, t := range queued {
		if _, err := s.move(ctx, tx, t, Move{Cause: life.Forgotten, Message: "the store is an older one: the order may have been sent since", Actor: actor, Due: s.now()}); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "update operations set claimed_at = $1 where number = $2", sqldb.Millis(s.now()), t.number); err != nil {
			return err
		}
	}
	return nil
}

// Restored reports since when the store is known to be an older one that was put in place; "" = it
// is none.
func (s *Store) Restored(ctx context.Context) (since string, err error) {
	err = s.db.Read(ctx, func(tx *sql.Tx) (err error) {
		since, err = setting(ctx, tx, restoredSetting)
		return err
	})
	return since, err
}

func lastCursor(ctx context.Context, tx *sql.Tx) (cursor int64, err error) {
	return cursor, tx.QueryRowContext(ctx, "select coalesce(max(cursor), 0) from events").Scan(&cursor)
}

func (s *Store) readMark() (incarnation string, cursor int64, err error) {
	text, err := os.ReadFile(filepath.Join(s.dir, markFile))
	if err != nil {
		return "", 0, err
	}
	if _, err := fmt.Sscan(string(text), &incarnation, &cursor); err != nil {
		return "", -1, nil // no mark of any store
	}
	return incarnation, cursor, nil
}

// advance moves the mark to what is committed. It is called before anything leaves that must not be
// forgotten.
func (s *Store) advance(ctx context.Context) error {
	var incarnation string
	var cursor int64
	err := s.db.Read(ctx, func(tx *sql.Tx) (err error) {
		if incarnation, err = setting(ctx, tx, incarnationSetting); err != nil {
			return err
		}
		cursor, err = lastCursor(ctx, tx)
		return err
	})
	if err != nil {
		return fmt.Errorf("move mark: %w", err)
	}

	s.marking.Lock()
	defer s.marking.Unlock()
	if s.mark != nil && cursor <= s.marked { // of several that move it, one that looked earlier may come later
		return nil
	}
	if err := s.writeMark(fmt.Appendf(nil, markLayout, incarnation, cursor)); err != nil {
		return fmt.Errorf("move mark: %w", err)
	}
	s.marked = cursor
	return nil
}

// writeMark survives the process; it is synced when the file is opened.
func (s *Store) writeMark(text []byte) error {
	if s.mark != nil {
		_, err := s.mark.WriteAt(text, 0)
		return err
	}

	f, err := os.OpenFile(filepath.Join(s.dir, markFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if _, err = f.WriteAt(text, 0); err == nil {
		err = f.Sync()
	}
	if err != nil {
		return errors.Join(err, f.Close())
	}
	s.mark = f
	return nil
}

// Backup writes a copy of the store and its key into an empty directory. The copy knows that it is
// one.
func (s *Store) Backup(ctx context.Context, dir string) error {
	return s.box.Steady(func() error {
		path := filepath.Join(dir, database)
		if err := s.db.Copy(ctx, path); err != nil {
			return fmt.Errorf("back up store: %w", err)
		}
		if err := stamp(ctx, path); err != nil {
			return fmt.Errorf("back up store: %w", err)
		}
		if err := s.box.Save(filepath.Join(dir, keyFile)); err != nil {
			return fmt.Errorf("back up key: %w", err)
		}
		return nil
	})
}

func stamp(ctx context.Context, path string) error {
	db, err := openDatabase(ctx, path, false)
	if err != nil {
		return err
	}
	err = db.Write(ctx, func(tx *sql.Tx) error { return setSetting(ctx, tx, incarnationSetting, isCopy) })
	return errors.Join(err, db.Close())
}
