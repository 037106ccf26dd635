package registrartest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"registrar.panel/internal/testrun"
	"registrar.panel/shared/logline"
	"registrar.panel/shared/registrar"
	"registrar.panel/shared/registrarrpc"
)

// programEnv makes the test binary a plugin: the good one, or one that breaks the rule that
// is named.
const programEnv = "REGISTRARTEST_PROGRAM"

func TestMain(m *testing.M) {
	name, ok := os.LookupEnv(programEnv)
	if !ok {
		os.Exit(m.Run())
	}
	log := registrarrpc.Logger("good")
	p := registrar.Plugin(unhosted{newGood(log)})
	serve := func(p registrar.Plugin) {
		registrarrpc.Serve(registrarrpc.ServeOptions{Plugin: p, Logger: log})
	}
	if broken := brokenPrograms[name]; broken != nil {
		broken(p, serve)
		return
	}
	serve(p)
}

// program is a plugin's program, without the race detector: it starts some hundred times, and what
// serves it is watched by the suite of registrarrpc.
func program(t *testing.T, name string) Program {
	t.Helper()
	testrun.NeedsServers(t)
	// Under the detector a process of a test run by hand would sleep a second before it ends.
	return Program{Command: []string{testrun.Suite(t)}, Env: []string{programEnv + "=" + name, "GORACE=atexit_sleep_ms=0"}}
}

func hasCookie() bool { return os.Getenv(registrarrpc.Handshake().MagicCookieKey) != "" }

// brokenPrograms breaks each rule about processes, and no other of them.
var brokenPrograms = map[string]func(p registrar.Plugin, serve func(registrar.Plugin)){
	"process/by-hand": func(p registrar.Plugin, serve func(registrar.Plugin)) {
		if !hasCookie() {
			fmt.Fprintln(os.Stderr, "I am a plugin.")
			os.Exit(3)
		}
		serve(p)
	},
	"process/handshake": func(p registrar.Plugin, serve func(registrar.Plugin)) {
		if hasCookie() {
			fmt.Print("Welcome! ")
		}
		serve(p)
	},
	"process/version": func(p registrar.Plugin, serve func(registrar.Plugin)) {
		if os.Getenv("PLUGIN_PROTOCOL_VERSIONS") == "7777" {
			fmt.Println("1|7777|unix|/nowhere|grpc|")
			time.Sleep(testPatience())
			return
		}
		serve(p)
	},
	"process/traces": func(p registrar.Plugin, serve func(registrar.Plugin)) {
		if err := os.WriteFile("plugin.log", nil, 0o600); err != nil {
			panic(err)
		}
		serve(p)
	},
	"process/lifeline": func(p registrar.Plugin, serve func(registrar.Plugin)) {
		os.Unsetenv(registrarrpc.LifelineEnv)
		serve(p)
	},
	"process/orphan-store": func(p registrar.Plugin, serve func(registrar.Plugin)) {
		if fd, err := strconv.Atoi(os.Getenv(registrarrpc.LifelineEnv)); err == nil {
			fd, err = syscall.Dup(fd)
			if err != nil {
				panic(err)
			}
			go func() {
				_, _ = io.Copy(io.Discard, os.NewFile(uintptr(fd), "lifeline"))
				if g := p.(unhosted).Hosted.(*good); g.dir != "" {
					_ = os.WriteFile(filepath.Join(g.dir, "good.json"), []byte("{"), 0o600)
				}
				os.Exit(0)
			}()
		}
		serve(slowlyDrained{p})
	},
	"process/sigterm": func(p registrar.Plugin, serve func(registrar.Plugin)) {
		dieOf(syscall.SIGTERM)
		log := logline.New(lastWords{os.Stderr}, logline.Options{JSON: true})
		registrarrpc.Serve(registrarrpc.ServeOptions{Plugin: p, Logger: log})
	},
	"process/sigint": func(p registrar.Plugin, serve func(registrar.Plugin)) {
		dieOf(os.Interrupt)
		serve(p)
	},
	"process/shutdown": func(p registrar.Plugin, serve func(registrar.Plugin)) {
		serve(p)
		select {}
	},
}

func dieOf(s os.Signal) {
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, s)
	go func() {
		<-caught
		os.Exit(7)
	}()
}

// lastWords leaves the breach its time once the plugin is leaving. Serving exchanges os.Stderr, so
// it has the one of before.
type lastWords struct{ to io.Writer }

func (w lastWords) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte("leaving")) {
		time.Sleep(testPatience() / 4)
	}
	return w.to.Write(line)
}

// slowlyDrained leaves the breach its time.
type slowlyDrained struct{ registrar.Plugin }

func (s slowlyDrained) Start(ctx context.Context) (registrar.Registrar, error) {
	r, err := s.Plugin.Start(ctx)
	return slowly{r.(unhosted)}, err
}

type slowly struct{ unhosted }

func (s slowly) Drain(ctx context.Context) error {
	time.Sleep(testPatience() / 4)
	return s.unhosted.Drain(ctx)
}
