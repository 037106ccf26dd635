package mailhost

import "testing"

func TestDovecot(t *testing.T) {
	t.Parallel()

	const user = "callback@panel.example"
	d := StartDovecot(t, DovecotOptions{Users: map[string]string{user: "secret"}, Folders: []string{"Processed"}})
	d.Deliver(user, []byte("Subject: one\r\n\r\n\xd0\xd2\r\n"))
	if n := d.Count(user, "INBOX", "all"); n != 1 {
		t.Errorf("%d mails, want 1", n)
	}

	d.Restart()
	d.WipeIndexes(user, true)

	if n := d.Count(user, "INBOX", "all"); n != 1 {
		t.Errorf("%d mails after a restart, want 1", n)
	}

	d.EmptyMailbox(user, "INBOX")
	if n := d.Count(user, "INBOX", "all"); n != 0 {
		t.Errorf("%d mails left", n)
	}

	d.DeleteFolder(user, "Processed")
	d.CreateFolder(user, "Processed")
	d.Freeze()
	d.Thaw()
	d.Deliver(user, []byte("Subject: two\r\n\r\nafter\r\n"))
}
