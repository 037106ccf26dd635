package main

import (
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"registrar.panel/internal/r01sim"
	"registrar.panel/shared/registrar"
)

// BILLmanager sells through its module, over the module's own command-line protocol: despite
// losses, repetitions and restarts each order is placed once, and none is forgotten.
func TestBILLmanager(t *testing.T) {
	t.Parallel()
	w := newRegistryWorld(t, "")
	w.serve()
	m := newManager(w)

	m.introduced()
	m.opened()
	m.prolonged()
	m.changed()
	m.refused()
	m.transferred()
	if strings.Contains(m.log.String(), "PHP") {
		t.Errorf("PHP complains:\n%s", m.log.String())
	}
}

// manager is a BILLmanager beside a world's panel, with its mgrctl's answers and the calls to it.
type manager struct{ *billing }

func newManager(w *world) manager {
	w.t.Helper()
	m := manager{newBilling(w, "billmanager/pmpanel.php")}
	m.answers("processing.edit", m.settings())
	m.answers("service_profile.edit", `<profiletype>1</profiletype><firstname>Sidor</firstname><middlename>S</middlename><lastname>Sidorov</lastname>
		<firstname_locale>Сидор</firstname_locale><middlename_locale>Сидорович</middlename_locale><lastname_locale>Сидоров</lastname_locale>
		<passport>4510 123456</passport><passport_org>ОВД Тверского района г. Москвы</passport_org><passport_date>2010-01-30</passport_date><birthdate>1965-10-18</birthdate>
		<phone>+7 495 123-45-67</phone><mobile></mobile><fax/><email>sidorov@example.ru</email>
		<location_country>182</location_country><location_postcode>123007</location_postcode><location_city>Москва</location_city><location_address>Тестовая ул., д. 1, кв. 2</location_address>
		<slist name="location_country"><val key="182" image="/manimg/common/flag/RU.png">Россия</val></slist>`)
	m.answers("task.gettype", "<task_type>7</task_type>")
	return m
}

func (m manager) settings() string {
	return fmt.Sprintf("<url>%s</url><token>%s</token><name>bill</name><language>en</language>", m.way.server.URL, billingToken)
}

// answers sets what a function of BILLmanager answers.
func (m manager) answers(function, inside string) {
	m.t.Helper()
	if err := os.WriteFile(filepath.Join(m.dir, function+".xml"), []byte("<?xml version=\"1.0\"?>\n<doc>"+inside+"</doc>\n"), 0o600); err != nil {
		m.t.Fatal(err)
	}
}

// serves makes a service known to BILLmanager.
func (m manager) serves(domain, more string) {
	m.t.Helper()
	m.answers("domain.edit", more+"<domain>"+domain+"</domain><account>8</account><period>12</period><processingmodule>3</processingmodule><service_profile_owner>5</service_profile_owner>"+
		"<ns0>ns1.hoster.example</ns0><ns1>ns2.hoster.example</ns1>") // of two values the first counts
}

// runs executes a command of the module, and returns its answer and its calls to BILLmanager.
func (m manager) runs(stdin string, args ...string) (answer, asked string) {
	m.t.Helper()
	mgrctl, err := filepath.Abs("testdata/billing/mgrctl")
	if err != nil {
		m.t.Fatal(err)
	}
	calls := filepath.Join(m.dir, "calls")
	if err := os.WriteFile(calls, nil, 0o600); err != nil {
		m.t.Fatal(err)
	}
	answer = m.php([]string{"MGRCTL=" + mgrctl, "BILLMANAGER=" + m.dir}, stdin, append([]string{filepath.Join(m.dir, "pmpanel.php"), "--command"}, args...)...)
	text, err := os.ReadFile(calls)
	if err != nil {
		m.t.Fatal(err)
	}
	return answer, string(text)
}

// done asserts that a command succeeded, and that it made the given call to BILLmanager.
func (m manager) done(want string, args ...string) {
	m.t.Helper()
	answer, asked := m.runs("", args...)
	if strings.Contains(answer, "<error") || !strings.Contains(asked, want+"\n") {
		m.t.Errorf("%v answers %s, and asks\n%s; want no error and %s", args, answer, asked, want)
	}
}

// unheard asserts that a command says that it got no answer, and that BILLmanager repeats it by itself.
func (m manager) unheard(args ...string) {
	m.t.Helper()
	answer, asked := m.runs("", args...)
	if !strings.Contains(answer, "the panel did not answer") || !strings.Contains(asked, "runningoperation.edit ") || strings.Contains(asked, "setmanual") {
		m.t.Errorf("%v answers %s, and asks\n%s", args, answer, asked)
	}
}

// waits asserts that a command is refused with these words, and waits for a person.
func (m manager) waits(want string, args ...string) {
	m.t.Helper()
	answer, asked := m.runs("", args...)
	if !strings.Contains(answer, want) || !strings.Contains(asked, "runningoperation.setmanual elid=") || !strings.Contains(asked, "task.edit sok=ok ") {
		m.t.Errorf("%v answers %s, and asks\n%s; want a refusal with %q", args, answer, asked, want)
	}
}

func (m manager) introduced() {
	m.t.Helper()
	form, err := os.ReadFile(integrations + "/billmanager/billmgr_mod_pmpanel.php.xml")
	if err != nil || xml.Unmarshal(form, new(struct{})) != nil {
		m.t.Errorf("the form of the settings can't be read: %v", err)
	}
	answer, _ := m.runs("", "features")
	for _, want := range []string{`<itemtype name="domain"/>`, `<param name="token" crypted="yes"/>`, `<feature name="open"/>`, `<feature name="prolong"/>`, `<feature name="sync_item"/>`} {
		if !strings.Contains(answer, want) {
			m.t.Errorf("features has no %s:\n%s", want, answer)
		}
	}
	if answer, _ := m.runs("", "get_contact_type", "--tld", "ru"); !strings.Contains(answer, "<contact_type>owner</contact_type>") {
		m.t.Errorf("the types of contacts are %s", answer)
	}
	typed := "<doc><processingmodule>" + m.settings() + "</processingmodule></doc>"
	if answer, _ := m.runs(typed, "check_connection"); strings.Contains(answer, "<error") {
		m.t.Errorf("the right settings: %s", answer)
	}
	if answer, _ := m.runs(strings.Replace(typed, billingToken, "wrong", 1), "check_connection"); !strings.Contains(answer, "<error") {
		m.t.Errorf("a wrong token: %s", answer)
	}
}

func (m manager) opened() {
	m.t.Helper()
	m.serves("bill.ru", "")
	open := []string{"open", "--item", "77", "--runningoperation", "900"}
	m.way.set(false, "/orders")
	m.unheard(open...)
	m.stop(syscall.SIGKILL)
	m.unheard(open...)
	m.serve()
	m.way.set(false, "/pay")
	m.unheard(open...)
	m.way.set(true, "")
	m.done("service.setstatus elid=77 service_status=5", open...)
	m.reach("bill.ru", "Registered")
	m.done("domain.open elid=77 sok=ok", open...)
	m.once("bill.ru", "register", "bill-i77-register")
	if n := m.requests("bill.ru"); n != 1 {
		m.t.Errorf("R01 got %d requests about bill.ru", n)
	}

	m.done("service.setstatus elid=77 service_status=2", "sync_item", "--item", "77")
	m.done("service.setexpiredate elid=77 expiredate="+*m.domain("bill.ru").PaidTill, "sync_item", "--item", "77")
	m.done("service.postsuspend elid=77 sok=ok", "suspend", "--item", "77", "--runningoperation", "901")
}

func (m manager) prolonged() {
	m.t.Helper()
	till := registrar.DateOf(time.Now().UTC()).AddDays(40)
	if err := m.sim.AddDomain(r01sim.Domain{Name: "year.ru", PaidTill: till, Handle: "OLD_1_X-R01"}); err != nil {
		m.t.Fatal(err)
	}
	m.must("domain", "import", "year.ru", "--customer", "bill-8", "--handle", "OLD_1_X-R01", "--paid-till", till.String())
	m.serves("year.ru", "")

	prolong := []string{"prolong", "--item", "78", "--runningoperation", "910"}
	m.way.set(false, "/pay") // the panel hears it, and carries it out
	m.unheard(prolong...)
	m.paid("year.ru", till.AddYears(1))
	m.stop(syscall.SIGTERM)
	m.way.set(true, "")
	m.serve()
	m.done("service.postprolong elid=78 sok=ok", prolong...)
	m.once("year.ru", "renew", "bill-i78-renew-op910")
	m.waits("not earlier", "prolong", "--item", "78", "--runningoperation", "911") // a further year
	if answer, _ := m.runs("", "prolong", "--item", "78"); !strings.Contains(answer, "by a running operation") {
		m.t.Errorf("without an operation it answers %s", answer)
	}
	if n := m.requests("year.ru"); n != 1 {
		m.t.Errorf("R01 got %d requests about year.ru, want one year", n)
	}

	m.done("service.postclose elid=78 sok=ok", "close", "--item", "78", "--runningoperation", "912")
	if out := m.must("domain", "show", "year.ru"); !strings.Contains(out, "manual") {
		m.t.Errorf("a closed service goes on being renewed:\n%s", out)
	}
}

func (m manager) changed() {
	m.t.Helper()
	m.serves("bill.ru", "<ns0>ns7.hoster.example</ns0>")
	for range 2 {
		m.done("service.postupdatens elid=77 sok=ok", "update_ns", "--item", "77")
	}
	m.settled("bill.ru")
	m.once("bill.ru", "update", "")
}

// An order that R01 refused is tried again when a person has
// corrected it, and not when BILLmanager repeats the command.
func (m manager) refused() {
	m.t.Helper()
	m.serves("refuse-it.ru", "")
	open := []string{"open", "--item", "79", "--runningoperation", "920"}
	m.done("domain.open elid=79 sok=ok", open...)
	m.reach("refuse-it.ru", "Error")
	m.waits("order bill-i79-register has failed: ", open...)
	if answer, asked := m.runs("", "sync_item", "--item", "79"); !strings.Contains(answer, "reserved") || !strings.Contains(asked, "service_status=4") {
		m.t.Errorf("sync_item answers %s, and asks\n%s", answer, asked)
	}
	m.serves("refuse-it.ru", "<ns2>ns3.hoster.example</ns2>")
	m.done("domain.open elid=79 sok=ok", open...)
	m.until("the second attempt to end", func() bool {
		o := m.once("refuse-it.ru", "register", "bill-i79-register")
		return o.Attempt == 2 && o.Outcome != nil && *o.Outcome == "failed"
	})

	m.serves("no_name.ru", "")
	m.waits("_", "open", "--item", "80", "--runningoperation", "921")
}

func (m manager) transferred() {
	m.t.Helper()
	if err := m.sim.AddDomain(r01sim.Domain{Name: "move.ru", Registrar: "OTHER-RU", PaidTill: registrar.DateOf(time.Now().UTC()).AddDays(200)}); err != nil {
		m.t.Fatal(err)
	}
	m.serves("move.ru", "<auth_code>code-CANARY-2</auth_code>")
	for range 2 {
		m.done("service.setstatus elid=81 service_status=6", "transfer", "--item", "81", "--runningoperation", "930")
	}
	m.once("move.ru", "transfer", "bill-i81-transfer")
	m.done("service.setstatus elid=81 service_status=6", "sync_item", "--item", "81")
}
