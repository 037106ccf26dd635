package r01

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"registrar.panel/internal/pgtest"
	"registrar.panel/internal/testrun"
	"registrar.panel/shared/registrar"
	"registrar.panel/shared/registrarrpc"
)

// member is a plugin among several on one database, as a host sees it.
type member struct {
	registrar.Hosted
	plugin *remembering
}

// remembering is a plugin that knows what it has started.
type remembering struct {
	*Plugin
	at *Registrar
}

func (r *remembering) Start(ctx context.Context) (registrar.Registrar, error) {
	started, err := r.Plugin.Start(ctx)
	if err == nil {
		r.at = started.(*Registrar)
	}
	return started, err
}

// node starts a plugin that shares a database.
func node(t *testing.T, url string, key []byte) (member, string, error) {
	t.Helper()

	dir := t.TempDir()

	if key != nil {
		if err := os.WriteFile(filepath.Join(dir, "r01.key"), key, 0o600); err != nil {
			t.Fatal(err)
		}
	}

	plugin := &remembering{Plugin: New(slog.New(slog.DiscardHandler))}
	p := member{registrarrpc.Gate(plugin), plugin}
	if err := p.Configure(t.Context(), settingsOf(t, dir, func(c map[string]any) { c["store"] = url })); err != nil {
		t.Fatal(err)
	}

	err := p.Start(t.Context())
	if err == nil {
		t.Cleanup(func() {
			if err := p.Drain(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}

	return p, dir, err
}

func health(t *testing.T, p registrar.Hosted) map[string]registrar.Component {
	t.Helper()
	components, err := p.Health(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]registrar.Component{}
	for _, c := range components {
		byName[c.Name] = c
	}
	return byName
}

// Two instances on one database: one works, the other serves and takes orders, and works
// when the first is drained. Neither starts with another key.
func TestTwoInstancesOnOneServer(t *testing.T) {
	t.Parallel()

	server := pgtest.Start(t)
	url := server.Database()
	first, dir, err := node(t, url, nil)
	if err != nil {
		t.Fatal(err)
	}

	key, err := fs.ReadFile(os.DirFS(dir), "r01.key")
	if err != nil {
		t.Fatal(err)
	}

	second, _, err := node(t, url, key)
	if err != nil {
		t.Fatal(err)
	}

	report, err := first.Probe(t.Context(), false)
	if err != nil || !slices.ContainsFunc(report, func(c registrar.Component) bool { return c.Name == "store" && c.OK }) {
		t.Errorf("probing: %+v, %v; want a store that is well", report, err)
	}

	if h := health(t, first)["lease"]; !h.OK || !strings.HasPrefix(h.Detail, "this instance works: ") {
		t.Errorf("the first: %+v", h)
	}

	standby := health(t, second)
	if h := standby["lease"]; !h.OK || !strings.HasPrefix(h.Detail, "standby: ") || !strings.HasSuffix(h.Detail, " holds the lease") {
		t.Errorf("the second: %+v", h)
	}

	if h, there := standby["imap"]; there {
		t.Errorf("the second watches the mailbox: %+v", h)
	}

	order := registrar.Import{Domain: "moved.ru", Customer: "c1", Handle: "MYCO_1_X-R01", PaidTill: registrar.DateOf(time.Now()).AddDays(100)}
	if _, err := second.ImportDomain(t.Context(), order); err != nil {
		t.Fatal(err)
	}

	if d, err := first.Domain(t.Context(), "moved.ru"); err != nil || d.Customer != "c1" {
		t.Errorf("the first does not see what the second stored: %+v, %v", d, err)
	}
	if err := first.Backup(t.Context(), t.TempDir()); !errors.Is(err, registrar.Unsupported) || !strings.Contains(err.Error(), "pg_dump") {
		t.Errorf("a backup of a server: %v", err)
	}

	for e, err := range first.Events(t.Context(), 0) {
		if err != nil || e.Name != "moved.ru" {
			t.Errorf("the first's event: %+v, %v", e, err)
		}
		break
	}

	for _, wrong := range []struct {
		key  []byte
		want string
	}{{nil, "from another node"}, {[]byte(strings.Repeat("ab", 32)), "another key"}} {
		if _, _, err := node(t, url, wrong.key); err == nil || !strings.Contains(err.Error(), wrong.want) || strings.Contains(err.Error(), pgtest.Password) {
			t.Errorf("a node with a wrong key: %v", err)
		}
	}

	if err := first.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}

	await(t, "the second to work", func() bool { return strings.HasPrefix(health(t, second)["lease"].Detail, "this instance works") })

	// The database goes away and comes back, and so does the work.
	server.Kill()
	await(t, "the loss to be told", func() bool { return !second.plugin.at.turn.Component().OK })

	if _, err := second.Domain(t.Context(), "moved.ru"); err == nil || strings.Contains(err.Error(), pgtest.Password) {
		t.Errorf("without its database: %v", err)
	}

	server.Restart()
	await(t, "the work to go on", func() bool { return second.plugin.at.turn.Component().OK })

	if d, err := second.Domain(t.Context(), "moved.ru"); err != nil || d.Customer != "c1" {
		t.Errorf("afterwards: %+v, %v", d, err)
	}
}

func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	testrun.Until(t, what, func() (bool, string) { return ok(), "it does not hold" })
}
