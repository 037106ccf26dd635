package main

import (
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"registrar.panel/internal/r01sim"
	"registrar.panel/internal/testrun"
	"registrar.panel/shared/registrar"
)

// WHMCS sells through its module: despite losses, repetitions and
// restarts each order is placed once, and none is forgotten.
func TestWHMCS(t *testing.T) {
	t.Parallel()
	w := newRegistryWorld(t, "")
	w.serve()
	b := newBilling(w, "whmcs/panel.php")
	b.php(nil, "", "-l", integrations+"/whmcs/additionalfields.php")

	b.registerByWHMCS()
	b.changeByWHMCS()
	b.renewByWHMCS()
	b.failByWHMCS()
	b.transferByWHMCS()
	b.lookByWHMCS()
	for _, secret := range []string{billingToken, "4510 123456", "code-CANARY"} {
		if strings.Contains(b.log.String(), secret) {
			t.Errorf("the module log shows %q:\n%s", secret, b.log.String())
		}
	}
}

// A domain is locked and unlocked as often as WHMCS asks, and its code is fetched once, whatever is lost on the way.
func TestWHMCSLocksAndLetsGo(t *testing.T) {
	t.Parallel()
	testrun.Place(t)
	w := oneManual(t, "")
	w.serve()
	w.must("order", "register", "shop.com", "--customer", "whmcs-8", "--contact", w.write("person.json", manualPerson), "--ns", "ns1.hoster.example", "--ns", "ns2.hoster.example", "--own")
	b := newBilling(w, "whmcs/panel.php")
	conclude := func(more ...string) {
		t.Helper()
		op := b.stands("shop.com", "NeedsAction").Operation.ID
		w.must(append([]string{"operation", "resolve", op, "--outcome", "done", "--by", "ann"}, more...)...)
		b.settled("shop.com")
	}
	conclude()

	b.way.set(true, "")
	said := func() string { return b.callWHMCS("GetRegistrarLock", 21, "shop.com", nil, nil) }
	for n, lock := range []string{"locked", "unlocked", "locked"} {
		for range 2 {
			b.success(b.whmcs("SaveRegistrarLock", 21, "shop.com", map[string]any{"lockenabled": lock}, nil))
		}
		conclude()
		b.success(b.whmcs("SaveRegistrarLock", 21, "shop.com", map[string]any{"lockenabled": lock}, nil)) // it is so already
		if said() != strconv.Quote(lock) || len(b.ordered("shop.com")) != n+2 {
			t.Errorf("after %s WHMCS is told %s, of %d orders", lock, said(), len(b.ordered("shop.com")))
		}
	}

	for range 2 {
		b.fails(b.whmcs("GetEPPCode", 21, "shop.com", nil, nil), "ask again")
	}
	conclude("--auth", "code-CANARY-9")
	b.way.set(false, "")
	b.until("WHMCS to be told the code", func() bool {
		return b.whmcs("GetEPPCode", 21, "shop.com", nil, nil)["eppcode"] == "code-CANARY-9"
	})
	b.once("shop.com", "auth-code", "")
	if strings.Contains(b.log.String(), "code-CANARY") {
		t.Errorf("the module log shows the code:\n%s", b.log.String())
	}
}

// success asserts that WHMCS is told of success.
func (b *billing) success(answer map[string]any) {
	b.t.Helper()
	if answer["success"] != true || len(answer) != 1 {
		b.t.Errorf("WHMCS is told %v, want success", answer)
	}
}

// fails asserts that WHMCS is told an error with the given words.
func (b *billing) fails(answer map[string]any, want string) {
	b.t.Helper()
	if said, _ := answer["error"].(string); !strings.Contains(said, want) {
		b.t.Errorf("WHMCS is told %v, want an error with %q", answer, want)
	}
}

func (b *billing) registerByWHMCS() {
	b.t.Helper()
	b.fails(b.whmcs("RegisterDomain", 12, "shop.ru", map[string]any{"postcode": "", "city": "", "address1": ""}, nil), "contact.postal_address: ")
	b.fails(b.whmcs("RegisterDomain", 12, "shop.ru", map[string]any{"regperiod": 2}, nil), "one year at a time")

	b.way.set(false, "/orders")
	b.fails(b.whmcs("RegisterDomain", 12, "shop.ru", nil, nil), "the panel did not answer")
	if o := b.once("shop.ru", "register", "whmcs-d12-register"); o.State != "unpaid" {
		b.t.Errorf("the order whose answer was lost is %s", o.State)
	}

	b.stop(syscall.SIGKILL)
	b.fails(b.whmcs("RegisterDomain", 12, "shop.ru", nil, nil), "the panel did not answer")
	b.serve()
	b.way.set(false, "/pay")
	b.fails(b.whmcs("RegisterDomain", 12, "shop.ru", nil, nil), "the panel did not answer")
	b.way.set(true, "")
	b.success(b.whmcs("RegisterDomain", 12, "shop.ru", nil, nil))
	b.reach("shop.ru", "Registered")
	b.success(b.whmcs("RegisterDomain", 12, "shop.ru", map[string]any{"ns2": "ns3.hoster.example"}, nil)) // done long ago

	o := b.once("shop.ru", "register", "whmcs-d12-register")
	if o.Customer != "whmcs-8" || o.Reference == nil || *o.Reference != "whmcs-d12" || b.requests("shop.ru") != 1 {
		b.t.Errorf("the order is %+v, and R01 got %d requests", o, b.requests("shop.ru"))
	}
	answer := b.whmcs("Sync", 12, "shop.ru", nil, nil)
	if till, _ := answer["expirydate"].(string); answer["active"] != true || till != *b.domain("shop.ru").PaidTill {
		b.t.Errorf("Sync answers %v", answer)
	}

	// An order that was withdrawn in the panel does not block the next one.
	b.way.set(false, "/orders")
	b.whmcs("RegisterDomain", 13, "again.ru", nil, nil)
	b.must("order", "cancel", "whmcs-d13-register")
	b.way.set(false, "")
	b.success(b.whmcs("RegisterDomain", 13, "again.ru", nil, nil))
	b.reach("again.ru", "Registered")
	if n := b.requests("again.ru"); n != 1 || len(b.ordered("again.ru")) != 2 {
		b.t.Errorf("R01 got %d requests for again.ru, of %d orders", n, len(b.ordered("again.ru")))
	}
}

func (b *billing) changeByWHMCS() {
	b.t.Helper()
	b.settled("shop.ru")
	b.way.set(true, "")
	servers := map[string]any{"ns1": "ns7.hoster.example", "ns2": "ns8.hoster.example"}
	for range 2 {
		b.success(b.whmcs("SaveNameservers", 12, "shop.ru", servers, nil))
	}
	b.settled("shop.ru")
	b.success(b.whmcs("SaveNameservers", 12, "shop.ru", servers, nil))
	b.once("shop.ru", "update", "")
	if answer := b.whmcs("GetNameservers", 12, "shop.ru", nil, nil); answer["ns1"] != "ns7.hoster.example" || answer["ns2"] != "ns8.hoster.example" || len(answer) != 2 {
		b.t.Errorf("the nameservers are %v", answer)
	}

	shown := b.whmcs("GetContactDetails", 12, "shop.ru", nil, nil)
	registrant, _ := shown["Registrant"].(map[string]any)
	if registrant["Mail addresses"] != "sidorov@example.ru" || registrant["Postal address"] != "123007, Москва, Тестовая ул., д. 1, кв. 2" {
		b.t.Fatalf("the contact is %v", shown)
	}
	registrant["Mail addresses"] = "new@example.ru; sidorov@example.ru"
	for range 2 {
		b.success(b.whmcs("SaveContactDetails", 12, "shop.ru", map[string]any{"contactdetails": shown}, nil))
	}
	b.settled("shop.ru")
	if again := b.whmcs("GetContactDetails", 12, "shop.ru", nil, nil)["Registrant"].(map[string]any); again["Mail addresses"] != registrant["Mail addresses"] {
		b.t.Errorf("after the change the contact is %v", again)
	}
	b.success(b.whmcs("SaveContactDetails", 12, "shop.ru", map[string]any{"contactdetails": shown}, nil)) // nothing differs
	if n := len(b.ordered("shop.ru")); n != 3 {
		b.t.Errorf("there are %d orders for shop.ru, want a registration and two changes", n)
	}
}

func (b *billing) renewByWHMCS() {
	b.t.Helper()
	till := registrar.DateOf(time.Now().UTC()).AddDays(40)
	next := till.AddYears(1)
	if err := b.sim.AddDomain(r01sim.Domain{Name: "old.ru", PaidTill: till, Handle: "OLD_1_X-R01"}); err != nil {
		b.t.Fatal(err)
	}
	b.must("domain", "import", "old.ru", "--customer", "whmcs-8", "--handle", "OLD_1_X-R01", "--paid-till", till.String())
	sold := func(expiry, due registrar.Date) map[string]string {
		return map[string]string{"expirydate": expiry.String(), "nextduedate": due.String()}
	}

	b.way.set(false, "/pay") // the panel hears it, and carries it out
	b.fails(b.whmcs("RenewDomain", 14, "old.ru", nil, sold(till, next)), "the panel did not answer")
	b.stop(syscall.SIGTERM)
	b.way.set(true, "")
	b.serve()
	b.success(b.whmcs("RenewDomain", 14, "old.ru", nil, sold(till, next)))
	b.paid("old.ru", next)
	b.success(b.whmcs("RenewDomain", 14, "old.ru", nil, sold(till, next))) // WHMCS has not seen the new date yet
	b.success(b.whmcs("RenewDomain", 14, "old.ru", nil, sold(next, next))) // now it has
	b.fails(b.whmcs("RenewDomain", 14, "old.ru", nil, sold(next, next.AddYears(1))), "not earlier")
	b.fails(b.whmcs("RenewDomain", 14, "old.ru", nil, map[string]string{"expirydate": "0000-00-00", "nextduedate": "0000-00-00"}), "syncing")

	if o := b.once("old.ru", "renew", "whmcs-d14-renew-"+till.String()); o.PaidTill == nil || *o.PaidTill != till.String() {
		b.t.Errorf("the renewal starts from %v", o.PaidTill)
	}
	if n := b.requests("old.ru"); n != 1 {
		b.t.Errorf("R01 got %d requests about old.ru, want one year", n)
	}
}

// Sync reports an order that R01 refused. It is tried again when WHMCS asks, with the data of that time.
func (b *billing) failByWHMCS() {
	b.t.Helper()
	b.success(b.whmcs("RegisterDomain", 15, "refuse-me.ru", nil, nil))
	b.reach("refuse-me.ru", "Error")
	b.fails(b.whmcs("Sync", 15, "refuse-me.ru", nil, nil), "reserved")
	b.success(b.whmcs("RegisterDomain", 15, "refuse-me.ru", map[string]any{"email": "other@example.ru"}, nil))
	b.until("the second attempt to end", func() bool {
		o := b.once("refuse-me.ru", "register", "whmcs-d15-register")
		return o.Attempt == 2 && o.Outcome != nil && *o.Outcome == "failed"
	})
}

func (b *billing) transferByWHMCS() {
	b.t.Helper()
	if err := b.sim.AddDomain(r01sim.Domain{Name: "theirs.ru", Registrar: "OTHER-RU", PaidTill: registrar.DateOf(time.Now().UTC()).AddDays(200)}); err != nil {
		b.t.Fatal(err)
	}
	code := map[string]any{"eppcode": "code-CANARY-1"}
	for range 2 {
		b.success(b.whmcs("TransferDomain", 16, "theirs.ru", code, nil))
	}
	if answer := b.whmcs("TransferSync", 16, "theirs.ru", nil, nil); answer["completed"] != false {
		b.t.Errorf("while it is under way TransferSync answers %v", answer)
	}
	d := b.stands("theirs.ru", "NeedsAction")
	b.must("operation", "resolve", d.Operation.ID, "--outcome", "failed", "--by", "ann")
	b.until("WHMCS to be told that it has failed", func() bool {
		return b.whmcs("TransferSync", 16, "theirs.ru", nil, nil)["failed"] == true
	})
	b.once("theirs.ru", "transfer", "whmcs-d16-transfer")
}

func (b *billing) lookByWHMCS() {
	b.t.Helper()
	out := b.callWHMCS("CheckAvailability", 0, "theirs.ru", map[string]any{"searchTerm": "theirs", "punyCodeSearchTerm": "", "tldsToInclude": []string{".ru", ".su"}}, nil)
	if !strings.Contains(out, `{"status":"registered","sld":"theirs","tld":".ru"}`) || !strings.Contains(out, `{"status":"available for registration","sld":"theirs","tld":".su"}`) {
		b.t.Errorf("WHMCS is told %s", out)
	}
	if out := b.callWHMCS("GetRegistrarLock", 12, "shop.ru", nil, nil); out != `""` {
		b.t.Errorf("R01 sells no lock, and WHMCS is told %s", out)
	}
	b.fails(b.whmcs("GetNameservers", 99, "unknown.ru", nil, nil), "unknown.ru: the panel does not know it")
}
