package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"registrar.panel/host/web/api"
	"registrar.panel/internal/pace"
	"registrar.panel/shared/secret"
)

const attackToken = "a-token-of-enough-length-0123456789"

// tcpWorld is a panel on TCP with the plugin manual, a token, and few descriptors.
func tcpWorld(t *testing.T, descriptors int) (w *world, address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address = l.Addr().String()
	l.Close()
	w = newPlace(t)
	w.settle(func(string) string {
		return strings.Replace(oneManualHCL(w.dir, `token = secret("file", "panel.token")`, "", ""), fmt.Sprintf("unix://%s/panel.sock", w.dir), address, 1)
	})
	w.write("panel.token", attackToken+"\n")
	serve := w.command("serve")
	limited := exec.Command("sh", append([]string{"-c", fmt.Sprintf(`ulimit -n %d; exec "$0" "$@"`, descriptors), serve.Path}, serve.Args[1:]...)...)
	limited.Dir, limited.Env = serve.Dir, serve.Env
	w.start(limited)
	return w, address
}

// Connections of a caller without a credential, idle or with a request that never ends, keep
// neither callers nor plugins from their work: a plugin that dies meanwhile is started again.
func TestIdleConnectionsUnderFewDescriptors(t *testing.T) {
	t.Parallel()
	w, address := tcpWorld(t, 128)
	w.until("the plugin to run", func() bool { return w.plugin("manual").State == "running" })
	for i := range 200 {
		c, err := net.DialTimeout("tcp", address, 2*time.Second)
		if err != nil {
			break
		}
		defer c.Close()
		switch i % 3 {
		case 0:
			io.WriteString(c, "GET /x HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
		case 1:
			io.WriteString(c, "POST /api/v1/orders HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{")
		}
	}
	w.must("orders")
	signalPlugins(t, w, syscall.SIGKILL)
	w.until("the plugin to run again", func() bool {
		p := w.plugin("manual")
		return p.State == "running" && p.Restarts > 0
	})
}

// hostile builds the plugin, which misbehaves in the way that its file name says.
func hostile(t *testing.T, dir string, modes ...string) (program func(mode string) string) {
	t.Helper()
	first := filepath.Join(dir, "hostile-"+modes[0])
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-ldflags=-s", "-o", first, "./testdata/hostile").CombinedOutput(); err != nil {
		t.Fatalf("build the hostile plugin: %v\n%s", err, out)
	}
	text, err := os.ReadFile(first)
	if err != nil {
		t.Fatal(err)
	}
	for _, mode := range modes[1:] {
		if err := os.WriteFile(filepath.Join(dir, "hostile-"+mode), text, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return func(mode string) string { return filepath.Join(dir, "hostile-"+mode) }
}

// Each kind of hostile plugin runs beside an honest one, which gets orders meanwhile.
func TestHostilePlugins(t *testing.T) {
	t.Parallel()
	modes := []string{"hang", "lie", "ansi", "evbig", "evflood", "logbomb", "logflood", "components"}
	shelf := newPlace(t)
	program := hostile(t, shelf.dir, modes...)
	for _, mode := range modes {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			w := oneManual(t, fmt.Sprintf("registrar \"evil\" {\n  tlds = [\"net\"]\n  path = %q\n  dev  = true\n  config {}\n}", program(mode)))
			w.launch()
			w.until("manual to run", func() bool { return w.plugin("manual").State == "running" })
			w.until("evil to run", func() bool { s := w.plugin("evil").State; return s == "running" || s == "degraded" })
			contact := w.write("person.json", manualPerson)
			began := time.Now()
			w.buyManual("honest.com", contact)
			open := w.stands("honest.com", "NeedsAction")
			w.must("operation", "show", open.Operation.ID)
			if took := time.Since(began); took > pace.Scale(20*time.Second) {
				t.Errorf("an order beside it took %s", took)
			}
			check := map[string]func(*testing.T, *world){"hang": seeHang, "lie": seeLie, "ansi": seeAnsi, "components": seeComponents}[mode]
			if check != nil {
				check(t, w)
			}
			if text := w.must("log") + w.must("domains"); strings.ContainsAny(text, "\x1b\x07\u009b\u202e") {
				t.Errorf("a terminal would obey: %.300q", text)
			}
		})
	}
}

func seeHang(t *testing.T, w *world) {
	for _, command := range [][]string{{"review"}, {"customer", "show", "c1"}} {
		began := time.Now()
		w.exitsWith(3, "registrar evil is missing from the answer: registrar evil did not answer within 3s", command...)
		if took := time.Since(began); took > pace.Scale(10*time.Second) {
			t.Errorf("panel %v took %s", command, took)
		}
	}
}

func seeLie(t *testing.T, w *world) {
	w.until("its words in the log", func() bool { return strings.Contains(w.must("log"), "seed.ru") })
	if list := w.must("domains"); strings.Contains(list, "squatted") || strings.Contains(list, "attacker") {
		t.Errorf("it is in the list:\n%s", list)
	}
	for line := range strings.Lines(w.must("log")) {
		if strings.Contains(line, "olga") && !strings.Contains(line, "is not a domain of registrar evil") {
			t.Errorf("it speaks for others: %s", line)
		}
		if len(line) > 10000 {
			t.Errorf("a line of %d bytes", len(line))
		}
	}
}

func seeAnsi(t *testing.T, w *world) {
	contact := w.write("person.json", manualPerson)
	stdout, stderr, code := w.run("order", "register", "x.net", "--customer", "c1", "--contact", contact, "--ns", "ns1.hoster.example", "--ns", "ns2.hoster.example")
	if code != 1 || strings.ContainsAny(stdout+stderr, "\x1b\x07\u202e") {
		t.Errorf("exit %d: %q", code, stderr)
	}
	for line := range strings.Lines(stderr) {
		if !strings.HasPrefix(line, "panel: ") || strings.HasPrefix(line, "panel: fake") {
			t.Errorf("a forged line: %q", line)
		}
	}
	text, _, _ := w.run("plugins")
	if strings.ContainsAny(text, "\x1b\x07\u202e") {
		t.Errorf("a terminal would obey: %q", text)
	}
}

func seeComponents(t *testing.T, w *world) {
	w.until("its health, or that it is given up because it takes too long to tell", func() bool {
		p := w.plugin("evil")
		return len(p.Health) > 0 || p.State == "disabled"
	})
	if p := w.plugin("evil"); len(p.Health) > 50 || len(fmt.Sprint(p.Health)) > 50*400 {
		t.Errorf("%d components of %d bytes", len(p.Health), len(fmt.Sprint(p.Health)))
	}
	const within = 200 * time.Millisecond
	if took := w.fastest(10, "plugins"); took > pace.Scale(within) {
		t.Errorf("GET plugins takes %s at best, and more than %s is too long", took, within)
	}
}

// fastest returns how long an answer of the API takes when nothing else holds it up.
func (w *world) fastest(times int, path string) time.Duration {
	w.t.Helper()
	client, err := api.NewClient("unix://"+w.dir+"/panel.sock", secret.String{})
	if err != nil {
		w.t.Fatal(err)
	}
	best := time.Hour
	for range times {
		began := time.Now()
		if _, err := api.Get[json.RawMessage](w.t.Context(), client, api.Path(path), nil); err != nil {
			w.t.Fatal(err)
		}
		best = min(best, time.Since(began))
	}
	w.t.Logf("GET %s takes %s at best", path, best)
	return best
}
