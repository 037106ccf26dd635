package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/hashicorp/go-hclog"

	"registrar.panel/host"
	"registrar.panel/host/supervisor"
	"registrar.panel/internal/r01sim"
	"registrar.panel/internal/sqldb"
	"registrar.panel/plugin/r01"
	"registrar.panel/shared/registrarrpc"
)

// role is what the program does when it is run as one of the three processes.
type role func(ctx context.Context, args []string, stdout, stderr io.Writer) int

const (
	rolePanel     = "panel"
	rolePlugin    = "plugin"
	roleSimulator = "r01sim"
)

func roles() map[string]role {
	return map[string]role{rolePanel: servePanel, rolePlugin: servePlugin, roleSimulator: simulate}
}

// hurried restarts a plugin at once and for ever, and soon gives up one that hangs.
func hurried() supervisor.Timing {
	return supervisor.Timing{
		BackoffMin: 10 * time.Millisecond, BackoffMax: 100 * time.Millisecond, Healthy: 100 * time.Millisecond,
		Crashes: 1 << 30, Interval: 400 * time.Millisecond, Answer: 400 * time.Millisecond, Misses: 3,
	}
}

// hurriedLease is the usual one, ten times as fast.
func hurriedLease() sqldb.LeaseTiming {
	t := sqldb.UsualLease()
	return sqldb.LeaseTiming{For: t.For / 10, Beat: t.Beat / 10, Sure: t.Sure / 10}
}

func servePanel(ctx context.Context, args []string, _, stderr io.Writer) int {
	self, err := os.Executable()
	if err != nil || len(args) != 1 {
		fmt.Fprintln(stderr, "crash: panel CONFIG:", err)
		return exitFault
	}
	log := hclog.New(&hclog.LoggerOptions{Name: "panel", Output: stderr, Level: hclog.Info})
	h, err := host.Open(ctx, host.Options{ConfigPath: args[0], Bundled: map[string][]string{"r01": {self, rolePlugin}},
		Logger: log, Now: time.Now, Timing: hurried()})
	if err == nil {
		err = h.Run(ctx)
	}
	if err != nil {
		fmt.Fprintln(stderr, "crash: panel:", err)
		return exitBroken
	}
	return exitDone
}

func servePlugin(context.Context, []string, io.Writer, io.Writer) int {
	log := registrarrpc.Logger("r01")
	registrarrpc.Serve(registrarrpc.ServeOptions{Plugin: r01.NewTimed(log, hurriedLease()), Logger: log})
	return exitDone
}

func simulate(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return r01sim.Command(ctx, args, os.Getenv, stdout, stderr)
}
