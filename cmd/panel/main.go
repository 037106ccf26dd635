// Command panel is a small hosting panel: it serves an API and pages, runs the registrars'
// plugins, and is the operator's command line, which is a client of that API.
//
// Results go to stdout, everything else to stderr. It exits with 0 when it has done what
// was asked, 1 when that failed, 2 when the command line or plugin.hcl is wrong, and 3
// when the result is that something waits for an operator: a renewal pass that held
// domains back, or --wait on a registration that only a person can move on.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
)

const (
	exitDone    = 0
	exitFailed  = 1
	exitUsage   = 2
	exitWaiting = 3
)

// streams is where a command reads and writes.
type streams struct {
	stdin          io.Reader
	stdout, stderr io.Writer
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr})
	stop()
	os.Exit(code)
}

// run is the program. The panel also runs itself, as a bundled plugin or the simulator.
func run(ctx context.Context, args []string, s streams) int {
	if len(args) == 2 && args[0] == wordPlugin {
		return servePlugin(args[1], s.stderr)
	}
	if len(args) > 0 && args[0] == wordSimulator {
		return simulate(ctx, args[1:], s.stdout, s.stderr)
	}
	return command(ctx, args, s)
}
