// Command hostile is a plugin that misbehaves. Its mode is the part of its file
// name after "hostile-". The panel's tests run it beside an honest plugin.
package main

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"registrar.panel/plugin/kit"
	"registrar.panel/plugin/manual"
	"registrar.panel/shared/registrar"
	"registrar.panel/shared/registrarrpc"
)

var mode = func() string {
	b, _ := os.ReadFile("/proc/self/cmdline")
	return strings.TrimPrefix(filepath.Base(strings.Split(string(b), "\x00")[0]), "hostile-")
}()

type evil struct {
	registrar.Plugin
	*kit.Registrar
	registrar.HandleKeeper // methods of these that are not below are not declared
	registrar.MessageQueue
	dir string
}

func (e *evil) Describe(ctx context.Context) (registrar.Description, error) {
	switch mode {
	case "descpanic":
		panic("describe")
	case "deschang":
		select {}
	}

	d, err := e.Plugin.Describe(ctx)
	d.Name = "evil"
	switch mode {
	case "hang":
		d.Capabilities = append(d.Capabilities, registrar.CapHandles, registrar.CapReviews)
	// A description larger than a message may be.
	case "bigdesc":
		d.Title = strings.Repeat("A", 20<<20)
	case "ansi":
		d.Title = "\x1b[2J\x1b]0;owned\x07<script>alert(1)</script>\u202e"
		d.Version = "1\r\n\x1b[31m"
	case "wrongname":
		d.Name = "r01"
	}

	return d, err
}
func (e *evil) Configure(ctx context.Context, s registrar.Settings) error {
	e.dir = s.DataDir
	if mode == "cfgerr" {
		return registrar.Errorf(registrar.Unavailable, "\x1b[31mpassword=%s", "hunter2\r\nfake log line")
	}
	return e.Plugin.Configure(ctx, s)
}

// Start puts the evil one in place of the good one.
func (e *evil) Start(ctx context.Context) (registrar.Registrar, error) {
	r, err := e.Plugin.Start(ctx)
	if err != nil {
		return nil, err
	}
	e.Registrar = r.(*kit.Registrar)
	return e, nil
}
func (e *evil) Health(ctx context.Context) ([]registrar.Component, error) {
	switch mode {
	case "healthpanic":
		go func() { panic("in a goroutine: secret passport 4510 123456") }()
		time.Sleep(time.Second)
	case "components":
		all := make([]registrar.Component, 20000)
		for i := range all {
			all[i] = registrar.Component{Name: fmt.Sprint("component ", i), Detail: strings.Repeat("x", 40)}
		}
		return all, nil
	case "ansi":
		return []registrar.Component{{Name: "\x1b[31mx", Detail: "<b>\x1b[2J\u009b31m"}}, nil
	}
	return e.Registrar.Health(ctx)
}
func (e *evil) Validate(ctx context.Context, o registrar.Order) (registrar.Validation, error) {
	switch mode {
	case "ansi":
		return registrar.Validation{}, registrar.Errorf(registrar.Precondition, "\x1b[31mRED\x1b[0m \x1b]0;title\x07\r\nfake: line")
	case "hang":
		select {}
	}
	return e.Registrar.Validate(ctx, o)
}
func (e *evil) Reviews(ctx context.Context) ([]registrar.Review, error) {
	if mode == "hang" {
		select {}
	}
	return nil, nil
}
func (e *evil) Review(ctx context.Context, id registrar.ReviewID) (registrar.Review, error) {
	if mode == "hang" {
		select {}
	}
	return registrar.Review{}, registrar.NotFound
}
func (e *evil) Handles(ctx context.Context, c string) ([]registrar.Handle, error) {
	if mode == "hang" {
		select {}
	}
	return nil, nil
}
func (e *evil) Operation(ctx context.Context, id registrar.OperationID) (registrar.Operation, error) {
	if mode == "hang" {
		select {}
	}
	if mode == "claimop" {
		return registrar.Operation{ID: id, State: registrar.Uncertain, Kind: registrar.KindRegister, Domain: "x.com"}, nil
	}
	return e.Registrar.Operation(ctx, id)
}
func (e *evil) Events(ctx context.Context, after registrar.Cursor) iter.Seq2[registrar.Event, error] {
	ev := func(c registrar.Cursor, name string, d *registrar.Domain, msg, actor string) registrar.Event {
		return registrar.Event{Cursor: c, At: time.Now(), Type: registrar.EventDecision, Level: registrar.LevelInfo, Message: msg, Actor: actor, Name: name, Domain: d}
	}

	return func(yield func(registrar.Event, error) bool) {
		switch mode {
		case "lie":
			reg := func(n, h string) *registrar.Domain {
				return &registrar.Domain{Name: n, Customer: "attacker", Handle: h, Status: registrar.StatusRegistered, PaidTill: registrar.Date{Year: 2099, Month: 1, Day: 1}, Renewal: registrar.RenewManual}
			}

			list := []registrar.Event{
				ev(1, "seed.ru", reg("seed.ru", "EVIL"), "decided by olga: transferred to attacker", "olga"),
				ev(2, "squatted.ru", reg("squatted.ru", "EVIL"), "registered", "registrar"),
				ev(3, "failed.ru", reg("failed.ru", "EVIL"), "registered", "registrar"),
				ev(4, "pending.ru", &registrar.Domain{Name: "pending.ru", Customer: "attacker", Status: registrar.StatusDeleted, Renewal: registrar.RenewManual}, "deleted", "registrar"),
				{Cursor: 5, At: time.Now(), Type: registrar.EventMailIn, Level: registrar.LevelInfo, Actor: "registrar", Name: "seed.ru", Message: strings.Repeat("Z", 3<<20)},
				{Cursor: 6, At: time.Now(), Type: "no-such-type", Level: "no-level", Actor: "\x1b[31m", Name: "../../x\x00", Message: "bad\x1b[2J"},
			}
			for _, e := range list {
				if e.Cursor > after && !yield(e, nil) {
					return
				}
			}

			<-ctx.Done()
		case "evflood":
			for c := after + 1; ; c++ {
				if !yield(ev(c, "", nil, strings.Repeat("F", 200), "x"), nil) {
					return
				}
			}
		// Endless messages, each just within the limit of size.
		case "evbig":
			for c := after + 1; ; c++ {
				if !yield(ev(c, "", nil, strings.Repeat("F", 15<<20), "x"), nil) {
					return
				}
			}
		// The cursor does not move on.
		case "evback":
			for {
				if !yield(ev(1, "", nil, "again", "x"), nil) {
					return
				}
			}
		default:
			e.Registrar.Events(ctx, after)(yield)
		}
	}
}
func (e *evil) Drain(ctx context.Context) error {
	if mode == "draihang" {
		select {}
	}
	return e.Registrar.Drain(ctx)
}
func (e *evil) Backup(ctx context.Context, dir string) error {
	if mode == "backup" {
		os.Symlink("/etc/shadow", filepath.Join(dir, "link"))
		os.WriteFile(filepath.Join(dir, "..", "..", "panel.db.age"), []byte("x"), 0o600)
		os.WriteFile(filepath.Join(dir, "evil.key"), []byte("not a key"), 0o600)
		return nil
	}
	return e.Registrar.Backup(ctx, dir)
}

func main() {
	switch mode {
	case "stdout":
		fmt.Println("hello world")
	case "stdoutlong":
		os.Stdout.Write(bytes.Repeat([]byte("x"), 300<<20))
	case "garbage":
		fmt.Println("1|1|unix|/nonexistent/socket|grpc|AAAA")
		time.Sleep(time.Hour)
	case "tcp":
		fmt.Println("1|1|tcp|127.0.0.1:1|grpc|")
		time.Sleep(time.Hour)
	case "mute":
		time.Sleep(time.Hour)
	// Lines that can make go-plugin's own log parser panic, and lines that are no log.
	case "json5", "json5live":
		for _, s := range []string{`{"@message":5}`, `{"@level":"info","@message":12345}`, `{"@level":5,"@message":"x"}`, `{"@level":"info","@message":"x","@timestamp":7}`, `{"@level":"info","@message":"\u001b[31mred","k\u001b":"v\nx"}`, "{", "[]", "null", `{"@message":null}`, "\x00\xff\xfe", "\x1b[2J"} {
			fmt.Fprintln(os.Stderr, s)
		}
		if mode == "json5" {
			os.Exit(3)
		}
	// A line that never ends: a reader of whole lines would run out of memory.
	case "logbomb":
		go func() {
			l := bytes.Repeat([]byte("y"), 1<<20)
			for {
				os.Stderr.Write(l)
			}
		}()
	case "logflood":
		go func() {
			for i := 0; ; i++ {
				fmt.Fprintf(os.Stderr, "{\"@level\":\"error\",\"@message\":\"flood %d\"}\n", i)
			}
		}()
	// The child leaves the process group, and keeps our stderr open after our end.
	case "orphan":
		c := exec.Command("/bin/sleep", "987")
		c.Stderr = os.Stderr
		c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		c.Start()
	case "child":
		c := exec.Command("/bin/sleep", "986")
		c.Stderr = os.Stderr
		c.Start()
	// Collects what a plugin of the same user can get of the host's secrets.
	case "spy":
		out := "ENV:\n" + strings.Join(os.Environ(), "\n") + "\nFDS:\n"
		fds, _ := os.ReadDir("/proc/self/fd")
		for _, f := range fds {
			l, _ := os.Readlink("/proc/self/fd/" + f.Name())
			out += f.Name() + " -> " + l + "\n"
		}

		pe, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", os.Getppid()))
		out += fmt.Sprintf("PARENT ENVIRON: %v has mail password: %v\n", err, bytes.Contains(pe, []byte("R01_MAIL_PASSWORD")))
		ms, err := filepath.Glob("data/*")
		out += fmt.Sprintln("CWD listing", ms, err)
		for _, f := range []string{"data/panel.key", "data/plugins/r01/r01.key", "plugin.hcl", "data/panel.db"} {
			b, err := os.ReadFile(f)
			out += fmt.Sprintln("READ", f, len(b), err)
		}

		os.WriteFile(filepath.Join(os.TempDir(), "spy.txt"), []byte(out), 0o600)
	case "fork":
		for range 200 {
			exec.Command("/bin/sleep", "985").Start()
		}
	}

	log := registrarrpc.Logger("evil")
	registrarrpc.Serve(registrarrpc.ServeOptions{Plugin: &evil{Plugin: manual.New(log)}, Logger: log})

	if mode == "noexit" {
		select {}
	}
}
