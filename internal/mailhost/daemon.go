package mailhost

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
	"time"

	"registrar.panel/internal/testrun"
)

// daemon is a server that stays in the foreground, with its children in one process group.
type daemon struct {
	name string
	args []string
	log  string // the file for its output; servers write to it, too

	ports []int // where it listens

	process *os.Process
	ended   chan struct{}
}

// start runs the server. The server is killed when this process ends, however it ends.
func (d *daemon) start() error {
	log, err := os.OpenFile(d.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(d.name, d.args...)
	cmd.Stdout, cmd.Stderr = log, log
	if cmd.SysProcAttr, err = tied(); err != nil {
		return fmt.Errorf("start %s: %w", d.name, err)
	}

	started, ended := make(chan error), make(chan struct{})
	go func() { // ends with the server
		defer close(ended)
		// The kernel sends the signal when this thread ends.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // the log shows how it ended
		}
	}()

	if err := <-started; err != nil {
		return err
	}

	d.process, d.ended = cmd.Process, ended
	return nil
}

// signal sends a signal to the server and all its children.
func (d *daemon) signal(t testing.TB, s syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(-d.process.Pid, s); err != nil && !errors.Is(err, syscall.ESRCH) {
		t.Errorf("signal %s: %v", d.name, err)
	}
}

// stop ends the server and all its children. The server may be frozen, or not run at all.
func (d *daemon) stop(t testing.TB) {
	t.Helper()
	if d.process == nil {
		return
	}

	// Only the server is asked, because it ends its children in order. Those that it leaves behind are killed.
	d.signal(t, syscall.SIGCONT)
	_ = d.process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-d.ended:
	case <-time.After(testrun.Limit(t)):
		t.Errorf("%s does not end", d.name)
	}

	d.signal(t, syscall.SIGKILL)
	<-d.ended
	d.process = nil
}

// leave waits until the ports are free: the children listen, too, and end a little later.
func (d *daemon) leave(t testing.TB) {
	t.Helper()
	deadline := time.Now().Add(testrun.Limit(t))
	for _, port := range d.ports {
		for {
			conn, err := net.DialTimeout("tcp", loopback(port), time.Until(deadline))
			if err != nil {
				break
			}
			conn.Close()
			if time.Now().After(deadline) {
				t.Errorf("%s has ended, and still listens on port %d", d.name, port)
				return
			}
			time.Sleep(time.Millisecond) // polling another process
		}
	}
}

// said returns the end of the log.
func (d *daemon) said() string {
	text, err := os.ReadFile(d.log)
	if err != nil {
		return err.Error()
	}
	if lines := bytes.SplitAfter(text, []byte("\n")); len(lines) > 60 {
		text = bytes.Join(lines[len(lines)-60:], nil)
	}
	return string(text)
}

// attend stops the server after the test, and shows the log of a test that failed.
func (d *daemon) attend(t testing.TB) {
	t.Cleanup(func() {
		d.stop(t)
		if t.Failed() {
			t.Logf("%s wrote:\n%s", d.name, d.said())
		}
	})
}
