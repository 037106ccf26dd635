// Package orders is the panel's own book: orders with their payment gate, the list of
// domains, the moves between registrars, and the Action Log. Package switchboard knows which
// registrar is asked, and how long it may take; the book stores the results.
//
// What it guarantees:
//
//   - An order that is not paid is never submitted. Paying happens once; paying again
//     changes nothing.
//   - A paid order is submitted until the registrar has taken or refused it, through
//     crashes of either side: the dispatcher reads rows and relies on no memory.
//   - A domain has at most one order that is not concluded.
//   - Every event of a registrar is applied exactly once, together with its entry in the
//     Action Log. A missing event stops those after it and is reported, not skipped.
//   - Several panels may share one database on a server: each submits and follows, and
//     finds done what another one has done.
//   - Contacts and transfer codes are stored sealed and appear in no log and no error.
//
// Errors that a caller can act on have a [registrar.Code]: Invalid with problems by field
// path, NotFound, Precondition if the state of an order or a domain forbids it, and
// Unavailable while a registrar's plugin is down. Any other error is a fault of the database.
package orders

import (
	"context"
	"crypto/rand"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"path/filepath"
	"time"

	"registrar.panel/host/switchboard"
	"registrar.panel/internal/seal"
	"registrar.panel/internal/sqldb"
	"registrar.panel/internal/wake"
	"registrar.panel/shared/secret"
)

// Options of a service.
type Options struct {
	Dir    string        // directory of panel.key, and of panel.db unless there is a server; must exist
	Server secret.String // URL of a PostgreSQL database, which other panels may use, too; empty = a file
	Create bool          // permits making the database and the key

	Board  *switchboard.Board // nil = no registrar is run
	Logger *slog.Logger
	Now    func() time.Time // nil = time.Now
	Random io.Reader        // nil = crypto/rand
	Pause  time.Duration    // before a failed submission is repeated, growing; 0 = a second
	Unpaid time.Duration    // how long an order may stay unpaid before it ends by itself; 0 = a week
	Keep   Keep             // how long personal data are kept after their use is over
}

// Service is the book, as its callers use it. Its methods may be called concurrently.
type Service struct {
	*ledger
	board  *switchboard.Board
	random io.Reader
	pause  time.Duration
	unpaid time.Duration

	data *Data

	toSubmit map[string]wake.Signal // by registrar
}

// ledger is the book's rows: what is written into them, and how they are sealed.
type ledger struct {
	db     *sqldb.DB
	box    *seal.Box
	dir    string
	log    *slog.Logger
	now    func() time.Time
	logged wake.Broadcast
}

//go:embed migrations/*.sql migrations/postgres/*.sql
var migrations embed.FS

// sealedOrders names the sealed column of the book.
var sealedOrders = sqldb.Sealed{Table: "orders", Key: "id", Column: "sealed_private", Context: "'order|' || id"}

// Open opens the book. The work begins with [Service.Run] and [Service.Follow].
func Open(ctx context.Context, o Options) (*Service, error) {
	scripts, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, fmt.Errorf("open orders: %w", err)
	}

	db, err := sqldb.Open(ctx, sqldb.Options{Path: filepath.Join(o.Dir, database), Server: o.Server, Owner: "the panel",
		Create: o.Create, Migrations: scripts})
	if err != nil {
		return nil, fmt.Errorf("open orders: %w", err)
	}

	// Another key than the database's is refused here, before anything is sealed with it.
	box, err := db.OpenBox(ctx, filepath.Join(o.Dir, keyFile), o.Create, sealedOrders)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open orders: %w", err), db.Close())
	}

	s := newService(o, db, box)
	if err := s.fillNames(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open orders: %w", err), db.Close())
	}
	return s, nil
}

func newService(o Options, db *sqldb.DB, box *seal.Box) *Service {
	s := &Service{ledger: &ledger{db: db, box: box, dir: o.Dir, log: o.Logger, now: o.Now},
		board: o.Board, random: o.Random, pause: o.Pause, unpaid: o.Unpaid, toSubmit: map[string]wake.Signal{}}
	if s.board == nil {
		s.board = switchboard.New(switchboard.Options{Logger: o.Logger})
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.random == nil {
		s.random = rand.Reader
	}
	if s.pause == 0 {
		s.pause = time.Second
	}
	if s.unpaid == 0 {
		s.unpaid = week
	}

	s.data = &Data{ledger: s.ledger, board: s.board, keep: o.Keep, retained: map[string]time.Time{}}

	// Filled here once and never changed, so that callers and dispatchers read the map without a lock.
	for _, name := range s.board.Names() {
		s.toSubmit[name] = wake.NewSignal()
	}
	return s
}

// time returns the present, as precisely as the database can store it.
func (l *ledger) time() time.Time { return l.now().UTC().Truncate(time.Millisecond) }

// Now returns the time by the book's clock.
func (l *ledger) Now() time.Time { return l.time() }

// Close closes the book. Run and every Follow must have returned.
func (s *Service) Close() error { return s.db.Close() }
