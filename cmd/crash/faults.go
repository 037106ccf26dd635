//go:build linux

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// fault is something that goes wrong.
type fault struct {
	kind    kind
	at      point         // "" = at once
	lasts   time.Duration // of faults that pass
	happens bool          // whether the word at the point still goes on to the server
	other   bool          // strikes the second node, if there is one
}

type kind string

const (
	killPlugin   kind = "kill plugin"
	killPanel    kind = "kill panel"
	killBoth     kind = "kill both"
	stopPlugin   kind = "freeze plugin"
	stopPanel    kind = "freeze panel"
	stopOrphan   kind = "freeze plugin, kill panel"
	stopR01      kind = "freeze R01"
	cutHere      kind = "cut connection"
	refuseSMTP   kind = "refuse SMTP"
	refuseIMAP   kind = "refuse IMAP"
	silentSMTP   kind = "silent SMTP"
	silentIMAP   kind = "silent IMAP"
	fullDisk     kind = "full disk"
	failingWrite kind = "failing writes" // of running processes
	readOnly     kind = "read-only store at start"
)

// shares says how often each kind comes, in thousandths.
var shares = []struct {
	kind  kind
	share int
}{
	{killPlugin, 330}, {killBoth, 200}, {killPanel, 170},
	{stopPlugin, 60}, {stopPanel, 20}, {stopOrphan, 30}, {stopR01, 10},
	{cutHere, 110}, {refuseSMTP, 15}, {refuseIMAP, 15}, {silentSMTP, 10}, {silentIMAP, 10},
	{fullDisk, 10}, {failingWrite, 8}, {readOnly, 2},
}

// points lists where a fault can be placed; those around the claim are listed several times.
var points = []point{
	smtpOpened, smtpMailAsked, smtpRcptAsked, smtpRcptAnswered,
	smtpRcptHeard, smtpRcptHeard, smtpRcptHeard, smtpRcptHeard, smtpDataAsked, smtpDataAsked, smtpDataHeard,
	smtpBody, smtpDotAsked, smtpDotAsked, smtpDotAnswered, smtpDotAnswered, smtpDotHeard, smtpDotHeard, smtpQuitAsked,
	imapOpened, imapFetchAsked, imapFetchAnswered, imapStoreAsked, imapStoreAnswered, imapMoveAsked, imapMoveAnswered,
}

func draw(random *rand.Rand) fault {
	n, f := random.IntN(1000), fault{}
	for _, s := range shares {
		if n -= s.share; n < 0 {
			f.kind = s.kind
			break
		}
	}
	placed, p := random.IntN(3) > 0, points[random.IntN(len(points))]
	if placed && f.placeable() || f.kind == cutHere {
		f.at = p
	}
	f.lasts = time.Duration(20+random.IntN(600)) * time.Millisecond
	if random.IntN(8) == 0 {
		f.lasts *= 4
	}
	f.happens = random.IntN(2) == 0
	return f
}

func (f fault) placeable() bool {
	switch f.kind {
	case killPlugin, killPanel, killBoth, stopPlugin, stopPanel, stopOrphan:
		return true
	}
	return false
}

func (f fault) kills() bool { return f.kind == killPlugin || f.kind == killPanel || f.kind == killBoth }

// trap is a fault that waits for its point.
type trap struct {
	mu  sync.Mutex
	set fault
	met chan func() // gets the function that ends the fault; nil = no trap is set
}

// patience is how long a fault waits for its point, on the usual machine.
const patience = 400 * time.Millisecond

// pass is called by the wires at every point. It returns false to cut the connection.
func (w *world) pass(p point) bool {
	f, met := w.spring(p)
	if met == nil {
		return true
	}
	w.tally.at(p)
	met <- w.strike(f)
	switch {
	case f.kind == cutHere:
		return false
	case f.kills():
		return f.happens // the last word of the dead process may still go on, or not
	}
	return true
}

func (t *trap) spring(p point) (f fault, met chan func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.met == nil || t.set.at != p {
		return fault{}, nil
	}
	f, met = t.set, t.met
	t.met = nil
	return f, met
}

func (t *trap) lay(f fault) chan func() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.set, t.met = f, make(chan func(), 1)
	return t.met
}

// lift removes the trap; false = it has sprung.
func (t *trap) lift() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	set := t.met != nil
	t.met = nil
	return set
}

// inflict carries a fault out and returns when it has passed.
func (w *world) inflict(ctx context.Context, f fault) {
	end := w.begin(ctx, f)
	defer end()
	if !f.kills() && f.kind != cutHere {
		pause(ctx, f.lasts)
	}
}

// begin strikes at once or at the fault's point, and returns the function that ends the fault.
func (w *world) begin(ctx context.Context, f fault) (end func()) {
	if f.at == "" {
		return w.strike(f)
	}

	met := w.lay(f)
	select {
	case end := <-met:
		return end
	case <-ctx.Done():
	case <-time.After(w.scale(patience)):
	}

	// The point was not reached in time, or the campaign ends: the trap is removed unless it has just sprung.
	switch {
	case !w.lift(): // it has sprung just now
		return <-met
	case ctx.Err() != nil:
		return func() {}
	}

	w.tally.add(&w.tally.Missed, 1) // the dialogue did not come to that point
	return w.strike(f)
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// strike begins a fault, and returns the function that ends it.
func (w *world) strike(f fault) (end func()) {
	w.tally.fault(f.kind)
	node := w
	if f.other && w.peer != nil {
		node = w.peer
	}

	// Both are read before the strike, because a panel whose plugin has died starts another at once.
	panel, plugin := node.panelPID(), node.pluginPID()
	switch f.kind {
	case killPlugin:
		w.kill(plugin)
	case killPanel:
		w.kill(panel)
	case killBoth:
		send(panel, syscall.SIGSTOP) // so that it does not start another plugin
		w.kill(plugin)
		w.kill(panel)
	case stopPlugin:
		return freeze(plugin)
	case stopPanel:
		return freeze(panel)
	case stopR01:
		return freeze(w.sim.cmd.Process.Pid)
	case stopOrphan:
		end = freeze(plugin) // first, or it would notice the end of its host, and drain
		w.kill(panel)
		return end
	case cutHere:
		if f.at == "" {
			w.smtp.cut()
			w.imap.cut()
		}
	case refuseSMTP:
		return w.smtp.turn(refusing)
	case silentSMTP:
		return w.smtp.turn(silent)
	case refuseIMAP:
		return w.imap.turn(refusing)
	case silentIMAP:
		return w.imap.turn(silent)
	case fullDisk:
		return w.fill()
	case failingWrite:
		return limit(panel, plugin)
	case readOnly:
		if w.peer == nil { // with a server, there is no store in the file system
			return w.forbid()
		}
	}

	return func() {}
}

func send(pid int, s syscall.Signal) {
	if pid > 0 {
		syscall.Kill(pid, s) // the process may be gone
	}
}

// kill sends a SIGKILL, and counts it.
func (w *world) kill(pid int) {
	if pid > 0 && syscall.Kill(pid, syscall.SIGKILL) == nil {
		w.tally.killed()
	}
}

func freeze(pid int) (thaw func()) {
	if pid <= 0 {
		return func() {}
	}
	p, err := os.FindProcess(pid) // refers to this very process, even if its number is used again
	if err != nil {
		return func() {}
	}
	p.Signal(syscall.SIGSTOP)
	return func() {
		p.Signal(syscall.SIGCONT)
		p.Release()
	}
}

// fill leaves no room on the file system. It tries again when another process has changed the
// free space between the measurement and the allocation.
func (w *world) fill() (empty func()) {
	for range 100 {
		var at syscall.Statfs_t
		if err := syscall.Statfs(w.dir, &at); err != nil {
			w.tally.trouble(fmt.Errorf("look at the file system: %w", err))
			return func() {}
		}
		used := (at.Blocks - at.Bfree) * uint64(at.Bsize) >> 10
		if syscall.Mount("crash", w.dir, "tmpfs", syscall.MS_REMOUNT, fmt.Sprintf("size=%dk", used)) == nil {
			return func() { w.remount(fmt.Sprintf("size=%dk", capacity)) }
		}
	}
	w.tally.add(&w.tally.Missed, 1)
	return func() {}
}

func (w *world) remount(data string) {
	if err := syscall.Mount("crash", w.dir, "tmpfs", syscall.MS_REMOUNT, data); err != nil {
		w.tally.trouble(fmt.Errorf("remount %s: %w", data, err))
	}
}

// limit makes every write to a file fail in running processes.
func limit(pids ...int) (lift func()) {
	set := func(soft uint64) {
		for _, pid := range pids {
			if pid > 0 {
				unix.Prlimit(pid, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: soft, Max: unix.RLIM_INFINITY}, nil) // the process may be gone
			}
		}
	}
	set(0)
	return func() { set(unix.RLIM_INFINITY) }
}

// forbid makes the store read-only for the next panels.
func (w *world) forbid() (permit func()) {
	w.starting.Lock()
	defer w.starting.Unlock()
	panel, plugin := w.panelPID(), w.pluginPID()
	send(panel, syscall.SIGSTOP) // so that it does not start another plugin
	w.kill(plugin)
	w.kill(panel)

	for !gone(panel) || !gone(plugin) { // a SIGKILL always works
		time.Sleep(time.Millisecond)
	}

	// An orphan may have files open until it has drained.
	for range 100 {
		if syscall.Mount("crash", w.dir, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, "") == nil {
			return func() { w.remount("") }
		}
		time.Sleep(20 * time.Millisecond)
	}

	w.tally.add(&w.tally.Missed, 1)
	return func() {}
}

// gone reports whether a process has let go of its files.
func gone(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || strings.Contains(string(text), ") Z ")
}
