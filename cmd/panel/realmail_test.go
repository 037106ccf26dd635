package main

import (
	"bytes"
	"cmp"
	"strings"
	"syscall"
	"testing"

	"registrar.panel/internal/mailhost"
	"registrar.panel/internal/testrun"
)

// realWorld is a world whose requests pass a Postfix, and whose mailbox is in a Dovecot.
type realWorld struct {
	*world
	dovecot *mailhost.Dovecot
}

// route is a way through the servers.
type route struct {
	tls       string                // starttls or implicit
	processed string                // the folder to which handled mails are moved
	direct    bool                  // R01 hands its answers to Dovecot; if not, another Postfix does, and tries again
	trusted   *mailhost.Certificate // the certificate of all servers; nil = it is not trusted
	poll      string                // "" = 1s
}

func newRealWorld(t *testing.T, r route) *realWorld {
	t.Helper()
	testrun.Place(t)
	w := &realWorld{world: newPlace(t)}
	w.dovecot = mailhost.StartDovecot(t, mailhost.DovecotOptions{Users: map[string]string{callback: imapPassword},
		Folders: []string{"Processed"}, Certificate: r.trusted})
	deliver := "lmtp://" + w.dovecot.Addresses.LMTP
	if !r.direct {
		deliver = mailhost.StartPostfix(t, mailhost.PostfixOptions{Dovecot: w.dovecot, Certificate: r.trusted}).Addresses.SMTP
	}
	w.sim = runSimulator(t, deliver)
	relay := mailhost.StartPostfix(t, mailhost.PostfixOptions{Dovecot: w.dovecot, Certificate: r.trusted,
		Routes: map[string]string{"registrar.example": w.sim.Addresses().SMTP}})
	w.mail = mailServers{smtp: relay.Addresses.Submission, imap: w.dovecot.Addresses.IMAP, tls: r.tls,
		relayUser: callback, mailUser: callback, processed: r.processed, poll: cmp.Or(r.poll, "1s")}
	if r.tls == "implicit" {
		w.mail.smtp, w.mail.imap = relay.Addresses.Submissions, w.dovecot.Addresses.IMAPS
	}
	if r.trusted != nil {
		w.env = []string{"SSL_CERT_FILE=" + r.trusted.File}
	}
	w.settle(nil)
	return w
}

// tells waits until "panel plugins" says something.
func (w *realWorld) tells(what string) {
	w.t.Helper()
	w.until("panel plugins to say "+what, func() bool { return strings.Contains(w.must("plugins"), what) })
}

// quiet fails the test if a person is asked for anything, or if R01 was asked twice.
func (w *realWorld) quiet(domains ...string) {
	w.t.Helper()
	var reviews []struct{ Reason, Subject string }
	w.json(&reviews, "review")
	if len(reviews) > 0 {
		w.t.Errorf("mails went to review: %+v", reviews)
	}
	for _, d := range domains {
		if n := w.requests(d); n != 1 {
			w.t.Errorf("R01 got %d requests for %s", n, d)
		}
	}
}

// The whole path with servers as a hoster has them: submission
// with a login, TLS everywhere, and a mailbox that others fill.
func TestOnRealServers(t *testing.T) {
	t.Parallel()
	certificate := mailhost.NewCertificate(t)
	for name, r := range map[string]route{
		"starttls, R01 delivers": {tls: "starttls", processed: "Processed", direct: true, trusted: certificate},
		"implicit, relayed":      {tls: "implicit", processed: "Processed", trusted: certificate},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			registerOnRealServers(t, newRealWorld(t, r))
		})
	}
	t.Run("a mailbox in trouble", func(t *testing.T) {
		t.Parallel()
		troubleTheMailbox(t, newRealWorld(t, route{tls: "starttls", trusted: certificate}))
	})
	t.Run("strangers", func(t *testing.T) {
		t.Parallel()
		distrustServers(t, newRealWorld(t, route{tls: "starttls", direct: true}))
	})
}

func registerOnRealServers(t *testing.T, w *realWorld) {
	contact := w.write("person.json", person)
	if report, _, code := w.execute("check", "--mail"); code != 0 || !strings.Contains(report, "sent and received unchanged") {
		t.Errorf("the check ends with %d and says:\n%s", code, report)
	}
	w.serve()
	w.buy("newtime.ru", "c1", contact)
	if d := w.reach("newtime.ru", "Registered"); d.PaidTill == nil || d.Handle == nil {
		t.Errorf("registered as %+v", d)
	}
	w.quiet("MYCO_", "newtime.ru")
	checkWire(t, w.sim.History())
	w.until("all mails to be handled", func() bool { return w.dovecot.Count(callback, "INBOX", "all") == 0 })
	if kept, sent := w.dovecot.Count(callback, "Processed", "keyword", "$PanelDone"), len(w.sim.Sent()); kept < sent {
		t.Errorf("%d mails are in the folder of handled mails, R01 sent %d", kept, sent)
	}
	for _, e := range w.sim.History() {
		if !bytes.Contains(e.Raw, []byte("with ESMTPSA")) || bytes.Contains(e.Raw, []byte("UTF8SMTP")) {
			t.Errorf("a request came otherwise than by authenticated submission:\n%s", e.Raw)
		}
	}
}

// The mailbox goes away, forgets its state, and refuses the login, while
// answers are under way: they are applied once, and no person has to look.
func troubleTheMailbox(t *testing.T, w *realWorld) {
	contact := w.write("person.json", person)
	w.serve()
	w.sim.Hold()
	w.buy("away.ru", "c1", contact)
	w.stands("away.ru", "Sent")
	w.dovecot.Stop()
	w.sim.Release(0)
	w.until("R01 to answer", func() bool { return len(w.sim.Sent()) >= 2 })
	w.dovecot.Start()
	w.reach("away.ru", "Registered")

	w.sim.Hold()
	w.buy("forgets.ru", "c1", contact)
	w.stands("forgets.ru", "Sent")
	w.dovecot.Stop()
	before := len(w.entries("away.ru"))
	w.dovecot.WipeIndexes(callback, true)
	w.dovecot.Start()
	w.sim.Release(0)
	w.reach("forgets.ru", "Registered")
	w.until("all mails to be flagged again", func() bool {
		return w.dovecot.Count(callback, "INBOX", "not", "keyword", "$PanelDone") == 0
	})
	if after := w.entries("away.ru"); len(after) != before {
		t.Errorf("a mail that was handed over again added to the Action Log: %+v", after)
	}

	w.dovecot.SetPassword(callback, "another")
	w.dovecot.Kick(callback)
	w.tells("refused the login")
	w.stop(syscall.SIGTERM)
	w.dovecot.SetPassword(callback, imapPassword)
	w.serve()
	w.buy("refuses.ru", "c1", contact)
	w.reach("refuses.ru", "Registered")
	w.quiet("MYCO_", "away.ru", "forgets.ru", "refuses.ru")
}

func (w *realWorld) entries(domain string) []logView {
	w.t.Helper()
	var entries []logView
	w.json(&entries, "log", "--domain", domain)
	return entries
}

// Servers that can't prove their identity get neither password nor mail.
func distrustServers(t *testing.T, w *realWorld) {
	report, _, code := w.execute("check")
	if code == 0 || strings.Count(report, "certificate") < 2 {
		t.Errorf("the check ends with %d and says:\n%s", code, report)
	}
	contact := w.write("person.json", person)
	w.serve()
	w.tells("certificate is wrong")
	w.buy("secret.ru", "c1", contact)
	w.stands("secret.ru", "Queued")
	if n := len(w.sim.History()); n > 0 {
		t.Errorf("R01 got %d mails", n)
	}
	if log := w.dovecot.Log(); strings.Contains(log, "method=PLAIN") {
		t.Errorf("somebody logged in:\n%s", log)
	}
}
