package registrartest

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"

	"registrar.panel/shared/registrarrpc"
)

var processChecks = []check{
	{Rule{ID: "process/by-hand", Level: Must, Needs: []Need{NeedProgram},
		Demand: "Started without the handshake's cookie the program says on stderr what it is, writes nothing to stdout and exits with 1.", Place: "plugin-protocol: start",
		Remedy: "Call registrarrpc.Serve, or compare REGISTRAR_PANEL_PLUGIN, before anything else."}, refusesHand},
	{Rule{ID: "process/handshake", Level: Must, Needs: []Need{NeedProgram},
		Demand: "The handshake line is the first and the only thing on stdout.", Place: "plugin-protocol: handshake",
		Remedy: "Print and log to stderr; send no banner. A library that prints must be told not to."}, shakesHands},
	{Rule{ID: "process/version", Level: Must, Needs: []Need{NeedProgram},
		Demand: "A host that speaks other protocol versions only is not answered as if it spoke ours.", Place: "plugin-protocol: versions",
		Remedy: "Print the version that is spoken, which is one of PLUGIN_PROTOCOL_VERSIONS if it can be."}, tellsVersion},
	{Rule{ID: "process/traces", Level: Must, Needs: []Need{NeedProgram},
		Demand: "Before Start the process leaves no file in its working directory or TMPDIR beside its socket.", Place: "plugin-protocol: start; Plugin.Start",
		Remedy: "Open files in Start, in DataDir only."}, leavesNoTrace},
	{Rule{ID: "process/lifeline", Level: Must, Needs: []Need{NeedProgram},
		Demand: "The process exits by itself, with 0, when its host is gone: at the end of file on the lifeline.", Place: "plugin-protocol: lifeline",
		Remedy: "Read the descriptor REGISTRAR_LIFELINE_FD in a thread of its own; at its end drain and exit."}, diesWithHost},
	{Rule{ID: "process/orphan-store", Level: Must, Needs: []Need{NeedProgram, NeedSettings},
		Demand: "A process at work whose host is gone drains before it exits: its successor can Start and knows its operations.", Place: "plugin-protocol: lifeline",
		Remedy: "Drain before exit, and don't die of a write to a broken stderr: ignore SIGPIPE."}, drainsOrphaned},
	{Rule{ID: "process/sigterm", Level: Must, Needs: []Need{NeedProgram},
		Demand: "SIGTERM drains and exits with 0.", Place: "plugin-protocol: signals",
		Remedy: "Treat SIGTERM as the end of the lifeline."}, endsOnTerm},
	{Rule{ID: "process/sigint", Level: Must, Needs: []Need{NeedProgram},
		Demand: "SIGINT is ignored: it reaches the whole terminal, and is the host's affair.", Place: "plugin-protocol: signals",
		Remedy: "Ignore SIGINT."}, ignoresInterrupt},
	{Rule{ID: "process/shutdown", Level: Must, Needs: []Need{NeedProgram},
		Demand: "After plugin.GRPCController/Shutdown the process exits by itself.", Place: "plugin-protocol: shutdown",
		Remedy: "Serve GRPCController; a process that goes on is killed."}, shutsDown},
}

// spawn starts a process without speaking to it.
func spawn(e *exam, handshake ...string) (*process, error) {
	program, ok := e.subject.Open.(Program)
	if !ok {
		return nil, errors.New("it is no program")
	}
	dir, err := os.MkdirTemp(e.dir, "run-")
	if err != nil {
		return nil, err
	}
	p := &process{program: program, dir: dir, handshake: handshake, ended: make(chan struct{})}
	if err := p.start(); err != nil {
		return nil, err
	}
	go func() { _, _ = io.Copy(&p.stdout, p.out) }() // ends with the pipe
	return p, nil
}

// cookie returns the environment by which a plugin recognises that a host has started it.
func cookie(versions string) []string {
	h := registrarrpc.Handshake()
	return []string{h.MagicCookieKey + "=" + h.MagicCookieValue, "PLUGIN_PROTOCOL_VERSIONS=" + versions}
}

// greeted returns a process that has printed a line, and the line.
func greeted(e *exam, versions string) (*process, string, error) {
	p, err := spawn(e, cookie(versions)...)
	if err != nil {
		return nil, "", err
	}

	err = e.soon("the handshake", func() (bool, error) {
		select {
		case <-p.ended:
			return true, fmt.Errorf("the process ended without a handshake: %v; stderr: %s", p.exit, lastLine(p.stderr.String()))
		default:
			return strings.Contains(p.stdout.String(), "\n"), nil
		}
	})
	if err != nil {
		p.kill()
		return nil, "", err
	}

	line, _, _ := strings.Cut(p.stdout.String(), "\n")
	return p, line, nil
}

// speaking is our protocol version, as in the handshake.
var speaking = fmt.Sprint(registrarrpc.ProtocolVersion)

// handshakeLine is core version, protocol version, network, address, protocol, and optionally a certificate
// and whether streams can share one connection.
var handshakeLine = regexp.MustCompile(`^1\|(\d+)\|(unix|tcp)\|[^|]+\|grpc(\|[A-Za-z0-9+/]*(\|(true|false))?)?$`)

func refusesHand(e *exam) error {
	p, err := spawn(e)
	if err != nil {
		return err
	}
	defer p.kill()

	if !p.over(e.subject.Patience) {
		e.broken("started by hand it goes on")
		return nil
	}

	if code := p.cmd.ProcessState.ExitCode(); code != 1 {
		e.broken("started by hand it exits with %d", code)
	}
	if text := p.stdout.String(); text != "" {
		e.broken("started by hand it writes %q to stdout", text)
	}
	if strings.TrimSpace(p.stderr.String()) == "" {
		e.broken("started by hand it says nothing on stderr")
	}

	return nil
}

func shakesHands(e *exam) error {
	p, line, err := greeted(e, speaking)
	if err != nil {
		e.broken("%s", err)
		return nil
	}
	defer p.kill()
	if !handshakeLine.MatchString(line) {
		e.broken("the first line on stdout is %q", line)
	}

	// A plugin may print as it starts, or as it ends: once it is gone, all of it has been read.
	p.lifeline.Close()
	p.over(e.subject.Patience)
	if _, more, _ := strings.Cut(p.stdout.String(), "\n"); more != "" {
		e.broken("after the handshake stdout holds %q", more)
	}
	return nil
}

func tellsVersion(e *exam) error {
	p, line, err := greeted(e, "7777")
	if err != nil {
		return nil // it refused
	}
	defer p.kill()
	if m := handshakeLine.FindStringSubmatch(line); m != nil && m[1] == "7777" {
		e.broken("asked for version 7777 only, it claims to speak it")
	}
	return nil
}

func leavesNoTrace(e *exam) error {
	p, _, err := greeted(e, speaking)
	if err != nil {
		return err
	}
	defer p.kill()
	return filepath.Walk(p.dir, func(path string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() && info.Mode()&os.ModeSocket == 0 {
			e.broken("before Start there is the file %s", filepath.Base(path))
		}
		return err
	})
}

// mustEnd demands that a process ends after it was told to.
func mustEnd(e *exam, p *process, why string) {
	if !p.over(e.subject.Patience) {
		e.broken("%s it goes on", why)
	} else if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		e.broken("%s it ends with %s", why, p.cmd.ProcessState)
	}
}

func diesWithHost(e *exam) error {
	p, _, err := greeted(e, speaking)
	if err != nil {
		return err
	}
	defer p.kill()
	p.lifeline.Close()
	mustEnd(e, p, "without its host")
	return nil
}

func drainsOrphaned(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}

	o, op, err := e.submitted(l)
	if err != nil {
		return err
	}

	if l.orphan == nil {
		return errors.New("it is no program")
	}

	// From here on the exam has nothing left to drain at its end.
	l.over = true
	if !l.orphan(e.subject.Patience) {
		return errors.New("without its host it goes on")
	}

	next, err := e.begin(false)
	if err != nil {
		e.broken("its successor can't begin: %s", err)
		return nil
	}

	again, err := next.Submit(e.ctx, o)
	e.isSame("after the host has died", again, op, err)
	return nil
}

func endsOnTerm(e *exam) error {
	p, _, err := greeted(e, speaking)
	if err != nil {
		return err
	}
	defer p.kill()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	mustEnd(e, p, "after SIGTERM")
	return nil
}

func ignoresInterrupt(e *exam) error {
	p, _, err := greeted(e, speaking)
	if err != nil {
		return err
	}
	defer p.kill()
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	if p.over(e.subject.Patience / 20) { // a good plugin is waited for in vain
		e.broken("SIGINT ends it")
	}
	return nil
}

func shutsDown(e *exam) error {
	l, err := e.open()
	if err != nil {
		return err
	}
	if _, err := l.Describe(e.ctx); err != nil {
		return err
	}
	l.Close()
	l.over = true
	if l.killed() {
		e.broken("told to shut down, it goes on until it is killed")
	}
	return nil
}
