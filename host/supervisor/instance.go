package supervisor

import (
	"context"
	"errors"
	"fmt"
	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"registrar.panel/shared/logline"
	"registrar.panel/shared/registrar"
	"registrar.panel/shared/registrarrpc"
)

// instance is one process of a plugin, connected.
type instance struct {
	spec    Spec
	runDir  string // of this instance, within that of the spec
	timing  Timing
	client  *goplugin.Client
	process *process
	plugin  registrar.Hosted
}

// Visit starts a plugin, gives it its settings, lets f use it and stops it again. The plugin is
// never told to begin its work.
func Visit(ctx context.Context, spec Spec, t Timing, log *slog.Logger, f func(ctx context.Context, p registrar.Hosted) error) error {
	if spec.Fault != nil {
		return spec.Fault
	}
	i, _, err := ready(ctx, spec, 0, t.filled(), log.With(logline.Module, spec.Name))
	if err != nil {
		return err
	}
	defer i.stop()
	return f(ctx, i.plugin)
}

// ready starts a process and gives it its settings; its work then only has to be begun.
func ready(ctx context.Context, spec Spec, slot uint32, t Timing, log *slog.Logger) (*instance, registrar.Description, error) {
	i, err := launch(ctx, spec, slot, t, log)
	if err != nil {
		return nil, registrar.Description{}, fmt.Errorf("launch plugin %s: %w", spec.Name, err)
	}
	d, err := i.describe(ctx)
	if err == nil {
		err = i.configure(ctx, d)
	}

	// No life of the plugin has begun yet that would stop the instance.
	if err != nil {
		i.stop()
		return nil, d, err
	}
	return i, d, nil
}

func launch(ctx context.Context, spec Spec, slot uint32, t Timing, log *slog.Logger) (*instance, error) {
	// Two digits: a socket's path has no room for more. Processes that are at work at the same time have different ones.
	runDir := filepath.Join(spec.RunDir, strconv.Itoa(int(slot%100)))
	if err := makeDirs(spec, runDir); err != nil {
		return nil, err
	}

	if spec.NoTLSReason != "" {
		log.Warn("plugin without TLS", "reason", spec.NoTLSReason)
	}

	p := newProcess(spec, log)
	i := &instance{spec: spec, runDir: runDir, timing: t, process: p, client: goplugin.NewClient(clientConfig(p, runDir, t, log))}
	// Dispense waits for the handshake and knows no context: it returns early because the process is gone.
	stopStarting := context.AfterFunc(ctx, p.kill)
	dispensed, err := registrarrpc.Dispense(i.client)
	stopStarting()
	if err != nil {
		i.stop()
		return nil, i.explain(err)
	}

	i.plugin = dispensed
	return i, nil
}

func clientConfig(p *process, runDir string, t Timing, log *slog.Logger) *goplugin.ClientConfig {
	// SkipHostEnv, or the plugin would inherit the panel's environment, secrets and all. The runner takes only the
	// variables from go-plugin's command: the specification says which program is run, and how.
	return &goplugin.ClientConfig{
		HandshakeConfig:  registrarrpc.Handshake(),
		VersionedPlugins: registrarrpc.ClientSet(),
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
		GRPCDialOptions:  registrarrpc.DialOptions(),
		AutoMTLS:         p.spec.NoTLSReason == "",
		SkipHostEnv:      true,
		StartTimeout:     t.Start,
		Logger:           hclog.NewNullLogger(), // important messages are returned as errors
		SyncStdout:       newNoise(log),
		SyncStderr:       newNoise(log),
		UnixSocketConfig: &goplugin.UnixSocketConfig{TempDir: runDir},
		RunnerFunc: func(_ hclog.Logger, cmd *exec.Cmd, sockets string) (runner.Runner, error) {
			p.handshakeEnv = cmd.Env
			return p, handTo(p.spec.Account, sockets)
		},
	}
}

// socketName is the longest text that go-plugin appends to the directory, and socketPath the longest path of a socket.
const (
	socketName = len("/00/plugin-dir0000000000/plugin0000000000")
	socketPath = 107
)

// FitsSockets reports whether a RunDir is short enough.
func FitsSockets(dir string) bool { return len(dir)+socketName <= socketPath }

// makeDirs makes an instance's directory and removes what a killed process left there. A
// predecessor that is still at work has another directory.
func makeDirs(spec Spec, runDir string) error {
	if !FitsSockets(spec.RunDir) {
		return permanentError{fmt.Errorf("the directory for sockets %s has a path of more than %d bytes", spec.RunDir, socketPath-socketName)}
	}
	if err := os.RemoveAll(runDir); err != nil {
		return fmt.Errorf("clear run directory: %w", err)
	}
	if err := os.MkdirAll(runDir, 0o700); err != nil {
		return fmt.Errorf("make run directory: %w", err)
	}
	return errors.Join(handTo(spec.Account, spec.RunDir), handTo(spec.Account, runDir))
}

// handTo gives a directory, closed to all others, to the account that uses it.
func handTo(a *Account, dir string) error {
	if a == nil {
		return nil
	}
	if err := os.Lchown(dir, a.UID, a.GID); err != nil {
		return fmt.Errorf("give %s to user %s: %w", dir, a.Name, err)
	}
	return nil
}

// explain adds the plugin's last words to a failed handshake. The plugin has not seen any secret by then.
func (i *instance) explain(err error) error {
	if cause := i.process.startError(); cause != nil {
		return cause // go-plugin drops its type
	}

	var other *registrarrpc.VersionError
	if errors.As(err, &other) {
		return permanentError{err}
	}

	text, _, _ := strings.Cut(err.Error(), "\n")
	if strings.Contains(text, "Unrecognized remote plugin message") {
		text += " (a plugin prints nothing before the handshake; is this program a registrar plugin?)"
	}

	if words := i.process.lastWords(); words != "" {
		text += "; its last words: " + words
	}

	err = errors.New(text)

	// go-plugin reports what the machine lacks as text only; as an error it is retried.
	for _, want := range wants {
		if strings.Contains(text, want.Error()) {
			return fmt.Errorf("%s (%w)", text, want)
		}
	}

	if strings.Contains(text, "incompatible") { // go-plugin has no type for it
		return permanentError{err}
	}

	return err
}

func (i *instance) describe(ctx context.Context) (registrar.Description, error) {
	ctx, cancel := context.WithTimeout(ctx, i.timing.Setup)
	defer cancel()
	d, err := i.plugin.Describe(ctx)
	if err != nil {
		return d, fmt.Errorf("describe plugin %s: %w", i.spec.Name, err)
	}
	if d.Name != i.spec.plugin() {
		return d, permanentError{fmt.Errorf("describe plugin %s: it calls itself %q, and is to be %q", i.spec.Name, d.Name, i.spec.plugin())}
	}
	return d, nil
}

func (i *instance) configure(ctx context.Context, d registrar.Description) error {
	ctx, cancel := context.WithTimeout(ctx, i.timing.Setup)
	defer cancel()
	err := i.spec.Configure(ctx, i.plugin, d)
	var code registrar.Code
	// An error without a code is about the settings; see Spec. One that comes with the time limit says nothing about them.
	if err != nil && ctx.Err() == nil && !errors.As(err, &code) {
		return permanentError{err}
	}
	return err
}

// stop ends the process within a time limit: politely first, then by force. It returns when the
// process and its children are gone.
func (i *instance) stop() {
	force := time.AfterFunc(i.timing.Kill, i.process.kill)
	defer force.Stop()
	// It asks the process to end and waits for that; force cuts the waiting short.
	i.client.Kill()
	i.process.kill()
	i.process.wait()
	os.RemoveAll(i.runDir)
	os.Remove(i.spec.RunDir) // unless another process has its sockets there
}
