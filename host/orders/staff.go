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

// Staff keeps in the book who may sign in on the pages, and who is signed in, so that all panels on the book know them.
type Staff struct {
	db  *sqldb.DB
	now func() time.Time
}

// Staff returns that of the book.
func (s *Service) Staff() *Staff { return &Staff{s.db, s.time} }

// Add stores a member. The Action Log knows callers by their names, so no credential may have the same name.
func (s *Staff) Add(ctx context.Context, m access.Member) error {
	now := s.now().UnixMilli()
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		// In the same transaction: a credential that is made meanwhile is seen here, or comes second and sees the member.
		var taken bool
		if err := tx.QueryRowContext(ctx, "select exists (select 1 from credentials where name = $1 and revoked_at = 0)", m.Name).Scan(&taken); err != nil {
			return fault(err, "look for credential")
		}
		if taken {
			return registrar.Errorf(registrar.Conflict, "there is a credential %s, and the Action Log could not tell who is who: choose another name", m.Name)
		}
		added, err := sqldb.Changed(ctx, tx, `insert into staff (name, password, rights, created_at, created_by, changed_at) values ($1, $2, $3, $4, $5, $4)
			on conflict do nothing`, m.Name, m.Password, rightWords(m.Rights), now, m.CreatedBy)
		if err == nil && added == 0 {
			return registrar.Errorf(registrar.Conflict, "there is a member of the staff %s already", m.Name)
		}
		return fault(err, "add member of the staff")
	})
}

func rightWords(rights []access.Right) string {
	words := make([]string, len(rights))
	for i, r := range rights {
		words[i] = string(r)
	}
	return strings.Join(words, " ")
}

// isMember reports whether a name is a staff member's.
func isMember(ctx context.Context, q sqldb.Querier, name string) (is bool, err error) {
	err = q.QueryRowContext(ctx, "select exists (select 1 from staff where name = $1)", name).Scan(&is)
	return is, fault(err, "look for member of the staff")
}

// SetPassword replaces a member's password, and ends the sessions that were opened with the old one.
func (s *Staff) SetPassword(ctx context.Context, name, hash string) error {
	return s.change(ctx, name, func(tx *sql.Tx) (int64, error) {
		// A person who knew the old password may be signed in with it.
		if err := exec(ctx, tx, "delete from sessions where name = $1", name); err != nil {
			return 0, err
		}
		return sqldb.Changed(ctx, tx, "update staff set password = $1, changed_at = $2 where name = $3", hash, s.now().UnixMilli(), name)
	})
}

// SetRights replaces a member's rights, from the next request on.
func (s *Staff) SetRights(ctx context.Context, name string, rights []access.Right) error {
	return s.change(ctx, name, func(tx *sql.Tx) (int64, error) {
		return sqldb.Changed(ctx, tx, "update staff set rights = $1 where name = $2", rightWords(rights), name)
	})
}

// Remove removes a member from the staff, and ends the member's sessions.
func (s *Staff) Remove(ctx context.Context, name string) error {
	return s.change(ctx, name, func(tx *sql.Tx) (int64, error) {
		if err := exec(ctx, tx, "delete from sessions where name = $1", name); err != nil {
			return 0, err
		}
		return sqldb.Changed(ctx, tx, "delete from staff where name = $1", name)
	})
}

func (s *Staff) change(ctx context.Context, name string, fn func(tx *sql.Tx) (int64, error)) error {
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		n, err := fn(tx)
		if err == nil && n == 0 {
			return registrar.Errorf(registrar.NotFound, "there is no member of the staff %s", input.OneLine(name, input.LongestPerson))
		}
		return fault(err, "change member of the staff")
	})
}

const memberColumns = "name, password, rights, created_at, created_by, changed_at"

// List lists the staff by name.
func (s *Staff) List(ctx context.Context) (list []access.Member, err error) {
	err = s.db.Read(ctx, func(tx *sql.Tx) (err error) {
		list, err = sqldb.Collect(ctx, tx, scanMember, "select "+memberColumns+" from staff order by name")
		return err
	})
	return list, fault(err, "list the staff")
}

// Find returns a member by name.
func (s *Staff) Find(ctx context.Context, name string) (m access.Member, ok bool, err error) {
	var list []access.Member
	err = s.db.Read(ctx, func(tx *sql.Tx) (err error) {
		list, err = sqldb.Collect(ctx, tx, scanMember, "select "+memberColumns+" from staff where name = $1", name)
		return err
	})
	if err != nil || len(list) == 0 {
		return m, false, fault(err, "look for member of the staff")
	}
	return list[0], true, nil
}

func scanMember(row sqldb.Scanner) (m access.Member, err error) {
	var rights string
	var created, changed int64
	if err := row.Scan(&m.Name, &m.Password, &rights, &created, &m.CreatedBy, &changed); err != nil {
		return m, err
	}
	if m.Rights, err = access.ParseRights(strings.Fields(rights)); err != nil {
		return m, fmt.Errorf("member of the staff %s: %w", m.Name, err)
	}
	m.CreatedAt, m.ChangedAt = timeOf(created), timeOf(changed)
	return m, nil
}

// Open stores a session, and forgets those that are over. It returns false if the member was
// removed, or has another password by now than the one that was checked.
func (s *Staff) Open(ctx context.Context, n access.Session, hash string) (opened bool, err error) {
	now := s.now()
	err = s.db.Write(ctx, func(tx *sql.Tx) error {
		if err := exec(ctx, tx, "delete from sessions where seen_at <= $1 or created_at <= $2",
			now.Add(-access.SessionIdle).UnixMilli(), now.Add(-access.SessionLife).UnixMilli()); err != nil {
			return err
		}
		// In the same transaction, so that a member who is removed or gets another password meanwhile gets no session.
		if err := tx.QueryRowContext(ctx, "select exists (select 1 from staff where name = $1 and password = $2)", n.Name, hash).Scan(&opened); err != nil || !opened {
			return fault(err, "look for member of the staff")
		}
		return exec(ctx, tx, "insert into sessions (digest, name, created_at, seen_at, address) values ($1, $2, $3, $3, $4)", n.Digest, n.Name, now.UnixMilli(), n.Address)
	})
	return opened, err
}

const sessionColumns = "digest, name, created_at, seen_at, address"

func scanSession(row sqldb.Scanner) (n access.Session, err error) {
	var created, seen int64
	err = row.Scan(&n.Digest, &n.Name, &created, &seen, &n.Address)
	n.CreatedAt, n.SeenAt = timeOf(created), timeOf(seen)
	return n, err
}

// Session returns a session and its member, by the digest of its cookie.
func (s *Staff) Session(ctx context.Context, digest string) (n access.Session, m access.Member, ok bool, err error) {
	err = s.db.Read(ctx, func(tx *sql.Tx) error {
		found, err := sqldb.Collect(ctx, tx, scanSession, "select "+sessionColumns+" from sessions where digest = $1", digest)
		if err != nil || len(found) == 0 {
			return err
		}
		n = found[0]
		members, err := sqldb.Collect(ctx, tx, scanMember, "select "+memberColumns+" from staff where name = $1", n.Name)
		if ok = len(members) == 1; ok {
			m = members[0]
		}
		return err
	})
	return n, m, ok, fault(err, "look for session")
}

// Seen records that a session is in use, to the minute.
func (s *Staff) Seen(ctx context.Context, n access.Session) error {
	now := s.now()
	if now.Sub(n.SeenAt) < usedEvery {
		return nil
	}
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		return exec(ctx, tx, "update sessions set seen_at = $1 where digest = $2 and seen_at < $1", now.UnixMilli(), n.Digest)
	})
}

// Sessions lists the open sessions of a member, or of all members if there is no name, the last used first.
func (s *Staff) Sessions(ctx context.Context, name string) (list []access.Session, err error) {
	now := s.now()
	err = s.db.Read(ctx, func(tx *sql.Tx) (err error) {
		var f filter
		f.by("name", name)
		f.add("seen_at > ", now.Add(-access.SessionIdle).UnixMilli())
		f.add("created_at > ", now.Add(-access.SessionLife).UnixMilli())
		list, err = sqldb.Collect(ctx, tx, scanSession, "select "+sessionColumns+" from sessions "+f.where()+" order by seen_at desc, digest", f.args...)
		return err
	})
	return list, fault(err, "list sessions")
}

// End ends one session.
func (s *Staff) End(ctx context.Context, digest string) error {
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		return exec(ctx, tx, "delete from sessions where digest = $1", digest)
	})
}

// EndAll ends the sessions of a member, and returns how many there were.
func (s *Staff) EndAll(ctx context.Context, name string) (n int, err error) {
	err = s.db.Write(ctx, func(tx *sql.Tx) error {
		ended, err := sqldb.Changed(ctx, tx, "delete from sessions where name = $1", name)
		n = int(ended)
		return fault(err, "end sessions")
	})
	return n, err
}
