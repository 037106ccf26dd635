package store

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"registrar.panel/internal/pgtest"
	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/registrar"
	"registrar.panel/shared/secret"
)

// book makes a book as the plugin manual kept it, with an order for each of some states.
func book(t *testing.T, o Options, states ...registrar.OperationState) {
	t.Helper()
	first, err := takeovers.ReadFile("takeover/00001_start.sql")
	if err != nil {
		t.Fatal(err)
	}
	db, err := sqldb.Open(t.Context(), sqldb.Options{Path: o.file(".db"), Server: o.Server, Owner: "plugin " + o.Name, Create: true,
		Migrations: fstest.MapFS{"00001_start.sql": {Data: first}}})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	box, err := db.OpenBox(t.Context(), o.file(".key"), true, sealedOrders)
	if err != nil {
		t.Fatal(err)
	}

	err = db.Write(t.Context(), func(tx *sql.Tx) error {
		for i, state := range states {
			placed := order(fmt.Sprintf("o%d", i+1), fmt.Sprintf("d%d.example", i+1))
			placed.AuthCode = ""
			text, err := json.Marshal(bookOrder{Order: placed, Code: box.Fingerprint("auth code", string(placed.ID), "code-CANARY-1")})
			if err != nil {
				return err
			}
			var by string
			var finished any
			if state.Final() {
				by, finished = "olga", 2000
			}
			_, err = tx.Exec("insert into operations (number, order_id, kind, domain, state, sealed_order, decided_by, created_at, finished_at) values ($1, $2, $3, $4, $5, $6, $7, 1000, $8)",
				i+1, string(placed.ID), string(placed.Kind), placed.Domain, string(state), box.Seal(text, sealedAs(placed.ID)), by, finished)
			if err != nil {
				return err
			}
			record, err := json.Marshal(registrar.Domain{Name: placed.Domain, Customer: placed.Customer, Status: registrar.StatusTransferring})
			if err != nil {
				return err
			}
			if _, err := tx.Exec("insert into domains (name, record) values ($1, $2)", placed.Domain, string(record)); err != nil {
				return err
			}
			if _, err := tx.Exec("insert into events (cursor, event) values ($1, '{}')", i+1); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// byHand are the instructions of a registrar whose orders people carry out.
func byHand(o registrar.Order) (message, what string) { return "transfer " + o.Domain, "staff" }

// A book becomes a store, in a file and on a server; interrupted before its orders were read, it goes on.
func TestTakeOver(t *testing.T) {
	t.Parallel()
	o := Options{Dir: t.TempDir(), Name: "acme", Files: "manual", Now: time.Now, Instructions: byHand}
	if url := pgtest.Database(t); url != "" {
		o.Server = secret.New(url)
	}
	states := slices.Repeat([]registrar.OperationState{registrar.NeedsAction, registrar.Succeeded, registrar.Failed}, bookAtOnce/3+1)
	book(t, o, states...)

	interrupted, err := openFiles(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	interrupted.Close()

	s, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for i, state := range states {
		placed := order(fmt.Sprintf("o%d", i+1), fmt.Sprintf("d%d.example", i+1))
		op, err := s.Submit(t.Context(), placed, "", "")
		if err != nil || op.State != state || op.ID != registrar.OperationID(fmt.Sprintf("acme-%d", i+1)) {
			t.Fatalf("order %s is %+v, %v", placed.ID, op, err)
		}
		if want := map[bool]string{true: "staff"}[state == registrar.NeedsAction]; op.WaitsFor != want {
			t.Errorf("order %s waits for %q", placed.ID, op.WaitsFor)
		}
	}
	if kept, err := s.kept(t.Context(), "c1"); err != nil || len(kept) != len(states)/3 { // those that are open
		t.Errorf("of %d orders are kept %d, %v", len(states), len(kept), err)
	}
	if since, err := s.Restored(t.Context()); err != nil || since != "" {
		t.Errorf("restored since %q, %v", since, err)
	}
}

// A store that was a book is as any other.
func TestTakenOverSchema(t *testing.T) {
	t.Parallel()
	schema := func(scripts fs.FS, dir string) (list []string) {
		sub, err := fs.Sub(scripts, dir)
		if err != nil {
			t.Fatal(err)
		}
		db, err := sqldb.Open(t.Context(), sqldb.Options{Path: filepath.Join(t.TempDir(), "a.db"), Create: true, Migrations: sub})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		err = db.Read(t.Context(), func(tx *sql.Tx) (err error) {
			list, err = sqldb.Collect(t.Context(), tx, func(row sqldb.Scanner) (text string, err error) { return text, row.Scan(&text) },
				"select sql from sqlite_schema where sql is not null and tbl_name not like 'goose%' and tbl_name not like 'sqlite%' order by type, name")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	second := fstest.MapFS{}
	for _, name := range []string{"migrations/00001_start.sql", "migrations/00002_even.sql"} {
		text, err := migrations.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		second[name] = &fstest.MapFile{Data: text}
	}

	want, got := schema(second, "migrations"), schema(takeovers, "takeover")
	if len(want) < 8 || !slices.Equal(got, want) {
		t.Errorf("it is\n%s\nand any other\n%s", got, want)
	}
}
