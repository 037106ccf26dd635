package main

import (
	"strings"
	"testing"
	"time"

	"registrar.panel/cmd/panel/command"
	"registrar.panel/internal/r01sim"
	"registrar.panel/shared/registrar"
)

// hold puts a domain into the registry and into the panel, paid for a number of days from now.
func (w *world) hold(name string, left int) registrar.Date {
	w.t.Helper()
	till := registrar.DateOf(time.Now().UTC()).AddDays(left)
	w.held(name, till, till)
	return till
}

// held is hold for a domain that the panel believes to be paid till another day.
func (w *world) held(name string, there, here registrar.Date) {
	w.t.Helper()
	if err := w.sim.AddDomain(r01sim.Domain{Name: name, PaidTill: there, Handle: "OLD_1_X-R01"}); err != nil {
		w.t.Fatal(err)
	}
	w.must("domain", "import", name, "--customer", "c1", "--handle", "OLD_1_X-R01", "--paid-till", here.String())
	w.must("domain", "renewal", name, "auto")
}

func (w *world) pass(wantCode int, args ...string) string {
	w.t.Helper()
	stdout, stderr, code := w.run(append([]string{"renewals", "run"}, args...)...)
	if code != wantCode {
		w.t.Fatalf("renewals run %v: exit %d, want %d: %s%s", args, code, wantCode, stdout, stderr)
	}
	_, steps, _ := strings.Cut(stdout, "\n") // the heading
	return steps
}

func (w *world) paid(name string, till registrar.Date) {
	w.t.Helper()
	w.until(name+" to be paid till "+till.String(), func() bool {
		d := w.domain(name)
		return d.PaidTill != nil && *d.PaidTill == till.String() && d.Operation == nil
	})
}

// A pass renews what is due; a second pass right after it sends
// nothing; a domain that is renewed by hand is announced once.
func TestRenewalPass(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.serve()
	till := w.hold("auto.ru", 40)
	if steps := w.pass(command.ExitDone, "-n"); !strings.Contains(steps, "auto.ru") || !strings.Contains(steps, "send") {
		t.Errorf("the plan is %q", steps)
	}
	if n := w.requests("auto.ru"); n != 0 {
		t.Fatalf("showing the plan sent %d mails", n)
	}
	w.pass(command.ExitDone)
	if steps := w.pass(command.ExitDone); steps != "" {
		t.Errorf("the second pass does %q", steps)
	}
	w.paid("auto.ru", till.AddYears(1))
	if steps := w.pass(command.ExitDone); steps != "" {
		t.Errorf("a pass after the renewal does %q", steps)
	}

	hand := w.hold("byhand.ru", 6)
	w.must("domain", "renewal", "byhand.ru", "manual")
	if steps := w.pass(command.ExitDone); !strings.Contains(steps, "announce") {
		t.Errorf("by hand: %q", steps)
	}
	if steps := w.pass(command.ExitDone); steps != "" {
		t.Errorf("announced again: %q", steps)
	}
	w.until("the announcement in the Action Log", func() bool {
		return strings.Contains(w.must("log", "--domain", "byhand.ru"), "renewed only by hand")
	})
	w.until("its alarm", func() bool { return len(w.domain("byhand.ru").Alarms) == 1 })
	w.must("domain", "renew", "byhand.ru")
	w.paid("byhand.ru", hand.AddYears(1))
	w.until("the alarm of what is renewed to end", func() bool { return len(w.domain("byhand.ru").Alarms) == 0 })
	for _, name := range []string{"auto.ru", "byhand.ru"} {
		if n := w.requests(name); n != 1 {
			t.Errorf("R01 was asked %d times to renew %s", n, name)
		}
	}
}

// The schedule of plugin.hcl renews without a person, several domains in one mail.
func TestScheduleRenews(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(hcl string) string {
		return strings.Replace(hcl, "    handles {", "    renewal {\n      schedule = \"@every 1s\"\n      mode     = \"auto\"\n      batch    = 10\n    }\n    handles {", 1)
	})
	w.serve()
	till := w.hold("first.ru", 30)
	w.paid("first.ru", till.AddYears(1))
	w.paid("second.ru", w.hold("second.ru", 20).AddYears(1))
	w.until("panel plugins to tell of passes", func() bool { return strings.Contains(w.must("plugins"), "last pass completed") })
}

// R01 says that there is nothing to renew: it is not asked again, and a person decides.
func TestRenewedElsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.serve()
	today := registrar.DateOf(time.Now().UTC())
	w.held("elsewhere.ru", today.AddDays(40).AddYears(1), today.AddDays(40))
	w.pass(command.ExitDone)
	d := w.stands("elsewhere.ru", "NeedsAction")
	if steps := w.pass(command.ExitWaiting); !strings.Contains(steps, "hold") {
		t.Errorf("a pass over it does %q", steps)
	}
	w.must("operation", "resolve", d.Operation.ID, "--outcome", "done", "--by", "olga")
	w.paid("elsewhere.ru", today.AddDays(40).AddYears(1))
	if n := w.requests("elsewhere.ru"); n != 1 {
		t.Errorf("R01 was asked %d times", n)
	}
}

// Without money due renewals wait, and continue when money was paid in.
func TestRenewalsWithoutFunds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.serve()
	w.sim.SetBalance(0, 0)
	till := w.hold("poor.ru", 40)
	w.pass(command.ExitDone)
	d := w.stands("poor.ru", "NeedsAction")
	next := w.hold("next.ru", 41)
	if steps := w.pass(command.ExitWaiting); !strings.Contains(steps, "next.ru") || !strings.Contains(steps, "no funds") {
		t.Errorf("a pass without money does %q", steps)
	}
	if n := w.requests("next.ru"); n != 0 {
		t.Errorf("%d mails that cost money went out", n)
	}
	w.sim.SetBalance(100000, 0)
	w.must("operation", "resolve", d.Operation.ID, "--outcome", "resend", "--by", "olga")
	w.paid("poor.ru", till.AddYears(1))
	w.paid("next.ru", next.AddYears(1))
}
