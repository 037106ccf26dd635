package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"registrar.panel/shared/registrar"
)

func paidTill(t *testing.T, s string) registrar.Date {
	t.Helper()
	d, err := registrar.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// The panel is stopped between any two steps of a registration and started
// again: the registration completes, and each request was sent exactly once.
func TestRestartBetweenAnyTwoSteps(t *testing.T) {
	t.Parallel()
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		t.Run(signal.String(), func(t *testing.T) {
			everywhere(t, func(t *testing.T, w *world) {
				contact := w.write("person.json", person)
				restart := func() {
					w.stop(signal)
					w.serve()
				}
				w.serve()
				w.sim.Hold()
				id := w.order("step.ru", "c1", contact)
				restart() // ordered, not paid
				if d := w.domain("step.ru"); d.Status != "Pending" {
					t.Errorf("after the restart the unpaid domain is %s", d.Status)
				}
				w.must("order", "pay", id)
				restart() // paid; the request may be anywhere
				w.stands("step.ru", "Sent")
				restart() // client request sent
				w.sim.Release(1)
				w.stands("step.ru", "Accepted")
				restart() // client request queued by R01
				w.stop(signal)
				w.sim.Release(1) // the answer arrives while the panel is down
				w.serve()
				w.until("the domain request", func() bool { return w.requests("step.ru") > 0 })
				restart() // client registered, domain request sent or being sent
				w.sim.Release(1)
				w.until("R01's queue", func() bool {
					d := w.domain("step.ru")
					return d.Operation != nil && d.Operation.State == "Accepted"
				})
				restart() // domain request queued by R01
				w.sim.Release(0)
				w.reach("step.ru", "Registered")
				restart() // and it stays registered
				if d := w.domain("step.ru"); d.Status != "Registered" {
					t.Errorf("after the last restart the domain is %s", d.Status)
				}
				if c, d := w.requests("MYCO_"), w.requests("step.ru"); c != 1 || d != 1 {
					t.Errorf("R01 got %d client and %d domain requests, want one of each", c, d)
				}
			})
		})
	}
}

// children lists the live child processes of a process.
func children(t *testing.T, pid int) []int {
	t.Helper()
	var found []int
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range stats {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // the process has ended
		}
		_, rest, ok := strings.Cut(string(text), ") ")
		fields := strings.Fields(rest)
		if ok && len(fields) > 1 && fields[1] == strconv.Itoa(pid) && fields[0] != "Z" {
			child, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, child)
		}
	}
	return found
}

func alive(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(text), ") Z ")
}

// The plugin dies with the host.
func TestPluginDiesWithTheHost(t *testing.T) {
	t.Parallel()
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			w.serve()
			plugins := children(t, w.panel.Process.Pid)
			if len(plugins) != 1 {
				t.Fatalf("the panel has %d children, want its one plugin", len(plugins))
			}
			w.stop(signal)
			w.until("the plugin to end", func() bool { return !alive(plugins[0]) })
		})
	}
}

// A plugin that dies is started again, and the registration continues.
func TestPluginIsStartedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	contact := w.write("person.json", person)
	w.serve()
	w.sim.Hold()
	w.buy("again.ru", "c1", contact)
	w.stands("again.ru", "Sent")
	for _, pid := range children(t, w.panel.Process.Pid) {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	w.sim.Release(0)
	w.reach("again.ru", "Registered")
	var plugins []struct {
		Restarts int
	}
	w.json(&plugins, "plugins")
	if plugins[0].Restarts != 1 {
		t.Errorf("restarts = %d, want 1", plugins[0].Restarts)
	}
	if c, d := w.requests("MYCO_"), w.requests("again.ru"); c != 1 || d != 1 {
		t.Errorf("R01 got %d client and %d domain requests, want one of each", c, d)
	}
}

// Mistakes in the configuration: one clear line with file and line, exit 2.
func TestConfigurationMistakes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	good := w.hcl()
	other := `
registrar "other" {
  path = "plugin"
  dev  = true
  tlds = ["ru"]
  config {}
}
`
	for _, c := range []struct {
		name, hcl string
		says      string
	}{
		{"wrong TLS value", strings.Replace(good, `tls     = "none"`, `tls     = "tsl"`, 1), "starttls"},
		{"missing agreement", strings.Replace(good, "    agreement = \"RP/01/00\"\n", "", 1), "agreement"},
		{"unreadable secret", strings.Replace(good, `"mail.secret"`, `"gone.secret"`, 1), "gone.secret"},
		{"unset variable", strings.Replace(good, `secret("file", "mail.secret")`, `secret("env", "NO_SUCH_VARIABLE_HERE")`, 1), "NO_SUCH_VARIABLE_HERE"},
		{"two registrars for one TLD", good + other, "default"},
		{"unknown attribute", strings.Replace(good, "agreement =", "agreemnet = \"x\"\n    agreement =", 1), "agreemnet"},
		{"bad address", strings.Replace(good, `callback  = "callback@panel.example"`, `callback  = "nobody"`, 1), "callback"},
		{"no HCL", good + "}", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			v := &world{t: t, dir: dir, self: w.self}
			v.write("plugin.hcl", c.hcl)
			v.write("mail.secret", mailPassword)
			v.write("imap.secret", imapPassword)
			v.write("panel.store", "sqlite")
			v.write("plugin.store", "sqlite")
			stdout, stderr, code := v.execute("serve")
			if code != 2 {
				t.Errorf("exit %d, want 2; stderr: %s", code, stderr)
			}
			lines := strings.Split(strings.TrimSpace(stderr), "\n")
			var told []string
			for _, l := range lines {
				if strings.Contains(l, "plugin.hcl:") {
					told = append(told, l)
				}
			}
			if len(told) != 1 || !strings.Contains(told[0], c.says) {
				t.Errorf("want one line with plugin.hcl:LINE that names %q, got:\n%s", c.says, stderr)
			}
			if stdout != "" {
				t.Errorf("wrote to stdout: %s", stdout)
			}
			for _, secret := range []string{mailPassword, imapPassword} {
				if strings.Contains(stderr, secret) {
					t.Errorf("prints a secret:\n%s", stderr)
				}
			}
		})
	}
}

// A port that is in use is a mistake of the configuration, too.
func TestPortInUse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	taken := w.sim.Addresses().SMTP
	hcl := strings.Replace(w.hcl(), "unix://"+w.dir+"/panel.sock", taken, 1)
	w.write("plugin.hcl", hcl)
	_, stderr, code := w.execute("serve")
	if code != 2 || !strings.Contains(stderr, "plugin.hcl:3") || !strings.Contains(stderr, taken) {
		t.Errorf("exit %d, stderr: %s", code, stderr)
	}
}
