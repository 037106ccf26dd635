package r01sim

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"registrar.panel/shared/registrar"
)

var noon = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

func mustRead(t *testing.T, text string) Request {
	t.Helper()
	r, rejection := ReadRequest(koi8(t, text))
	if rejection != nil {
		t.Fatal(rejection)
	}
	return r
}

func prolong(t *testing.T, name string) Request {
	return mustRead(t, action("PROLONG", "#[DOMAIN TEMPLATE]#\ndomain: "+name+"\n"))
}

// mustEnqueue judges and queues the last template of a request.
func mustEnqueue(t *testing.T, r *registry, request Request) *Task {
	t.Helper()
	template := request.Templates[len(request.Templates)-1]
	if rejection := r.judge(request.Action, template, noon); rejection != nil {
		t.Fatal(rejection)
	}
	task, rejection := r.enqueue(request, template, 500, noon)
	if rejection != nil {
		t.Fatal(rejection)
	}
	return task
}

func mustAdopt(t *testing.T, r *registry, d Domain) {
	t.Helper()
	if err := r.adopt(d); err != nil {
		t.Fatal(err)
	}
}

func TestRegistry_money(t *testing.T) {
	t.Parallel()

	r := newRegistry()
	r.adoptClient("MYCO_1_48213-R01")
	r.balance = Balance{Real: 700, Bonus: 600}
	request := mustRead(t, replaced("pay-type: real", "pay-type: real,bonus"))

	first := mustEnqueue(t, r, request)

	if diff := cmp.Diff(Balance{Real: 200, Bonus: 600, Blocked: 500}, r.balance); diff != "" {
		t.Error("after the first:", diff)
	}

	second := mustEnqueue(t, r, request)
	if diff := cmp.Diff(Balance{Real: 200, Bonus: 100, Blocked: 1000}, r.balance); diff != "" {
		t.Error("after the second:", diff)
	}
	if _, rejection := r.enqueue(request, request.Templates[1], 500, noon); rejection == nil || rejection.Reason != ReasonFunds {
		t.Errorf("third: %v", rejection)
	}

	r.execute(first, true, noon)
	r.execute(second, true, noon) // the name is taken by now: the money comes back

	if diff := cmp.Diff(Balance{Real: 200, Bonus: 600}, r.balance); diff != "" {
		t.Error("in the end:", diff)
	}
	if first.Status != TaskSuccess || second.Status != TaskFailure {
		t.Errorf("%s, %s", first.Status, second.Status)
	}
	if second.Message != "Domain newtime.ru is already registered." {
		t.Errorf("message %q", second.Message)
	}
}

func TestRegistry_payTypeRealOnly(t *testing.T) {
	t.Parallel()
	r := newRegistry()
	r.adoptClient("MYCO_1_48213-R01")
	r.balance = Balance{Real: 499, Bonus: 10_000}
	request := mustRead(t, replaced())
	if _, rejection := r.enqueue(request, request.Templates[1], 500, noon); rejection == nil || rejection.Reason != ReasonFunds {
		t.Errorf("paid from the bonus account: %v", rejection)
	}
	if _, rejection := r.enqueue(request, request.Templates[0], 500, noon); rejection != nil {
		t.Errorf("a client costs money: %v", rejection)
	}
}

func TestRegistry_renewalWindow(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		left   int // days until paid-till
		reason Reason
	}{{61, ReasonWindow}, {60, ""}, {0, ""}, {-30, ""}, {-31, ReasonWindow}} {
		r := newRegistry()
		mustAdopt(t, r, Domain{Name: "newtime.ru", PaidTill: today(noon).AddDays(row.left)})
		rejection := r.judge(ActionProlong, prolong(t, "newtime.ru").Templates[0], noon)
		if got := reasonOf(rejection); got != row.reason {
			t.Errorf("%d days before paid-till: %q, want %q", row.left, got, row.reason)
		}
	}
}

func reasonOf(r *Rejection) Reason {
	if r == nil {
		return ""
	}
	return r.Reason
}

// A renewal queued twice succeeds once: the second falls outside the window.
func TestRegistry_renewalTwice(t *testing.T) {
	t.Parallel()
	r := newRegistry()
	paidTill := today(noon).AddDays(55)
	mustAdopt(t, r, Domain{Name: "newtime.ru", PaidTill: paidTill})
	first, second := mustEnqueue(t, r, prolong(t, "newtime.ru")), mustEnqueue(t, r, prolong(t, "newtime.ru"))
	r.execute(first, true, noon)
	r.execute(second, true, noon)
	if first.Status != TaskSuccess || second.Status != TaskFailure {
		t.Errorf("%s, %s", first.Status, second.Status)
	}
	if got := r.domains["newtime.ru"].PaidTill; got != paidTill.AddYears(1) {
		t.Errorf("paid till %s", got)
	}
	if r.balance.Real != defaultBalance-500 {
		t.Errorf("balance %d", r.balance.Real)
	}
}

func TestRegistry_judges(t *testing.T) {
	t.Parallel()

	r := newRegistry()
	mustAdopt(t, r, Domain{Name: "newtime.ru", Handle: "MYCO_1_48213-R01", PaidTill: today(noon)})
	mustAdopt(t, r, Domain{Name: "foreign.ru", Registrar: "OTHER-RU", PaidTill: today(noon)})

	for name, row := range map[string]struct {
		request Request
		reason  Reason
		message string
	}{
		"handle exists":     {mustRead(t, testHead+testAuthorization+testPerson+testEnd), ReasonTaken, "DADMIN_EXIST"},
		"domain exists":     {mustRead(t, replaced()), ReasonTaken, "Domain newtime.ru is already registered."},
		"domain unknown":    {prolong(t, "other.ru"), ReasonUnknown, "Domain other.ru was not found on this agreement."},
		"domain of another": {prolong(t, "foreign.ru"), ReasonUnknown, "Domain foreign.ru was not found on this agreement."},
		"client unknown": {mustRead(t, action("UPDATE", "#[PERSON TEMPLATE]#\nnic-hdl: X-R01\nphone: +7 495 7654321\n")),
			ReasonUnknown, "Unknown nic-hdl X-R01."},
		"other registrant": {mustRead(t, action("UPDATE", "#[DOMAIN TEMPLATE]#\ndomain: newtime.ru\nadmin-o: X-R01\n")),
			ReasonRefused, "The registrant can be changed by letter only."},
		"in order": {prolong(t, "newtime.ru"), "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := r.judge(row.request.Action, row.request.Templates[len(row.request.Templates)-1], noon)
			if reasonOf(got) != row.reason || got != nil && got.Message != row.message {
				t.Errorf("judged %v", got)
			}
		})
	}
}

func TestRegistry_updates(t *testing.T) {
	t.Parallel()

	r := newRegistry()
	r.execute(mustEnqueue(t, r, mustRead(t, testHead+testAuthorization+testPerson+testEnd)), true, noon)
	r.execute(mustEnqueue(t, r, mustRead(t, replaced())), true, noon)

	client := mustEnqueue(t, r, mustRead(t, action("UPDATE",
		"#[PERSON TEMPLATE]#\nnic-hdl: MYCO_1_48213-R01\nphone: +7 495 7654321\nbirth-date: 19.10.1965\n")))
	r.execute(client, true, noon)
	if client.Status != TaskSuccess || client.Message != "WARNING_CANT_CHANGE_READONLY" {
		t.Errorf("%s %q", client.Status, client.Message)
	}

	fields := Template{Fields: r.clients["MYCO_1_48213-R01"].Fields}
	if fields.Value("phone") != "+7 495 7654321" || fields.Value("birth-date") != "18.10.1965" {
		t.Errorf("client is now %v", fields)
	}

	domain := mustEnqueue(t, r, mustRead(t, action("UPDATE",
		"#[DOMAIN TEMPLATE]#\ndomain: newtime.ru\nnserver: a.example\nnserver: b.example\nstate: NOT DELEGATED\n")))
	r.execute(domain, true, noon)
	got := r.domains["newtime.ru"]
	if diff := cmp.Diff([]string{"a.example", "b.example"}, got.Nameservers); diff != "" || got.Delegated {
		t.Errorf("domain is now %+v %s", got, diff)
	}

	if r.balance.Blocked != 0 || r.balance.Real != defaultBalance-500 {
		t.Errorf("an update costs money: %+v", r.balance)
	}
}

func TestRegistry_delegation(t *testing.T) {
	t.Parallel()

	for name, row := range map[string]struct {
		text     string
		delegate bool
		want     bool
	}{
		"asked for":       {replaced(), true, true},
		"implied":         {replaced("state: DELEGATED\n", ""), true, true},
		"not wanted":      {replaced("state: DELEGATED", "state: NOT DELEGATED"), true, false},
		"not granted":     {replaced(), false, false},
		"nothing to do":   {replaced("nserver: ns1.newtime.ru 192.0.2.1\nnserver: ns2.hoster.example\nstate: DELEGATED\n", ""), true, false},
		"rest is as ever": {replaced("descr: Site of Sidor Sidorov\n", ""), true, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRegistry()
			r.adoptClient("MYCO_1_48213-R01")
			r.execute(mustEnqueue(t, r, mustRead(t, row.text)), row.delegate, noon)
			if got := r.domains["newtime.ru"]; got.Delegated != row.want || got.PaidTill != (registrar.Date{Year: 2027, Month: 11, Day: 24}) {
				t.Errorf("registered as %+v", got)
			}
		})
	}
}

func TestRegistry_adoptRefuses(t *testing.T) {
	t.Parallel()
	for reason, d := range map[string]Domain{
		"not a name":  {Name: "x", PaidTill: today(noon)},
		"no expiry":   {Name: "newtime.ru"},
		"no handle":   {Name: "newtime.ru", PaidTill: today(noon), Handle: "nobody"},
		"wrong zone":  {Name: "newtime.com", PaidTill: today(noon)},
		"third level": {Name: "a.newtime.ru", PaidTill: today(noon)},
	} {
		if err := newRegistry().adopt(d); err == nil {
			t.Errorf("%s: adopted %+v", reason, d)
		}
	}
}

// The registry's day begins in Moscow.
func TestToday(t *testing.T) {
	t.Parallel()
	if got := today(time.Date(2026, 12, 31, 21, 0, 0, 0, time.UTC)).String(); got != "2027-01-01" {
		t.Errorf("today is %s", got)
	}
}
