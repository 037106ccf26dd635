package r01sim

import (
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"registrar.panel/internal/testrun"
)

func TestSimulator_move(t *testing.T) {
	t.Parallel()

	s := start(t, testOptions())
	for range 3 {
		s.Inject([]byte("Subject: one\r\n\r\n1\r\n"))
	}

	eventually(t, "the mails", func() bool { return len(s.Sent()) == 3 })
	c := mailboxClient(t, s)
	for _, name := range []imap.Cap{imap.CapIMAP4rev1, imap.CapUIDPlus, imap.CapMove, imap.CapIdle} {
		if !c.Caps().Has(name) {
			t.Errorf("%s is not offered", name)
		}
	}

	if err := c.Create("Processed", nil).Wait(); err != nil {
		t.Fatal(err)
	}

	box, err := c.Select("INBOX", nil).Wait()
	if err != nil {
		t.Fatal(err)
	}

	if box.UIDValidity < 1_000_000 {
		t.Errorf("UIDVALIDITY %d is the same at every start", box.UIDValidity)
	}

	moved, err := c.Move(imap.UIDSetNum(2), "Processed").Wait()
	if err != nil {
		t.Fatal(err)
	}

	if moved.UIDValidity != box.UIDValidity {
		t.Errorf("COPYUID tells UIDVALIDITY %d", moved.UIDValidity)
	}
	if err := c.Noop().Wait(); err != nil {
		t.Fatal(err)
	}
	if n := c.Mailbox().NumMessages; n != 2 {
		t.Errorf("the client counts %d mails after moving one of three", n)
	}
}

func TestSimulator_idle(t *testing.T) {
	t.Parallel()

	s := start(t, testOptions())
	arrived := make(chan uint32, 8)
	c, err := imapclient.DialInsecure(s.Addresses().IMAP, &imapclient.Options{
		UnilateralDataHandler: &imapclient.UnilateralDataHandler{Mailbox: func(m *imapclient.UnilateralDataMailbox) {
			if m.NumMessages != nil {
				arrived <- *m.NumMessages
			}
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()

	if err := c.Login("callback", "mailbox").Wait(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Select("INBOX", nil).Wait(); err != nil {
		t.Fatal(err)
	}

	announced := func(want uint32) {
		t.Helper()
		select {
		case n := <-arrived:
			if n != want {
				t.Errorf("announced %d mails, want %d", n, want)
			}
		case <-time.After(testrun.Limit(t)):
			t.Error("IDLE announced nothing")
		}
	}

	// One comes before the server listens, and one while it does.
	s.Inject([]byte("Subject: one\r\n\r\n1\r\n"))
	idle, err := c.Idle()
	if err != nil {
		t.Fatal(err)
	}
	announced(1)
	s.Inject([]byte("Subject: two\r\n\r\n2\r\n"))
	announced(2)

	if err := idle.Close(); err != nil {
		t.Error(err)
	}
	if err := idle.Wait(); err != nil {
		t.Error(err)
	}
}

func TestSimulator_mailboxOfOneUser(t *testing.T) {
	t.Parallel()
	s := start(t, testOptions())
	c, err := imapclient.DialInsecure(s.Addresses().IMAP, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, password := range []string{"", "secret"} {
		if err := c.Login("callback", password).Wait(); err == nil {
			t.Errorf("logged in with %q", password)
		}
	}
	if err := c.Login("callback", "mailbox").Wait(); err != nil {
		t.Error(err)
	}
}

// All commands agree on UIDVALIDITY.
func TestSimulator_uidValidity(t *testing.T) {
	t.Parallel()

	o := testOptions()
	o.Now = func() time.Time { return noon }

	s := start(t, o)
	c := mailboxClient(t, s)
	text := "Subject: one\r\n\r\n1\r\n"
	appending := c.Append("INBOX", int64(len(text)), nil)
	if _, err := appending.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}

	if err := appending.Close(); err != nil {
		t.Fatal(err)
	}

	appended, err := appending.Wait()
	if err != nil {
		t.Fatal(err)
	}

	status, err := c.Status("INBOX", &imap.StatusOptions{UIDValidity: true}).Wait()
	if err != nil {
		t.Fatal(err)
	}

	box, err := c.Select("INBOX", nil).Wait()
	if err != nil {
		t.Fatal(err)
	}

	want := uint32(noon.Unix())
	if appended.UIDValidity != want || status.UIDValidity != want || box.UIDValidity != want {
		t.Errorf("APPEND %d, STATUS %d, SELECT %d", appended.UIDValidity, status.UIDValidity, box.UIDValidity)
	}
}
