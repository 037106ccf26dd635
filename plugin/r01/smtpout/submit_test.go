package smtpout

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"registrar.panel/internal/pace"
	"registrar.panel/shared/secret"
)

const (
	robot    = "robot@registrar.example"
	copyTo   = "copy@panel.example"
	callback = "callback@panel.example"
	password = "s3cret-word"
)

func config(r *relay) Config {
	return Config{Address: r.address, TLS: TLSNone, RootCAs: roots,
		Timeouts: Timeouts{Dial: time.Minute, Announce: time.Minute, Command: time.Minute, Dot: time.Minute}}
}

func testMail(data string) Mail {
	return Mail{From: callback, To: []string{robot, copyTo}, Data: []byte(data)}
}

func agree(context.Context) error { return nil }

const small = "Subject: x\r\n\r\nbody\r\n"

var large = "Subject: x\r\n\r\n" + strings.Repeat(strings.Repeat("x", 70)+"\r\n", 1<<18)

// Each row is one way a transaction can end. field-notes 1.4
func TestOutcomes(t *testing.T) {
	t.Parallel()

	short := pace.Scale(50 * time.Millisecond)
	for name, c := range map[string]struct {
		script   map[string]string
		data     string
		timeouts Timeouts
		want     Outcome
		stage    Stage
		response string
	}{
		"accepted":                  {nil, small, Timeouts{}, Accepted, StageDot, "250 2.0.0 queued as 4F1"},
		"4xx after the dot":         {map[string]string{".": "451 4.3.0 later"}, small, Timeouts{}, Deferred, StageDot, "451 4.3.0 later"},
		"5xx after the dot":         {map[string]string{".": "554-5.7.1 no\r\n554 5.7.1 spam"}, small, Timeouts{}, Refused, StageDot, "554 5.7.1 no 5.7.1 spam"},
		"421 after the dot":         {map[string]string{".": "421 closing"}, small, Timeouts{}, Deferred, StageDot, "421 closing"},
		"lost after the dot":        {map[string]string{".": hangUp}, small, Timeouts{}, Unknown, StageDot, ""},
		"silence after the dot":     {map[string]string{".": hang}, small, Timeouts{Dot: short}, Unknown, StageDot, ""},
		"nonsense after the dot":    {map[string]string{".": "hello"}, small, Timeouts{}, Unknown, StageDot, ""},
		"odd code after the dot":    {map[string]string{".": "354 more"}, small, Timeouts{}, Unknown, StageDot, "354 more"},
		"lost in a large body":      {map[string]string{"body": hangUp}, large, Timeouts{}, Deferred, StageBody, ""},
		"stuck in a large body":     {map[string]string{"body": hang}, large, Timeouts{Command: short}, Deferred, StageBody, ""},
		"QUIT not answered":         {map[string]string{"QUIT": hang}, small, Timeouts{}, Accepted, StageDot, "250 2.0.0 queued as 4F1"},
		"lost at QUIT":              {map[string]string{"QUIT": hangUp}, small, Timeouts{}, Accepted, StageDot, "250 2.0.0 queued as 4F1"},
		"one recipient refused":     {map[string]string{"RCPT": "550 5.1.1 unknown"}, small, Timeouts{}, Refused, StageRcpt, "550 5.1.1 unknown"},
		"one recipient deferred":    {map[string]string{"RCPT": "450 4.2.0 greylisted"}, small, Timeouts{}, Deferred, StageRcpt, "450 4.2.0 greylisted"},
		"sender refused":            {map[string]string{"MAIL": "553 5.7.1 not yours"}, small, Timeouts{}, Refused, StageMail, "553 5.7.1 not yours"},
		"lost at MAIL":              {map[string]string{"MAIL": hangUp}, small, Timeouts{}, Deferred, StageMail, ""},
		"DATA refused":              {map[string]string{"DATA": "554 no"}, small, Timeouts{}, Refused, StageData, "554 no"},
		"DATA deferred":             {map[string]string{"DATA": "451 later"}, small, Timeouts{}, Deferred, StageData, "451 later"},
		"lost at DATA":              {map[string]string{"DATA": hangUp}, small, Timeouts{}, Deferred, StageData, ""},
		"silence at DATA":           {map[string]string{"DATA": hang}, small, Timeouts{Command: short}, Deferred, StageData, ""},
		"421 as the greeting":       {map[string]string{"greeting": "421 busy"}, small, Timeouts{}, Deferred, StageHello, ""},
		"554 as the greeting":       {map[string]string{"greeting": "554 go away"}, small, Timeouts{}, Deferred, StageHello, ""},
		"no greeting":               {map[string]string{"greeting": hang}, small, Timeouts{Announce: short}, Deferred, StageHello, ""},
		"421 on EHLO":               {map[string]string{"EHLO": "421 busy", "HELO": "421 busy"}, small, Timeouts{}, Deferred, StageHello, ""},
		"no 8BITMIME":               {map[string]string{"EHLO": "250 relay"}, small, Timeouts{}, Deferred, StageHello, ""},
		"EHLO unknown, so no 8bit":  {map[string]string{"EHLO": "502 what?"}, small, Timeouts{}, Deferred, StageHello, ""},
		"answer breaks off midline": {map[string]string{"RCPT": "25"}, small, Timeouts{}, Deferred, StageRcpt, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			r := startRelay(t, false, c.script)
			cfg := config(r)

			if c.timeouts.Announce > 0 {
				cfg.Timeouts.Announce = c.timeouts.Announce
			}
			if c.timeouts.Command > 0 {
				cfg.Timeouts.Command = c.timeouts.Command
			}
			if c.timeouts.Dot > 0 {
				cfg.Timeouts.Dot = c.timeouts.Dot
			}

			got := New(cfg).Submit(t.Context(), testMail(c.data), agree)
			if got.Outcome != c.want || got.Stage != c.stage || got.Response != c.response {
				t.Errorf("got %s at %s with response %q (%v), want %s at %s with %q", got.Outcome, got.Stage, got.Response, got.Err, c.want, c.stage, c.response)
			}

			if (got.Err == nil) != (got.Outcome == Accepted) {
				t.Errorf("outcome %s with error %v", got.Outcome, got.Err)
			}
			if _, data := r.received(); c.want != Accepted && c.stage != StageDot && bytes.Contains(data, []byte("\r\n.\r\n")) {
				t.Error("the end of a mail that was given up was sent")
			}
		})
	}
}

func TestNobodyListens(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	got := New(Config{Address: listener.Addr().String(), TLS: TLSNone}).Submit(t.Context(), testMail(small), agree)
	if got.Outcome != Deferred || got.Stage != StageDial {
		t.Errorf("got %+v", got)
	}
}

// The claim lies between the last RCPT and the first byte of DATA.
func TestClaimOrder(t *testing.T) {
	t.Parallel()

	r := startRelay(t, false, nil)
	var before []string
	got := New(config(r)).Submit(t.Context(), testMail(small), func(context.Context) error {
		before, _ = r.received()
		return nil
	})
	if got.Outcome != Accepted {
		t.Fatalf("got %+v", got)
	}

	want := []string{"EHLO [127.0.0.1]", "MAIL FROM:<" + callback + "> BODY=8BITMIME", "RCPT TO:<" + robot + ">", "RCPT TO:<" + copyTo + ">"}
	if !slices.Equal(before, want) {
		t.Errorf("before the claim the relay got %q, want %q", before, want)
	}

	after, _ := r.received()
	if len(after) < 5 || after[4] != "DATA" {
		t.Errorf("after the claim came %q", after[len(want):])
	}
}

func TestClaimFails(t *testing.T) {
	t.Parallel()
	r := startRelay(t, false, nil)
	taken := errors.New("somebody else has it")
	got := New(config(r)).Submit(t.Context(), testMail(small), func(context.Context) error { return taken })
	if got.Outcome != Deferred || got.Stage != StageClaim || !errors.Is(got.Err, taken) {
		t.Errorf("got %+v", got)
	}
	waitFor(t, "the connection ends", r.left)
	if commands, _ := r.received(); slices.Contains(commands, "DATA") {
		t.Errorf("sent without a claim: %q", commands)
	}
}

func TestRefusedRecipientIsNotClaimed(t *testing.T) {
	t.Parallel()
	r := startRelay(t, false, map[string]string{"RCPT": "550 unknown"})
	got := New(config(r)).Submit(t.Context(), testMail(small), func(context.Context) error {
		t.Error("claimed")
		return nil
	})
	if got.Outcome != Refused || !strings.Contains(got.Err.Error(), robot) {
		t.Errorf("got %+v", got)
	}
}

// Cancelling cuts the connection wherever it is, and soon.
func TestCancel(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		verb string // the relay hangs at
		data string
		want Outcome
	}{
		"greeting": {"greeting", small, Deferred},
		"EHLO":     {"EHLO", small, Deferred},
		"MAIL":     {"MAIL", small, Deferred},
		"RCPT":     {"RCPT", small, Deferred},
		"DATA":     {"DATA", small, Deferred},
		"body":     {"body", large, Deferred},
		"dot":      {".", small, Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			r := startRelay(t, false, map[string]string{c.verb: hang})
			cfg := config(r)
			cfg.Timeouts = Timeouts{} // the defaults are minutes
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()

			go func() { // ends when the relay is reached, or with the test
				select {
				case <-r.hanging:
				case <-t.Context().Done():
				}
				cancel()
			}()

			begin := time.Now()
			got := New(cfg).Submit(ctx, testMail(c.data), agree)
			if got.Outcome != c.want || !errors.Is(got.Err, context.Canceled) {
				t.Errorf("got %s at %s: %v, want %s", got.Outcome, got.Stage, got.Err, c.want)
			}

			if took := time.Since(begin); took > pace.Scale(5*time.Second) { // the defaults are minutes
				t.Errorf("took %s", took)
			}
		})
	}
}

// A cancellation during the claim stops a mail that is claimed: nothing is sent.
func TestCancelInClaim(t *testing.T) {
	t.Parallel()
	r := startRelay(t, false, nil)
	ctx, cancel := context.WithCancel(t.Context())
	got := New(config(r)).Submit(ctx, testMail(small), func(context.Context) error {
		cancel()
		waitFor(t, "the connection ends", r.left)
		return nil
	})
	if got.Outcome != Deferred || !errors.Is(got.Err, context.Canceled) {
		t.Errorf("got %+v", got)
	}
	if _, data := r.received(); len(data) > 0 {
		t.Errorf("the relay got %q", data)
	}
}

// over is a context that has ended and cuts nothing, as if it had ended this very moment.
type over struct{ context.Context }

func (over) Err() error { return context.Canceled }

// A mail whose end is not sent is not accepted, even if its body was.
func TestCancelBeforeTheDot(t *testing.T) {
	t.Parallel()
	r := startRelay(t, false, nil)
	got := New(config(r)).Submit(over{context.Background()}, testMail(small), agree)
	if got.Outcome != Deferred || got.Stage != StageBody || !errors.Is(got.Err, context.Canceled) {
		t.Errorf("got %+v", got)
	}
	waitFor(t, "the connection ends", r.left)
	if _, data := r.received(); bytes.Contains(data, []byte("\r\n.\r\n")) {
		t.Errorf("the relay got %q", data)
	}
}

// What was rendered arrives byte for byte; a leading dot is doubled, and only that.
func TestBytesOnTheWire(t *testing.T) {
	t.Parallel()
	r := startRelay(t, false, nil)
	body := "\xd0\xd2\xc9\xd7\xc5\xd4\r\n.hidden\r\n..\r\n.\r\n\xff\x80 end\r\n"
	got := New(config(r)).Submit(t.Context(), testMail("Subject: x\r\n\r\n"+body), agree)
	if got.Outcome != Accepted {
		t.Fatalf("got %+v", got)
	}
	want := "Subject: x\r\n\r\n\xd0\xd2\xc9\xd7\xc5\xd4\r\n..hidden\r\n...\r\n..\r\n\xff\x80 end\r\n.\r\n"
	if _, data := r.received(); string(data) != want {
		t.Errorf("on the wire %q, want %q", data, want)
	}
}

func TestTLSAndLogin(t *testing.T) {
	t.Parallel()

	plain := map[string]string{"EHLO": "250-relay\r\n250-8BITMIME\r\n250 AUTH LOGIN"}
	for name, c := range map[string]struct {
		mode     TLS
		implicit bool
		script   map[string]string
		trust    bool
		stage    Stage // "" = all is well
		says     string
	}{
		"starttls":                   {TLSStart, false, nil, true, "", ""},
		"implicit":                   {TLSImplicit, true, nil, true, "", ""},
		"none":                       {TLSNone, false, nil, false, "", ""},
		"starttls, unknown signer":   {TLSStart, false, nil, false, StageTLS, "certificate"},
		"implicit, unknown signer":   {TLSImplicit, true, nil, false, StageTLS, "certificate"},
		"starttls not offered":       {TLSStart, false, plain, true, StageTLS, "does not offer STARTTLS"},
		"starttls refused":           {TLSStart, false, map[string]string{"STARTTLS": "454 no"}, true, StageTLS, "454"},
		"login refused":              {TLSStart, false, map[string]string{"AUTH": "535 AUTH PLAIN " + password + "?"}, true, StageAuth, "code 535"},
		"login answered by nonsense": {TLSStart, false, map[string]string{"AUTH": password}, true, StageAuth, "makes no sense"},
		"no login offered":           {TLSNone, false, map[string]string{"EHLO": "250 8BITMIME"}, true, StageAuth, "takes no login"},
		"unknown logins":             {TLSNone, false, map[string]string{"EHLO": "250-relay\r\n250 AUTH GSSAPI"}, true, StageAuth, "GSSAPI"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			r := startRelay(t, c.implicit, c.script)
			cfg := config(r)
			cfg.TLS, cfg.Username, cfg.Password = c.mode, "user", secret.New(password)

			if !c.trust {
				cfg.RootCAs = nil
			}

			got := New(cfg).Submit(t.Context(), testMail(small), agree)
			checked := Check(t.Context(), cfg)

			if c.stage == "" {
				if got.Outcome != Accepted || checked != nil {
					t.Errorf("got %+v, check: %v", got, checked)
				}
				return
			}

			if got.Outcome != Deferred || got.Stage != c.stage || !strings.Contains(got.Err.Error(), c.says) {
				t.Errorf("got %+v, want %s with %q", got, c.stage, c.says)
			}
			if checked == nil || !strings.Contains(checked.Error(), c.says) {
				t.Errorf("check: %v", checked)
			}
			if strings.Contains(got.Err.Error()+checked.Error()+got.Response, password) {
				t.Error("the password is shown")
			}
		})
	}
}

// A relay that knows only LOGIN gets LOGIN.
func TestLoginMechanism(t *testing.T) {
	t.Parallel()
	user, word := base64.StdEncoding.EncodeToString([]byte("user")), base64.StdEncoding.EncodeToString([]byte(password))
	r := startRelay(t, false, map[string]string{"EHLO": "250-relay\r\n250-8BITMIME\r\n250 AUTH LOGIN",
		"AUTH": "334 VXNlcm5hbWU6", strings.ToUpper(user): "334 UGFzc3dvcmQ6", strings.ToUpper(word): "235 welcome"})
	cfg := config(r)
	cfg.Username, cfg.Password = "user", secret.New(password)
	if got := New(cfg).Submit(t.Context(), testMail(small), agree); got.Outcome != Accepted {
		t.Fatalf("got %+v", got)
	}
	if commands, _ := r.received(); !slices.Equal(commands[1:4], []string{"AUTH LOGIN", user, word}) {
		t.Errorf("got %q", commands)
	}
}

func TestCheckSendsNothing(t *testing.T) {
	t.Parallel()
	r := startRelay(t, false, nil)
	if err := Check(t.Context(), config(r)); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the connection ends", r.left)
	if commands, _ := r.received(); !slices.Equal(commands, []string{"EHLO [127.0.0.1]", "QUIT"}) {
		t.Errorf("got %q", commands)
	}
	r = startRelay(t, false, map[string]string{"EHLO": "250 relay"})
	if err := Check(t.Context(), config(r)); err == nil || !strings.Contains(err.Error(), "8BITMIME") {
		t.Errorf("got %v", err)
	}
}

func TestBadEnvelope(t *testing.T) {
	t.Parallel()

	for why, m := range map[string]Mail{
		"nobody":              {From: callback},
		"a parameter":         {From: callback, To: []string{"a@b.example> ORCPT=x"}},
		"a quoted parameter":  {From: callback, To: []string{`"a> ORCPT=x"@b.example`}},
		"a line break":        {From: "a@b.example\r\nRCPT TO:<c@d.example>", To: []string{robot}},
		"a name":              {From: "Panel <a@b.example>", To: []string{robot}},
		"a name without host": {From: callback, To: []string{"robot"}},
		"letters beyond":      {From: callback, To: []string{"a@пример.рф"}},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			r := startRelay(t, false, nil)
			got := New(config(r)).Submit(t.Context(), m, agree)
			if got.Outcome != Refused || got.Stage != StageCheck || got.Err == nil {
				t.Errorf("got %+v", got)
			}
			if commands, _ := r.received(); len(commands) > 0 {
				t.Errorf("sent %q", commands)
			}
		})
	}
}
