package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"registrar.panel/shared/secret"
)

// Limits of a PostgreSQL database: every wait ends, even when the network or a node is gone.
const (
	dialWithin    = 5 * time.Second  // for the machine to answer
	connectWithin = 20 * time.Second // and for its server, which may be busy, to accept us
	within        = 30 * time.Second // a statement, and a transaction between statements
	serverWriters = 1                // connections: writers take turns in any case
	serverReaders = 8
)

// beginWrite makes a transaction the only writer: it waits for the one row of table keeper,
// which it keeps locked until it ends. A writer that has stopped, or that the network has
// cut off, loses its transaction, and so its turn, when it does nothing for a few seconds.
//
// Writers that take turns need no SERIALIZABLE and its repetitions, so a function given
// to Write runs once, as with SQLite, and numbers that it gives are without gaps and in
// the order of commits. The transaction locks the row and not the session: PgBouncer in
// transaction mode would pass a session's lock on to another client.
const beginWrite = `set local idle_in_transaction_session_timeout = '5s'; set local lock_timeout = '20s';
	select id from keeper for update`

// metaSchema declares the tables that sqldb adds to a PostgreSQL database.
const metaSchema = metaTable + `
create table if not exists leases (
    name   text primary key,
    holder text not null,
    until  timestamptz not null,
    beats  bigint not null default 1 -- how often it was taken or renewed
)`

// InFile is the setting of a store that is in a file.
const InFile = "sqlite"

// ServerOf reads the setting of a store. It returns the URL of a PostgreSQL database, or nothing
// if the store is in a file. The error never shows the URL, because a password may be in it.
func ServerOf(store secret.String) (server secret.String, err error) {
	if store.IsEmpty() || store.Reveal() == InFile {
		return secret.String{}, nil
	}
	if _, err := parseServer(store); err != nil {
		return secret.String{}, fmt.Errorf("must be %q or the URL of a PostgreSQL database: %w", InFile, err)
	}
	return store, nil
}

// IsServer reports whether a text is meant to be the URL of a PostgreSQL database.
func IsServer(text string) bool {
	scheme, _, ok := strings.Cut(text, "://")
	return ok && (scheme == "postgres" || scheme == "postgresql")
}

// parseServer parses a URL. The connection carries customers' data, so it is encrypted when it
// goes to another machine, and the certificate is checked unless the URL says sslmode=require.
func parseServer(server secret.String) (*pgx.ConnConfig, error) {
	// No error of a library is wrapped here, because it may repeat the URL with its password.
	text := server.Reveal()
	u, err := url.Parse(text)
	if err != nil || !IsServer(text) {
		return nil, errors.New("it is not a URL of the form postgres://USER@HOST:PORT/DATABASE")
	}

	q := u.Query()
	how, err := execMode(q.Get(execModeParameter))
	if err != nil {
		return nil, err
	}

	mode := q.Get("sslmode")
	if mode == "" {
		// The driver's own choice, "prefer", goes on without encryption when the server, or an attacker
		// who answers in its place, offers none.
		mode = "verify-full"
		if local, err := allLocal(text); err == nil && local {
			mode = "disable"
		}
		q.Set("sslmode", mode)
		u.RawQuery = q.Encode()
	}

	c, err := pgx.ParseConfig(u.String())
	if err != nil {
		return nil, errors.New("its parameters can't be used: see sslmode, sslrootcert and the like")
	}

	if local, _ := allLocal(text); !local && !slices.Contains([]string{"require", "verify-ca", "verify-full"}, mode) {
		return nil, fmt.Errorf("sslmode=%s would let an attacker on the way to %s read and change what is sent: use verify-full", mode, c.Host)
	}
	if c.ConnectTimeout == 0 || c.ConnectTimeout > connectWithin {
		c.ConnectTimeout = connectWithin
	}

	// With these probes a connection whose other end is gone without a word ends after 20 s.
	dialer := &net.Dialer{Timeout: dialWithin, KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 5 * time.Second, Interval: 5 * time.Second, Count: 3}}
	c.DialFunc = dialer.DialContext

	c.DefaultQueryExecMode = how
	return c, nil
}

// execModeParameter is the parameter of a URL that says how pgx runs statements.
const execModeParameter = "default_query_exec_mode"

// execMode reads the way in which statements are run. By default types are sent with each
// statement and nothing is prepared, which works through PgBouncer. Without PgBouncer a
// connection may prepare statements that it runs again, which the server then need not plan anew.
func execMode(word string) (pgx.QueryExecMode, error) {
	switch word {
	case "", "exec":
		return pgx.QueryExecModeExec, nil
	case "cache_statement":
		return pgx.QueryExecModeCacheStatement, nil
	}
	return 0, fmt.Errorf("%s must be exec, or cache_statement where no PgBouncer is on the way", execModeParameter)
}

// allLocal reports whether every host of a URL is this machine.
func allLocal(text string) (bool, error) {
	c, err := pgconn.ParseConfig(text)
	if err != nil {
		return false, err
	}
	hosts := []string{c.Host}
	for _, f := range c.Fallbacks {
		hosts = append(hosts, f.Host)
	}
	return !slices.ContainsFunc(hosts, func(h string) bool {
		ip := net.ParseIP(h)
		return !filepath.IsAbs(h) && h != "localhost" && (ip == nil || !ip.IsLoopback())
	}), nil
}

// serverConnector makes connections that take arguments as SQLite does.
type serverConnector struct {
	driver.Connector
	prepares bool // statements that a connection runs again
}

// Connect implements driver.Connector.
func (c serverConnector) Connect(ctx context.Context) (driver.Conn, error) {
	made, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	conn := serverConn{Conn: made.(*stdlib.Conn)}
	if c.prepares {
		conn.known = map[string]bool{}
	}
	return conn, nil
}

type serverConn struct {
	*stdlib.Conn
	known map[string]bool // statements that have run before; nil = nothing is prepared
}

// prepared returns the arguments for a run of a statement. To prepare a
// statement takes a round trip to the server, which the first run is not worth.
func (c serverConn) prepared(query string, args []driver.NamedValue) []driver.NamedValue {
	if c.known == nil || c.known[query] {
		return args
	}
	if len(c.known) < cacheSize {
		c.known[query] = true
	}
	return append([]driver.NamedValue{{Value: pgx.QueryExecModeExec}}, args...)
}

// CheckNamedValue implements driver.NamedValueChecker. A named type becomes its underlying
// type, a bool becomes 0 or 1, and text loses the bytes that PostgreSQL can't store.
func (serverConn) CheckNamedValue(v *driver.NamedValue) (err error) {
	v.Value, err = driver.DefaultParameterConverter.ConvertValue(v.Value)
	switch plain := v.Value.(type) {
	case bool:
		v.Value = int64(0)
		if plain {
			v.Value = int64(1)
		}
	case string:
		v.Value = strings.ReplaceAll(strings.ToValidUTF8(plain, "\uFFFD"), "\x00", "\uFFFD")
	}
	return err
}

// ExecContext implements driver.ExecerContext, and gives up a server that does not answer.
func (c serverConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	return c.Conn.ExecContext(ctx, query, c.prepared(query, args))
}

// QueryContext implements driver.QueryerContext, and gives up a server that stops in the middle of the rows.
func (c serverConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	found, err := c.Conn.QueryContext(ctx, query, c.prepared(query, args))
	if err != nil {
		cancel()
		return nil, err
	}
	return serverRows{found, cancel}, nil // the rows are still to be read, under the same limit
}

type serverRows struct {
	driver.Rows
	cancel context.CancelFunc
}

// Close implements driver.Rows.
func (r serverRows) Close() error {
	defer r.cancel()
	return r.Rows.Close()
}

func serverPool(c *pgx.ConnConfig, size int) *sql.DB {
	p := sql.OpenDB(serverConnector{stdlib.GetConnector(*c), c.DefaultQueryExecMode == pgx.QueryExecModeCacheStatement})
	p.SetMaxOpenConns(size)
	p.SetMaxIdleConns(size)
	p.SetConnMaxIdleTime(time.Minute)
	return p
}

func openServer(ctx context.Context, o Options) (*DB, error) {
	c, err := parseServer(o.Server)
	if err != nil {
		return nil, err
	}
	db := &DB{writer: serverPool(c, serverWriters), reader: serverPool(c, serverReaders), lease: serverPool(c, 1), beginWrite: beginWrite, within: within,
		readOnly: &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}}

	// In this order: nothing is written to a server that may forget it, and the
	// schema is changed only when the database is known to be this owner's.
	err = checkServer(ctx, db.writer)
	if err == nil {
		err = prepareServer(ctx, db.writer, o)
	}
	if err == nil && !isCurrent(ctx, db.writer, o.Migrations) {
		err = migrateServer(ctx, c, o.Migrations)
	}

	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// Probe reports whether a PostgreSQL database answers and keeps what it acknowledges. It changes nothing there.
func Probe(ctx context.Context, server secret.String) error {
	c, err := parseServer(server)
	if err != nil {
		return err
	}
	db := serverPool(c, 1)
	return errors.Join(checkServer(ctx, db), db.Close())
}

// oldest is the first PostgreSQL with which this program is tested.
const oldest = 140000

// checkServer reads back the settings on which durability depends.
func checkServer(ctx context.Context, db *sql.DB) error {
	var s serverSettings
	row := db.QueryRowContext(ctx, `select current_setting('server_version_num')::int, current_setting('fsync'),
		current_setting('full_page_writes'), current_setting('synchronous_commit'), current_setting('server_encoding')`)
	if err := row.Scan(&s.version, &s.fsync, &s.pages, &s.commit, &s.encoding); err != nil {
		return fmt.Errorf("read settings: %w", err)
	}
	return s.check()
}

type serverSettings struct {
	version                        int // as in server_version_num
	fsync, pages, commit, encoding string
}

func (s serverSettings) check() error {
	switch {
	case s.version < oldest:
		return fmt.Errorf("PostgreSQL %d is too old: need %d or newer", s.version/10000, oldest/10000)
	case s.fsync != "on" || s.pages != "on" || s.commit == "off":
		return fmt.Errorf("the server may forget what it has acknowledged: fsync=%s full_page_writes=%s synchronous_commit=%s", s.fsync, s.pages, s.commit)
	case s.encoding != "UTF8":
		return fmt.Errorf("the database's encoding is %s: it must be UTF8", s.encoding)
	}
	return nil
}

// prepareServer creates the tables of sqldb in an empty database,
// or checks that the database belongs to the same owner.
func prepareServer(ctx context.Context, db *sql.DB, o Options) error {
	there := false
	if err := db.QueryRowContext(ctx, "select to_regclass('keeper') is not null").Scan(&there); err != nil {
		return fmt.Errorf("look for the schema: %w", err)
	}

	if !there {
		if !o.Create {
			return ErrMissing
		}

		// When two nodes make the same table, the slower may fail
		// despite "if not exists". The second time it finds the table.
		_, err := db.ExecContext(ctx, metaSchema)
		if err != nil {
			_, err = db.ExecContext(ctx, metaSchema)
		}

		if err != nil {
			return fmt.Errorf("make the schema: %w", err)
		}
	}

	// Nodes may come here at the same time: the first insert decides who owns the database.
	if _, err := db.ExecContext(ctx, "insert into keeper (id, owner) values (1, $1) on conflict do nothing", o.Owner); err != nil {
		return fmt.Errorf("take the database: %w", err)
	}

	var owner string
	if err := db.QueryRowContext(ctx, "select owner from keeper").Scan(&owner); err != nil {
		return fmt.Errorf("read whose the database is: %w", err)
	}

	if owner != o.Owner {
		return fmt.Errorf("it belongs to %s: %s needs a database of its own", owner, o.Owner)
	}

	return nil
}

// migrateServer brings the schema forward. One of several nodes does so, and the others wait.
func migrateServer(ctx context.Context, c *pgx.ConnConfig, migrations fs.FS) error {
	locker, err := lock.NewPostgresTableLocker(lock.WithTableLockTimeout(500*time.Millisecond, 120))
	if err != nil {
		return fmt.Errorf("lock the schema: %w", err)
	}
	db := stdlib.OpenDB(*c)
	err = migrate(ctx, db, goose.DialectPostgres, translated{migrations}, goose.WithLocker(locker))
	return errors.Join(err, db.Close())
}

// IsUnique reports whether an error means that such a row exists already.
func IsUnique(err error) bool {
	var server *pgconn.PgError
	return isUniqueFile(err) || errors.As(err, &server) && server.Code == "23505"
}
