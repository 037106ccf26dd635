//go:build linux

// Command crash tries to make a panel lose an order, or pay for one twice.
//
// It runs rounds, some at the same time. A round is a world of its own: a panel, its plugin
// and the simulated R01 as real processes, a stream of orders, and between plugin and R01 a
// wire that knows where in an SMTP or IMAP dialogue it is. While orders come in, processes
// are killed and frozen, connections are cut, servers fall silent, and the disk fills up, at
// random instants or at a named point of the dialogue. Then all is quiet: an operator who
// looks at R01 decides what no machine may, and a judge compares the books of all three.
//
// The orders and the faults, with their times, follow from the seed and the number of the round; how
// the kernel schedules them does not. The exit code is 0 if every invariant holds, 1 if one is broken
// (its name and the timelines of the domain are printed), and 2 if the program could not do its work.
//
// It is a program beside the panel and not only a test of it, because only here both
// sides of the contract meet. It runs panel, plugin and simulator by executing
// itself, so that the supervisor's pauses can be shorter than any plugin.hcl permits.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

const (
	exitDone   = 0
	exitBroken = 1
	exitFault  = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) > 0 {
		// The program starts itself in its roles, which have arguments and no flags.
		if role, ok := roles()[args[0]]; ok {
			return role(ctx, args[1:], stdout, stderr)
		}
	}
	o, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitDone
	case err != nil:
		fmt.Fprintln(stderr, "crash:", err)
		return exitFault
	case os.Getenv(apart) == "":
		return setApart(args, stdout, stderr)
	}
	return campaign(ctx, o, stdout, stderr)
}

// options are the options of a campaign.
type options struct {
	kills  int
	seed   uint64
	worlds int
	size   int    // kills per round
	orders int    // number to place for each kill, if they come fast enough
	round  int    // run only this one; -1 = all
	server string // URL of a PostgreSQL server that two nodes share; "" = one panel with files
	limit  time.Duration
	keep   string
	liar   bool
}

func parse(args []string, stderr io.Writer) (o options, err error) {
	flags := flag.NewFlagSet("crash", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&o.kills, "n", 1000, "`number` of SIGKILLs")
	flags.Uint64Var(&o.seed, "seed", uint64(time.Now().UnixNano()), "`number` from which orders and faults follow")
	flags.IntVar(&o.worlds, "worlds", 4, "`number` of rounds at the same time")
	flags.IntVar(&o.size, "size", 100, "`number` of SIGKILLs in a round")
	flags.IntVar(&o.orders, "orders", 10, "`number` of orders placed for each SIGKILL, if they come fast enough")
	flags.IntVar(&o.round, "round", -1, "only the round with this `number`")
	flags.StringVar(&o.server, "postgres", "", "`URL` of a PostgreSQL server: each round makes databases there, and two panels with a plugin each share them")
	flags.BoolVar(&o.liar, "liar", true, "a hostile partner beside R01, whom nothing may be believed")
	flags.DurationVar(&o.limit, "limit", 24*time.Hour, "begin no round after this `time`")
	flags.StringVar(&o.keep, "keep", filepath.Join(os.TempDir(), "crash"), "`directory` for the books and logs of a round that broke an invariant")

	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.kills < 1 || o.worlds < 1 || o.size < 1 || flags.NArg() > 0 {
		return o, errors.New("-n, -worlds and -size must be positive, and nothing may follow")
	}

	return o, nil
}

// apart is set for a program that runs in a mount namespace of its own.
const apart = "CRASH_APART"

// setApart runs the program again in a mount namespace of its own, whose file
// systems disappear when it ends. Without root that needs a user namespace, too.
func setApart(args []string, stdout, stderr io.Writer) int {
	self, err := os.Executable()
	if err != nil {
		fmt.Fprintln(stderr, "crash:", err)
		return exitFault
	}

	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), apart+"=1")
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}

	// In a user namespace of its own a program may mount without being root.
	if uid, gid := os.Getuid(), os.Getgid(); uid != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: uid, Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: gid, Size: 1}}
	}

	err = cmd.Run() // an interrupt reaches the whole process group
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		fmt.Fprintln(stderr, "crash: a file system that can be filled needs a mount namespace:", err)
		return exitFault
	}

	return cmd.ProcessState.ExitCode()
}
