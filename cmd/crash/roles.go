//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"registrar.panel/host"
	"registrar.panel/host/supervisor"
	"registrar.panel/internal/r01sim"
	"registrar.panel/internal/sqldb"
	"registrar.panel/plugin/r01"
	"registrar.panel/shared/logline"
	"registrar.panel/shared/registrarrpc"
)

// role is what the program does as one of the three processes.
type role func(ctx context.Context, args []string, stdout, stderr io.Writer) int

const (
	rolePanel     = "panel"
	rolePlugin    = "plugin"
	roleSimulator = "r01sim"
)

func roles() map[string]role {
	return map[string]role{rolePanel: servePanel, rolePlugin: servePlugin, roleSimulator: simulate}
}

// programVariable names another program that plays the roles instead of this one.
const programVariable = "CRASH_PROGRAM"

// program returns the program that plays the roles.
func program() (string, error) {
	if other := os.Getenv(programVariable); other != "" {
		return other, nil
	}
	return os.Executable()
}

// slowness is how many times longer than usual everything takes on this machine.
// Panel and plugin get it as an argument, and lengthen their short times by it.
type slowness float64

func (s slowness) String() string { return strconv.FormatFloat(float64(s), 'f', 1, 64) }

func parseSlowness(text string) (slowness, error) {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || f < 1 {
		return 0, fmt.Errorf("%q is no factor", text)
	}
	return slowness(f), nil
}

func (s slowness) scale(d time.Duration) time.Duration { return time.Duration(float64(d) * float64(s)) }

// timing restarts a plugin at once and without limit. It soon gives up a
// plugin that hangs, but not one that a slow machine keeps from answering.
func (s slowness) timing() supervisor.Timing {
	return supervisor.Timing{
		Start: s.scale(10 * time.Second), Setup: s.scale(time.Minute),
		BackoffMin: 10 * time.Millisecond, BackoffMax: 100 * time.Millisecond, Healthy: 100 * time.Millisecond,
		Crashes: 1 << 30, Interval: 400 * time.Millisecond, Answer: s.scale(400 * time.Millisecond), Misses: 3,
	}
}

// lease returns the usual timing, up to ten times as fast.
func (s slowness) lease() sqldb.LeaseTiming {
	t := sqldb.DefaultLeaseTiming()
	fast := func(d time.Duration) time.Duration { return min(s.scale(d/10), d) }
	return sqldb.LeaseTiming{TTL: fast(t.TTL), RenewEvery: fast(t.RenewEvery), SafeFor: fast(t.SafeFor)}
}

func servePanel(ctx context.Context, args []string, _, stderr io.Writer) int {
	if len(args) != 2 {
		fmt.Fprintln(stderr, "crash: panel CONFIG SLOWNESS")
		return exitFault
	}

	self, err := os.Executable()
	slow, wrong := parseSlowness(args[1])
	if err = errors.Join(err, wrong); err != nil {
		fmt.Fprintln(stderr, "crash: panel:", err)
		return exitFault
	}

	log := logline.New(stderr, logline.Options{Name: "panel"})
	// The plugin is this program in another role, so that a campaign needs only one build.
	h, err := host.Open(ctx, host.Options{ConfigPath: args[0], Bundled: map[string][]string{"r01": {self, rolePlugin, slow.String()}},
		Logger: log, Now: time.Now, Timing: slow.timing()})
	if err == nil {
		err = h.Run(ctx)
	}

	if err != nil {
		fmt.Fprintln(stderr, "crash: panel:", err)
		return exitBroken
	}

	return exitDone
}

func servePlugin(_ context.Context, args []string, _, stderr io.Writer) int {
	if len(args) != 1 {
		fmt.Fprintln(stderr, "crash: plugin SLOWNESS")
		return exitFault
	}
	slow, err := parseSlowness(args[0])
	if err != nil {
		fmt.Fprintln(stderr, "crash: plugin:", err)
		return exitFault
	}
	log := registrarrpc.Logger("r01")
	registrarrpc.Serve(registrarrpc.ServeOptions{Plugin: r01.NewTimed(log, r01.LeaseTiming(slow.lease())), Logger: log})
	return exitDone
}

func simulate(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return r01sim.Command(ctx, args, os.Getenv, stdout, stderr)
}
