package r01sim

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"

	"registrar.panel/shared/logline"
)

// Command runs the simulator as a program until ctx ends, and returns the exit code: 0 done, 1 failed, 2
// usage. On stdout it prints the seed, one line for each address it listens on, and "r01sim: ready". env
// looks up environment variables: R01_MAIL_PASSWORD and R01_IMAP_PASSWORD, both "secret" when empty.
func Command(ctx context.Context, args []string, env func(string) string, stdout, stderr io.Writer) int {
	options, err := parseOptions(args, env, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(stderr, "r01sim:", err)
		return 2
	}
	if err := runCommand(ctx, options, stdout); err != nil {
		fmt.Fprintln(stderr, "r01sim:", err)
		return 1
	}
	return 0
}

func runCommand(ctx context.Context, o Options, stdout io.Writer) error {
	s := New(o)
	if err := s.Listen(); err != nil {
		return err
	}
	fmt.Fprintln(stdout, "r01sim: seed", o.Seed)
	bound := s.Addresses()
	for _, line := range []struct{ name, address string }{{"smtp", bound.SMTP}, {"imap", bound.IMAP},
		{"whois", bound.Whois}, {"admin", bound.Admin}} {
		if line.address != "" {
			fmt.Fprintln(stdout, "r01sim:", line.name, line.address)
		}
	}
	// Printed last, because the program that started the simulator reads up to this word.
	fmt.Fprintln(stdout, "r01sim: ready")
	return s.Run(ctx)
}

func parseOptions(args []string, env func(string) string, stderr io.Writer) (Options, error) {
	// Passwords come from the environment, because other users of the machine can see arguments.
	o := Options{Policy: Chaos(),
		Password:     cmp.Or(env("R01_MAIL_PASSWORD"), "secret"),
		IMAPPassword: cmp.Or(env("R01_IMAP_PASSWORD"), "secret")}
	flags := flag.NewFlagSet("r01sim", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.SMTP, "smtp", "127.0.0.1:2525", "`address` to take requests by SMTP; empty = off")
	flags.StringVar(&o.IMAP, "imap", "127.0.0.1:1143", "`address` of the callback mailbox; empty = off")
	flags.StringVar(&o.Whois, "whois", "127.0.0.1:4343", "`address` of the registry's whois; empty = off")
	flags.StringVar(&o.Admin, "admin", "127.0.0.1:8055", "`address` of the admin interface; empty = off")
	flags.BoolVar(&o.AllowRemote, "allow-remote", false, "permit addresses beyond loopback")
	flags.StringVar(&o.ZoneList, "zone-list", "", "`file` to keep the registry's zone list in, gzip; empty = none")
	flags.StringVar(&o.Deliver, "deliver", "", "answer to the real server at `HOST:PORT`, or lmtp://HOST:PORT")
	flags.StringVar(&o.Agreement, "agreement", "RP/01/00", "`number` of the partner's agreement")
	flags.StringVar(&o.Callback, "callback", "callback@panel.example", "`address` that may send requests")
	flags.StringVar(&o.Gateway, "gateway", "robot@registrar.example", "`address` of the robot")
	flags.StringVar(&o.IMAPUser, "imap-user", "callback", "`name` to log in with")
	flags.StringVar(&o.Mailbox, "mailbox", "INBOX", "`name` of the mailbox where answers arrive")
	flags.Uint64Var(&o.Seed, "seed", rand.Uint64(), "`number` that chance starts from")
	flags.Float64Var(&o.Speed, "speed", 1, "`factor` by which delays are shortened")
	flags.StringVar(&o.AuthServID, "authserv-id", "", "`name` under which the mailbox's server writes Authentication-Results; empty = it writes none")
	flags.Var(lieFlag{&o.Lies}, "liar", "a hostile partner beside the robot; --liar=`KINDS` with kinds and groups, see below")
	flags.Float64Var(&o.LieRate, "liar-rate", 1, "`number` of lies for each request, in the mean")
	flags.Usage = func() { usage(flags) }
	calm := flags.Bool("calm", false, "no surprises: short delays, one style, nothing lost")
	chaos := flags.Bool("chaos", false, "surprises; the default")

	if err := flags.Parse(args); err != nil {
		return Options{}, err
	}

	return finishOptions(o, flags.Args(), *calm, *chaos, stderr)
}

func finishOptions(o Options, rest []string, calm, chaos bool, stderr io.Writer) (Options, error) {
	switch {
	case len(rest) > 0:
		return Options{}, fmt.Errorf("unknown argument %q", rest[0])
	case calm && chaos:
		return Options{}, errors.New("--calm and --chaos exclude each other")
	case o.Speed <= 0:
		return Options{}, errors.New("--speed must be above 0")
	case o.LieRate <= 0:
		return Options{}, errors.New("--liar-rate must be above 0")
	case calm:
		o.Policy = Calm()
	}
	o.Logger = logline.New(stderr, logline.Options{Name: "r01sim"})
	return o, nil
}

// usage explains the flags and the kinds of lies.
func usage(flags *flag.FlagSet) {
	out := flags.Output()
	fmt.Fprintln(out, "Usage of r01sim:")
	flags.PrintDefaults()
	fmt.Fprintln(out, "\nKINDS are separated by commas: kinds, groups, or all. --liar alone is stranger,twisted.")
	for _, group := range LieGroups() {
		fmt.Fprintf(out, "%s:\n", group)
		for _, l := range lieTable() {
			if l.group == group {
				fmt.Fprintf(out, "  %-20s %s\n", l.kind, l.says)
			}
		}
	}
}
