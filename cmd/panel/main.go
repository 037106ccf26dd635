// Command panel is a small hosting panel: it serves an API and pages, runs the
// registrars' plugins, and is the operator's command line, which is a client of that API.
//
// Results go to stdout, everything else to stderr. It exits with 0 if it has done what was asked, 1 if that
// failed, 2 if the command line or plugin.hcl is wrong, and 3 if something waits for an operator: a renewal
// pass that held domains back, for example, or --wait on a registration that only a person can move on.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"registrar.panel/cmd/panel/bundled"
	"registrar.panel/cmd/panel/command"
	"registrar.panel/host/wording"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], command.Streams{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Tongue: command.NewTongue(wording.Environment(os.Getenv))})
	stop()
	os.Exit(code)
}

// run is the program. The panel also runs itself, as a bundled plugin or the simulator.
func run(ctx context.Context, args []string, s command.Streams) int {
	if len(args) == 2 && args[0] == bundled.PluginWord {
		return bundled.Serve(args[1], s.Stderr)
	}
	if len(args) > 0 && args[0] == bundled.SimulatorWord {
		return bundled.Simulate(ctx, args[1:], s.Stdout, s.Stderr)
	}
	return execute(ctx, args, s)
}
