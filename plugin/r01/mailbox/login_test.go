package mailbox

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2/imapclient"

	"registrar.panel/shared/secret"
)

// A refused login is not repeated soon, and what the server repeats is not shown.
func TestLoginRefused(t *testing.T) {
	t.Parallel()

	s := startServer(t)
	s.script(func(c *serverConn, tag, verb, args string) bool {
		if verb == "LOGIN" {
			c.say("%s NO [AUTHENTICATIONFAILED] can't: LOGIN %s", tag, args)
		}
		return verb == "LOGIN"
	})

	w := watch(t, quick(s), &shelf{})
	waitFor(t, "health says it", func() bool { return strings.Contains(w.Health().Detail, "refused the login") })
	if strings.Contains(w.Health().Detail, password) {
		t.Error("health shows the password")
	}
	if _, err := Check(t.Context(), quick(s)); err == nil || strings.Contains(err.Error(), password) || !strings.Contains(err.Error(), "refused the login") {
		t.Errorf("check: %v", err)
	}
	if n := len(s.commands("LOGIN")); n != 2 { // the watcher's and the check's
		t.Errorf("%d logins: the account will be locked", n)
	}
}

func TestLoginPassingTrouble(t *testing.T) {
	t.Parallel()
	s := startServer(t, "one\r\n")
	s.script(func(c *serverConn, tag, verb, _ string) bool {
		if verb == "LOGIN" && len(c.commands("LOGIN")) < 3 {
			c.say("%s NO [UNAVAILABLE] later", tag)
			return true
		}
		return false
	})
	watch(t, quick(s), &shelf{})
	waitFor(t, "it gets in", func() bool { return s.flagged(1, "$PanelDone") })
}

func TestCheck(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		verb, with string // the command that is answered otherwise
		answer     string
		processed  string
		says       string // "" = all is well
	}{
		"well":                 {},
		"well, with processed": {processed: "Done"},
		"no such folder":       {verb: "EXAMINE", answer: "TAG NO [NONEXISTENT] no such folder", says: `open folder "INBOX"`},
		"no processed folder":  {verb: "EXAMINE", with: "Done", answer: "TAG NO no such folder", processed: "Done", says: `open folder "Done"`},
		"no plain passwords":   {verb: "greeting", answer: "* OK [CAPABILITY IMAP4rev1 LOGINDISABLED STARTTLS] ready", says: "takes no password"},
		"busy":                 {verb: "greeting", answer: "* BYE too many connections", says: "too many connections"},
		"no IMAP":              {verb: "greeting", answer: "220 smtp.example ESMTP", says: "greet server"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			s := startServer(t, "one\r\n")
			s.script(func(conn *serverConn, tag, verb, args string) bool {
				if verb != c.verb || !strings.Contains(args, c.with) {
					return false
				}
				conn.say("%s", strings.ReplaceAll(c.answer, "TAG", tag))
				return true
			})

			cfg := quick(s)
			cfg.Processed = c.processed

			_, err := Check(t.Context(), cfg)
			if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
				t.Errorf("got %v, want %q", err, c.says)
			}

			for _, verb := range []string{"UID STORE", "UID MOVE", "UID COPY", "UID EXPUNGE", "EXPUNGE", "APPEND", "CLOSE"} {
				if sent := s.commands(verb); len(sent) > 0 {
					t.Errorf("sent %q", sent)
				}
			}
		})
	}
}

// A server that says why it takes no client and hangs up at once: the reason is reported, every time.
func TestRefusedAtTheDoor(t *testing.T) {
	t.Parallel()
	for range 20 {
		ours, theirs := net.Pipe()
		go func() {
			defer theirs.Close()
			fmt.Fprint(theirs, "* BYE too many connections\r\n")
		}()
		client := imapclient.New(ours, nil)
		<-client.Closed()
		if err := greeting(client); err == nil || !strings.Contains(err.Error(), "too many connections") {
			t.Errorf("got %v", err)
		}
	}
}

func TestDelay(t *testing.T) {
	t.Parallel()
	w := New(Config{Timeouts: Timeouts{BackOff: time.Second, BackOffMax: time.Minute}}, nil, nil)
	lost := errors.New("lost")
	for i := range 100 {
		most := min(time.Second<<min(i, 30), time.Minute)
		if d := w.delay(lost); d < most/2 || d > most {
			t.Errorf("failure %d: wait %s, want %s to %s", i, d, most/2, most)
		}
	}
	if d := w.delay(fmt.Errorf("x: %w", errLogin)); d != 15*time.Minute {
		t.Errorf("after a refused login: wait %s", d)
	}
}

// What the documentation promises of a hung server.
func TestDefaultsNoticeAHungServer(t *testing.T) {
	t.Parallel()
	if d := (Config{}).withDefaults().Timeouts; d.Rearm+d.Exchange > 2*time.Minute {
		t.Errorf("a hung server goes unnoticed for %s", d.Rearm+d.Exchange)
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()

	good := Config{Address: "mail.example.com:993", TLS: TLSImplicit, Username: "u", Password: secret.New("p")}
	for why, c := range map[string]struct {
		change func(*Config)
		paths  []string
	}{
		"good":                     {func(*Config) {}, nil},
		"starttls":                 {func(c *Config) { c.TLS = TLSStart }, nil},
		"plain on loopback":        {func(c *Config) { c.Address, c.TLS = "127.0.0.1:143", TLSNone }, nil},
		"plain and permitted":      {func(c *Config) { c.TLS, c.AllowPlaintext = TLSNone, true }, nil},
		"plain to another machine": {func(c *Config) { c.TLS = TLSNone }, []string{"tls"}},
		"another tls":              {func(c *Config) { c.TLS = "ssl" }, []string{"tls"}},
		"nothing":                  {func(c *Config) { *c = Config{} }, []string{"address", "tls", "username", "password"}},
		"no port":                  {func(c *Config) { c.Address = "mail.example.com" }, []string{"address"}},
		"processed is the mailbox": {func(c *Config) { c.Processed = "INBOX" }, []string{"processed"}},
		"negative poll":            {func(c *Config) { c.Poll = -1 }, []string{"poll"}},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()

			cfg := good
			c.change(&cfg)

			var paths []string
			for _, p := range cfg.Validate() {
				paths = append(paths, p.Path)
			}

			if !slices.Equal(paths, c.paths) {
				t.Errorf("problems at %q, want %q", paths, c.paths)
			}
		})
	}
}
