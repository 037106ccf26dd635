//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
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

// world is one round's panel, plugin and R01, and the wires between them.
type world struct {
	round  int
	dir    string // a file system of its own
	tally  *tally
	beside company  // who is beside R01
	log    *os.File // output of the processes
	sim    *simulator
	smtp   *wire
	imap   *wire
	panel  *api.Client
	self   string // the program that runs as panel, plugin and simulator
	// With a server two nodes share databases on it. Each is a world with the same R01, wires and file system.
	shared *shared
	peer   *world
	turn   *atomic.Int64 // counts up; picks the node to call
	keeper
	trap
}

// open makes a world; so far only the simulator runs.
func open(ctx context.Context, base string, round int, seed uint64, server string, beside company, t *tally) (w *world, err error) {
	w = &world{round: round, dir: filepath.Join(base, strconv.Itoa(round)), tally: t, turn: &atomic.Int64{}, beside: beside}
	w.measure()
	if w.self, err = program(); err != nil {
		return nil, err
	}

	// Outside the round's file system, because the processes' output is needed most when that is full.
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

// nodes returns the worlds that serve.
func (w *world) nodes() []*world {
	if w.peer == nil {
		return []*world{w}
	}
	return []*world{w, w.peer}
}

// client returns the client of the node whose turn it is.
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

	// Detached, because a process that was killed may not have released its files yet.
	return errors.Join(syscall.Unmount(w.dir, syscall.MNT_DETACH), os.Remove(w.dir), w.log.Close(), os.Remove(w.log.Name()))
}

func (w *world) socket() string { return filepath.Join(w.dir, "s") }

// write writes plugin.hcl. Every other round gets copies of its
// requests, so that both ways out of uncertainty are tried.
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
	starting sync.Mutex  // held while a panel is being started, or must not be
	current  sync.Mutex  // guards the fields below
	process  *os.Process // the panel; nil while none runs
	slow     slowness    // of this machine, when a panel was last started
}

// measure measures the machine, which takes some milliseconds, and keeps the result for scale.
func (k *keeper) measure() slowness {
	slow := slowness(pace.Factor())
	k.current.Lock()
	defer k.current.Unlock()
	k.slow = slow
	return slow
}

// scale stretches a duration that fits the usual machine to fit this one.
func (k *keeper) scale(d time.Duration) time.Duration {
	k.current.Lock()
	defer k.current.Unlock()
	return k.slow.scale(d)
}

// keep starts the panel again whenever it has ended, until ctx ends.
func (w *world) keep(ctx context.Context) error {
	for ctx.Err() == nil {
		cmd := exec.Command(w.self, rolePanel, w.config(), w.measure().String())
		cmd.Dir, cmd.Stdout, cmd.Stderr = w.dir, w.log, w.log
		cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0") // or a watched process would sleep for a second at its end
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}

		// A fault that makes the store read-only holds this lock: meanwhile no panel may open the store for writing.
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

		// A panel that can't start at all must not use the whole processor.
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

// time records how long a panel takes until its plugin is at work.
func (w *world) time(ctx context.Context, began time.Time) {
	for ctx.Err() == nil {
		if ok, _ := w.serves(ctx); ok {
			w.tally.served(time.Since(began))
			return
		}
		pause(ctx, 25*time.Millisecond)
	}
}

// serves reports whether the plugin is at work, and what was seen instead if it is not.
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

// panelPID and pluginPID return the processes; 0 = there is none.
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
