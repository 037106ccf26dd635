package supervisor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"registrar.panel/shared/logline"
	"registrar.panel/shared/registrarrpc"
)

// process is a go-plugin runner that owns everything between host and plugin: the pipes, the process group,
// the lifeline, and the check of the program. go-plugin's own runner parses the plugin's log lines without
// care (a line can panic the host), waits for grandchildren that hold a pipe, and kills only the leader.
type process struct {
	spec         Spec
	log          *slog.Logger
	handshakeEnv []string

	stdout   *os.File // our ends
	stderr   *os.File
	lifeline *os.File
	words    *words

	mu      sync.Mutex
	cmd     *exec.Cmd // nil until started
	failure error     // of Start
	killed  bool      // kill was called: nothing is started any more

	ended chan struct{} // closed when the process is gone
	exit  error         // set before ended is closed
	work  sync.WaitGroup
}

// The child's file descriptors after stdin, stdout and stderr.
const (
	lifelineFD = 3
	programFD  = 4
)

// grace is how long pipes may stay open after the process has ended.
const grace = 500 * time.Millisecond

func newProcess(spec Spec, log *slog.Logger) *process {
	return &process{spec: spec, log: log, words: &words{}, ended: make(chan struct{})}
}

// Start starts the plugin; go-plugin calls it at most once.
func (p *process) Start(context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failure = p.start()
	return p.failure
}

func (p *process) start() error {
	// The start was given up before it began, when kill found nothing to end.
	if p.killed {
		return context.Canceled
	}

	program, err := openProgram(p.spec)
	if err != nil {
		return err
	}
	defer program.Close()
	pipes, err := openPipes()
	if err != nil {
		return err
	}

	cmd := p.command(program, pipes)
	if err := cmd.Start(); err != nil {
		pipes.close()
		return err
	}

	// A pipe does not end as long as we hold its other end open ourselves.
	pipes.closeTheirs()
	p.cmd, p.stdout, p.stderr, p.lifeline = cmd, pipes.stdout[0], pipes.stderr[0], pipes.lifeline[1]
	p.work.Go(func() { relay(p.stderr, p.log, p.words) })
	p.work.Go(p.reap)
	return nil
}

func (p *process) command(program *os.File, pipes *pipes) *exec.Cmd {
	cmd := exec.Command(p.spec.Command[0], p.spec.Command[1:]...)
	cmd.Env = slices.Concat(p.spec.Env, p.handshakeEnv, []string{
		registrarrpc.LifelineEnv + "=" + strconv.Itoa(lifelineFD),
		registrarrpc.LogLevelEnv + "=" + logline.LevelOf(p.log),
	})
	cmd.Dir = p.spec.Dir
	cmd.Stdout, cmd.Stderr = pipes.stdout[1], pipes.stderr[1]
	cmd.ExtraFiles = []*os.File{pipes.lifeline[0]}

	// A group of its own, so that the plugin's children can be killed with it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}

	if a := p.spec.Account; a != nil {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(a.UID), Gid: uint32(a.GID)} // and no other groups
	}

	if p.spec.SHA256 != "" || p.spec.Foreign || p.spec.Account != nil {
		// What was checked is what runs, whatever has become of the path since, and whether
		// or not the account may enter the directories on the way.
		cmd.Path = "/proc/self/fd/" + strconv.Itoa(programFD)
		cmd.ExtraFiles = append(cmd.ExtraFiles, program)
	}

	return cmd
}

// reap waits for the end of the process and kills its children. A stray descendant may still hold
// the pipes, so reap gives them a deadline that ends their readers, too.
func (p *process) reap() {
	err := p.cmd.Wait()
	syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	if err == nil {
		err = errors.New("exit status 0")
	}
	p.exit = err
	close(p.ended)
	p.lifeline.Close()
	for _, pipe := range []*os.File{p.stdout, p.stderr} {
		pipe.SetReadDeadline(time.Now().Add(grace))
	}
}

// verdict returns how the process ended.
func (p *process) verdict() error {
	<-p.ended
	return p.exit
}

// kill ends the process and its children at once, or keeps it from being started.
func (p *process) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.killed = true
	select {
	case <-p.ended: // the process number may be another process's by now
		return
	default:
	}
	if p.cmd != nil {
		syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	}
}

// wait returns when the process is gone and everything it wrote has been read.
func (p *process) wait() {
	p.mu.Lock()
	started := p.cmd != nil
	p.mu.Unlock()
	if !started {
		return
	}
	p.work.Wait()
	p.stdout.Close()
	p.stderr.Close()
}

func (p *process) startError() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.failure
}

func (p *process) lastWords() string { return p.words.last() }

// The rest of runner.Runner.

func (p *process) Wait(context.Context) error { return p.verdict() }

func (p *process) Kill(context.Context) error {
	p.kill()
	return nil
}

// Stdout carries the handshake.
func (p *process) Stdout() io.ReadCloser { return p.stdout }

// Stderr is empty for go-plugin: relay reads the real one.
func (p *process) Stderr() io.ReadCloser { return io.NopCloser(strings.NewReader("")) }

func (p *process) Name() string { return filepath.Base(p.spec.Command[0]) }

// ID is empty before the process is started.
func (p *process) ID() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return ""
	}
	return strconv.Itoa(p.cmd.Process.Pid)
}

func (p *process) Diagnose(context.Context) string { return "" }

func (p *process) PluginToHost(network, address string) (string, string, error) {
	return network, address, nil
}

func (p *process) HostToPlugin(network, address string) (string, string, error) {
	return network, address, nil
}

// pipes are pairs of ends: [0] reads, [1] writes.
type pipes struct{ stdout, stderr, lifeline [2]*os.File }

func openPipes() (*pipes, error) {
	var p pipes
	var err error
	for _, pair := range p.all() {
		if pair[0], pair[1], err = os.Pipe(); err != nil {
			p.close()
			return nil, fmt.Errorf("open pipe: %w", err)
		}
	}
	return &p, nil
}

func (p *pipes) all() []*[2]*os.File { return []*[2]*os.File{&p.stdout, &p.stderr, &p.lifeline} }

// close ignores ends that were never opened.
func (p *pipes) close() {
	for _, pair := range p.all() {
		pair[0].Close()
		pair[1].Close()
	}
}

func (p *pipes) closeTheirs() {
	p.stdout[1].Close()
	p.stderr[1].Close()
	p.lifeline[0].Close()
}
