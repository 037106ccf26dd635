package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"registrar.panel/cmd/panel/command"
	"registrar.panel/host/web/api"
	"registrar.panel/internal/mailhost"
	"registrar.panel/internal/pgtest"
	"registrar.panel/internal/r01sim"
	"registrar.panel/internal/testrun"
)

// world is one simulated R01 and one panel, as real processes with real protocols.
type world struct {
	t     *testing.T
	dir   string
	sim   *r01sim.Simulator
	mail  mailServers
	env   []string // for the panel, in addition to our own
	self  string   // the panel's program
	panel *exec.Cmd
	log   *bytes.Buffer          // output of panel serve, over all its lives
	last  atomic.Pointer[string] // output of the last command

	asking sync.Mutex
	asks   struct {
		client   *api.Client
		settings string // the settings that it was made from
	}

	panelStore, pluginStore string // URLs of databases; "" = files
}

// mailServers says how the panel reaches its relay and its mailbox.
type mailServers struct {
	smtp, imap, tls string
	relayUser       string // "" = no login
	mailUser        string
	processed, poll string
}

const (
	agreement    = "RP/01/00"
	mailPassword = "mail-CANARY-77"
	imapPassword = "imap-CANARY-78"
	callback     = "callback@panel.example"
	robot        = "robot@registrar.example"
)

// postgres is the server that the worlds share; each has databases of its own there.
var postgres pgtest.Shared

// everywhere plays a scenario with the simulator's own servers, and with real ones.
func everywhere(t *testing.T, scenario func(t *testing.T, w *world)) {
	t.Parallel()
	t.Run("own servers", func(t *testing.T) {
		t.Parallel()
		scenario(t, newWorld(t, nil))
	})
	t.Run("Dovecot and Postfix", func(t *testing.T) {
		t.Parallel()
		r := route{tls: "starttls", direct: true, trusted: mailhost.NewCertificate(t), poll: "1s"}
		scenario(t, newRealWorld(t, r).world)
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		testrun.Place(t)
		server := postgres.Use(t)
		w := newPlace(t)
		w.panelStore, w.pluginStore = server.Database(), server.Database()
		w.simulate()
		w.settle(nil)
		scenario(t, w)
	})
}

// newWorld starts the simulator with its own servers; edit changes the text of plugin.hcl.
func newWorld(t *testing.T, edit func(hcl string) string) *world {
	t.Helper()
	testrun.Place(t)
	w := newPlace(t)
	w.simulate()
	w.settle(edit)
	return w
}

// simulate runs R01 with its own servers.
func (w *world) simulate(change ...func(*r01sim.Options)) {
	w.t.Helper()
	w.sim = runSimulator(w.t, "", change...)
	w.mail = mailServers{smtp: w.sim.Addresses().SMTP, imap: w.sim.Addresses().IMAP, tls: "none", mailUser: "callback", poll: "1s"}
}

// newPlace returns a world with a directory of its own.
func newPlace(t *testing.T) *world {
	t.Helper()
	// Not t.TempDir, because socket paths must be short.
	dir, err := os.MkdirTemp("", "panel-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return &world{t: t, dir: dir, self: testrun.Program(t, "registrar.panel/cmd/panel"), log: &bytes.Buffer{}}
}

// watch lets the world's panel and plugins run under the race detector. The
// shipped program takes a fraction of that time; the suites of the packages,
// which are watched as well, do everything that it does except for the processes.
func (w *world) watch() {
	w.t.Helper()
	w.self = testrun.Watched(w.t)
}

// settle writes plugin.hcl, and ends the panel with the test.
func (w *world) settle(edit func(hcl string) string) {
	w.t.Helper()
	w.t.Cleanup(func() {
		w.stop(syscall.SIGTERM)
		if w.t.Failed() {
			w.t.Logf("panel serve wrote:\n%s", w.log)
		}
	})
	hcl := w.hcl()
	if edit != nil {
		hcl = edit(hcl)
	}
	w.write("plugin.hcl", hcl)
	w.write("mail.secret", mailPassword+"\n")
	w.write("imap.secret", imapPassword+"\n")
	w.write("panel.store", cmp.Or(w.panelStore, "sqlite"))
	w.write("plugin.store", cmp.Or(w.pluginStore, "sqlite"))
}

// runSimulator runs R01. It has a mailbox of its own, unless it delivers elsewhere.
func runSimulator(t *testing.T, deliver string, change ...func(*r01sim.Options)) *r01sim.Simulator {
	t.Helper()
	policy := r01sim.Calm()
	policy.Queued, policy.Done = r01sim.Delay(10*time.Millisecond), r01sim.Delay(20*time.Millisecond)
	o := r01sim.Options{SMTP: "127.0.0.1:0", Whois: "127.0.0.1:0", Deliver: deliver, Agreement: agreement, Password: mailPassword,
		Callback: callback, Gateway: robot, Policy: policy, Logger: slog.New(slog.DiscardHandler)}
	if deliver == "" {
		o.IMAP, o.IMAPUser, o.IMAPPassword = "127.0.0.1:0", "callback", imapPassword
	}
	for _, c := range change {
		c(&o)
	}
	sim := r01sim.New(o)
	if err := sim.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- sim.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return sim
}

func (w *world) hcl() string {
	m, relayPassword := w.mail, `""`
	if m.relayUser != "" {
		relayPassword = `secret("file", "imap.secret")`
	}
	return fmt.Sprintf(`panel {
  data   = "data"
  listen = "unix://%s/panel.sock"
  store  = secret("file", "panel.store")
}

registrar "r01" {
  tlds = ["ru", "su", "xn--p1ai"]
  env  = ["GORACE"]
  config {
    agreement = %q
    password  = secret("file", "mail.secret")
    gateway   = %q
    callback  = %q
    store     = secret("file", "plugin.store")
    handles {
      prefix  = "MYCO"
      counter = 7
    }
    smtp {
      address = %q
      tls     = %q
      username = %q
      password = %s
    }
    imap {
      address  = %q
      tls      = %q
      username = %q
      password = secret("file", "imap.secret")
      processed = %q
      poll     = %q
    }
  }
}
`, w.dir, agreement, robot, callback, m.smtp, m.tls, m.relayUser, relayPassword, m.imap, m.tls, m.mailUser, m.processed, m.poll)
}

// openBrake is a block of the plugin's settings: more may be spent than any test does.
const openBrake = "    brake {\n      per_hour = 100000\n      per_day  = 100000\n    }\n"

// withBlocks adds blocks to the plugin's settings in the text of plugin.hcl.
func withBlocks(hcl, blocks string) string {
	return strings.Replace(hcl, "    handles {", blocks+"    handles {", 1)
}

func (w *world) write(name, text string) string {
	w.t.Helper()
	path := filepath.Join(w.dir, name)
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil { // no reader sees half of the file
		w.t.Fatal(err)
	}
	return path
}

// command returns the panel as a process: this test binary, which TestMain turns into it, or the shipped program.
func (w *world) command(args ...string) *exec.Cmd {
	cmd := exec.Command(w.self, append([]string{"--config", filepath.Join(w.dir, "plugin.hcl")}, args...)...)
	cmd.Dir = w.dir
	cmd.Env = slices.Concat(os.Environ(), []string{endAtOnce}, w.env)
	return cmd
}

// serve starts the panel and waits until its plugin runs.
func (w *world) serve() {
	w.t.Helper()
	w.launch()
	w.until("the plugin to run", func() bool {
		var plugins []struct{ Name, State string }
		return w.ask(&plugins, "plugins") == nil && len(plugins) == 1 && plugins[0].State == "running"
	})
}

func (w *world) launch(flags ...string) {
	w.t.Helper()
	w.start(w.command(append([]string{"serve"}, flags...)...))
}

// start makes a process the world's panel.
func (w *world) start(panel *exec.Cmd) {
	w.t.Helper()
	w.panel = panel
	w.panel.Stdout, w.panel.Stderr = w.log, w.log
	if err := w.panel.Start(); err != nil {
		w.t.Fatal(err)
	}
}

// stop ends the panel with a signal and waits for it.
func (w *world) stop(s syscall.Signal) {
	if w.panel == nil {
		return
	}
	w.panel.Process.Signal(s)
	w.panel.Wait()
	w.panel = nil
}

// run executes a CLI command in this process: it is a client of the panel, which is another process.
func (w *world) run(args ...string) (stdout, stderr string, code int) {
	w.t.Helper()
	var out, errOut bytes.Buffer
	code = execute(w.t.Context(), append([]string{"--config", filepath.Join(w.dir, "plugin.hcl")}, args...),
		command.Streams{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errOut})
	w.printed(args, out.String()+errOut.String())
	return out.String(), errOut.String(), code
}

func (w *world) printed(args []string, text string) {
	seen := fmt.Sprintf("panel %s printed %.2000s", strings.Join(args, " "), text)
	w.last.Store(&seen)
}

// execute runs a command as a process.
func (w *world) execute(args ...string) (stdout, stderr string, code int) {
	w.t.Helper()
	cmd := w.command(args...)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		w.t.Fatal(err)
	}
	w.printed(args, out.String()+errOut.String())
	return out.String(), errOut.String(), cmd.ProcessState.ExitCode()
}

// again repeats what a person would do again: a question that a plugin on a busy machine has not answered
// within the time that the panel gives it for reading, and a decision about what has changed in between.
func again(t *testing.T, ask func() (failed bool, stderr string)) {
	t.Helper()
	testrun.Until(t, "a busy plugin to answer, and what is decided about to stand still", func() (bool, string) {
		failed, stderr := ask()
		repeat := strings.Contains(stderr, "did not answer within 3s") || strings.Contains(stderr, "has moved on since it was looked at")
		return !failed || !repeat, stderr
	})
}

// insist runs a CLI command until it is answered in time, about what stands still.
func (w *world) insist(args ...string) (stdout, stderr string, code int) {
	w.t.Helper()
	again(w.t, func() (bool, string) {
		stdout, stderr, code = w.run(args...)
		return code != 0, stderr
	})
	return stdout, stderr, code
}

// must executes a CLI command that has to succeed.
func (w *world) must(args ...string) string {
	w.t.Helper()
	stdout, stderr, code := w.insist(args...)
	if code != 0 {
		w.t.Fatalf("panel %s: exit %d: %s", strings.Join(args, " "), code, stderr)
	}
	return stdout
}

func (w *world) tryJSON(v any, args ...string) error {
	stdout, stderr, code := w.run(append(args, "-o", "json")...)
	if code != 0 {
		return fmt.Errorf("panel %s: exit %d: %s", strings.Join(args, " "), code, stderr)
	}
	return json.Unmarshal([]byte(stdout), v)
}

func (w *world) json(v any, args ...string) {
	w.t.Helper()
	if err := json.Unmarshal([]byte(w.must(append(args, "-o", "json")...)), v); err != nil {
		w.t.Fatal(err)
	}
}

// ask asks the panel what a command would ask, for a wait: to parse a
// command takes longer than to carry it out, and a wait looks often.
func (w *world) ask(v any, path ...string) error {
	client, err := w.client()
	var answer json.RawMessage
	if err == nil {
		answer, err = api.Get[json.RawMessage](w.t.Context(), client, api.Path(path...), nil)
	}

	w.printed(path, fmt.Sprintf("%s%s", answer, because(err)))
	if err != nil {
		w.asking.Lock()
		w.asks.client = nil // other files that it read, such as a token, may have changed by now
		w.asking.Unlock()
		return err
	}
	return json.Unmarshal(answer, v)
}

// client calls the panel as commands do. It stays the same while plugin.hcl does, and the panel answers.
func (w *world) client() (*api.Client, error) {
	path := filepath.Join(w.dir, "plugin.hcl")
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}

	w.asking.Lock()
	defer w.asking.Unlock()

	if w.asks.client == nil || w.asks.settings != string(text) {
		call := command.Call{Ctx: w.t.Context(), Globals: command.Globals{Config: path}}
		client, _, err := call.Client()
		if err != nil {
			return nil, err
		}
		w.asks.client, w.asks.settings = client, string(text)
	}
	return w.asks.client, nil
}

func because(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// until waits for a condition that must come true.
func (w *world) until(what string, ok func() bool) {
	w.t.Helper()
	testrun.Until(w.t, what, func() (bool, string) {
		w.last.Store(nil)
		done := ok()
		seen := w.last.Load()
		if seen == nil {
			return done, "the condition does not hold"
		}
		return done, *seen
	})
}

type domainView struct {
	Name, Unicode, Status, Registrar, Customer string
	Handle                                     *string
	PaidTill                                   *string `json:"paid_till"`
	Operation                                  *struct {
		ID, Kind, State string
		WaitsFor        *string `json:"waits_for"`
		Error           *string
	}
	Alarms []json.RawMessage
}

type orderView struct{ ID, Kind, Domain, Customer, State string }

type logView struct {
	Domain, Level, Event, Message *string
	Actor, Operation, Mail        *string
}

func (w *world) domain(name string) domainView {
	w.t.Helper()
	var d domainView
	w.json(&d, "domain", "show", name)
	return d
}

// reach waits until a domain has a status.
func (w *world) reach(name, status string) domainView {
	w.t.Helper()
	var d domainView
	w.until(name+" to be "+status, func() bool {
		d = domainView{}
		return w.ask(&d, "domains", name) == nil && d.Status == status
	})
	return d
}

// stands waits until a domain's open operation is in a state.
func (w *world) stands(name, state string) domainView {
	w.t.Helper()
	var d domainView
	w.until("the operation on "+name+" to be "+state, func() bool {
		d = domainView{}
		return w.ask(&d, "domains", name) == nil && d.Operation != nil && d.Operation.State == state
	})
	return d
}

// alarms is stands for an operation with an alarm of its own, which is raised right after.
func (w *world) alarms(name, state string) domainView {
	w.t.Helper()
	d := w.stands(name, state)
	w.until("the alarm of "+name, func() bool {
		d = domainView{}
		return w.ask(&d, "domains", name) == nil && len(d.Alarms) > 0
	})
	return d
}

// order places an order and returns its ID.
func (w *world) order(domain, customer, contact string, more ...string) string {
	w.t.Helper()
	var o orderView
	w.json(&o, append([]string{"order", "register", domain, "--customer", customer, "--contact", contact,
		"--ns", "ns1.hoster.example", "--ns", "ns2.hoster.example"}, more...)...)
	return o.ID
}

// buy places an order and pays it.
func (w *world) buy(domain, customer, contact string) string {
	w.t.Helper()
	id := w.order(domain, customer, contact)
	w.must("order", "pay", id)
	return id
}

// requests counts the mails that arrived at R01 about an object whose name begins with a text.
func (w *world) requests(object string) int {
	n := 0
	for _, e := range w.sim.History() {
		for _, o := range e.Objects {
			if strings.HasPrefix(o, object) {
				n++
			}
		}
	}
	return n
}

const person = `{"kind":"person","name_latin":"Sidor S Sidorov","name":"Сидоров Сидор Сидорович",
"passport":["4510 123456","выдан ОВД «Тверской» г. Москвы","30.01.2010"],"birth_date":"1965-10-18",
"postal_address":["123007, Москва, Тестовая ул., д. 1, кв. 2"],"phones":["+7 495 1234567"],"faxes":[],
"emails":["sidorov@example.ru"],"resident":true}`

const organization = `{"kind":"organization","name_latin":["Newtime JSC"],"name":["Акционерное общество «Ньютайм» № 1"],
"inn":"7707083893","kpp":"770701001","ogrn":"1027700132195","legal_address":["123007, Москва, Тестовая ул., д. 1"],
"postal_address":["123007, Москва, а/я 10"],"bank":[],"phones":["+7 495 1234567"],"faxes":[],
"emails":["office@newtime.example"],"resident":true}`

// endAtOnce keeps a process under the race detector from sleeping a second before it ends.
const endAtOnce = "GORACE=atexit_sleep_ms=0"

// TestMain lets the test binary run as the panel itself.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && !strings.HasPrefix(os.Args[1], "-test.") {
		if os.Getenv("GORACE") == "" { // a plugin: the host passes on none of our variables
			panic(syscall.Exec("/proc/self/exe", os.Args, append(os.Environ(), endAtOnce)))
		}
		main()
	}
	if err := os.Setenv("LC_ALL", "C"); err != nil { // tests read English, whatever the machine's language is
		panic(err)
	}
	os.Exit(m.Run())
}
