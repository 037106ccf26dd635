package mailhost

import (
	"bytes"
	"testing"

	"github.com/emersion/go-smtp"

	"registrar.panel/internal/testrun"
)

// A mail from outside passes Postfix and Dovecot.
func TestPostfix(t *testing.T) {
	t.Parallel()

	const user = "callback@panel.example"
	d := StartDovecot(t, DovecotOptions{Users: map[string]string{user: "secret"}})
	p := StartPostfix(t, PostfixOptions{Dovecot: d})
	send := func(to string) error {
		client, err := smtp.Dial(p.Addresses.SMTP)
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		return client.SendMail("", []string{to}, bytes.NewReader([]byte("Subject: one\r\n\r\n\xd0\xd2\r\n")))
	}
	if err := send("somebody@elsewhere.example"); err == nil {
		t.Error("it relays for everybody")
	}

	if err := send(user); err != nil {
		t.Fatal(err)
	}

	testrun.Until(t, "the mail to arrive", func() (bool, string) { return d.Count(user, "INBOX", "all") > 0, "an empty INBOX" })
	p.Stop()
	p.Start()

	if err := send(user); err != nil {
		t.Errorf("after a restart: %v", err)
	}
}
