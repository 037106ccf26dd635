package orders

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"registrar.panel/host/access"
	"registrar.panel/host/input"
	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/registrar"
)

// Credentials keeps the credentials of callers in the book, so that all panels on the book know them.
type Credentials struct {
	db  *sqldb.DB
	now func() time.Time
}

// Credentials returns those of the book.
func (s *Service) Credentials() *Credentials { return &Credentials{s.db, s.time} }

// Add stores a credential. The name of a revoked credential may be used again.
func (c *Credentials) Add(ctx context.Context, n access.Credential) error {
	if err := access.CheckName(n.Name); err != nil {
		return input.Mistake("name", err.Error())
	}
	if len(n.Rights) == 0 {
		return input.Mistake("rights", "are required")
	}

	now := c.now()
	if !n.ExpiresAt.IsZero() && !n.ExpiresAt.After(now) {
		return input.Mistake("expires", "must be in the future")
	}

	return c.db.Write(ctx, func(tx *sql.Tx) error {
		// The Action Log knows who did what by the name alone.
		taken, err := isMember(ctx, tx, n.Name)
		if err != nil {
			return err
		}
		if taken {
			return registrar.Errorf(registrar.Conflict, "there is a member of the staff %s, and the Action Log could not tell who is who: choose another name", n.Name)
		}
		if err := exec(ctx, tx, "delete from credentials where name = $1 and revoked_at <> 0", n.Name); err != nil {
			return err
		}
		added, err := sqldb.Changed(ctx, tx, `insert into credentials (name, digest, rights, created_at, created_by, expires_at, revoked_at, last_used)
			values ($1, $2, $3, $4, $5, $6, 0, 0) on conflict do nothing`, n.Name, n.Digest, rightWords(n.Rights), now.UnixMilli(), n.CreatedBy, millis(n.ExpiresAt))
		if err == nil && added == 0 {
			return registrar.Errorf(registrar.Conflict, "there is a credential %s already; revoke it first", n.Name)
		}
		return fault(err, "add credential")
	})
}

// Revoke ends a credential, and reports whether that changed anything.
func (c *Credentials) Revoke(ctx context.Context, name string) (changed bool, err error) {
	err = c.db.Write(ctx, func(tx *sql.Tx) error {
		// An unknown name is refused, or a misspelt one would seem to be revoked. Revoking twice is no mistake.
		var there bool
		if err := tx.QueryRowContext(ctx, "select exists (select 1 from credentials where name = $1)", name).Scan(&there); err != nil {
			return fault(err, "look for credential")
		}
		if !there {
			return registrar.Errorf(registrar.NotFound, "there is no credential %s", input.OneLine(name, input.LongestPerson))
		}
		n, err := sqldb.Changed(ctx, tx, "update credentials set revoked_at = $1 where name = $2 and revoked_at = 0", c.now().UnixMilli(), name)
		changed = n > 0
		return fault(err, "revoke credential")
	})
	return changed, err
}

const credentialColumns = "name, digest, rights, created_at, created_by, expires_at, revoked_at, last_used"

// List lists all credentials by name, including those that have ended.
func (c *Credentials) List(ctx context.Context) (list []access.Credential, err error) {
	err = c.db.Read(ctx, func(tx *sql.Tx) (err error) {
		list, err = sqldb.Collect(ctx, tx, scanCredential, "select "+credentialColumns+" from credentials order by name")
		return fault(err, "list credentials")
	})
	return list, err
}

// Find returns the credential of a token, by the token's digest.
func (c *Credentials) Find(ctx context.Context, digest string) (found access.Credential, ok bool, err error) {
	var list []access.Credential
	err = c.db.Read(ctx, func(tx *sql.Tx) (err error) {
		list, err = sqldb.Collect(ctx, tx, scanCredential, "select "+credentialColumns+" from credentials where digest = $1", digest)
		return fault(err, "look for credential")
	})
	if err != nil || len(list) == 0 {
		return found, false, err
	}
	return list[0], true, nil
}

// usedEvery is the precision of the last use.
const usedEvery = time.Minute

// Used records that a credential is in use, to the minute: not every request should cost a write.
func (c *Credentials) Used(ctx context.Context, found access.Credential) error {
	now := c.now()
	if now.Sub(found.LastUsed) < usedEvery {
		return nil
	}
	return c.db.Write(ctx, func(tx *sql.Tx) error {
		return exec(ctx, tx, "update credentials set last_used = $1 where name = $2 and last_used < $1", now.UnixMilli(), found.Name)
	})
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func scanCredential(row sqldb.Scanner) (c access.Credential, err error) {
	var rights string
	var created, expires, revoked, used int64
	if err := row.Scan(&c.Name, &c.Digest, &rights, &created, &c.CreatedBy, &expires, &revoked, &used); err != nil {
		return c, err
	}
	if c.Rights, err = access.ParseRights(strings.Fields(rights)); err != nil {
		return c, fmt.Errorf("credential %s: %w", c.Name, err)
	}
	c.CreatedAt, c.ExpiresAt, c.RevokedAt, c.LastUsed = timeOf(created), timeOf(expires), timeOf(revoked), timeOf(used)
	return c, nil
}

func timeOf(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
