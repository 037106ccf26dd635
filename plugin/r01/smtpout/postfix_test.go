package smtpout

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"registrar.panel/internal/mailhost"
	"registrar.panel/shared/secret"
)

// startPostfix runs a Postfix whose next hop to the robot is a scripted relay.
func startPostfix(t *testing.T, without ...string) (*mailhost.Postfix, *relay) {
	t.Helper()
	next := startRelay(t, false, nil)
	d := mailhost.StartDovecot(t, mailhost.DovecotOptions{Users: map[string]string{callback: password}})
	return mailhost.StartPostfix(t, mailhost.PostfixOptions{Dovecot: d, Without: without,
		Routes: map[string]string{"registrar.example": next.address}}), next
}

func onPostfix(p *mailhost.Postfix) Config {
	return Config{Address: p.Addresses.Submission, TLS: TLSStart, RootCAs: p.Certificate.Roots, Username: callback, Password: secret.New(password),
		Timeouts: Timeouts{Dial: 10 * time.Second, Command: 10 * time.Second, Dot: 10 * time.Second}}
}

func toRobot(t *testing.T) Mail {
	t.Helper()
	data, err := Render(Envelope{From: callback, To: robot, Subject: "New domain", MessageID: "<1@panel.example>", Charset: "koi8-r",
		Date: time.Date(2026, 11, 24, 2, 0, 0, 0, time.UTC), Body: []byte("person-r: \xf3\xc9\xc4\xcf\xd2\xcf\xd7\n.hidden\n.\n..\n\xff\x80 end\n")})
	if err != nil {
		t.Fatal(err)
	}
	return Mail{From: callback, To: []string{robot}, Data: data}
}

// unclaimed fails the test when a mail is claimed.
func unclaimed(t *testing.T) func(context.Context) error {
	return func(context.Context) error {
		t.Error("the mail was claimed")
		return nil
	}
}

// Through a real relay the robot gets the very bytes, in 8bit, and no SMTPUTF8. r01-mail 1.1
func TestPostfixKeepsTheBytes(t *testing.T) {
	t.Parallel()

	for _, mode := range []TLS{TLSStart, TLSImplicit} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()

			p, next := startPostfix(t)
			cfg := onPostfix(p)
			if mode == TLSImplicit {
				cfg.TLS, cfg.Address = TLSImplicit, p.Addresses.Submissions
			}
			if err := Check(t.Context(), cfg); err != nil {
				t.Fatal(err)
			}

			m := toRobot(t)
			got := New(cfg).Submit(t.Context(), m, agree)
			if got.Outcome != Accepted || !strings.Contains(got.Response, "queued as") {
				t.Fatalf("got %+v", got)
			}

			waitFor(t, "the mail arrives", func() bool { _, data := next.received(); return bytes.HasSuffix(data, []byte("\r\n.\r\n")) })
			commands, data := next.received()
			if !slices.ContainsFunc(commands, func(c string) bool {
				return strings.HasPrefix(c, "MAIL FROM:<"+callback+">") && strings.Contains(c, " BODY=8BITMIME") && !strings.Contains(c, "SMTPUTF8")
			}) {
				t.Errorf("the next hop got %q", commands)
			}

			// The relay puts its trace above the mail; SMTP doubles leading dots.
			want := append(bytes.ReplaceAll(m.Data, []byte("\r\n."), []byte("\r\n..")), ".\r\n"...)
			if !bytes.HasSuffix(data, want) || !bytes.HasPrefix(data, []byte("Received: ")) {
				t.Errorf("the next hop got\n%q\nwant at its end\n%q", data, want)
			}
		})
	}
}

// A relay that would have to re-encode gets nothing. field-notes 1.2
func TestPostfixWithout8BITMIME(t *testing.T) {
	t.Parallel()
	p, next := startPostfix(t, "8bitmime")
	got := New(onPostfix(p)).Submit(t.Context(), toRobot(t), unclaimed(t))
	if got.Outcome != Deferred || got.Stage != StageAuth || !strings.Contains(got.Err.Error(), "does not offer 8BITMIME") {
		t.Errorf("got %+v", got)
	}
	if err := Check(t.Context(), onPostfix(p)); err == nil || !strings.Contains(err.Error(), "does not offer 8BITMIME") {
		t.Errorf("check: %v", err)
	}
	if commands, _ := next.received(); len(commands) > 0 || strings.Contains(p.Log(), "from=<"+callback+">") {
		t.Errorf("a mail reached the queue; the next hop got %q", commands)
	}
}

func TestPostfixRefuses(t *testing.T) {
	t.Parallel()

	p, _ := startPostfix(t)
	for name, c := range map[string]struct {
		change  func(*Config)
		outcome Outcome
		stage   Stage
		says    string
	}{
		"wrong password":             {func(c *Config) { c.Password = secret.New("a-bad-guess") }, Deferred, StageAuth, "code 535: check username and password"},
		"no login":                   {func(c *Config) { c.Username, c.Password = "", secret.String{} }, Refused, StageRcpt, "554"},
		"no TLS":                     {func(c *Config) { c.TLS = TLSNone }, Deferred, StageAuth, "takes no login"},
		"unknown signer":             {func(c *Config) { c.RootCAs = roots }, Deferred, StageTLS, "certificate"},
		"unknown signer, implicit":   {func(c *Config) { c.RootCAs, c.TLS, c.Address = roots, TLSImplicit, p.Addresses.Submissions }, Deferred, StageTLS, "certificate"},
		"another name":               {func(c *Config) { c.ServerName = "mail.example.com" }, Deferred, StageTLS, "certificate"},
		"implicit, and a plain port": {func(c *Config) { c.TLS = TLSImplicit }, Deferred, StageTLS, "tls"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			cfg := onPostfix(p)
			c.change(&cfg)
			got := New(cfg).Submit(t.Context(), toRobot(t), unclaimed(t))
			if got.Outcome != c.outcome || got.Stage != c.stage || !strings.Contains(got.Err.Error(), c.says) {
				t.Errorf("got %+v, want %s at %s with %q", got, c.outcome, c.stage, c.says)
			}

			if strings.Contains(got.Err.Error()+got.Response, cfg.Password.Reveal()) && !cfg.Password.IsEmpty() {
				t.Error("the password is shown")
			}
		})
	}
}

// A relay that hangs or is away takes nothing, and the same mail passes when it is back.
func TestPostfixHangsAndRestarts(t *testing.T) {
	t.Parallel()

	p, next := startPostfix(t)
	cfg := onPostfix(p)
	cfg.Timeouts.Announce, cfg.Timeouts.Command = 500*time.Millisecond, 500*time.Millisecond
	p.Freeze()

	if got := New(cfg).Submit(t.Context(), toRobot(t), unclaimed(t)); got.Outcome != Deferred || got.Stage != StageHello {
		t.Errorf("a relay that hangs: %+v", got)
	}

	p.Thaw()
	p.Stop()

	if got := New(cfg).Submit(t.Context(), toRobot(t), unclaimed(t)); got.Outcome != Deferred || got.Stage != StageDial {
		t.Errorf("a relay that is away: %+v", got)
	}

	p.Start()
	if got := New(onPostfix(p)).Submit(t.Context(), toRobot(t), agree); got.Outcome != Accepted {
		t.Fatalf("a relay that is back: %+v", got)
	}

	waitFor(t, "the mail arrives", func() bool { _, data := next.received(); return bytes.HasSuffix(data, []byte("\r\n.\r\n")) })
}
