//go:build linux

package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

// shared holds the databases of two nodes, by their URLs.
type shared struct {
	server, name, panel, plugin string
	books                       books // kept open, because connecting takes longer than a look
}

// share makes the databases on a server, given by its administrator's URL. The server may be killed meanwhile.
func share(ctx context.Context, server, name string) (*shared, error) {
	u, err := url.Parse(server)
	if err != nil {
		return nil, errors.New("-postgres takes the URL of a server")
	}
	s := &shared{server: server, name: name}
	for database, at := range map[string]*string{name + "_panel": &s.panel, name + "_r01": &s.plugin} {
		// A database of that name is left over from a campaign with the same seed that was interrupted.
		if err := tell(ctx, server, "drop database if exists "+database, "create database "+database+" template template0"); err != nil {
			return nil, fmt.Errorf("make database: %w", err)
		}
		u.Path = "/" + database
		*at = u.String()
	}

	s.books.stay = true
	if s.books.panel, err = sql.Open("pgx", s.panel); err != nil {
		return nil, err
	}
	if s.books.plugin, err = sql.Open("pgx", s.plugin); err != nil {
		return nil, errors.Join(err, s.books.panel.Close())
	}
	return s, nil
}

func (s *shared) drop() {
	s.books.panel.Close()
	s.books.plugin.Close()

	// If this fails, what is left goes with the server.
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_ = tell(ctx, s.server, "drop database "+s.name+"_panel with (force)", "drop database "+s.name+"_r01 with (force)")
}

func tell(ctx context.Context, server string, statements ...string) error {
	db, err := sql.Open("pgx", server)
	if err != nil {
		return err
	}
	defer db.Close()
	for _, s := range statements {
		err := until(ctx, "the server to "+s, 100*time.Millisecond, func() (bool, string) {
			if _, err := db.ExecContext(ctx, s); err != nil { // the server may be starting
				return false, err.Error()
			}
			return true, ""
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// join gives the second node the first one's keys, as an operator does, while the first node is at work.
func (w *world) join(ctx context.Context) error {
	if err := until(ctx, "the first node to be at work", 20*time.Millisecond, func() (bool, string) { return w.serves(ctx) }); err != nil {
		return err
	}
	for _, key := range []string{"panel.key", filepath.Join("plugins", registrar, "r01.key")} {
		text, err := os.ReadFile(filepath.Join(w.data(), key))
		if err != nil {
			return fmt.Errorf("copy key: %w", err)
		}
		to := filepath.Join(w.peer.data(), key)
		if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o700), os.WriteFile(to, text, 0o600)); err != nil {
			return fmt.Errorf("copy key: %w", err)
		}
	}
	return nil
}

// joined waits until the second node has a mark of its own: from then on it can work without the first.
func (w *world) joined(ctx context.Context) error {
	mark := filepath.Join(w.peer.data(), "plugins", registrar, "r01.mark")
	return until(ctx, "the second node to be at work", 20*time.Millisecond, func() (bool, string) {
		_, err := os.Stat(mark)
		if err == nil {
			return true, ""
		}
		_, seen := w.peer.serves(ctx)
		return false, err.Error() + "; " + seen
	})
}
