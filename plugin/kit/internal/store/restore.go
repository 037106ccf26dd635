package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"registrar.panel/internal/sqldb"
	"registrar.panel/plugin/kit/internal/life"
	"registrar.panel/shared/registrar"
)

// Settings by which the store recognises itself.
const (
	incarnationSetting = "incarnation" // of the store at work; isCopy in every copy that Backup makes
	formerSetting      = "incarnations before"
	restoredSetting    = "restored" // when the store was found to be an older one; "" = never
)

const isCopy = "copy"

// recognise compares the store with the mark beside it. A store that is not as far as the mark, or of another
// incarnation, is an older one that replaced ours: its unsent orders may have been sent since, and orders
// that it does not know, too. From then on every order is asked about before it is sent.
func (s *Store) recognise(ctx context.Context) error {
	left, err := s.mark.read()
	missing := errors.Is(err, fs.ErrNotExist)
	if err != nil && !missing {
		return fmt.Errorf("read mark: %w", err)
	}

	err = s.db.Write(ctx, func(tx *sql.Tx) error {
		have, err := position(ctx, tx)
		if err != nil {
			return err
		}

		begun := have.incarnation != ""
		switch {
		case !begun && (missing || left.cursor == 0): // it is new
		case begun && !missing && !have.isOlder(left, s.Shared()):
			return nil
		default:
			if err := s.distrust(ctx, tx); err != nil {
				return err
			}
		}

		// Other instances have marks of this incarnation: the list shows them that the change was noticed
		// already.
		if begun && have.incarnation != isCopy {
			if err := setSetting(ctx, tx, formerSetting, strings.TrimSpace(have.former+" "+have.incarnation)); err != nil {
				return err
			}
		}
		return setSetting(ctx, tx, incarnationSetting, rand.Text())
	})
	if err != nil {
		return fmt.Errorf("compare with mark: %w", err)
	}

	// The last mark belongs to the former store: to advance it would look as if the database had gone back. A
	// process that dies before the new mark is written distrusts the store once more, which costs questions
	// and no money.
	s.mark.forget()
	return s.advance(ctx)
}

// distrust turns orders that the store has as not sent into orders that may have been sent.
func (s *Store) distrust(ctx context.Context, tx *sql.Tx) error {
	if err := setSetting(ctx, tx, restoredSetting, s.Now().UTC().Format(time.RFC3339)); err != nil {
		return err
	}

	queued, err := sqldb.Collect(ctx, tx, s.scan, "select "+columns+" from operations where state = 'Queued' order by number")
	if err != nil {
		return err
	}
	for _, t := range queued {
		if _, err := s.move(ctx, tx, t, Move{Cause: life.Forgotten, Message: "the store is an older one: the order may have been sent since", Actor: actor, Due: s.Now()}); err != nil {
			return err
		}
		// The settle time starts now: until it is over "never got it" is not believed.
		if _, err := tx.ExecContext(ctx, "update operations set claimed_at = $1 where number = $2", sqldb.Millis(s.Now()), t.number); err != nil {
			return err
		}
	}
	return nil
}

// Restored returns since when the store is known to be an older one that replaced ours; "" = it is not.
func (s *Store) Restored(ctx context.Context) (since string, err error) {
	err = s.db.Read(ctx, func(tx *sql.Tx) (err error) {
		since, err = setting(ctx, tx, restoredSetting)
		return err
	})
	return since, err
}

// errWentBack means that a server was given an older database while we worked on it.
var errWentBack = errors.New("the database is an older one than it was a moment ago")

// advance moves the mark to what is committed. It is called before anything leaves that must not be
// forgotten.
func (s *Store) advance(ctx context.Context) error {
	last := s.mark.latest() // before looking, because others move it meanwhile
	var have mark
	if err := s.db.Read(ctx, func(tx *sql.Tx) (err error) { have, err = position(ctx, tx); return err }); err != nil {
		return fmt.Errorf("move mark: %w", err)
	}
	if s.Shared() && last.incarnation != "" && have.isOlder(last, false) {
		return fmt.Errorf("move mark: %w", errWentBack)
	}
	return s.mark.move(have)
}

// Backup writes a copy of the store and its key into an empty directory. The copy is marked as a copy.
func (s *Store) Backup(ctx context.Context, dir string) error {
	// Steady, because otherwise the saved key could differ from the one that sealed the copy.
	return s.box.Steady(func() error {
		path := filepath.Join(dir, filepath.Base(s.file(".db")))
		err := s.db.Copy(ctx, path)
		if errors.Is(err, sqldb.ErrOnServer) {
			return registrar.Errorf(registrar.Unsupported, "%s", sqldb.ErrOnServer)
		}
		if err != nil {
			return fmt.Errorf("back up store: %w", err)
		}
		if err := stamp(ctx, path); err != nil {
			return fmt.Errorf("back up store: %w", err)
		}
		if err := s.box.Save(filepath.Join(dir, filepath.Base(s.file(".key")))); err != nil {
			return fmt.Errorf("back up key: %w", err)
		}
		return nil
	})
}

func stamp(ctx context.Context, path string) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	db, err := sqldb.Open(ctx, sqldb.Options{Path: path, Migrations: files})
	if err != nil {
		return err
	}
	err = db.Write(ctx, func(tx *sql.Tx) error { return setSetting(ctx, tx, incarnationSetting, isCopy) })
	return errors.Join(err, db.Close())
}
