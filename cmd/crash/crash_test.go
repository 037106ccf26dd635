//go:build linux

package main

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"registrar.panel/internal/r01sim"
	"registrar.panel/internal/testrun"
)

// TestMain lets the test binary run as the program, and as its processes.
func TestMain(m *testing.M) {
	programs := map[string]func(context.Context, io.Writer, io.Writer) int{doctored: doctor, paired: playPairs}
	if len(os.Args) == 2 && programs[os.Args[1]] != nil {
		os.Exit(programs[os.Args[1]](context.Background(), os.Stdout, os.Stderr))
	}
	if len(os.Args) > 1 && !strings.HasPrefix(os.Args[1], "-test.") {
		main()
	}
	os.Exit(m.Run())
}

// execute runs a program, which plays its roles with the shipped program: under
// the race detector a restart takes ten times as long. It is interrupted when
// the time of the test is nearly over, and its output so far is returned.
func execute(t *testing.T, program string, args ...string) (output string, code int) {
	t.Helper()
	testrun.Place(t)
	return executeInPlace(t, program, args...)
}

// executeInPlace is execute for a test that has a place.
func executeInPlace(t *testing.T, program string, args ...string) (output string, code int) {
	t.Helper()
	var out bytes.Buffer
	ctx, cancel := context.WithTimeout(t.Context(), testrun.Remaining(t))
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = append(os.Environ(), programVariable+"="+testrun.Program(t, "registrar.panel/cmd/crash"))
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), cmd.ProcessState.ExitCode()
}

// The short campaign; make crash runs the long one.
func TestCrash(t *testing.T) {
	t.Parallel()
	output, code := execute(t, testrun.Program(t, "registrar.panel/cmd/crash"), "-n", "40", "-seed", "4", "-worlds", "2", "-size", "50", "-orders", "3")
	t.Log(output)
	if code != exitDone || !strings.Contains(output, "0 lost, 0 double, 0 believed") {
		t.Errorf("exit %d", code)
	}
}

const doctored = "doctored"

// The judge finds what is wrong: the books of a sound round, or R01's memory,
// are changed in one place, and the judge names the invariant that this breaks.
func TestJudge(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	output, code := execute(t, self, doctored)
	t.Log(output)
	if code != exitDone {
		t.Errorf("exit %d", code)
	}
}

// forgeries lists changes, and the invariant that each breaks.
var forgeries = []struct {
	invariant, panel, plugin string
	memory                   func(m *memory)
}{
	{invariant: "no acknowledged order is lost", panel: "delete from orders where rowid = 1"},
	{invariant: "every order is concluded", panel: "update orders set closed_at = null, outcome = '' where rowid = 1"},
	{invariant: "every order has its operation", panel: "update orders set operation = 'op-other' where rowid = 1"},
	{invariant: "no order is refused", panel: "update orders set refusal = 'no', outcome = 'failed', operation = '' where id = (select id from orders where kind = 'renew' limit 1)"},
	{invariant: "no request is sent twice", memory: func(m *memory) { m.history = append(m.history, m.history[0]) }},
	{invariant: "one paid task for one object", memory: func(m *memory) {
		m.Tasks = append(m.Tasks, m.Tasks[slices.IndexFunc(m.Tasks, isRenewal)])
	}},
	{invariant: "every reply is read", plugin: "update mails set state = 'new' where rowid = (select min(rowid) from mails where direction = 'in' and state = 'applied')"},
	{invariant: "every reply is stored once", plugin: "delete from mails where rowid = (select min(rowid) from mails where direction = 'in' and state = 'applied')"},
	{invariant: "every stored mail was sent", memory: func(m *memory) { m.sent = m.sent[1:] }},
	{invariant: "every reply is stored once", memory: func(m *memory) { m.sent[0] = append(slices.Clone(m.sent[0]), '!') }},
	{invariant: "panel and plugin agree", panel: "update domains set paid_till = '2000-01-01' where rowid = 1"},
	{invariant: "panel and plugin agree", panel: "delete from domains where rowid = 1"},
	{invariant: "cursors are dense", plugin: "delete from events where cursor = 2"},
	{invariant: "the event stream has no gap and no repetition", panel: "delete from log where id = (select max(id) from log where event = 'mail-received')"},
	{invariant: "the event stream has no gap and no repetition", panel: `insert into log (at, registrar, domain, actor, level, event, message, "order", operation, mail)
		select at, registrar, domain, actor, level, event, message, "order", operation, mail from log where event = 'mail-received' limit 1`},
	{invariant: "registered is what R01 has registered", memory: func(m *memory) { m.Domains[0].Delegated = false }},
	{invariant: "paid till is R01's", memory: func(m *memory) { m.Domains[0].PaidTill = m.Domains[0].PaidTill.AddYears(1) }},
	{invariant: "success is what R01 has carried out", memory: func(m *memory) { m.Tasks = slices.DeleteFunc(m.Tasks, isRenewal) }},
	{invariant: movedByLie, memory: func(m *memory) {
		for _, raw := range m.sent {
			m.lies = append(m.lies, r01sim.Lie{Raw: raw})
		}
		m.sent = nil
	}},
	{invariant: pausedByLie, plugin: "insert into alarms (key, since, message) values ('pause:paid', 0, 'no funds')"},
	{invariant: againByLie, plugin: `insert into attempts (request, attempt, claimed_at, outcome)
		select request, attempt + 1, claimed_at, 'accepted' from attempts where outcome = 'accepted' limit 1`},
	{invariant: handedByLie, memory: func(m *memory) {
		for i := range m.Domains {
			m.Domains[i].Handle = "ATTACKER_1_10000-R01"
		}
	}},
	{invariant: handedByLie, memory: func(m *memory) { m.Clients = nil }},
	{invariant: numberedByLie, plugin: "update requests set task = '7' where rowid = (select min(rowid) from requests where task <> '')"},
	{invariant: "what R01 has carried out is success", plugin: "delete from operations where rowid = (select min(rowid) from operations where kind = 'renew')"},
}

// late inserts what the panel itself writes between the plugin's events on a slow machine.
const late = `insert into log (at, registrar, domain, actor, level, event, message, "order", operation, mail)
	select at, registrar, domain, 'panel', 'error', 'alarm', 'the order is paid and waits', "order", '', '' from log where event = 'order-placed' limit 1`

// A message of several lines, of which the panel makes one.
const (
	severalLines = `update events set event = json_set(event, '$.Message', 'one' || char(10) || 'two')
		where cursor = (select max(cursor) from events where json_extract(event, '$.Type') = 'mail-received')`
	oneLine = "update log set message = 'one two' where id = (select max(id) from log where event = 'mail-received')"
)

// doctor plays a short round and judges forgeries of its books.
func doctor(ctx context.Context, stdout, stderr io.Writer) int {
	if os.Getenv(apart) == "" {
		return setApart([]string{doctored}, stdout, stderr)
	}
	base, err := os.MkdirTemp("", "cr")
	if err != nil {
		fmt.Fprintln(stderr, err)
		return exitFault
	}
	defer os.RemoveAll(base)
	if err := judgeForgeries(ctx, base, stdout); err != nil {
		fmt.Fprintln(stderr, err)
		return exitBroken
	}
	return exitDone
}

func judgeForgeries(ctx context.Context, base string, stdout io.Writer) error {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return err
	}

	w, err := open(ctx, base, 0, 1, "", stranger, newTally(1<<20))
	if err != nil {
		return err
	}
	defer w.close()
	s := &shop{world: w, random: rand.New(rand.NewPCG(1, 1))}
	if err := w.play(ctx, options{seed: 1, size: 2, orders: 10, kills: 2}, s, stdout); err != nil {
		return err
	}

	for _, honest := range []struct{ panel, plugin string }{{}, {panel: late}, {panel: oneLine, plugin: severalLines}} {
		if found, err := w.forged(ctx, s.placed, honest.panel, honest.plugin, func(*memory) {}); err != nil || len(found) > 0 {
			return fmt.Errorf("the honest books: %v, %w", found, err)
		}
	}

	for _, f := range forgeries {
		if f.memory == nil {
			f.memory = func(*memory) {}
		}

		found, err := w.forged(ctx, s.placed, f.panel, f.plugin, f.memory)
		if err != nil {
			return fmt.Errorf("forge so that %q breaks: %w", f.invariant, err)
		}

		if !slices.ContainsFunc(found, func(b *broken) bool { return b.invariant == f.invariant }) {
			return fmt.Errorf("%q was broken, and the judge found %v", f.invariant, found)
		}
	}

	return nil
}

// forged judges a changed copy of the books.
func (w *world) forged(ctx context.Context, placed []order, panel, plugin string, change func(*memory)) ([]*broken, error) {
	copied := world{dir: filepath.Join(w.dir, "forged"), sim: w.sim}
	if err := os.CopyFS(copied.data(), os.DirFS(w.data())); err != nil {
		return nil, err
	}
	defer os.RemoveAll(copied.dir)

	if err := os.Chmod(filepath.Join(copied.data(), "plugins", registrar, "r01.key"), 0o600); err != nil {
		return nil, err
	}

	for name, statement := range map[string]string{"panel.db": panel, filepath.Join("plugins", registrar, "r01.db"): plugin} {
		if err := forge(ctx, filepath.Join(copied.data(), name), statement); err != nil {
			return nil, err
		}
	}

	j, err := copied.gather(ctx, placed)
	if err != nil {
		return nil, err
	}
	defer j.books.close()
	change(&j.memory)
	err = j.judge(ctx)

	return j.faults, err
}

func forge(ctx context.Context, path, statement string) error {
	db, err := sql.Open("sqlite", path)
	if err != nil || statement == "" {
		return err
	}
	defer db.Close()
	done, err := db.ExecContext(ctx, statement)
	if err != nil {
		return err
	}
	if n, err := done.RowsAffected(); err != nil || n != 1 {
		return fmt.Errorf("%s: changed %d rows: %w", statement, n, err)
	}
	return nil
}

func isRenewal(t r01sim.Task) bool { return t.Action == r01sim.ActionProlong }
