// Command r01sim runs the simulator of R01's mail robot until it is interrupted. See internal/r01sim/README.md.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"registrar.panel/internal/r01sim"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := r01sim.Command(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
