package r01sim

import (
	"bytes"
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"registrar.panel/internal/testrun"
)

func TestSimulator_newClientAndDomain(t *testing.T) {
	t.Parallel()

	s := start(t, testOptions())
	request := requestFor(t, testPerson, testDomain)
	mustSubmit(t, s, request)

	c := mailboxClient(t, s)
	var got [][]byte
	eventually(t, "four mails in the mailbox", func() bool { got = fetchAll(t, c); return len(got) == 4 })

	var text strings.Builder
	for _, raw := range got {
		a := parseAnswer(t, raw)
		text.WriteString(a.text + "\n")
		if a.header.Get("In-Reply-To") != "<t1@panel.example>" || a.header.Get("Subject") != "Re: New client [t1]" {
			t.Errorf("answer is not tied to the request: %v", a.header.Get("Subject"))
		}
		if a.header.Get("Auto-Submitted") != "auto-replied" || a.header.Get("From") != testGateway {
			t.Error("answer does not look like a robot's")
		}
	}

	for _, want := range []string{
		"task: 1048577\naction: NEW\nobject: person\nnic-hdl: MYCO_1_48213-R01\nstatus: TASK_QUEUED\n",
		"task: 1048577\naction: NEW\nobject: person\nnic-hdl: MYCO_1_48213-R01\nstatus: TASK_SUCCESS\n",
		"task: 1048578\naction: NEW\nobject: domain\ndomain: newtime.ru\nstatus: TASK_QUEUED\n",
		"task: 1048578\naction: NEW\nobject: domain\ndomain: newtime.ru\nstatus: TASK_SUCCESS\nstate: REGISTERED, DELEGATED\npaid-till: ",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no answer says\n%s", want)
		}
	}

	history := s.History()
	if len(history) != 1 || !bytes.Equal(history[0].Raw, request) || history[0].Verdict != VerdictQueued {
		t.Errorf("history does not hold the mail as it was sent")
	}
}

// The bytes that arrive are kept as they came: 8-bit, CRLF, dots unstuffed.
func TestSimulator_historyIsExact(t *testing.T) {
	t.Parallel()
	s := start(t, testOptions())
	request := append(requestFor(t, testPerson), ".\r\n..two dots\r\nn\xc5 utf\r\n"...)
	mustSubmit(t, s, request)
	if got := s.History()[0].Raw; !bytes.Equal(got, request) {
		t.Errorf("kept %q", got)
	}
}

func TestSimulator_offers8BitOnly(t *testing.T) {
	t.Parallel()
	s := start(t, testOptions())
	c, err := smtp.Dial(s.Addresses().SMTP)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if ok, _ := c.Extension("8BITMIME"); !ok {
		t.Error("8BITMIME is not offered")
	}
	if ok, _ := c.Extension("SMTPUTF8"); ok {
		t.Error("SMTPUTF8 is offered")
	}
}

func TestSimulator_anyLogin(t *testing.T) {
	t.Parallel()
	s := start(t, testOptions())
	c, err := smtp.Dial(s.Addresses().SMTP)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Auth(sasl.NewPlainClient("", "anybody", "anything")); err != nil {
		t.Error(err)
	}
}

func TestSimulator_verdicts(t *testing.T) {
	t.Parallel()

	for name, row := range map[string]struct {
		text    string
		verdict Verdict
		answer  string // "" = silence
	}{
		"stranger":       {replaced("From: callback@panel.example", "From: other@panel.example"), VerdictIgnored, ""},
		"automatic mail": {replaced("MIME-Version: 1.0", "MIME-Version: 1.0\nAuto-Submitted: auto-replied"), VerdictIgnored, ""},
		"not a mail":     {"no header line\n\n", VerdictIgnored, ""},
		"wrong password": {replaced("password: secret", "password: guess"), VerdictRejected, "message: Wrong agreement or password."},
		"other contract": {replaced("RP/01/00", "RP/02/00"), VerdictRejected, "message: Wrong agreement or password."},
		"password before end": {replaced("password: secret", "password: guess", testEnd, ""),
			VerdictRejected, "message: Wrong agreement or password."},
		"unknown registrant": {replaced(testPerson, ""), VerdictRejected, "message: Unknown nic-hdl MYCO_1_48213-R01."},
		"base64":             {replaced("8bit", "base64"), VerdictRejected, "message: Content-Transfer-Encoding must be 8bit."},
		"birth date": {replaced("18.10.1965", "18.13.1965"), VerdictRejected,
			"nic-hdl: MYCO_1_48213-R01\nstatus: TASK_FAILURE\nmessage: WRONG_BIRTH_DATE"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			s := start(t, testOptions())
			mustSubmit(t, s, koi8(t, row.text))
			if got := s.History()[0].Verdict; got != row.verdict {
				t.Errorf("verdict %s", got)
			}
			if state := s.State(); len(state.Tasks) != 0 {
				t.Errorf("queued %v", state.Tasks)
			}

			want := 1

			if row.answer == "" {
				// A mail that is answered, to see that nothing came before it.
				mustSubmit(t, s, koi8(t, replaced("8bit", "7bit")))
			}

			if got := answers(t, s, want); len(got) != want || !strings.Contains(got[0].text, row.answer) {
				t.Errorf("answered %v", got)
			}
		})
	}
}

func TestSimulator_partialSuccess(t *testing.T) {
	t.Parallel()
	s := start(t, testOptions())
	if err := s.AddDomain(Domain{Name: "newtime.ru", Handle: "OTHER-R01", PaidTill: s.today().AddDays(90)}); err != nil {
		t.Fatal(err)
	}
	mustSubmit(t, s, requestFor(t, testPerson, testDomain))
	var text string
	for _, a := range answers(t, s, 3) {
		text += a.text
	}
	for _, want := range []string{"status: TASK_SUCCESS", "message: Domain newtime.ru is already registered."} {
		if !strings.Contains(text, want) {
			t.Errorf("no answer says %q in\n%s", want, text)
		}
	}
}

func TestSimulator_holdAndRelease(t *testing.T) {
	t.Parallel()

	s := start(t, testOptions())
	s.Hold()
	mustSubmit(t, s, requestFor(t, testPerson))
	eventually(t, "two answers held", func() bool { return s.Held() == 2 })

	if n := len(s.Sent()); n != 0 {
		t.Fatalf("%d answers left", n)
	}

	s.Release(1)
	if got := answers(t, s, 1); len(got) != 1 || !strings.Contains(got[0].text, "TASK_QUEUED") {
		t.Errorf("released %v", got)
	}

	s.Release(2) // one that waits, one to come
	answers(t, s, 2)
	mustSubmit(t, s, koi8(t, replaced("8bit", "7bit")))
	answers(t, s, 3)
	mustSubmit(t, s, koi8(t, replaced("8bit", "7bit")))
	eventually(t, "one more answer held", func() bool { return s.Held() == 1 })
	s.Release(0)
	answers(t, s, 4)
}

func TestSimulator_injectAndRelay(t *testing.T) {
	t.Parallel()
	s := start(t, testOptions())
	s.Hold()
	raw := []byte("Subject: odd\r\n\r\nraw \xff bytes\r\n")
	s.Inject(raw)
	if err := submitTo(t, s, testCallback, []byte("Subject: copy\r\n\r\nbcc\r\n")); err != nil {
		t.Fatal(err)
	}
	c := mailboxClient(t, s)
	var got [][]byte
	eventually(t, "both mails", func() bool { got = fetchAll(t, c); return len(got) == 2 })
	if !bytes.Equal(got[0], raw) || !bytes.Contains(got[1], []byte("bcc")) {
		t.Errorf("mailbox holds %q", got)
	}
	if v := s.History()[0].Verdict; v != VerdictRelayed {
		t.Errorf("verdict %s", v)
	}
}

func TestSimulator_smtpWeather(t *testing.T) {
	t.Parallel()

	o := testOptions()
	o.Policy.Defer = 1

	s := start(t, o)
	err := submit(t, s, requestFor(t, testPerson))
	var refused *smtp.SMTPError
	if !errors.As(err, &refused) || refused.Code != 451 {
		t.Errorf("deferred with %v", err)
	}

	if len(s.History()) != 0 {
		t.Error("a deferred mail was taken")
	}

	o.Policy.Defer, o.Policy.Drop = 0, 1
	if err := s.SetPolicy(o.Policy); err != nil {
		t.Fatal(err)
	}
	if err := submit(t, s, requestFor(t, testPerson)); err == nil {
		t.Error("the sender learnt that its mail was taken")
	}
	if len(s.History()) != 1 {
		t.Error("a dropped mail was not taken")
	}
}

func TestSimulator_loopbackGuard(t *testing.T) {
	t.Parallel()

	for name, change := range map[string]func(*Options){
		"listen on all":    func(o *Options) { o.SMTP = "0.0.0.0:0" },
		"listen unnamed":   func(o *Options) { o.Admin = ":0" },
		"deliver far away": func(o *Options) { o.Deliver = "192.0.2.1:25" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := testOptions()
			change(&o)
			s := New(o)
			if err := s.Listen(); err == nil || !strings.Contains(err.Error(), "loopback") {
				t.Errorf("listened with %v", err)
			}
		})
	}

	o := testOptions()
	o.SMTP, o.AllowRemote = ":0", true
	start(t, o)
}

// A port in use is an error that names the service, and leaves no other port bound.
func TestSimulator_portInUse(t *testing.T) {
	t.Parallel()
	first := start(t, testOptions())
	o := testOptions()
	o.Admin = first.Addresses().Admin
	second := New(o)
	if err := second.Listen(); err == nil || !strings.Contains(err.Error(), "listen for admin") {
		t.Fatalf("listened with %v", err)
	}
	if _, err := net.Dial("tcp", second.Addresses().SMTP); err == nil {
		t.Error("the SMTP port is still bound")
	}
}

func TestSimulator_runEndsWithGuestsInside(t *testing.T) {
	t.Parallel()

	s := New(testOptions())
	if err := s.Listen(); err != nil {
		t.Fatal(err)
	}

	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()

	for _, address := range []string{s.Addresses().SMTP, s.Addresses().IMAP, s.Addresses().Whois, s.Addresses().Admin} {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}

	cancel()

	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(testrun.Limit(t)):
		t.Fatal("Run does not end")
	}
}
