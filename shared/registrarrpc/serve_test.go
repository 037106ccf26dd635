package registrarrpc

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"

	"registrar.panel/internal/testrun"
	"registrar.panel/shared/registrar"
)

// drainedEnv names the file that the plugin of this test writes when it is drained. With
// it set, the test binary is that plugin.
const drainedEnv = "REGISTRARRPC_TEST_DRAINED"

// startedSuffix makes the name of the file that says that a call of Start is under way.
const startedSuffix = ".started"

func TestMain(m *testing.M) {
	if file := os.Getenv(drainedEnv); file != "" {
		servePlugin(file)
		return
	}
	if age := os.Getenv(ageEnv); age != "" {
		serveAged(age)
		return
	}
	os.Exit(m.Run())
}

func servePlugin(file string) {
	log := Logger("test")
	serviceOf(&fake{
		describe: func(context.Context) (registrar.Description, error) {
			return registrar.Description{Name: "test"}, nil
		},
		start: func(ctx context.Context) error {
			if err := os.WriteFile(file+startedSuffix, nil, 0o600); err != nil {
				return err
			}
			<-ctx.Done()
			return ctx.Err()
		},
		drain: func(context.Context) error {
			log.Debug("draining")
			for range 100 { // more than enough to die of, were a broken stderr deadly
				log.Info("draining")
			}
			return os.WriteFile(file, []byte("drained"), 0o600)
		},
	}, log).serve()
}

// child is the test binary about to run as a plugin.
type child struct {
	*exec.Cmd
	drained  string   // path of the file
	lifeline *os.File // the host's end
}

func newChild(t *testing.T, env ...string) child {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = read.Close(), write.Close() })
	c := child{exec.Command(self), filepath.Join(t.TempDir(), "drained"), write}
	c.ExtraFiles = []*os.File{read}
	c.Env = append([]string{drainedEnv + "=" + c.drained, LifelineEnv + "=3"}, env...)
	return c
}

func (c child) isDrained() bool {
	text, err := os.ReadFile(c.drained)
	return err == nil && string(text) == "drained"
}

// hosted starts a child as a host does.
func hosted(t *testing.T, c child) (*plugin.Client, registrar.Hosted) {
	t.Helper()
	client := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig:  Handshake(),
		VersionedPlugins: ClientSet(),
		GRPCDialOptions:  DialOptions(),
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		AutoMTLS:         true,
		SkipHostEnv:      true,
		Cmd:              c.Cmd,
		Logger:           hclog.NewNullLogger(),
	})
	t.Cleanup(client.Kill)
	p, err := Dispense(client)
	if err != nil {
		t.Fatal(err)
	}
	return client, p
}

func until(t *testing.T, what string, condition func() bool) {
	t.Helper()
	testrun.Until(t, what, func() (bool, string) { return condition(), "it does not hold" })
}

func TestAPluginEndsWithItsHost(t *testing.T) {
	t.Parallel()

	c := newChild(t)
	client, p := hosted(t, c)
	if d, err := p.Describe(t.Context()); err != nil || d.Name != "test" {
		t.Fatalf("Describe: %v, %v", d, err)
	}

	for _, s := range []os.Signal{os.Interrupt, syscall.SIGHUP} { // the host's affair
		if err := c.Process.Signal(s); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Describe(t.Context()); err != nil || client.Exited() {
			t.Fatal(s, "ends the plugin:", err)
		}
	}

	if err := c.lifeline.Close(); err != nil {
		t.Fatal(err)
	}

	until(t, "the plugin exits", client.Exited)
	if !c.isDrained() {
		t.Error("the plugin has not drained")
	}
	if _, err := p.Describe(t.Context()); !errors.Is(err, registrar.Unavailable) || err.Error() != "the plugin process has ended" {
		t.Errorf("a call to a plugin that is gone: %v", err)
	}
}

func TestADrainedPluginWaitsForItsHost(t *testing.T) {
	t.Parallel()
	c := newChild(t)
	client, p := hosted(t, c)
	if err := p.Drain(t.Context()); err != nil || !c.isDrained() {
		t.Fatalf("drained = %v: %v", c.isDrained(), err)
	}
	if _, err := p.Describe(t.Context()); err != nil || client.Exited() {
		t.Errorf("a drained process is gone: %v", err)
	}
	client.Kill()
	if !client.Exited() || c.ProcessState.ExitCode() != 0 {
		t.Errorf("the plugin's end: %v", c.ProcessState)
	}
}

func TestAPluginThatIsKilledDuringACall(t *testing.T) {
	t.Parallel()
	c := newChild(t)
	_, p := hosted(t, c)
	ended := make(chan error, 1)
	go func() { ended <- p.Start(t.Context()) }()
	until(t, "the call is under way", func() bool {
		_, err := os.Stat(c.drained + startedSuffix)
		return err == nil
	})
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, registrar.Unavailable) || err.Error() != "the plugin process has ended" {
		t.Errorf("the call ends with %v", err)
	}
}

// started runs a child without go-plugin on the host's side, up to the end of the
// handshake.
func started(t *testing.T, c child) (stdout, stderr *os.File) {
	t.Helper()

	cookie := Handshake()
	c.Env = append(c.Env, cookie.MagicCookieKey+"="+cookie.MagicCookieValue, "PLUGIN_PROTOCOL_VERSIONS=1")

	pipe := func(to *io.Writer) *os.File {
		read, write, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _, _ = read.Close(), write.Close() })
		*to = write
		return read
	}

	stdout, stderr = pipe(&c.Stdout), pipe(&c.Stderr)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}

	t.Cleanup(func() { _ = c.Process.Kill() })
	for _, end := range []any{c.Stdout, c.Stderr} {
		_ = end.(*os.File).Close()
	}

	line := make([]byte, 1)
	for line[0] != '\n' {
		if _, err := stdout.Read(line); err != nil {
			t.Fatal("no handshake: ", err)
		}
	}

	return stdout, stderr
}

// A host that dies takes the reader of stderr with it. The plugin logs, and drains all the
// same.
func TestAPluginDrainsWithoutAReaderOfItsLog(t *testing.T) {
	t.Parallel()
	c := newChild(t)
	stdout, stderr := started(t, c)
	_ = stderr.Close()
	_ = c.lifeline.Close()
	if err := c.Wait(); err != nil || !c.isDrained() {
		t.Errorf("drained = %v: %v", c.isDrained(), err)
	}
	if more, err := io.ReadAll(stdout); err != nil || len(more) > 0 {
		t.Errorf("after the handshake stdout has %q, %v", more, err)
	}
}

func TestSIGTERMDrains(t *testing.T) {
	t.Parallel()

	c := newChild(t, LogLevelEnv+"=debug")
	_, stderr := started(t, c)
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}

	log, err := io.ReadAll(stderr)
	if err != nil {
		t.Fatal(err)
	}

	if err := c.Wait(); err != nil || !c.isDrained() {
		t.Errorf("drained = %v: %v", c.isDrained(), err)
	}

	for _, want := range []string{`"@level":"info","@message":"plugin leaving"`, `"reason":"terminated"`, `"@level":"debug","@message":"draining"`} {
		if !bytes.Contains(log, []byte(want)) {
			t.Errorf("the log lacks %s:\n%s", want, log)
		}
	}
}

func TestLifeline(t *testing.T) {
	t.Parallel()

	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	fd, err := syscall.Dup(int(read.Fd())) // inherited: open across exec
	if err != nil {
		t.Fatal(err)
	}

	gone, err := lifeline(strconv.Itoa(fd))
	if err != nil {
		t.Fatal(err)
	}

	flags, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_GETFD, 0)
	if errno != 0 || flags&syscall.FD_CLOEXEC == 0 {
		t.Errorf("a child of the plugin inherits the lifeline: flags %#x, %v", flags, errno)
	}

	select {
	case <-gone:
		t.Error("gone while the host is there")
	default:
	}

	_ = write.Close()
	<-gone
}

func TestAPluginThatIsNotStartedByAHost(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		env  string
		want string
	}{
		"by hand":               {LifelineEnv + "=", "This binary is a plugin"},
		"lifeline is no number": {LifelineEnv + "=three", "want the number of an inherited descriptor"},
		"lifeline is stderr":    {LifelineEnv + "=2", "want the number of an inherited descriptor"},
		"lifeline is closed":    {LifelineEnv + "=99", "bad file descriptor"},
	} {
		child := newChild(t, c.env)
		out, err := child.CombinedOutput()
		if err == nil || child.ProcessState.ExitCode() != 1 || !strings.Contains(string(out), c.want) {
			t.Errorf("%s: %v, exit code %d, want 1 and %q:\n%s", name, err, child.ProcessState.ExitCode(), c.want, out)
		}
	}
}
