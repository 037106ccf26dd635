package mailbox

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"registrar.panel/internal/mailhost"
	"registrar.panel/internal/pace"
	"registrar.panel/shared/secret"
)

const account = "callback@panel.example"

func startDovecot(t *testing.T, folders ...string) *mailhost.Dovecot {
	t.Helper()
	return mailhost.StartDovecot(t, mailhost.DovecotOptions{Users: map[string]string{account: password}, Folders: folders})
}

// onDovecot is a configuration whose waits are short, and long enough for a busy machine.
func onDovecot(d *mailhost.Dovecot) Config {
	return Config{Address: d.Addresses.IMAP, TLS: TLSStart, RootCAs: d.Certificate.Roots, Username: account, Password: secret.New(password),
		Timeouts: Timeouts{Exchange: pace.Scale(3 * time.Second), Rearm: time.Second, BackOff: 20 * time.Millisecond, BackOffMax: 200 * time.Millisecond,
			Login: 200 * time.Millisecond}}
}

func numbered(n int) string { return fmt.Sprintf("Subject: %d\r\n\r\nbody of mail %d\r\n", n, n) }

// done counts the mails that carry our flag.
func done(d *mailhost.Dovecot, folder string) int {
	return d.Count(account, folder, "keyword", string(Done))
}

// expect tells how often each mail must have been handed over, whole.
func expect(t *testing.T, store *shelf, want ...int) {
	t.Helper()
	got := make([]int, len(want))
	for _, m := range store.all() {
		if m.Truncated || m.Size != int64(len(m.Raw)) {
			t.Errorf("mail %d is not whole: %d of %d bytes", m.UID, len(m.Raw), m.Size)
		}
		for n := range want { // delivery puts its trace above a mail
			if strings.HasSuffix(string(m.Raw), numbered(n+1)) {
				got[n]++
			}
		}
	}
	if !slices.Equal(got, want) || len(store.all()) != sum(want) {
		t.Errorf("the mails were handed over %d times, want %d:\n%q", got, want, store.bodies())
	}
}

func sum(counts []int) (n int) {
	for _, c := range counts {
		n += c
	}
	return n
}

// arrives delivers a mail, and waits until it is handed over and flagged.
func arrives(t *testing.T, d *mailhost.Dovecot, store *shelf, n int) {
	t.Helper()
	before, flagged := len(store.all()), done(d, "INBOX")
	d.Deliver(account, []byte(numbered(n)))
	waitFor(t, fmt.Sprintf("mail %d", n), func() bool { return len(store.all()) > before })
	settled(t, d, flagged+1)
}

func settled(t *testing.T, d *mailhost.Dovecot, mails int) {
	t.Helper()
	waitFor(t, "the flags are set", func() bool { return done(d, "INBOX") == mails })
}

func unwell(t *testing.T, w *Watcher, says string) {
	t.Helper()
	waitFor(t, "health says "+says, func() bool { h := w.Health(); return !h.OK && strings.Contains(h.Detail, says) })
}

func well(t *testing.T, w *Watcher) {
	t.Helper()
	waitFor(t, "health is good", func() bool { h := w.Health(); return h.OK && strings.Contains(h.Detail, "connected since") })
}

// The whole way in every TLS mode: what waits and what arrives is handed over, and moved.
func TestDovecot(t *testing.T) {
	t.Parallel()

	for _, mode := range []TLS{TLSNone, TLSStart, TLSImplicit} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()

			d := startDovecot(t, "Processed")
			cfg := onDovecot(d)
			cfg.TLS, cfg.Processed = mode, "Processed"
			cfg.Poll, cfg.Timeouts.Rearm = time.Hour, time.Hour // so IDLE must tell of the mail

			if mode == TLSImplicit {
				cfg.Address = d.Addresses.IMAPS
			}
			if _, err := Check(t.Context(), cfg); err != nil {
				t.Fatal(err)
			}

			const raw = "Subject: one\r\n\r\n\xd0\xd2\xc9\xd7\xc5\xd4\r\n.\r\n\xff\x80\r\n"
			d.Deliver(account, []byte(raw))
			store := &shelf{}
			w := watch(t, cfg, store)
			waitFor(t, "the first is moved", func() bool { return done(d, "Processed") == 1 })
			well(t, w)
			d.Deliver(account, []byte(numbered(2)))
			waitFor(t, "the second is moved", func() bool { return done(d, "Processed") == 2 })

			if n := d.Count(account, "INBOX", "all"); n != 0 {
				t.Errorf("%d mails are left", n)
			}
			if got := store.bodies(); len(got) != 2 || !strings.HasSuffix(got[0], raw) || !strings.HasSuffix(got[1], numbered(2)) {
				t.Errorf("got %q", got)
			}
		})
	}
}

// A server that hangs keeps the connection open, and IDLE stays silent.
func TestDovecotHangs(t *testing.T) {
	t.Parallel()

	d := startDovecot(t)
	store := &shelf{}
	cfg := onDovecot(d)
	w := watch(t, cfg, store)
	arrives(t, d, store, 1)
	well(t, w)
	d.Freeze()
	frozen := time.Now()
	unwell(t, w, "not connected")
	if took, most := time.Since(frozen), cfg.Timeouts.Rearm+cfg.Timeouts.Exchange; took > pace.Scale(most+2*time.Second) {
		t.Errorf("noticed after %s, want %s at most", took, most)
	}
	if says := w.Health().Detail; !strings.Contains(says, fmt.Sprintf("no answer within %s", cfg.Timeouts.Exchange)) {
		t.Errorf("health says %q", says)
	}

	d.Thaw()
	d.Deliver(account, []byte(numbered(2)))
	waitFor(t, "the mail", func() bool { return len(store.all()) == 2 })
	well(t, w)
	settled(t, d, 2)
	expect(t, store, 1, 1)
}

// It is the server that dies, and later only the connection.
func TestDovecotRestarts(t *testing.T) {
	t.Parallel()
	d := startDovecot(t)
	store := &shelf{}
	w := watch(t, onDovecot(d), store)
	arrives(t, d, store, 1)
	d.Stop()
	unwell(t, w, "connection refused")
	d.Start()
	d.Deliver(account, []byte(numbered(2)))
	waitFor(t, "the mail", func() bool { return len(store.all()) == 2 })
	settled(t, d, 2)
	well(t, w)
	d.Kick(account)
	arrives(t, d, store, 3)
	well(t, w)
	expect(t, store, 1, 1, 1)
}

// What arrives while no client is connected waits, and is handed over once.
func TestDovecotRefusesLogin(t *testing.T) {
	t.Parallel()

	d := startDovecot(t)
	store := &shelf{}
	w := watch(t, onDovecot(d), store)
	arrives(t, d, store, 1)
	d.SetPassword(account, "another")
	d.Kick(account)
	unwell(t, w, "refused the login: check username and password")
	d.Deliver(account, []byte(numbered(2)))
	d.Deliver(account, []byte(numbered(3)))

	if n := len(store.all()); n != 1 {
		t.Fatalf("%d mails were handed over without a login", n)
	}

	d.SetPassword(account, password)
	waitFor(t, "the mails", func() bool { return len(store.all()) == 3 })
	settled(t, d, 3)
	well(t, w)
	expect(t, store, 1, 1, 1)
}

// Other UIDs under another UIDVALIDITY: what is flagged is not handed over again, and what
// has lost its flag is, once.
func TestDovecotForgetsUIDs(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		keywords bool // are forgotten, too
		want     []int
	}{
		"the flags stay":     {false, []int{1, 1, 1}},
		"the flags are lost": {true, []int{2, 2, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			d := startDovecot(t)
			store := &shelf{}
			w := watch(t, onDovecot(d), store)
			arrives(t, d, store, 1)
			arrives(t, d, store, 2)
			d.Stop()
			unwell(t, w, "not connected")
			d.WipeIndexes(account, c.keywords)
			d.Start()
			d.Deliver(account, []byte(numbered(3)))
			waitFor(t, "all mails", func() bool { return len(store.all()) == sum(c.want) })
			settled(t, d, 3)
			expect(t, store, c.want...)

			got := store.all()
			if first, last := got[0].UIDValidity, got[len(got)-1].UIDValidity; first == last {
				t.Errorf("UIDVALIDITY is still %d", first)
			}
		})
	}
}

// The mailbox is emptied: what was stored stays stored, and the next mail is new.
func TestDovecotEmptied(t *testing.T) {
	t.Parallel()
	d := startDovecot(t)
	store := &shelf{}
	w := watch(t, onDovecot(d), store)
	arrives(t, d, store, 1)
	arrives(t, d, store, 2)
	d.EmptyMailbox(account, "INBOX")
	arrives(t, d, store, 3)
	well(t, w)
	expect(t, store, 1, 1, 1)
}

func TestDovecotLacksTheFolder(t *testing.T) {
	t.Parallel()
	d := startDovecot(t)
	cfg := onDovecot(d)
	cfg.Mailbox = "Replies"
	if _, err := Check(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), `open folder "Replies"`) {
		t.Errorf("check: %v", err)
	}
	store := &shelf{}
	w := watch(t, cfg, store)
	unwell(t, w, `open folder "Replies"`)
	d.CreateFolder(account, "Replies")
	well(t, w)
	d.DeleteFolder(account, "Replies")
	unwell(t, w, `open folder "Replies"`)
	d.CreateFolder(account, "Replies")
	well(t, w)
}

// Without a folder to move to, mails are safe and stay where they are.
func TestDovecotLacksTheProcessedFolder(t *testing.T) {
	t.Parallel()
	d := startDovecot(t)
	cfg := onDovecot(d)
	cfg.Processed = "Processed"
	store := &shelf{}
	w := watch(t, cfg, store)
	arrives(t, d, store, 1)
	unwell(t, w, `move handled mails to "Processed"`)
	d.CreateFolder(account, "Processed")
	d.Deliver(account, []byte(numbered(2)))
	waitFor(t, "the second is moved", func() bool { return done(d, "Processed") == 1 })
	well(t, w)
	expect(t, store, 1, 1)
	if n := done(d, "INBOX"); n != 1 {
		t.Errorf("%d mails stay, want the first", n)
	}
}

// A server that can't prove who it is gets no password.
func TestDovecotHasTheWrongCertificate(t *testing.T) {
	t.Parallel()

	d := startDovecot(t)
	_, strangers := makeCertificate(t)
	for name, change := range map[string]func(*Config){
		"unknown signer, STARTTLS": func(c *Config) { c.RootCAs = strangers },
		"unknown signer, implicit": func(c *Config) { c.RootCAs, c.TLS, c.Address = strangers, TLSImplicit, d.Addresses.IMAPS },
		"another name":             func(c *Config) { c.ServerName = "mail.example.com" },
	} {
		cfg := onDovecot(d)
		change(&cfg)
		if _, err := Check(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "the server's TLS certificate is wrong") {
			t.Errorf("%s: check: %v", name, err)
		}
	}

	cfg := onDovecot(d)
	cfg.RootCAs = strangers
	unwell(t, watch(t, cfg, &shelf{}), "the server's TLS certificate is wrong")

	if log := d.Log(); strings.Contains(log, "method=PLAIN") || !strings.Contains(log, "imap-login") {
		t.Errorf("somebody tried to log in:\n%s", log)
	}
}
