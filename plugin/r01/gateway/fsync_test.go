package gateway

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"registrar.panel/internal/testrun"
	"registrar.panel/plugin/r01/mailbox"
	"registrar.panel/shared/registrar"
)

const (
	beginMark   = "the renewals begin"
	endMark     = "the renewals end"
	manyRenewed = 100
)

// From due to confirmed a renewal costs at most three flushes of the disk, when many are due
// at once: its claim, its outcome, and a share of what they have in common.
func TestFsyncsPerRenewal(t *testing.T) {
	t.Parallel()
	testrun.NeedsServers(t)
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Fatal("this test needs strace: make setup installs it")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	trace := filepath.Join(t.TempDir(), "trace")
	cmd := exec.CommandContext(t.Context(), strace, "-f", "--seccomp-bpf", "-e", "signal=none", "-e", "trace=fsync,fdatasync,write", "-s", "64",
		"-o", trace, self, "-test.run", "^TestRenewMany$")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("run under strace: %v: %s", err, out)
	}
	text, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, begun := strings.Cut(string(text), beginMark)
	during, _, ended := strings.Cut(rest, endMark)
	if !begun || !ended {
		t.Fatal("the renewals are not in the trace")
	}
	n := strings.Count(during, " fsync(") + strings.Count(during, " fdatasync(")
	t.Logf("%d fsyncs for %d renewals: %.2f each", n, manyRenewed, float64(n)/manyRenewed)
	if n == 0 || n > 3*manyRenewed {
		t.Errorf("%d fsyncs for %d renewals, want at most three each", n, manyRenewed)
	}
}

// TestRenewMany is what TestFsyncsPerRenewal watches, in a process of its own.
func TestRenewMany(t *testing.T) {
	g := newGateOfClient(t)
	handle := g.status("first.ru").Handle
	till := registrar.Date{Year: 2027, Month: 11, Day: 24}
	for i := range manyRenewed {
		if _, err := g.ImportDomain(t.Context(), registrar.Import{Domain: nameOf(i), Customer: "c1", Handle: handle, PaidTill: till}); err != nil {
			t.Fatal(err)
		}
	}
	g.clock = till.AddDays(-55).In(time.UTC)
	before := len(g.relay.taken)
	fmt.Println(beginMark)
	var submitting sync.WaitGroup
	faults := make([]error, manyRenewed)
	for i := range manyRenewed { // as they come from a panel that has many
		submitting.Go(func() {
			_, faults[i] = g.Submit(t.Context(), registrar.Order{ID: registrar.OrderID("renew-" + nameOf(i)), Kind: registrar.KindRenew, Domain: nameOf(i), PaidTill: till})
		})
	}
	submitting.Wait()
	if err := errors.Join(faults...); err != nil {
		t.Fatal(err)
	}
	if _, err := g.SendDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, status := range []string{"TASK_QUEUED", "TASK_SUCCESS"} {
		var mails []mailbox.Mail
		for n := before; n < len(g.relay.taken); n++ {
			text := g.reply(n, "action: PROLONG", "domain: "+field(t, g.relay.taken[n], "domain"), "status: "+status)
			mails = append(mails, mailbox.Mail{Raw: []byte(strings.ReplaceAll(text, "\n", "\r\n"))})
		}
		if err := g.Deliver(t.Context(), mails); err != nil {
			t.Fatal(err)
		}
		if err := g.ReadNew(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	fmt.Println(endMark)
	g.check()
	for i := range manyRenewed {
		if d := g.status(nameOf(i)); d.PaidTill != till.AddYears(1) {
			t.Fatalf("%s is paid till %s", d.Name, d.PaidTill)
		}
	}
}

func nameOf(i int) string { return fmt.Sprintf("d%03d.ru", i) }
