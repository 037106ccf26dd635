package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"

	"registrar.panel/internal/seal"
)

// metaTable is the table that sqldb adds to every database.
const metaTable = `
create table if not exists keeper (
    id        smallint primary key check (id = 1),
    owner     text not null,           -- who keeps its truth here
    key_check text not null default '' -- fingerprint of the key that columns are sealed with
);`

// OpenBox opens the key of the database's sealed columns. The database stores its fingerprint, so that a
// wrong or missing key is refused before anything is sealed: with a wrong key sealed values could not be
// read any more, and no customer would be recognised. create permits making the key of a new database.
//
// sealed lists all sealed columns. A database from before there
// were fingerprints takes that of a key which opens their values.
func (db *DB) OpenBox(ctx context.Context, file string, create bool, sealed ...Sealed) (*seal.Box, error) {
	known, err := db.keyCheck(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the key's fingerprint: %w", err)
	}

	samples, err := db.samples(ctx, sealed)
	if err != nil {
		return nil, fmt.Errorf("read what is sealed with the key: %w", err)
	}

	// Only a database in which nothing is sealed yet may get a new key.
	fresh := known == "" && len(samples) == 0
	box, err := seal.OpenBox(file, create && fresh)
	if errors.Is(err, fs.ErrNotExist) && !fresh {
		return nil, fmt.Errorf("the database is sealed with a key, and %s is not there: put it back, from where keys are kept or from another node", file)
	}

	if err != nil {
		return nil, err
	}

	// Without a fingerprint only the values themselves show whose key it is. They are checked
	// before the key's own fingerprint is recorded, which would make a wrong key the right one.
	if known == "" && !opens(box, samples) {
		return nil, otherKey(file)
	}
	if known, err = db.rememberKey(ctx, known, box.Check()); err != nil {
		return nil, fmt.Errorf("record the key's fingerprint: %w", err)
	}

	// While an exchange is under way the fingerprint may still be the former key's, which the file has, too.
	if !box.Knows(known) {
		return nil, otherKey(file)
	}

	return box, nil
}

func otherKey(file string) error {
	return fmt.Errorf("the database is sealed with another key than that in %s: put back the key file that belongs to the database, from where keys are kept or from another node", file)
}

// keyCheck returns the fingerprint that the database keeps; "" = none yet.
func (db *DB) keyCheck(ctx context.Context) (known string, err error) {
	there := "select count(*) from sqlite_schema where type = 'table' and name = 'keeper'"
	if db.lease != nil {
		there = "select count(*) from pg_class where oid = to_regclass('keeper')"
	}

	// A file from before there were fingerprints has no such table.
	var n int
	if err := db.writer.QueryRowContext(ctx, there).Scan(&n); err != nil || n == 0 {
		return "", err
	}

	err = db.writer.QueryRowContext(ctx, "select key_check from keeper").Scan(&known)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return known, err
}

// rememberKey stores the fingerprint of a key unless one is stored already, and returns the stored one.
func (db *DB) rememberKey(ctx context.Context, known, mine string) (string, error) {
	if known != "" {
		return known, nil
	}
	err := db.Write(ctx, func(tx *sql.Tx) error {
		for _, statement := range []string{metaTable, "insert into keeper (id, owner) values (1, '') on conflict do nothing"} {
			if _, err := tx.ExecContext(ctx, statement); err != nil {
				return err
			}
		}

		// Read again in the transaction, because another node may have been first.
		if err := tx.QueryRowContext(ctx, "select key_check from keeper").Scan(&known); err != nil || known != "" {
			return err
		}

		known = mine
		_, err := tx.ExecContext(ctx, "update keeper set key_check = $1", mine)
		return err
	})
	return known, err
}

// sample is a value that was sealed.
type sample struct {
	sealed  []byte
	context string
}

func (db *DB) samples(ctx context.Context, columns []Sealed) (all []sample, err error) {
	for _, c := range columns {
		var s sample
		switch err := db.writer.QueryRowContext(ctx, c.sample()).Scan(&s.sealed, &s.context); {
		case errors.Is(err, sql.ErrNoRows):
		case err != nil:
			return nil, err
		default:
			all = append(all, s)
		}
	}
	return all, nil
}

func opens(box *seal.Box, samples []sample) bool {
	for _, s := range samples {
		if _, err := box.Open(s.sealed, s.context); err != nil {
			return false
		}
	}
	return true
}
