package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

// shared are the databases of two nodes, by their URLs.
type shared struct{ server, name, panel, plugin string }

// share makes them on a server, given by its administrator's URL. The server may be killed
// meanwhile.
func share(ctx context.Context, server, name string) (*shared, error) {
	u, err := url.Parse(server)
	if err != nil {
		return nil, errors.New("-postgres takes the URL of a server")
	}
	s := &shared{server: server, name: name}
	for database, at := range map[string]*string{name + "_panel": &s.panel, name + "_r01": &s.plugin} {
		if err := tell(ctx, server, "drop database if exists "+database, "create database "+database+" template template0"); err != nil {
			return nil, fmt.Errorf("make database: %w", err)
		}
		u.Path = "/" + database
		*at = u.String()
	}
	return s, nil
}

func (s *shared) drop() {
	// Whatever is left over goes with the server.
	_ = tell(context.Background(), s.server, "drop database "+s.name+"_panel with (force)", "drop database "+s.name+"_r01 with (force)")
}

func tell(ctx context.Context, server string, statements ...string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	db, err := sql.Open("pgx", server)
	if err != nil {
		return err
	}
	defer db.Close()
	for _, s := range statements {
		for {
			_, err := db.ExecContext(ctx, s)
			if err == nil {
				break
			}
			if ctx.Err() != nil {
				return err
			}
			pause(ctx, 100*time.Millisecond) // it may be starting
		}
	}
	return nil
}

// join lets the second node in, as an operator does: with the first one's keys, while that is
// at work. It returns when the second has seen it work.
func (w *world) join(ctx context.Context) error {
	for !w.serves(ctx) && ctx.Err() == nil {
		pause(ctx, 20*time.Millisecond)
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

// joined waits until the second node has a mark of its own: from then on it can do without
// the first.
func (w *world) joined(ctx context.Context) error {
	for {
		_, err := os.Stat(filepath.Join(w.peer.data(), "plugins", registrar, "r01.mark"))
		if !errors.Is(err, fs.ErrNotExist) || ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		pause(ctx, 20*time.Millisecond)
	}
}
