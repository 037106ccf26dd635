package kit

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"registrar.panel/internal/pgtest"
	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/registrar"
	"registrar.panel/shared/registrar/registrartest"
)

// brief is for instances that are replaced at once.
var brief = sqldb.LeaseTiming{TTL: 3 * time.Second, RenewEvery: 250 * time.Millisecond, SafeFor: 2 * time.Second}

// onServer is a plugin that keeps its state on a server, each directory in a database of its own.
type onServer struct {
	*Plugin
	databases *databases
}

type databases struct {
	t  *testing.T
	as string // the one that they are copies of
	mu sync.Mutex
	of map[string]string // directories
}

// newDatabases makes the one that the others are copies of: to bring a new one to the schema of today
// takes longer.
func newDatabases(t *testing.T, server *pgtest.Server) *databases {
	d := &databases{t: t, as: server.Database(), of: map[string]string{}}
	if err := node(t, newShop(), d.as, t.TempDir()).Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	pgtest.Exec(t, d.as, "update keeper set key_check = ''")
	pgtest.Exec(t, d.as, "delete from settings")
	pgtest.Exec(t, d.as, "delete from leases")
	return d
}

func (d *databases) at(dir string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.of[dir] == "" {
		d.of[dir] = pgtest.Copy(d.t, d.as)
	}
	return d.of[dir]
}

// Describe leaves out what a server has means of its own for.
func (o onServer) Describe(ctx context.Context) (registrar.Description, error) {
	d, err := o.Plugin.Describe(ctx)
	d.Capabilities = slices.DeleteFunc(d.Capabilities, func(c registrar.Capability) bool {
		return c == registrar.CapBackup || c == registrar.CapKeys
	})
	return d, err
}

// Configure implements registrar.Plugin.
func (o onServer) Configure(ctx context.Context, s registrar.Settings) error {
	var all map[string]any
	if json.Unmarshal(s.Config, &all) == nil && all["store"] == nil {
		all["store"] = o.databases.at(s.DataDir)
		s.Config, _ = json.Marshal(all)
	}
	return o.Plugin.Configure(ctx, s)
}

// The store may be on a server: the contract is kept there, too, and of several instances one sends.
func TestOnPostgreSQL(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)

	t.Run("conformance", func(t *testing.T) {
		d, s := newDatabases(t, server), newShop()
		registrartest.Run(t, registrartest.Subject{Config: json.RawMessage(`{"token": "not-a-real-token"}`),
			Open: registrartest.OverGRPC(func(log *slog.Logger) registrar.Plugin {
				p := New(s, Options{Logger: log, Timing: hasty})
				p.lease = brief
				return onServer{p, d}
			})})
	})

	t.Run("two nodes", func(t *testing.T) {
		s, url, first, second := newShop(), server.Database(), t.TempDir(), t.TempDir()
		one := node(t, s, url, first)
		text, err := os.ReadFile(filepath.Join(first, "registrar.key"))
		if err == nil {
			err = os.WriteFile(filepath.Join(second, "registrar.key"), text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := one.Submit(t.Context(), order("o1", "a.example")); err != nil {
			t.Fatal(err)
		}
		until(t, one, ended)

		two := node(t, s, url, second) // which stands by, and takes orders
		if _, err := two.Submit(t.Context(), order("o2", "b.example")); err != nil {
			t.Fatal(err)
		}
		until(t, two, func(e registrar.Event) bool { return ended(e) && e.Order == "o2" })
		if by := leaseOf(t, one); !strings.HasPrefix(by, "this instance works") {
			t.Errorf("the first: %s", by)
		}

		if err := one.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := two.Submit(t.Context(), order("o3", "c.example")); err != nil {
			t.Fatal(err)
		}
		until(t, two, func(e registrar.Event) bool { return ended(e) && e.Order == "o3" })
		for _, id := range []registrar.OrderID{"o1", "o2", "o3"} {
			if reached, executed := s.times(id); reached != 1 || executed != 1 {
				t.Errorf("%s reached the shop %d times and was carried out %d times", id, reached, executed)
			}
		}
		if by := leaseOf(t, two); !strings.HasPrefix(by, "this instance works") {
			t.Errorf("the second, after the first: %s", by)
		}
		if err := two.Backup(t.Context(), t.TempDir()); registrar.CodeOf(err) != registrar.Unsupported {
			t.Errorf("a backup of a server: %v", err)
		}
	})
}

// node begins an instance.
func node(t *testing.T, s *shop, url, dir string) keeper {
	t.Helper()
	p := New(s, Options{Timing: hasty})
	p.lease = brief
	config, err := json.Marshal(map[string]string{"token": "token-4711", "store": url})
	if err == nil {
		err = p.Configure(t.Context(), registrar.Settings{Config: config, DataDir: dir, Create: true})
	}
	if err != nil {
		t.Fatal(err)
	}
	r, err := p.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Drain(context.Background()) })
	return r.(whole).keeper
}

func leaseOf(t *testing.T, r keeper) string {
	t.Helper()
	list, err := r.Health(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return list[len(list)-1].Detail
}

// What is no database is told where it stands, without the password in it.
func TestStoreSetting(t *testing.T) {
	t.Parallel()
	p := New(newShop(), Options{})
	for _, store := range []string{"mysql://u:secret-4711@h/d", "postgres://u:secret-4711@db.example/d?sslmode=disable"} {
		config, _ := json.Marshal(map[string]string{"token": "t", "store": store})
		err := p.Configure(t.Context(), registrar.Settings{Config: config})
		var e *registrar.Error
		if !errors.As(err, &e) || len(e.Problems) != 1 || e.Problems[0].Path != "store" || strings.Contains(err.Error(), "4711") {
			t.Errorf("%s: %v", store, err)
		}
	}
}
