package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"registrar.panel/cmd/panel/command"
	"registrar.panel/internal/r01sim"
	"registrar.panel/internal/testrun"
	"registrar.panel/shared/registrar"
)

// newRegistryWorld returns a world with a registry to ask; more has further settings for it.
func newRegistryWorld(t *testing.T, more string) *world {
	t.Helper()
	testrun.Place(t)
	w := newPlace(t)
	policy := r01sim.Calm()
	policy.Queued, policy.Done = r01sim.Delay(10*time.Millisecond), r01sim.Delay(20*time.Millisecond)
	w.sim = r01sim.New(r01sim.Options{SMTP: "127.0.0.1:0", IMAP: "127.0.0.1:0", Whois: "127.0.0.1:0", Admin: "127.0.0.1:0",
		IMAPUser: "callback", IMAPPassword: imapPassword, Agreement: agreement, Password: mailPassword,
		Callback: callback, Gateway: robot, Policy: policy, Logger: slog.New(slog.DiscardHandler)})
	if err := w.sim.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.sim.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	bound := w.sim.Addresses()
	w.mail = mailServers{smtp: bound.SMTP, imap: bound.IMAP, tls: "none", mailUser: "callback", poll: "100ms"}
	w.settle(func(hcl string) string {
		block := fmt.Sprintf(`    registry {
      whois            = %q
      whois_per_minute = 60000
      check            = "100ms"
      every            = "200ms"
      misses           = 1
%s    }
`, bound.Whois, strings.ReplaceAll(more, "ADMIN", bound.Admin))
		return strings.Replace(hcl, "    imap {", block+"    imap {", 1)
	})
	return w
}

// asksRegistry lets a world that is not served yet ask the simulator's registry.
func (w *world) asksRegistry() {
	w.t.Helper()
	file := filepath.Join(w.dir, "plugin.hcl")
	hcl, err := os.ReadFile(file)
	if err != nil {
		w.t.Fatal(err)
	}
	block := fmt.Sprintf("    registry {\n      whois            = %q\n      whois_per_minute = 60000\n      check            = \"100ms\"\n    }\n", w.sim.Addresses().Whois)
	w.write("plugin.hcl", strings.Replace(string(hcl), "    imap {", block+"    imap {", 1))
}

const readsList = "      zone_list = \"http://ADMIN/zone-list\"\n"

// R01 carries out the request and its replies are lost: the registry confirms it.
func TestRegistryConfirmsRegistration(t *testing.T) {
	t.Parallel()
	w := newRegistryWorld(t, "")
	contact := w.write("person.json", person)
	w.serve()
	w.buy("first.ru", "c1", contact)
	w.reach("first.ru", "Registered")
	w.buy("mute-a.ru", "c1", contact)
	d := w.reach("mute-a.ru", "Registered")
	if d.PaidTill == nil || len(d.Alarms) != 0 || w.requests("mute-a.ru") != 1 {
		t.Errorf("%+v; R01 got %d requests", d, w.requests("mute-a.ru"))
	}
	if log := w.must("log", "--domain", "mute-a.ru"); !strings.Contains(log, "the registry shows it carried out") {
		t.Errorf("the log does not say by what evidence:\n%s", log)
	}
	w.buy("silent-a.ru", "c1", contact)
	w.stands("silent-a.ru", "Sent")
	w.buy("undelegated-mute.ru", "c1", contact)
	w.stands("undelegated-mute.ru", "NeedsAction")
	if d := w.domain("silent-a.ru"); d.Status != "Registering" {
		t.Errorf("what R01 forgot is %s", d.Status)
	}
}

type availabilityView struct{ Name, Status string }

func TestDomainCheck(t *testing.T) {
	t.Parallel()
	w := newRegistryWorld(t, "")
	err := w.sim.AddDomain(r01sim.Domain{Name: "taken.ru", Registrar: "REGRU-RU", PaidTill: registrar.DateOf(time.Now()).AddYears(1)})
	if err != nil {
		t.Fatal(err)
	}
	w.serve()
	var got []availabilityView
	w.json(&got, "domain", "check", "taken.ru", "free.ru", "пример.рф", "www.ru", "nobody.zz")
	want := []availabilityView{{"taken.ru", "taken"}, {"free.ru", "available"}, {"xn--e1afmkfd.xn--p1ai", "available"}, {"www.ru", "invalid"}, {"nobody.zz", "invalid"}}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// Zone lists show what becomes of domains: moved away, moved back, deleted, renewed elsewhere.
func TestZoneLists(t *testing.T) {
	t.Parallel()
	hosted := filepath.Join(t.TempDir(), "hosted")
	if err := os.WriteFile(hosted, []byte("unknown.ru\nexample.com\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	w := newRegistryWorld(t, readsList+fmt.Sprintf("      hosted = %q\n", hosted))
	till := registrar.DateOf(time.Now()).AddDays(58) // the next year is sold, and not yet renewed automatically
	held := r01sim.Domain{Handle: "MYCO_1_ABC-R01", Nameservers: []string{"ns1.hoster.example"}, Delegated: true, PaidTill: till}
	put := func(name string, change func(d *r01sim.Domain)) {
		d := held
		d.Name, d.Created = name, time.Now().AddDate(-1, 0, 0)
		if change != nil {
			change(&d)
		}
		if err := w.sim.AddDomain(d); err != nil {
			t.Fatal(err)
		}
	}
	put("moves.ru", nil)
	put("renewed.ru", nil)
	put("stays.ru", nil)
	put("goes.ru", nil)
	put("unknown.ru", nil)
	w.serve()
	w.until("the import list", func() bool {
		text, _ := os.ReadFile(filepath.Join(w.dir, "data", "plugins", "r01", "import.tsv"))
		return string(text) == "unknown.ru\t"+till.String()+"\n"
	})
	for _, name := range []string{"moves.ru", "renewed.ru", "stays.ru", "goes.ru"} {
		w.must("domain", "import", name, "--customer", "c1", "--handle", "MYCO_1_ABC-R01", "--paid-till", till.String())
	}
	put("renewed.ru", func(d *r01sim.Domain) { d.PaidTill = till.AddYears(1) })
	ticks := 0
	tick := func() { // editions of one second look alike, so another one is made
		ticks++
		put(fmt.Sprintf("tick%d.ru", ticks), func(d *r01sim.Domain) { d.Registrar = "REGRU-RU" })
	}
	reach := func(name, status string) {
		w.until(name+" to be "+status, func() bool {
			tick()
			return w.domain(name).Status == status
		})
	}
	w.until("the renewal elsewhere to be seen", func() bool { return *w.domain("renewed.ru").PaidTill == till.AddYears(1).String() })
	put("moves.ru", func(d *r01sim.Domain) { d.Registrar = "REGRU-RU" })
	reach("moves.ru", "TransferredAway")
	put("moves.ru", nil)
	reach("moves.ru", "Registered")

	// Two domains gone at once are more than max_gone: nothing is believed.
	for _, name := range []string{"stays.ru", "goes.ru"} {
		if err := w.sim.RemoveDomain(name); err != nil {
			t.Fatal(err)
		}
	}
	w.until("the plugin to say that the list is not believed", func() bool {
		tick()
		return strings.Contains(w.must("plugins", "-o", "json"), "shows 2 of our 4 domains gone")
	})
	for _, name := range []string{"stays.ru", "goes.ru"} {
		if d := w.domain(name); d.Status != "Registered" {
			t.Errorf("%s is %s", name, d.Status)
		}
	}
	put("stays.ru", nil)
	reach("goes.ru", "Deleted")
	if log := w.must("log"); !strings.Contains(log, "renewed elsewhere") || !strings.Contains(log, "is back") || !strings.Contains(log, "has no goes.ru any more") {
		t.Errorf("the log is\n%s", log)
	}
}

// A transfer to us: the client is registered by mail, a person does the rest with the
// steps and the code, and the registry says when it is done. The code shows nowhere else.
func TestTransfer(t *testing.T) {
	t.Parallel()
	const code = "auth-CANARY-79"
	w := newRegistryWorld(t, "")
	d := r01sim.Domain{Name: "coming.ru", Registrar: "REGRU-RU", Nameservers: []string{"ns1.old.example", "ns2.old.example"}, Delegated: true,
		Created: time.Now().AddDate(-3, 0, 0), PaidTill: registrar.DateOf(time.Now()).AddDays(100)}
	if err := w.sim.AddDomain(d); err != nil {
		t.Fatal(err)
	}
	contact := w.write("person.json", person)
	w.serve()
	var o orderView
	w.json(&o, "order", "transfer", "coming.ru", "--customer", "c1", "--contact", contact, "--auth", code)
	w.must("order", "pay", o.ID)
	op := w.alarms("coming.ru", "NeedsAction").Operation
	w.until("the registry's date of expiry to be told", func() bool {
		shown := w.must("operation", "show", op.ID)
		return strings.Contains(shown, "step 4 of 4") && strings.Contains(shown, "apply for the transfer by "+d.PaidTill.AddDays(-7).String())
	})
	if d := w.domain("coming.ru"); d.Status != "Transferring" || len(d.Alarms) != 1 {
		t.Errorf("%+v", d)
	}
	if _, stderr, exit := w.run("order", "secret", o.ID, "--by", " "); exit == 0 {
		t.Errorf("nobody reads the code: %s", stderr)
	}
	if got := w.must("order", "secret", o.ID, "--by", "olga"); strings.TrimSpace(got) != code {
		t.Errorf("the code is shown as %q", got)
	}
	d.Registrar, d.Handle = "R01-RU", *w.domain("coming.ru").Handle
	if err := w.sim.AddDomain(d); err != nil {
		t.Fatal(err)
	}
	w.reach("coming.ru", "Registered")
	w.until("its alarm to end, which is told right after", func() bool {
		d := w.domain("coming.ru")
		return len(d.Alarms) == 0 && d.Operation == nil
	})
	log := w.must("log")
	if !strings.Contains(log, "was shown to "+command.Login()+` (on behalf of "olga")`) {
		t.Errorf("the log does not say who read the code:\n%s", log)
	}
	shown := log + w.must("operation", "show", op.ID) + w.must("domain", "show", "coming.ru") + w.must("orders") + w.must("preview", o.ID)
	w.stop(syscall.SIGTERM) // so that its log is complete
	if strings.Contains(shown+w.log.String(), code) {
		t.Error("the code shows elsewhere")
	}
	for _, e := range w.sim.History() {
		if strings.Contains(string(e.Raw), code) {
			t.Error("the code was mailed")
		}
	}
}
