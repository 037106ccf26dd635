package store

import (
	"errors"
	"os"
	"testing"

	"registrar.panel/internal/pgtest"
	"registrar.panel/shared/registrar"
	"registrar.panel/shared/secret"
)

// instance is a node on a shared database; its directory stays when the database is put back.
type instance struct {
	t   *testing.T
	dir string
	key string // of the node that made the database
	*Store
}

func (n *instance) on(url string) {
	n.t.Helper()
	if n.key != "" {
		copyFile(n.t, n.key, n.dir+"/"+keyFile)
	}
	s, err := Open(n.t.Context(), Options{Dir: n.dir, Server: secret.New(url), Create: true})
	if err != nil {
		n.t.Fatal(err)
	}
	n.Store = s
}

// works takes over under a name, and reports whether the database is an older one.
func (n *instance) works(name string) (older bool) {
	n.t.Helper()
	incarnation, older, err := n.DetectRestore(n.t.Context())
	if err != nil {
		n.t.Fatal(err)
	}
	write(n.t, n.Store, func(tx *Tx) error {
		_, err := tx.TakeOver()
		return errors.Join(err, tx.SetHolder(name), tx.SetIncarnation(incarnation))
	})
	if err := n.AdvanceWatermark(n.t.Context()); err != nil {
		n.t.Fatal(err)
	}
	return older
}

// goesOn does something that must not be forgotten.
func (n *instance) goesOn() {
	n.t.Helper()
	write(n.t, n.Store, func(tx *Tx) error {
		tx.Emit(registrar.Event{At: noon, Type: registrar.EventNotice, Level: registrar.LevelInfo, Message: "hello", Name: "a.ru"})
		return nil
	})
	if err := n.AdvanceWatermark(n.t.Context()); err != nil {
		n.t.Fatal(err)
	}
}

func (n *instance) follows(holder string) {
	n.t.Helper()
	if err := n.FollowWatermark(n.t.Context(), holder); err != nil {
		n.t.Fatal(err)
	}
}

// plays are what two nodes of one database do; putBack keeps the database as it is, and returns the copy.
var plays = map[string]func(t *testing.T, a, b *instance, putBack func() string){
	"another goes on": func(t *testing.T, a, b *instance, _ func() string) {
		a.works("a")
		b.follows("a")
		a.goesOn()
		for range 2 {
			if b.works("b") {
				t.Error("b took what a did for an older database")
			}
			b.goesOn()
			if a.works("a") {
				t.Error("a took what b did for an older database")
			}
		}
	},
	"a node that has never seen it at work": func(t *testing.T, a, b *instance, _ func() string) {
		a.works("a")
		b.follows("c") // that has the lease and has not taken over
		if !b.works("b") {
			t.Error("a database that b knows nothing of was not held back")
		}
		if a.works("a") {
			t.Error("a did not believe what b has begun")
		}
	},
	"put back, the holder first": func(t *testing.T, a, b *instance, putBack func() string) {
		a.works("a")
		b.follows("a")
		old := putBack()
		a.works("a")
		a.goesOn()
		b.follows("a")
		closed(t, a.Store)
		closed(t, b.Store)
		a.on(old)
		b.on(old)
		b.follows("a") // its mark must not go back

		if !a.works("a") {
			t.Error("a did not notice")
		}
		if b.works("b") {
			t.Error("b noticed once more what a had noticed")
		}
	},
	"put back, the standby first": func(t *testing.T, a, b *instance, putBack func() string) {
		a.works("a")
		b.follows("a")
		old := putBack()
		a.works("a")
		a.goesOn()
		b.follows("a")
		closed(t, a.Store)
		closed(t, b.Store)
		a.on(old)
		b.on(old)
		b.follows("a")

		if !b.works("b") {
			t.Error("b did not notice")
		}
		if a.works("a") {
			t.Error("a noticed once more what b had noticed")
		}
	},
	"put back while it works": func(t *testing.T, a, _ *instance, _ func() string) {
		a.works("a")
		a.goesOn()
		write(t, a.Store, func(tx *Tx) error { return tx.SetSetting("event", "0") })
		if err := a.AdvanceWatermark(t.Context()); !errors.Is(err, errWentBack) {
			t.Errorf("the mark was moved back: %v", err)
		}
		if !a.works("a") {
			t.Error("a did not notice when it took over again")
		}
	},
}

// Nodes that share a database have a mark each. What another node did is no sign of an older
// database; that a database has forgotten is noticed by the node that takes over first.
func TestMarksOfNodes(t *testing.T) {
	t.Parallel()

	server := pgtest.Start(t)
	for name, play := range plays {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			url := server.Database()
			a, b := &instance{t: t, dir: t.TempDir()}, &instance{t: t, dir: t.TempDir()}
			b.key = a.dir + "/" + keyFile
			a.on(url)
			b.on(url)
			defer func() { closed(t, a.Store); closed(t, b.Store) }()

			play(t, a, b, func() string { // keeps the database as it is now
				closed(t, a.Store)
				closed(t, b.Store)
				old := pgtest.Copy(t, url)
				a.on(url)
				b.on(url)
				return old
			})
		})
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
