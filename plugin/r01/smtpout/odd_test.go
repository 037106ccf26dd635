package smtpout

import (
	"strings"
	"testing"
	"time"

	"registrar.panel/shared/secret"
)

// Answers that are odd and right. RFC 5321 4.2: a reply of the code alone is one.
func TestOddAnswers(t *testing.T) {
	t.Parallel()

	const hello = "250-relay\r\n250-8BITMIME\r\n250-AUTH PLAIN LOGIN\r\n250 STARTTLS"
	for name, c := range map[string]struct {
		script map[string]string
		want   Outcome
		stage  Stage
	}{
		"bare code after the dot":         {map[string]string{".": "250"}, Accepted, StageDot},
		"bare code and a blank":           {map[string]string{".": "250 "}, Accepted, StageDot},
		"bare code and a tab":             {map[string]string{".": "250\tqueued"}, Accepted, StageDot},
		"several lines, the last bare":    {map[string]string{".": "250-queued\r\n250"}, Accepted, StageDot},
		"bare codes everywhere":           {map[string]string{"greeting": "220", "MAIL": "250", "RCPT": "250", "DATA": "354", ".": "250"}, Accepted, StageDot},
		"bare refusal":                    {map[string]string{".": "554"}, Refused, StageDot},
		"bare deferral":                   {map[string]string{".": "451"}, Deferred, StageDot},
		"bare 421 at DATA":                {map[string]string{"DATA": "421"}, Deferred, StageData},
		"EHLO in lower case":              {map[string]string{"EHLO": "250-relay\r\n250-8bitmime\r\n250-auth plain login\r\n250 starttls"}, Accepted, StageDot},
		"EHLO in mixed case, with blanks": {map[string]string{"EHLO": "250-relay hello\r\n250-  8BitMime  \r\n250-Auth  Plain\t Login\r\n250 StartTls "}, Accepted, StageDot},
		"EHLO with AUTH=":                 {map[string]string{"EHLO": "250-relay\r\n250-8BITMIME\r\n250-AUTH=PLAIN LOGIN\r\n250 STARTTLS"}, Accepted, StageDot},
		"EHLO that ends with a bare code": {map[string]string{"EHLO": strings.Replace(hello, "250 STARTTLS", "250-STARTTLS\r\n250", 1)}, Accepted, StageDot},
		"greeting of three lines":         {map[string]string{"greeting": "220-relay ESMTP\r\n220-No bulk mail\r\n220 ready"}, Accepted, StageDot},
		"greeting that ends bare":         {map[string]string{"greeting": "220-relay ESMTP\r\n220"}, Accepted, StageDot},
		"greeting with a line of text":    {map[string]string{"greeting": "220-relay\r\n no bulk mail\r\n220 ready"}, Accepted, StageDot},
		"greeting with a long line":       {map[string]string{"greeting": "220-" + strings.Repeat("x", 3000) + "\r\n220 ready"}, Accepted, StageDot},
		"greeting without end":            {map[string]string{"greeting": strings.Repeat("220-"+strings.Repeat("x", 400)+"\r\n", 100)}, Deferred, StageHello},
		"251":                             {map[string]string{"RCPT": "251 User not local; will forward"}, Accepted, StageDot},
		"252":                             {map[string]string{"RCPT": "252 cannot verify"}, Accepted, StageDot},
		"greylisted":                      {map[string]string{"RCPT": "451 4.7.1 Greylisting in action, please come back later"}, Deferred, StageRcpt},
		"too many recipients":             {map[string]string{"RCPT": "452 4.5.3 Too many recipients"}, Deferred, StageRcpt},
		"200 after the dot":               {map[string]string{".": "200 OK"}, Unknown, StageDot},
		"a code that is cut":              {map[string]string{".": "25"}, Unknown, StageDot},
		"a code with a letter":            {map[string]string{".": "2x0 queued"}, Unknown, StageDot},
		"no code":                         {map[string]string{".": "queued as 250"}, Unknown, StageDot},
	} {
		for _, mode := range []TLS{TLSNone, TLSStart, TLSImplicit} {
			t.Run(name+" "+string(mode), func(t *testing.T) {
				t.Parallel()
				r := startRelay(t, mode == TLSImplicit, c.script)
				cfg := config(r)
				cfg.TLS, cfg.Username, cfg.Password = mode, "user", secret.New(password)
				got := New(cfg).Submit(t.Context(), testMail(small), agree)
				if got.Outcome != c.want || got.Stage != c.stage {
					t.Errorf("%s at %s: %q %v", got.Outcome, got.Stage, got.Response, got.Err)
				}
			})
		}
	}
}

// What is said in clear after the agreement to STARTTLS is not taken for what the relay says.
func TestNothingInClearAfterStartTLS(t *testing.T) {
	t.Parallel()
	r := startRelay(t, false, map[string]string{"STARTTLS": "220 go ahead\r\n250-relay\r\n250 8BITMIME"})
	cfg := config(r)
	cfg.TLS = TLSStart
	if got := New(cfg).Submit(t.Context(), testMail(small), agree); got.Outcome != Deferred || got.Stage != StageTLS {
		t.Errorf("%s at %s: %v", got.Outcome, got.Stage, got.Err)
	}
}

// A login that can't be had now is no wrong password, and the relay's words are shown.
func TestLoginWords(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]string{
		"454 4.7.0 Temporary authentication failure":           "can't log us in now (code 454), and will be asked again; it said: 4.7.0 Temporary",
		"421 4.7.0 Too many connections":                       "can't log us in now (code 421)",
		"535 5.7.8 Error: authentication failed: UGFzc3dvcmQ6": "check username and password; it said: 5.7.8 Error",
		"535 no: " + password:                                  "it said: no: ***",
		"535":                                                  "code 535: check username",
	} {
		r := startRelay(t, false, map[string]string{"AUTH": said})
		cfg := config(r)
		cfg.Username, cfg.Password = "user", secret.New(password)
		if err := Check(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), password) {
			t.Errorf("%q: %v", said, err)
		}
	}
}

// A relay that hangs is reported while it hangs, within a minute, at every stage.
func TestHealthWhileItHangs(t *testing.T) {
	t.Parallel()

	for verb, stage := range map[string]Stage{"greeting": StageHello, "EHLO": StageHello, "MAIL": StageMail, "RCPT": StageRcpt, "DATA": StageData, ".": StageDot} {
		r := startRelay(t, false, map[string]string{verb: hang})
		cfg := config(r)
		cfg.Timeouts = Timeouts{}

		lines := NewPool(cfg)
		if h := lines.Health(); !h.OK || h.Detail != "nothing is being sent" {
			t.Errorf("%s: before: %+v", verb, h)
		}

		done := make(chan Result)
		go func() { done <- lines.Submit(t.Context(), testMail(small), agree) }()
		<-r.hanging
		waitFor(t, "it waits", func() bool { s, _, _ := lines.progress.slowest(); return s == stage })
		lines.progress.mu.Lock()
		lines.progress.now = func() time.Time { return time.Now().Add(45 * time.Second) }
		lines.progress.mu.Unlock()

		want := "step " + string(stage)
		if stage == StageDot {
			want = "whether it took it is not known"
		}

		if h := lines.Health(); h.OK || !strings.Contains(h.Detail, want) || !strings.Contains(h.Detail, "has been silent for 45s") {
			t.Errorf("%s: %+v", verb, h)
		}

		r.dismiss("421 closing")
		<-done

		if h := lines.Health(); !h.OK {
			t.Errorf("%s: after: %+v", verb, h)
		}
	}
}

// Before the claim a silent relay is given up soon; after the dot it has ten minutes.
func TestDefaultPatience(t *testing.T) {
	t.Parallel()
	d := Timeouts{}.withDefaults()
	if d.Announce > 2*time.Minute || d.Dot < 10*time.Minute || patience >= time.Minute {
		t.Errorf("%+v", d)
	}
}
