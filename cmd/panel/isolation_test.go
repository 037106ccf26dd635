package main

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"registrar.panel/host/web/api"
)

// oneManualHCL returns the plugin.hcl of a panel with the plugin manual, and further text.
func oneManualHCL(dir, panel, manual, more string) string {
	return fmt.Sprintf(`panel {
  data   = "data"
  listen = "unix://%s/panel.sock"
  %s
}
registrar "manual" {
  tlds = ["com", "example"]
  config {
    %s
  }
}
%s
`, dir, panel, manual, more)
}

// oneManual returns such a panel, which does not serve yet.
func oneManual(t *testing.T, more string) *world {
	t.Helper()
	w := newPlace(t)
	w.settle(func(string) string { return oneManualHCL(w.dir, "", "", more) })
	return w
}

const manualPerson = `{"kind": "person", "name": "Sidor Sidorov", "emails": ["sidorov@example.com"]}`

func (w *world) plugin(name string) (found api.Plugin) {
	w.t.Helper()
	out, _, _ := w.run("plugins", "-o", "json") // exits with 3 when one is disabled
	for _, p := range decodeList[api.Plugin](w.t, out) {
		if p.Name == name {
			found = p
		}
	}
	return found
}

// exitsWith runs a command that must end with a code, and print certain words to stderr.
func (w *world) exitsWith(code int, says string, args ...string) (stdout string) {
	w.t.Helper()
	stdout, stderr, got := w.run(args...)
	if got != code || !strings.Contains(stderr, says) {
		w.t.Errorf("panel %s: exit %d, %q; want %d and %q", strings.Join(args, " "), got, stderr, code, says)
	}
	return stdout
}

// A registrar that can't be started does not affect the others: lists, passes and
// backups contain what there is, name the missing registrar, and exit with 3.
func TestOneRegistrarIsDown(t *testing.T) {
	t.Parallel()
	w := oneManual(t, "registrar \"third\" {\n  tlds = [\"net\"]\n  path = \"/bin/false\"\n  dev  = true\n  config {}\n}")
	w.launch()
	w.until("manual to run", func() bool { return w.plugin("manual").State == "running" })
	w.until("third to have failed", func() bool { s := w.plugin("third").State; return s == "backoff" || s == "disabled" })

	contact := w.write("person.json", manualPerson)
	w.buyManual("here.com", contact)
	for _, command := range [][]string{{"review"}, {"renewals", "run", "-n"}, {"customer", "show", "c1"}} {
		if out := w.exitsWith(3, "registrar third is missing from the answer", command...); command[0] == "customer" && !strings.Contains(out, "here.com") {
			t.Errorf("panel %v shows %q", command, out)
		}
	}
	archive := filepath.Join(w.dir, "a.backup")
	out := w.exitsWith(3, "the store of registrar third is NOT in this backup", "backup", archive, "-o", "json")
	if !strings.Contains(out, `"third"`) {
		t.Errorf("the backup says %s", out)
	}
	if info, err := os.Stat(archive); err != nil || info.Size() == 0 {
		t.Errorf("no archive: %v", err)
	}
	w.until("third to be disabled", func() bool { return w.plugin("third").State == "disabled" })
	w.exitsWith(3, "registrar third is disabled", "plugins")
	w.exitsWith(0, "", "orders")
	w.until("the Action Log to say so, which is written right after", func() bool {
		return strings.Contains(w.must("log"), "registrar third is disabled")
	})
}

// buyManual places and pays an order of the customer c1.
func (w *world) buyManual(domain, contact string) {
	w.t.Helper()
	w.must("order", "pay", w.order(domain, "c1", contact))
}

// ordersTaken returns how many orders their registrars have begun to carry out.
func (w *world) ordersTaken() int {
	w.t.Helper()
	var orders []struct{ Operation *string }
	w.json(&orders, "orders")
	taken := 0
	for _, o := range orders {
		if o.Operation != nil && *o.Operation != "" {
			taken++
		}
	}
	return taken
}

// If the reader of the panel's log goes away, or stops, the panel goes on working, and ends as it should.
func TestLogWithoutReader(t *testing.T) {
	t.Parallel()
	for reason, reader := range map[string]func(*os.File){
		"gone":    func(f *os.File) { f.Close() },
		"stopped": func(*os.File) {},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			w := oneManual(t, "")
			read, write, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer read.Close()
			w.panel = w.command("serve", "--log-level", "trace")
			w.panel.Stdout, w.panel.Stderr = io.Discard, write
			if err := w.panel.Start(); err != nil {
				t.Fatal(err)
			}
			write.Close()
			w.until("the plugin to run", func() bool { return w.plugin("manual").State == "running" })
			reader(read)
			contact := w.write("person.json", manualPerson)
			for i := range 40 { // far more lines than a pipe holds
				w.buyManual(fmt.Sprintf("d%d.com", i), contact)
			}
			w.until("the orders to be taken", func() bool { return w.ordersTaken() == 40 })
			w.endsWell()
		})
	}
}

// SIGHUP ends neither the panel nor its plugin: the settings that can be read again are, and the others are named.
func TestHangup(t *testing.T) {
	t.Parallel()
	w := oneManual(t, "")
	w.servePlugins("manual")
	process := w.panel.Process.Pid
	hangup := func(hcl string) {
		t.Helper()
		w.write("plugin.hcl", hcl)
		if err := syscall.Kill(process, syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	contact := w.write("person.json", manualPerson)
	hangup(oneManualHCL(w.dir, `log_level = "debug"`, `confirm = "at_once"`, ""))
	w.until("the new settings in the log", func() bool {
		out, _, _ := w.run("log")
		return strings.Contains(out, "plugin manual was upgraded")
	})
	w.buyManual("at-once.com", contact)
	w.reach("at-once.com", "Registered")

	hangup("panel {\n  data = \n}")
	w.must("--server", "unix://"+w.dir+"/panel.sock", "orders")
	hangup(oneManualHCL(w.dir, `store = "sqlite"`, `confirm = "at_once"`, "registrar \"new\" {\n  tlds = [\"net\"]\n  path = \"/bin/false\"\n  dev = true\n}"))
	hangup(oneManualHCL(w.dir, "", `confirm = "perhaps"`, ""))
	w.until("the plugin to go on", func() bool { return w.plugin("manual").State == "running" })
	w.endsWell()
}

// A registrar that plugin.hcl does not name any more is not forgotten: check and plugins
// say so, it gets no more orders, and an order that it never had can be withdrawn.
func TestRegistrarIsNotNamedAnyMore(t *testing.T) {
	t.Parallel()
	w := oneManual(t, "")
	w.servePlugins("manual")
	contact := w.write("person.json", manualPerson)
	w.buyManual("open.com", contact)
	unpaid, paid := w.order("unpaid.com", "c1", contact), w.order("paid.com", "c1", contact)
	open := w.stands("open.com", "NeedsAction")
	w.stop(syscall.SIGKILL)
	w.paidButNotHandedOver(paid)

	without := func(more string) {
		w.write("plugin.hcl", fmt.Sprintf("panel {\n  data = \"data\"\n  listen = \"unix://%s/panel.sock\"\n}\n%s", w.dir, more))
	}
	without("")
	w.exitsWith(2, "3 domains and 3 open orders are with registrar manual, which plugin.hcl does not name", "check")
	w.launch()
	w.until("the panel to serve", func() bool { _, _, code := w.run("orders"); return code == 0 })
	w.exitsWith(3, "registrar manual is disabled: ", "plugins")
	w.exitsWith(1, "plugin.hcl names no registrar manual", "order", "pay", unpaid)
	w.exitsWith(1, "plugin.hcl names no registrar manual", "operation", "show", open.Operation.ID)
	w.exitsWith(0, "", "order", "cancel", paid)
	w.stop(syscall.SIGTERM)

	without("registrar \"manual\" {\n  retired = true\n}")
	w.exitsWith(0, "", "check")
	w.launch()
	w.until("the panel to serve", func() bool { _, _, code := w.run("orders"); return code == 0 })
	w.exitsWith(0, "", "plugins")
	w.exitsWith(1, "registrar manual is retired", "order", "pay", unpaid)
}

// endsWell ends the panel as a service manager does, which must not be an error.
func (w *world) endsWell() {
	w.t.Helper()
	ended := w.panel
	w.panel = nil
	if err := ended.Process.Signal(syscall.SIGTERM); err != nil {
		w.t.Fatal(err)
	}
	if err := ended.Wait(); err != nil {
		w.t.Errorf("the panel ended with %v", err)
	}
}

// signalPlugins sends a signal to each process that the panel has started.
func signalPlugins(t *testing.T, w *world, s syscall.Signal) {
	t.Helper()
	out, err := exec.Command("pgrep", "-P", fmt.Sprint(w.panel.Process.Pid)).Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range strings.Fields(string(out)) {
		var pid int
		fmt.Sscan(id, &pid)
		syscall.Kill(pid, s)
	}
}

func decodeList[T any](t *testing.T, text string) (list []T) {
	t.Helper()
	if text != "" {
		if err := json.Unmarshal([]byte(text), &list); err != nil {
			t.Fatalf("%v in %q", err, text)
		}
	}
	return list
}

// paidButNotHandedOver leaves the book as a panel does that dies between the payment of an order and
// its way to the registrar.
func (w *world) paidButNotHandedOver(order string) {
	w.t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(w.dir, "data", "panel.db"))
	if err != nil {
		w.t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range []string{
		"update domains set status = 'Registering' where name = (select domain from orders where id = $1)",
		"update orders set state = 'paid', paid_at = created_at, begun_at = created_at, expires_at = null where id = $1",
	} {
		if _, err := db.ExecContext(w.t.Context(), statement, order); err != nil {
			w.t.Fatal(err)
		}
	}
}
