// Package orders is the panel's own book: orders with their payment gate, the list of
// domains, and the Action Log. It routes each order to the registrar that serves its TLD.
//
// What it guarantees:
//
//   - An order that is not paid is never submitted. Paying happens once; paying again
//     changes nothing.
//   - A paid order is submitted until the registrar has taken or refused it, through
//     crashes of either side: the dispatcher looks at rows, not at memory.
//   - A domain has at most one order that is not concluded.
//   - Every event of a registrar is applied exactly once, together with its entry in the
//     Action Log. An event that is missing stops the following and is told, not skipped.
//   - Several panels may share one database on a server: each submits and follows, and what
//     one of them has done the others find done.
//   - Contacts and transfer codes are stored sealed and appear in no log and no error.
//
// Errors that a caller can act on carry a [registrar.Code]: Invalid with problems by field
// path, NotFound, Precondition when the state of an order or a domain forbids it, and
// Unavailable while a registrar's plugin is down. Anything else is a fault of the database.
package orders

import (
	"context"
	"crypto/rand"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/hashicorp/go-hclog"

	"registrar.panel/internal/secret"
	"registrar.panel/internal/sqldb"
	"registrar.panel/internal/wake"
	"registrar.panel/shared/registrar"
)

// Registrars finds a plugin at work. While it is down the error is Unavailable or Draining.
type Registrars interface {
	Registrar(name string) (registrar.Registrar, error)
}

// Options of a service.
type Options struct {
	Dir    string        // where panel.key lies, and panel.db unless there is a server; must exist
	Server secret.String // URL of a PostgreSQL database, which other panels may use, too; empty = a file
	Create bool          // permits making them

	Registrars Registrars
	Names      []string                                // of the registrars that are run
	Retired    []string                                // of those that are not run any more, by the configuration's own word
	Route      func(tld string) (name string, ok bool) // to which registrar new orders for a TLD go
	Serves     func(name, tld string) bool             // whether a registrar may have domains of a TLD

	Logger hclog.Logger
	Now    func() time.Time // nil = time.Now
	Random io.Reader        // nil = crypto/rand
	Pause  time.Duration    // before a failed submission is repeated, growing; 0 = a second
}

// Service is the book. Its methods may be called concurrently.
type Service struct {
	db  *sqldb.DB
	box *secret.Box
	dir string
	log hclog.Logger

	registrars Registrars
	names      []string
	retired    []string
	route      func(string) (string, bool)
	serves     func(name, tld string) bool
	now        func() time.Time
	random     io.Reader
	pause      time.Duration

	toSubmit map[string]wake.Signal // by registrar
	logged   wake.Broadcast
}

//go:embed migrations/*.sql
var migrations embed.FS

// sealedOrders gives a value that is sealed, with its context.
const sealedOrders = "select sealed_private, 'order|' || id from orders where length(sealed_private) > 0 order by created_at, id limit 1"

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
	box, err := db.OpenBox(ctx, filepath.Join(o.Dir, keyFile), o.Create, sealedOrders)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open orders: %w", err), db.Close())
	}
	return newService(o, db, box), nil
}

func newService(o Options, db *sqldb.DB, box *secret.Box) *Service {
	s := &Service{db: db, box: box, dir: o.Dir, log: o.Logger, registrars: o.Registrars, names: o.Names, retired: o.Retired, route: o.Route, serves: o.Serves,
		now: o.Now, random: o.Random, pause: o.Pause, toSubmit: map[string]wake.Signal{}}
	if s.now == nil {
		s.now = time.Now
	}
	if s.random == nil {
		s.random = rand.Reader
	}
	if s.pause == 0 {
		s.pause = time.Second
	}
	for _, name := range o.Names {
		s.toSubmit[name] = wake.NewSignal()
	}
	return s
}

// time is now, as the database can keep it.
func (s *Service) time() time.Time { return s.now().UTC().Truncate(time.Millisecond) }

// Close closes the book. Run and every Follow must have returned.
func (s *Service) Close() error { return s.db.Close() }
