package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strings"

	"modernc.org/sqlite"

	"registrar.panel/internal/lazyregexp"
)

// openPool opens connections to a SQLite file that keep the statements
// they have prepared: to prepare a statement costs more than to run it.
func openPool(dsn string) (*sql.DB, error) {
	c, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector{c}), nil
}

type connector struct{ driver.Connector }

// Connect implements driver.Connector.
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	inner, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	able, ok := inner.(connection)
	if !ok {
		return nil, errors.Join(fmt.Errorf("the SQLite driver's %T lacks a method", inner), inner.Close())
	}
	return &stmtCacheConn{connection: able, idle: map[string]statement{}}, nil
}

// connection and statement list all methods of the driver's types, so that a stmtCacheConn hides none of them.
type connection interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

type statement interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// cacheSize bounds the statements of one connection. A program's texts are
// constants and far fewer; the bound is for a program that builds its texts.
const cacheSize = 256

// stmtCacheConn is a connection that caches its statements. Like any driver's connection it is used
// by one goroutine at a time.
type stmtCacheConn struct {
	connection
	idle map[string]statement // by text; a statement that is running is not in it
}

// cacheable lists the first words of statements that may be run again
// as they were prepared. A pragma may take effect while it is prepared.
var cacheable = []string{"select ", "insert ", "update ", "delete ", "with ", "savepoint ", "release ", "rollback to "}

func isCacheable(query string) bool {
	return slices.ContainsFunc(cacheable, func(word string) bool { return strings.HasPrefix(query, word) })
}

// ExecContext implements driver.ExecerContext.
func (k *stmtCacheConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if !isCacheable(query) {
		return k.connection.ExecContext(ctx, query, args)
	}
	s, err := k.take(ctx, query)
	if err != nil {
		return nil, err
	}
	res, err := s.ExecContext(uninterruptible(ctx), args)
	if err != nil {
		s.Close() // its error is ignored: the statement's own failure matters
		return nil, err
	}
	return res, k.put(query, s)
}

// QueryContext implements driver.QueryerContext.
func (k *stmtCacheConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if !isCacheable(query) {
		return k.connection.QueryContext(ctx, query, args)
	}
	s, err := k.take(ctx, query)
	if err != nil {
		return nil, err
	}
	rows, err := s.QueryContext(uninterruptible(ctx), args)
	if err != nil {
		s.Close()
		return nil, err
	}
	return &cachedRows{rows, func() error { return k.put(query, s) }}, nil
}

// uninterruptible returns a context that lets a statement end once it has
// begun. To interrupt one the driver starts a goroutine, which costs as much
// as many a statement. database/sql checks the context between statements.
func uninterruptible(ctx context.Context) context.Context { return context.WithoutCancel(ctx) }

// BeginTx implements driver.ConnBeginTx. A transaction that only reads begins and ends with cached statements, too:
// it waits for nothing, and the two statements that read a status cost no more than begin and commit. The driver
// begins and ends those that write, because it knows what may go wrong then.
func (k *stmtCacheConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	if !o.ReadOnly {
		return k.connection.BeginTx(ctx, o)
	}
	return reading{k}, k.run(ctx, "begin")
}

// reading is a transaction that only reads.
type reading struct{ conn *stmtCacheConn }

// Commit implements driver.Tx.
func (r reading) Commit() error {
	err := r.conn.run(context.Background(), "commit")
	if err != nil { // no transaction may stay open
		r.Rollback()
	}
	return err
}

// Rollback implements driver.Tx.
func (r reading) Rollback() error { return r.conn.run(context.Background(), "rollback") }

// run runs a cached statement that has neither arguments nor results.
func (k *stmtCacheConn) run(ctx context.Context, query string) error {
	s, err := k.take(ctx, query)
	if err != nil {
		return err
	}
	if _, err := s.ExecContext(uninterruptible(ctx), nil); err != nil {
		return errors.Join(err, s.Close())
	}
	return k.put(query, s)
}

// take returns a statement that is not in use.
func (k *stmtCacheConn) take(ctx context.Context, query string) (statement, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	// A statement whose rows are being read can't run again at the same time, so it leaves the cache.
	if s, ok := k.idle[query]; ok {
		delete(k.idle, query)
		return s, nil
	}
	fresh, err := k.PrepareContext(ctx, unnamed(query))
	if err != nil {
		return nil, err
	}
	s, ok := fresh.(statement)
	if !ok {
		return nil, errors.Join(fmt.Errorf("the SQLite driver's %T lacks a method", fresh), fresh.Close())
	}
	return s, nil
}

// parameter matches a numbered parameter, or a text in which something may only look like one.
var parameter = lazyregexp.New(`'[^']*'|\$[0-9]+`)

// unnamed writes the parameters $1, $2, … as ?, where that means the same. The driver asks for the name of each
// parameter, and SQLite looks for it in a list of them all, which takes longer than many a statement with hundreds.
func unnamed(query string) string {
	n, inOrder := 0, true
	text := parameter.ReplaceAllStringFunc(query, func(p string) string {
		if p[0] != '$' {
			return p
		}
		n++
		inOrder = inOrder && p == fmt.Sprint("$", n)
		return "?"
	})
	if !inOrder { // one stands twice, or the second one first
		return query
	}
	return text
}

// put caches a statement that has run, unless one like it is cached already or the cache is full.
func (k *stmtCacheConn) put(query string, s statement) error {
	if _, ok := k.idle[query]; ok || k.idle == nil || len(k.idle) == cacheSize {
		return s.Close()
	}
	k.idle[query] = s
	return nil
}

// Close implements driver.Conn.
func (k *stmtCacheConn) Close() error {
	var faults []error
	for _, s := range k.idle {
		faults = append(faults, s.Close())
	}
	k.idle = nil
	return errors.Join(append(faults, k.connection.Close())...)
}

// cachedRows returns its statement to the cache when it is closed.
type cachedRows struct {
	driver.Rows
	done func() error
}

// Close implements driver.Rows.
func (a *cachedRows) Close() error { return errors.Join(a.Rows.Close(), a.done()) }
