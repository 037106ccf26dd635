package smtpout

import (
	"context"
	"errors"
	"strings"
	"testing"
)

// on submits one mail on a connection, and returns how often it was claimed.
func on(t *testing.T, l *Conn, to string) (Result, int) {
	t.Helper()
	claims := 0
	res := l.Submit(t.Context(), Mail{From: "callback@panel.example", To: []string{to}, Data: []byte("Subject: x\r\n\r\nx\r\n")},
		func(context.Context) error { claims++; return nil })
	return res, claims
}

func count(r *relay, verb string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, c := range r.commands {
		if strings.HasPrefix(strings.ToUpper(c), verb) {
			n++
		}
	}
	return n
}

// Mails follow one another on one connection, and Rest takes leave.
func TestLineReusesItsConnection(t *testing.T) {
	t.Parallel()
	r := startRelay(t, false, nil)
	l := NewConn(config(r))
	for range 3 {
		if res, claims := on(t, l, "robot@registrar.example"); res.Outcome != Accepted || claims != 1 {
			t.Fatalf("%+v, %d claims", res, claims)
		}
	}
	if greetings, mails := count(r, "EHLO"), count(r, "MAIL"); greetings != 1 || mails != 3 {
		t.Errorf("%d greetings for %d mails", greetings, mails)
	}
	l.Rest()
	if res, _ := on(t, l, "robot@registrar.example"); res.Outcome != Accepted || count(r, "EHLO") != 2 {
		t.Errorf("after the rest: %+v, %d greetings", res, count(r, "EHLO"))
	}
	l.Rest()
}

// A connection that died while nothing was sent is replaced, and the mail claimed once.
func TestLineReplacesADeadConnection(t *testing.T) {
	t.Parallel()
	r := startRelay(t, false, nil)
	l := NewConn(config(r))
	if res, _ := on(t, l, "robot@registrar.example"); res.Outcome != Accepted {
		t.Fatalf("%+v", res)
	}
	l.idle.conn.Close()
	if res, claims := on(t, l, "robot@registrar.example"); res.Outcome != Accepted || claims != 1 {
		t.Errorf("%+v, %d claims", res, claims)
	}
	l.Rest()
}

// A relay that has had enough of a connection says 4xx at MAIL: another is tried, once.
func TestLineTriesAnotherConnectionOnce(t *testing.T) {
	t.Parallel()
	r := startRelay(t, false, nil)
	l := NewConn(config(r))
	if res, _ := on(t, l, "robot@registrar.example"); res.Outcome != Accepted {
		t.Fatalf("%+v", res)
	}
	r.change(map[string]string{"MAIL": "421 too many mails on this connection"})
	if res, claims := on(t, l, "robot@registrar.example"); res.Outcome != Deferred || claims != 0 || count(r, "EHLO") != 2 {
		t.Errorf("%+v, %d claims, %d greetings", res, claims, count(r, "EHLO"))
	}
}

// What is refused is refused, on a used connection as on a new one, and nothing is claimed.
func TestLineRefusedOnUsedConnection(t *testing.T) {
	t.Parallel()
	r := startRelay(t, false, nil)
	l := NewConn(config(r))
	if res, _ := on(t, l, "robot@registrar.example"); res.Outcome != Accepted {
		t.Fatalf("%+v", res)
	}
	r.change(map[string]string{"RCPT": "550 no such user"})
	res, claims := on(t, l, "nobody@registrar.example")
	if res.Outcome != Refused || claims != 0 || count(r, "EHLO") != 1 || res.Stage != StageRcpt {
		t.Errorf("%+v, %d claims, %d greetings", res, claims, count(r, "EHLO"))
	}
	if l.idle != nil {
		t.Error("the connection is kept after a refusal")
	}
}

// The end of one mail's context cuts that mail, not those after it.
func TestLineOutlivesItsContexts(t *testing.T) {
	t.Parallel()
	r := startRelay(t, false, nil)
	l := NewConn(config(r))
	ctx, cancel := context.WithCancel(t.Context())
	m := Mail{From: "callback@panel.example", To: []string{"robot@registrar.example"}, Data: []byte("Subject: x\r\n\r\nx\r\n")}
	if res := l.Submit(ctx, m, func(context.Context) error { return nil }); res.Outcome != Accepted {
		t.Fatalf("%+v", res)
	}
	cancel()
	if res, _ := on(t, l, "robot@registrar.example"); res.Outcome != Accepted || count(r, "EHLO") != 1 {
		t.Errorf("the next mail: %+v, %d greetings", res, count(r, "EHLO"))
	}
	gone := errors.New("claimed by another")
	if res := l.Submit(t.Context(), m, func(context.Context) error { return gone }); !errors.Is(res.Err, gone) || res.Outcome != Deferred {
		t.Errorf("a claim that failed: %+v", res)
	}
	l.Rest()
}
