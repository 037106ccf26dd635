package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"registrar.panel/cmd/panel/command"
	"registrar.panel/host/web/api"
	"registrar.panel/internal/testrun"
)

// upgradeHCL writes the plugin.hcl of a panel with one plugin that is a program of its own.
func (w *world) upgradeHCL(program, confirm string) {
	w.t.Helper()
	text, err := os.ReadFile(program)
	if err != nil {
		w.t.Fatal(err)
	}
	sum := sha256.Sum256(text)
	w.write("plugin.hcl", fmt.Sprintf(`panel {
  data   = "data"
  listen = "unix://%s/panel.sock"
}
registrar "manual" {
  tlds   = ["com"]
  path   = %q
  sha256 = %q
  %s
  config {
    confirm = %q
  }
}
`, w.dir, program, hex.EncodeToString(sum[:]), w.foreign(), confirm))
}

// foreign lets a plugin that is a program of its own run without the rights of root.
func (w *world) foreign() string {
	w.t.Helper()
	if os.Geteuid() != 0 {
		return ""
	}
	if err := os.Chmod(w.dir, 0o711); err != nil {
		w.t.Fatal(err)
	}
	return `user = "nobody"`
}

// releases makes programs of the manual plugin with different
// hashes: bytes behind the end of an executable have no effect.
func (w *world) releases(count int) []string {
	w.t.Helper()
	text, err := os.ReadFile(testrun.Program(w.t, "registrar.panel/cmd/registrar-manual"))
	if err != nil {
		w.t.Fatal(err)
	}
	var programs []string
	for i := range count {
		path := filepath.Join(w.dir, fmt.Sprint("registrar-manual-", i))
		if err := os.WriteFile(path, append(bytes.Clone(text), byte(i)), 0o755); err != nil {
			w.t.Fatal(err)
		}
		programs = append(programs, path)
	}
	return programs
}

// A plugin is replaced by another program, again and again, under a
// stream of orders: each order becomes one operation and one domain.
func TestUpgradeUnderOrders(t *testing.T) {
	t.Parallel()
	testrun.Place(t)
	w := newPlace(t)
	w.settle(func(string) string { return "" })
	programs := w.releases(3)
	w.upgradeHCL(programs[0], "at_once")
	w.servePlugins("manual")
	contact := w.write("person.json", `{"kind": "person", "name": "Sidor Sidorov", "emails": ["sidorov@example.com"]}`)
	upgraded := make(chan error)
	go func() {
		for _, program := range []string{programs[1], programs[2]} {
			w.upgradeHCL(program, "at_once")
			if _, stderr, code := w.run("plugins", "upgrade", "manual", "--by", "ann"); code != 0 {
				upgraded <- fmt.Errorf("upgrade to %s: exit %d: %s", program, code, stderr)
				return
			}
		}
		close(upgraded)
	}()
	var names []string
	for ended := false; !ended || len(names) < 5; {
		name := fmt.Sprintf("stream-%d.com", len(names))
		stdout, stderr, code := w.run("order", "register", name, "--customer", "c1", "--contact", contact, "--ns", "ns1.hoster.example", "--own")
		switch {
		case code == 0:
			names = append(names, name)
		case !strings.Contains(stderr, "registrar manual"): // between its programs it can't be asked, and is named
			t.Errorf("order %s: exit %d: %s%s", name, code, stdout, stderr)
		}
		select {
		case err, failed := <-upgraded:
			if ended = true; failed {
				t.Fatal(err)
			}
		default:
		}
	}
	for _, name := range names {
		w.reach(name, "Registered")
	}
	var list []api.Order
	w.until("all orders to be closed", func() bool {
		w.json(&list, "orders")
		return !slices.ContainsFunc(list, func(o api.Order) bool { return o.ClosedAt == nil })
	})
	operations := map[string]bool{}
	for _, o := range list {
		if o.Operation == nil || o.Error != nil {
			t.Errorf("order %+v", o)
			continue
		}
		operations[*o.Operation] = true
	}
	if len(operations) != len(names) || len(list) != len(names) {
		t.Errorf("%d names became %d orders and %d operations", len(names), len(list), len(operations))
	}
	var entries []api.Entry
	w.json(&entries, "log")
	upgrades := 0
	for _, e := range entries {
		if e.Actor == command.Login() && strings.Contains(e.Message, `(on behalf of "ann")`) && strings.HasPrefix(e.Message, "plugin manual was upgraded from ") {
			upgrades++
		}
	}
	if upgrades != 2 {
		t.Errorf("the log tells of %d upgrades", upgrades)
	}
	t.Logf("%d orders during two upgrades", len(names))
}

// Whatever is wrong with the new program or its settings is reported, and the old one stays.
func TestUpgradeIsRefused(t *testing.T) {
	t.Parallel()
	testrun.Place(t)
	w := newPlace(t)
	w.settle(func(string) string { return "" })
	programs := w.releases(2)
	w.upgradeHCL(programs[0], "operator")
	w.servePlugins("manual")
	good, err := os.ReadFile(filepath.Join(w.dir, "plugin.hcl"))
	if err != nil {
		t.Fatal(err)
	}
	refused := func(old, new string, code int, says string) {
		t.Helper()
		w.write("plugin.hcl", strings.ReplaceAll(string(good), old, new))
		// The command line may not be able to read the file either.
		_, stderr, got := w.run("--server", "unix://"+w.dir+"/panel.sock", "plugins", "upgrade", "manual", "--by", "ann")
		if got != code || !strings.Contains(stderr, says) {
			t.Errorf("%s: exit %d, want %d and %q: %s", new, got, code, says, stderr)
		}
	}
	refused(programs[0], programs[1], 1, "is expected") // another program than the pinned one
	refused(programs[0], "/no/such/program", 1, "no such file or directory")
	refused(`"operator"`, `"nobody"`, 1, "confirm must be one of operator, at_once")
	refused(`["com"]`, `["com", "example"]`, 1, "restart the panel to change them")
	if runs := w.foreign(); runs != "" {
		refused(runs, `user = "daemon"`, 1, "restart the panel to change user")
	} else {
		refused("  config {", "  user = \"nobody\"\n  config {", 1, "restart the panel to change user")
	}
	refused(`registrar "manual"`, `registrar "another"`, 1, "names no registrar \"manual\" any more")
	refused("registrar", "registrer", 1, "plugin.hcl:5,1: blocks of type")
	w.write("plugin.hcl", string(good))
	if _, stderr, code := w.run("plugins", "upgrade", "other", "--by", "ann"); code != 1 || !strings.Contains(stderr, `there is no registrar "other"`) {
		t.Errorf("exit %d: %s", code, stderr)
	}
	var list []api.Plugin
	w.json(&list, "plugins")
	if len(list) != 1 || list[0].State != "running" || list[0].Restarts != 0 {
		t.Errorf("plugins: %+v", list)
	}
	// New settings alone are an upgrade, too.
	w.write("plugin.hcl", strings.ReplaceAll(string(good), "operator", "at_once"))
	w.must("plugins", "upgrade", "manual", "--by", "ann")
	w.order("now.com", "c1", w.write("person.json", `{"kind": "person", "name": "Sidor Sidorov", "emails": ["sidorov@example.com"]}`), "--own")
	w.reach("now.com", "Registered")
}
