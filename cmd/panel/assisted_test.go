package main

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"registrar.panel/cmd/panel/command"
	"registrar.panel/internal/r01sim"
	"registrar.panel/shared/registrar"
)

// Orders for which R01 has no mail wait for a person, with dated steps, and end: a transfer code by a decision that
// brings it, a change of registrant by a decision, a deletion by the registry. Meanwhile nothing is renewed, an
// impossible order is refused before it is paid for, and the code shows in one place.
func TestAssisted(t *testing.T) {
	t.Parallel()
	const code = "code-CANARY-83"
	w := newRegistryWorld(t, "")
	till := registrar.DateOf(time.Now()).AddDays(40)
	names := []string{"leaving.ru", "traded.ru", "dropped.ru"}
	for _, name := range names {
		err := w.sim.AddDomain(r01sim.Domain{Name: name, Handle: "MYCO_1_ABC-R01", Nameservers: []string{"ns1.hoster.example"}, Delegated: true,
			Created: time.Now().AddDate(-1, 0, 0), PaidTill: till})
		if err != nil {
			t.Fatal(err)
		}
	}
	contact := w.write("person.json", person)
	w.serve()
	for _, name := range names {
		w.must("domain", "import", name, "--customer", "c1", "--handle", "MYCO_1_ABC-R01", "--paid-till", till.String())
		w.must("domain", "renewal", name, "auto")
	}

	place := func(kind, name string, more ...string) (o orderView) {
		w.json(&o, append([]string{"order", kind, name, "--own"}, more...)...)
		return o
	}
	getting, trading, dropping := place("auth-code", "leaving.ru"), place("trade", "traded.ru", "--contact", contact), place("delete", "dropped.ru")
	shows := func(name string, want ...string) string {
		t.Helper()
		op := w.alarms(name, "NeedsAction").Operation.ID
		shown := w.must("operation", "show", op)
		for _, text := range want {
			if !strings.Contains(shown, text) {
				t.Errorf("of %s there is no %q in:\n%s", name, text, shown)
			}
		}
		return op
	}
	leaving := shows("leaving.ru", "step 3 of 3", "by "+till.AddDays(-7).String(), "--outcome done --auth -")
	shows("dropped.ru", "step 3 of 3", "by "+till.String(), "carry it out at the registrar by "+till.String())
	traded := shows("traded.ru", "step 4 of 4", "client MYCO_1_ABC-R01", "to client MYCO_")

	plan, _, exit := w.run("renewals", "run")
	if exit != 3 {
		t.Errorf("a pass that holds renewals back ends with %d", exit)
	}
	for kind, name := range map[string]string{"auth-code": "leaving.ru", "trade": "traded.ru", "delete": "dropped.ru"} { // due, and held back
		if !strings.Contains(plan, "another operation is open: "+kind+", NeedsAction") {
			t.Errorf("the pass says\n%s", plan)
		}
		if _, stderr, exit := w.run("domain", "renew", name); exit == 0 || !strings.Contains(stderr, "open operation") {
			t.Errorf("a renewal of %s beside it: exit %d, %s", name, exit, stderr)
		}
	}
	if _, stderr, exit := w.run("order", "delete", "nobody.ru", "--own"); exit == 0 || !strings.Contains(stderr, "not registered here") {
		t.Errorf("a deletion of what is not ours: exit %d, %s", exit, stderr)
	}

	if _, stderr, exit := w.insist("operation", "resolve", leaving, "--outcome", "done", "--by", "olga"); exit == 0 || !strings.Contains(stderr, "auth_code") {
		t.Errorf("a code that is not there: exit %d, %s", exit, stderr)
	}
	w.must("operation", "resolve", leaving, "--outcome", "done", "--auth", code, "--by", "olga")
	w.until("the order to have its code", func() bool {
		got, _, exit := w.run("order", "secret", getting.ID, "--by", "olga")
		return exit == 0 && strings.TrimSpace(got) == code
	})
	old := *w.domain("traded.ru").Handle
	w.must("operation", "resolve", traded, "--outcome", "done", "--by", "olga")
	w.until("the new registrant to have it", func() bool {
		d := w.domain("traded.ru")
		return d.Operation == nil && *d.Handle != old && d.Status == "Registered"
	})
	if err := w.sim.RemoveDomain("dropped.ru"); err != nil {
		t.Fatal(err)
	}
	w.reach("dropped.ru", "Deleted")
	w.until("the orders to have succeeded", func() bool {
		for _, o := range []orderView{getting, trading, dropping} {
			if !strings.Contains(w.must("order", "show", o.ID), "succeeded") {
				return false
			}
		}
		return true
	})
	if n := w.requests("dropped.ru"); n != 0 {
		t.Errorf("R01 got %d requests about what was given up", n)
	}

	log := w.must("log")
	if !strings.Contains(log, "was shown to "+command.Login()) {
		t.Errorf("the log does not say who read the code:\n%s", log)
	}
	shown := log + w.must("operation", "show", leaving) + w.must("domain", "show", "leaving.ru") + w.must("orders")
	w.stop(syscall.SIGTERM) // so that its log is complete
	if strings.Contains(shown+w.log.String(), code) {
		t.Error("the code shows elsewhere")
	}
}
