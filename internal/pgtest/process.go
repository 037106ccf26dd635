package pgtest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"registrar.panel/internal/testrun"
)

// process is a server that stays in the foreground.
type process struct {
	t     testing.TB
	name  string
	log   string
	cmd   *exec.Cmd
	ended chan struct{}
}

// run runs a program, which the caller must bury. It is killed when this process ends.
func run(t testing.TB, dir, name string, args ...string) *process {
	t.Helper()

	p := &process{t: t, name: filepath.Base(name), log: filepath.Join(dir, "log"), ended: make(chan struct{})}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o666)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	p.cmd = exec.Command(name, args...)
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = dir, log, log
	if p.cmd.SysProcAttr, err = tied(); err != nil {
		t.Fatal(err)
	}

	p.cmd.SysProcAttr.Credential = unprivileged(t)
	started := make(chan error)
	go func() { // ends with the server
		defer close(p.ended)
		// The kernel sends the signal when this thread ends.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.cmd.Start()
		started <- err
		if err == nil {
			_ = p.cmd.Wait() // the log shows how it ended
		}
	}()

	if err := <-started; err != nil {
		t.Fatal(err)
	}

	return p
}

// bury ends the server, and shows its log if the test has failed.
func (p *process) bury() {
	p.end(syscall.SIGQUIT)
	if p.t.Failed() {
		p.t.Logf("%s wrote:\n%s", p.name, p.said())
	}
}

// end sends a signal to the server and waits until it has ended.
func (p *process) end(s syscall.Signal) {
	_ = p.cmd.Process.Signal(s) // it may have ended
	select {
	case <-p.ended:
	case <-time.After(testrun.Limit(p.t)):
		p.t.Errorf("%s does not end", p.name)
		_ = p.cmd.Process.Kill()
		<-p.ended
	}
}

// answers waits until a database can be used, or the server has ended.
func (p *process) answers(database string) error {
	err := testrun.Reach(p.t, p.name, p.ended, func(patience time.Duration) error {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		conn, err := pgx.Connect(ctx, database)
		if err == nil {
			err = conn.Close(ctx)
		}
		if err != nil {
			return fmt.Errorf("%s does not answer: %w", p.name, err)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("%w; it wrote: %s", err, p.said())
	}
	return nil
}

// said returns the end of the log.
func (p *process) said() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-6000):])
}
