package registrartest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"

	"registrar.panel/shared/registrarrpc"
)

// Program runs a plugin's program as a host does: a process of its own for each instance.
type Program struct {
	Command []string // absolute path and arguments
	// Env is added to the few variables that a host passes on: TZ, LANG, LC_ALL, the places of certificates,
	// and GOCOVERDIR.
	Env []string
}

const (
	lifelineFD = 3
	// startTime is how long the handshake may take.
	startTime = 20 * time.Second
	// pipeGrace is how long pipes may stay open after the process has ended.
	pipeGrace = 500 * time.Millisecond
)

// Open implements Opener.
func (o Program) Open(context.Context) (*Instance, error) {
	dir, err := os.MkdirTemp("", "plugin-")
	if err != nil {
		return nil, fmt.Errorf("make directory: %w", err)
	}

	p := &process{program: o, dir: dir, ended: make(chan struct{})}
	client := goplugin.NewClient(&goplugin.ClientConfig{
		HandshakeConfig: registrarrpc.Handshake(), VersionedPlugins: registrarrpc.ClientSet(), GRPCDialOptions: registrarrpc.DialOptions(),
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC}, AutoMTLS: true, SkipHostEnv: true,
		StartTimeout: startTime, Logger: hclog.NewNullLogger(), UnixSocketConfig: &goplugin.UnixSocketConfig{TempDir: dir},
		SyncStdout: &p.stdout, SyncStderr: &p.stderr,
		RunnerFunc: func(_ hclog.Logger, cmd *exec.Cmd, _ string) (runner.Runner, error) {
			p.handshake = cmd.Env
			return hosted{p}, nil
		},
	})

	// client.Kill asks the program to shut down in order; p.kill then ends it and its children, if it has
	// not.
	finish := func() {
		client.Kill()
		p.kill()
		os.RemoveAll(dir)
	}

	// If a program fails before the handshake, stderr is the only place where it may say why.
	plugin, err := registrarrpc.Dispense(client)
	if err != nil {
		finish()
		return nil, fmt.Errorf("%w; stderr: %s", err, lastLine(p.stderr.String()))
	}

	crash := func() {
		p.kill() // first, because client.Kill would ask it to shut down in order
		finish()
	}

	return &Instance{Hosted: plugin, Close: finish, Crash: crash, Log: func() string { return p.stderr.String() + p.stdout.String() },
		killed: func() bool { return p.cmd.ProcessState.ExitCode() != 0 },
		orphan: func(within time.Duration) bool {
			p.err.Close() // as if the reader of the log died with the host
			p.lifeline.Close()
			over := p.over(within)
			finish()
			return over
		}}, nil
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

// process is one process of a program.
type process struct {
	program   Program
	dir       string   // its working directory and TMPDIR
	handshake []string // environment of the handshake

	cmd            *exec.Cmd
	out, err       *os.File // our ends
	lifeline       *os.File
	stdout, stderr record
	copied         chan struct{} // closed when stderr has been read
	ended          chan struct{} // closed when the process is gone
	exit           error
}

// start starts the program; the caller reads p.out.
func (p *process) start() error {
	out, outEnd, err1 := os.Pipe()
	errs, errsEnd, err2 := os.Pipe()
	theirs, ours, err3 := os.Pipe()
	if err := errors.Join(err1, err2, err3); err != nil {
		return fmt.Errorf("open pipes: %w", err)
	}

	cmd := exec.Command(p.program.Command[0], p.program.Command[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = p.dir, outEnd, errsEnd, []*os.File{theirs}
	cmd.Env = slices.Concat(inherited(), p.program.Env, p.handshake, []string{"TMPDIR=" + p.dir,
		registrarrpc.LifelineEnv + "=" + strconv.Itoa(lifelineFD), registrarrpc.LogLevelEnv + "=trace"})
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that its children can be killed with it
	err := cmd.Start()

	// The process has copies of these. While ours are open, a pipe does not end with the process.
	for _, end := range []*os.File{outEnd, errsEnd, theirs} {
		end.Close()
	}

	if err != nil {
		return errors.Join(fmt.Errorf("start program: %w", err), out.Close(), errs.Close(), ours.Close())
	}

	p.cmd, p.out, p.err, p.lifeline, p.copied = cmd, out, errs, ours, make(chan struct{})
	go func() { // ends with the pipe
		defer close(p.copied)
		_, _ = io.Copy(&p.stderr, errs)
	}()
	go p.reap()

	return nil
}

func inherited() []string {
	var env []string
	for _, name := range []string{"TZ", "LANG", "LC_ALL", "SSL_CERT_FILE", "SSL_CERT_DIR", "GOCOVERDIR"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

func (p *process) reap() {
	p.exit = p.cmd.Wait()

	// Children that it left behind keep the pipes open. Children that have left its group, too, are only
	// waited for as long as pipeGrace.
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	_ = p.out.SetReadDeadline(time.Now().Add(pipeGrace))
	_ = p.err.SetReadDeadline(time.Now().Add(pipeGrace))
	<-p.copied
	close(p.ended)
}

// kill ends the process and its children, and waits until they are gone.
func (p *process) kill() {
	if p.cmd == nil {
		return
	}
	select {
	case <-p.ended: // its number may belong to another process by now
	default:
		_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
		<-p.ended
	}
	p.lifeline.Close()
}

// over waits for the end of the process.
func (p *process) over(within time.Duration) bool {
	select {
	case <-p.ended:
		return true
	case <-time.After(within):
		return false
	}
}

// hosted adapts a process to go-plugin's client.
type hosted struct{ *process }

func (h hosted) Start(context.Context) error { return h.start() }

// Stdout returns a reader that keeps what is read.
func (h hosted) Stdout() io.ReadCloser {
	return struct {
		io.Reader
		io.Closer
	}{io.TeeReader(h.out, &h.stdout), h.out}
}

// Stderr is empty: the process's own is read already, and a line of it can confuse go-plugin.
func (h hosted) Stderr() io.ReadCloser { return io.NopCloser(strings.NewReader("")) }

func (h hosted) Wait(context.Context) error {
	<-h.ended
	return h.exit
}

func (h hosted) Kill(context.Context) error {
	h.kill()
	return nil
}

func (h hosted) Name() string { return filepath.Base(h.program.Command[0]) }

func (h hosted) ID() string {
	if h.cmd == nil {
		return ""
	}
	return strconv.Itoa(h.cmd.Process.Pid)
}

func (hosted) Diagnose(context.Context) string { return "" }

func (hosted) PluginToHost(network, address string) (string, string, error) {
	return network, address, nil
}

func (hosted) HostToPlugin(network, address string) (string, string, error) {
	return network, address, nil
}
