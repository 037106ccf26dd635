// Package demo plays the main job of the panel with everything embedded, and prints what happens.
package demo

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"registrar.panel/cmd/panel/bundled"
	"registrar.panel/cmd/panel/command"
	"registrar.panel/host"
	"registrar.panel/host/access"
	"registrar.panel/host/web/api"
	"registrar.panel/shared/logline"
	"registrar.panel/shared/secret"
)

// demoLimit ends a demo that hangs.
const demoLimit = 55 * time.Second

// Run shows the main job with everything embedded: the simulator and the plugin are real
// processes, and speak real SMTP, IMAP and gRPC. With stay the console stays open afterwards,
// with the demo's data, until ctx ends. The story is told in the language of the tongue.
func Run(ctx context.Context, out io.Writer, tongue *command.Tongue, stay bool) (err error) {
	telling, cancel := context.WithTimeout(ctx, demoLimit)
	defer cancel()
	// The story has a time limit; a console that stays open has none.
	if !stay {
		ctx = telling
	}

	dir, err := os.MkdirTemp("", "panel-demo-")
	if err != nil {
		return fmt.Errorf("make a directory for the demo: %w", err)
	}
	// Deferred before simulator and panel start, so that both have ended when their files are removed.
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	show := &narrator{out: tongue.To(out), tongue: tongue, start: time.Now()}
	show.title("A simulated R01 starts, and a panel loads the R01 plugin as a process of its own")

	sim, err := startSimulator(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sim.stop()) }()
	show.sim = sim
	config := filepath.Join(dir, "plugin.hcl")

	token, err := access.NewToken(rand.Reader)
	if err != nil {
		return err
	}

	for file, text := range map[string]string{config: demoConfig(sim.addresses), filepath.Join(dir, "password"): demoPassword, filepath.Join(dir, "token"): token} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			return fmt.Errorf("write the demo's configuration: %w", err)
		}
	}

	show.say("", "R01's robot takes mail at %s; its answers lie in an IMAP mailbox at %s", sim.addresses["smtp"], sim.addresses["imap"])
	return withPanel(ctx, config, secret.New(token), func(ctx context.Context, c *api.Client) error {
		show.panel = c
		if err := show.tell(telling); err != nil || !stay {
			return err
		}
		if err := show.open(ctx, c); err != nil {
			return err
		}
		<-ctx.Done()
		return nil
	})
}

// open adds a member of the staff, and prints where the console is.
func (s *narrator) open(ctx context.Context, c *api.Client) error {
	member := api.NewMember{Name: "demo", Password: rand.Text(), Rights: []string{}}
	for _, right := range access.Rights() {
		member.Rights = append(member.Rights, string(right))
	}
	if _, err := api.Post[api.Member](ctx, c, api.Path("staff"), member); err != nil {
		return fmt.Errorf("open the console: %w", err)
	}

	s.title("The console is open, until you press Ctrl-C")
	s.say("", "address: %s", c.Server())
	s.say("", "name: %s", member.Name)
	s.say("", "password: %s", member.Password)
	return nil
}

const demoPassword = "demo-mail-password"

func demoConfig(at map[string]string) string {
	return fmt.Sprintf(`panel {
  data   = "data"
  listen = "127.0.0.1:0"
  token  = secret("file", "token")
}
registrar "r01" {
  tlds = ["ru", "su", "xn--p1ai"]
  config {
    agreement = "RP/01/00"
    password  = secret("file", "password")
    gateway   = "robot@registrar.example"
    callback  = "callback@panel.example"
    handles {
      prefix  = "MYCOMPANY"
      counter = 1
    }
    renewal {
      mode = "auto"
    }
    smtp {
      address = %q
      tls     = "none"
    }
    imap {
      address  = %q
      tls      = "none"
      username = "callback"
      password = secret("file", "password")
    }
    registry {
      whois = %q
      check = "2s"
    }
  }
}
`, at["smtp"], at["imap"], at["whois"])
}

// simulator is r01sim as a child process.
type simulator struct {
	cmd       *exec.Cmd
	addresses map[string]string
	rest      sync.WaitGroup // drains its further output
}

func startSimulator(ctx context.Context) (*simulator, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find the panel's program: %w", err)
	}

	cmd := exec.CommandContext(ctx, self, bundled.SimulatorWord, "--calm", "--smtp", "127.0.0.1:0", "--imap", "127.0.0.1:0", "--whois", "127.0.0.1:0", "--admin", "127.0.0.1:0")
	cmd.Env = append(os.Environ(), "R01_MAIL_PASSWORD="+demoPassword, "R01_IMAP_PASSWORD="+demoPassword)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second

	lines, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start the simulator: %w", err)
	}

	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the simulator: %w", err)
	}

	s := &simulator{cmd: cmd, addresses: map[string]string{}}
	scanner := bufio.NewScanner(lines)
	ready := false
	for !ready && scanner.Scan() {
		words := strings.Fields(strings.TrimPrefix(scanner.Text(), "r01sim: "))
		switch {
		case len(words) == 2:
			s.addresses[words[0]] = words[1]
		case len(words) == 1:
			ready = words[0] == "ready"
		}
	}

	// If the pipe were full and not read, the simulator would stop.
	s.rest.Go(func() { io.Copy(io.Discard, lines) })
	if !ready {
		return nil, errors.Join(errors.New("the simulator did not start"), s.stop())
	}

	return s, nil
}

func (s *simulator) stop() error {
	if err := s.cmd.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop the simulator: %w", err)
	}
	s.rest.Wait()
	s.cmd.Wait() // it was interrupted, which is no fault
	return nil
}

// withPanel runs a panel in this process for as long as use takes.
func withPanel(ctx context.Context, config string, token secret.String, use func(context.Context, *api.Client) error) error {
	commands, err := bundled.Commands()
	if err != nil {
		return err
	}

	quiet := logline.New(os.Stderr, logline.Options{Name: "panel", Level: slog.LevelError})
	h, err := host.Open(ctx, host.Options{ConfigPath: config, Bundled: commands, Logger: quiet, Now: time.Now})
	if err != nil {
		return err
	}

	c, err := api.NewClient(h.URL(), token)
	if err != nil {
		return errors.Join(err, h.Close())
	}

	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- h.Run(running) }() // ends with running, and is waited for below
	// The wait below lets the panel drain its plugins, whose files are in the demo's directory.
	err = use(ctx, c)
	stop()

	return errors.Join(err, <-ended)
}
