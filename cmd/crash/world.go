//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"registrar.panel/host/web/api"
	"registrar.panel/internal/pace"
	"registrar.panel/shared/secret"
)

const (
	password  = "crash-mail-password"
	capacity  = 64 << 10 // KiB of a round's file system
	registrar = "r01"
)

// world is one round's panel, plugin and R01, and the wire between them.
type world struct {
	round  int
	dir    string // a file system of its own
	tally  *tally
	beside company  // of R01
	log    *os.File // what the processes write
	sim    *simulator
	smtp   *wire
	imap   *wire
	panel  *api.Client
	self   string // the program that is panel, plugin and simulator
	// With a server two nodes share databases there; each is a world with the same R01,
	// wires and file system.
	shared *shared
	peer   *world
	turn   *atomic.Int64 // of the nodes that answer calls
	keeper
	trap
}

// open makes a world; nothing but the simulator runs yet.
func open(ctx context.Context, base string, round int, seed uint64, server string, beside company, t *tally) (w *world, err error) {
	w = &world{round: round, dir: filepath.Join(base, strconv.Itoa(round)), tally: t, turn: &atomic.Int64{}, beside: beside}
	if w.self, err = program(); err != nil {
		return nil, err
	}

	if w.log, err = os.Create(w.dir + ".log"); err != nil {
		return nil, err
	}
	if err := os.Mkdir(w.dir, 0o700); err != nil {
		return nil, err
	}
	if err := syscall.Mount("crash", w.dir, "tmpfs", 0, fmt.Sprintf("size=%dk", capacity)); err != nil {
		return nil, fmt.Errorf("mount a file system of the round's own: %w", err)
	}
	if w.sim, err = startSimulator(ctx, w.self, seed, beside); err != nil {
		return nil, errors.Join(err, w.close())
	}

	w.smtp, err = newWire(w.sim.addresses["smtp"], smtpDialogue, w.pass)
	if err == nil {
		w.imap, err = newWire(w.sim.addresses["imap"], imapDialogue, w.pass)
	}

	if err == nil && server != "" {
		if w.shared, err = share(ctx, server, fmt.Sprintf("crash_%d_%d", seed, round)); err == nil {
			w.peer = &world{round: round, dir: filepath.Join(w.dir, "peer"), self: w.self, tally: t, log: w.log, smtp: w.smtp, imap: w.imap, shared: w.shared, beside: beside}
			err = errors.Join(os.Mkdir(w.peer.dir, 0o700), w.peer.write())
		}
	}

	if err == nil {
		err = w.write()
	}
	if err != nil {
		return nil, errors.Join(err, w.close())
	}

	return w, nil
}

// nodes are the worlds that serve.
func (w *world) nodes() []*world {
	if w.peer == nil {
		return []*world{w}
	}
	return []*world{w, w.peer}
}

// client is of the node whose turn it is to be called.
func (w *world) client() *api.Client {
	nodes := w.nodes()
	return nodes[int(w.turn.Add(1))%len(nodes)].panel
}

func (w *world) close() error {
	if w.sim != nil {
		w.sim.stop()
	}
	if w.shared != nil {
		w.shared.drop()
	}
	return errors.Join(syscall.Unmount(w.dir, syscall.MNT_DETACH), os.Remove(w.dir), w.log.Close(), os.Remove(w.log.Name()))
}

func (w *world) socket() string { return filepath.Join(w.dir, "s") }

// write writes plugin.hcl. Every other round gets copies of its requests, so that both ways
// out of uncertainty are gone.
func (w *world) write() error {
	bcc := ""
	if w.round%2 == 1 {
		bcc = "callback@panel.example"
	}

	panelStore, pluginStore := "sqlite", "sqlite"
	if w.shared != nil {
		panelStore, pluginStore = w.shared.panel, w.shared.plugin
	}

	hcl := fmt.Sprintf(`panel {
  data   = "data"
  listen = "unix://%s"
  store  = secret("file", "panel.store")
}
registrar %q {
  tlds = ["ru"]
  config {
    store     = secret("file", "plugin.store")
    agreement = "RP/01/00"
    password  = secret("file", "password")
    gateway   = "robot@registrar.example"
    callback  = "callback@panel.example"
    bcc       = %q
    handles {
      prefix = "CRASH"
    }
    smtp {
      address = %q
      tls     = "none"
    }
    imap {
      address   = %q
      tls       = "none"
      username  = "callback"
      password  = secret("file", "password")
      mailbox   = "answers"
      processed = "INBOX"
      poll      = "100ms"
    }
%s    deadlines {
      queued = "15s"
      done   = "20s"
    }
    renewal {
      mode = "manual" # orders renew here, and the schedule must not be faster
    }
    brake {
      per_hour = 1000000
      per_day  = 1000000
    }
  }
}
`, w.socket(), registrar, bcc, w.smtp.address(), w.imap.address(), w.beside.replies())

	var err error
	w.panel, err = api.NewClient("unix://"+w.socket(), secret.String{})
	for name, text := range map[string]string{"plugin.hcl": hcl, "password": password, "panel.store": panelStore, "plugin.store": pluginStore} {
		err = errors.Join(err, os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o600))
	}

	return err
}

func (w *world) config() string { return filepath.Join(w.dir, "plugin.hcl") }

// keeper keeps a panel running.
type keeper struct {
	starting sync.Mutex  // held while a panel must not be started, or is being
	current  sync.Mutex  // of process
	process  *os.Process // the panel; nil while none runs
}

// keep starts the panel again whenever it has ended, until ctx ends.
func (w *world) keep(ctx context.Context) error {
	for ctx.Err() == nil {
		cmd := exec.Command(w.self, rolePanel, w.config(), slowness(pace.Factor()).String())
		cmd.Dir, cmd.Stdout, cmd.Stderr = w.dir, w.log, w.log
		cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		w.starting.Lock()
		began := time.Now()

		err := cmd.Start()
		if err == nil {
			w.attend(cmd.Process)
		}

		w.starting.Unlock()
		if err != nil {
			return err
		}

		w.tally.add(&w.tally.Starts, 1)
		stop := context.AfterFunc(ctx, func() { cmd.Process.Signal(syscall.SIGTERM) })
		watched, end := context.WithCancel(ctx)
		var watching sync.WaitGroup
		watching.Go(func() { w.time(watched, began) })
		cmd.Wait() // however it ended
		end()
		stop()
		w.attend(nil)
		watching.Wait()

		if time.Since(began) < 20*time.Millisecond {
			time.Sleep(20 * time.Millisecond)
		}
	}

	return nil
}

func (k *keeper) attend(p *os.Process) {
	k.current.Lock()
	defer k.current.Unlock()
	k.process = p
}

// time notes how long a panel takes until its plugin is at work.
func (w *world) time(ctx context.Context, began time.Time) {
	for ctx.Err() == nil {
		if ok, _ := w.serves(ctx); ok {
			w.tally.served(time.Since(began))
			return
		}
		pause(ctx, 25*time.Millisecond)
	}
}

// serves reports whether the plugin is at work, and what it is doing else.
func (w *world) serves(ctx context.Context) (ok bool, seen string) {
	pid := w.panelPID()
	if pid == 0 {
		return false, "no panel runs"
	}
	ctx, cancel := context.WithTimeout(ctx, perCall)
	defer cancel()
	list, err := api.Get[[]api.Plugin](ctx, w.panel, api.Path("plugins"), nil)
	switch {
	case err != nil:
		return false, fmt.Sprintf("panel %d does not answer: %v", pid, err)
	case len(list) != 1:
		return false, fmt.Sprintf("panel %d has %d plugins", pid, len(list))
	}
	state := list[0].State
	return state == "running" || state == "degraded", fmt.Sprintf("panel %d has a plugin that is %s, restarted %d times", pid, state, list[0].Restarts)
}

// panelPID and pluginPID find the processes; 0 = there is none.
func (k *keeper) panelPID() int {
	k.current.Lock()
	defer k.current.Unlock()
	if k.process == nil {
		return 0
	}
	return k.process.Pid
}

func (k *keeper) pluginPID() int {
	panel := k.panelPID()
	if panel == 0 {
		return 0
	}
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", panel))
	for _, file := range files {
		text, _ := os.ReadFile(file) // the thread may have ended
		for _, word := range strings.Fields(string(text)) {
			if pid, err := strconv.Atoi(word); err == nil {
				return pid
			}
		}
	}
	return 0
}

// simulator is R01 as a child process.
type simulator struct {
	cmd       *exec.Cmd
	addresses map[string]string
	rest      sync.WaitGroup // drains what it goes on to print
}

func startSimulator(ctx context.Context, self string, seed uint64, beside company) (*simulator, error) {
	cmd := exec.Command(self, append([]string{roleSimulator, "--smtp", "127.0.0.1:0", "--imap", "127.0.0.1:0", "--whois", "", "--admin", "127.0.0.1:0",
		"--mailbox", "answers", "--seed", strconv.FormatUint(seed, 10)}, beside.args()...)...)
	cmd.Env = append(os.Environ(), "R01_MAIL_PASSWORD="+password, "R01_IMAP_PASSWORD="+password)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}

	lines, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}

	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the simulator: %w", err)
	}

	s := &simulator{cmd: cmd, addresses: map[string]string{}}
	scanner := bufio.NewScanner(lines)
	for scanner.Scan() {
		words := strings.Fields(strings.TrimPrefix(scanner.Text(), "r01sim: "))
		if len(words) == 2 {
			s.addresses[words[0]] = words[1]
		}
		if len(words) == 1 && words[0] == "ready" {
			break
		}
	}

	s.rest.Go(func() { io.Copy(io.Discard, lines) })

	if s.addresses["admin"] == "" {
		s.stop()
		return nil, errors.New("start the simulator: it tells no address")
	}

	return s, s.post(ctx, "/policy", chaos)
}

// chaos is the simulator at its worst, but quick.
const chaos = `{"queued":"30ms","done":"90ms","jitter":3,"vary":0.5,"duplicate":0.1,"reorder":0.1,"lose":0.005,"defer":0.005,"drop":0.02,"price":1}`

func (s *simulator) stop() {
	s.cmd.Process.Kill() // it keeps nothing
	s.rest.Wait()
	s.cmd.Wait()
}

func (s *simulator) post(ctx context.Context, path, body string) error {
	return s.ask(ctx, http.MethodPost, path, body, nil)
}

func (s *simulator) get(ctx context.Context, path string, into any) error {
	return s.ask(ctx, http.MethodGet, path, "", into)
}

// asks is how often the simulator is asked before that counts as trouble of the program's own.
const asks = 100

// ask calls the simulator. It may be frozen, and cuts off who takes too long on a machine that
// is busy: then it is asked again. All it is asked for may be asked for twice.
func (s *simulator) ask(ctx context.Context, method, path, body string, into any) (err error) {
	for range asks {
		var refused *refusal
		err = s.exchange(ctx, method, path, body, into)
		if err == nil || errors.As(err, &refused) || ctx.Err() != nil || gone(s.cmd.Process.Pid) {
			break
		}
		pause(ctx, 100*time.Millisecond)
	}
	if err != nil {
		return fmt.Errorf("ask the simulator: %s %s: %w", method, path, err)
	}
	return nil
}

// refusal is what the simulator says to a request that it does not carry out.
type refusal struct{ status, text string }

func (r *refusal) Error() string { return r.status + ": " + r.text }

func (s *simulator) exchange(ctx context.Context, method, path, body string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, perCall)
	defer cancel()

	req, err := http.NewRequestWithContext(ctx, method, "http://"+s.addresses["admin"]+path, strings.NewReader(body))
	if err != nil {
		return err
	}

	req.Close = true // a connection that is kept may be closed just as it is used again
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}

	if resp.StatusCode != http.StatusOK {
		return &refusal{resp.Status, string(text)}
	}
	if into == nil {
		return nil
	}

	return json.Unmarshal(text, into)
}
