package r01sim

import (
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"registrar.panel/internal/testrun"
)

func TestSimulator_deliversToServer(t *testing.T) {
	t.Parallel()

	for _, scheme := range []string{"", "lmtp://"} {
		t.Run("to "+scheme, func(t *testing.T) {
			t.Parallel()

			received := make(chan envelope, 8)
			o := testOptions()
			o.IMAP = ""
			o.Deliver, o.Speed = scheme+sink(t, scheme != "", received), 1000
			s := start(t, o)
			mustSubmit(t, s, requestFor(t, testPerson))

			for range 2 {
				select {
				case e := <-received:
					if e.from != "" || e.to != testCallback || !strings.Contains(e.text, "MYCO_1_48213-R01") {
						t.Errorf("delivered %+v", e)
					}
				case <-time.After(testrun.Limit(t)):
					t.Fatal("nothing was delivered")
				}
			}
		})
	}
}

type envelope struct{ from, to, text string }

// sink is a mail server that refuses the first mail offered to it, and takes the others.
func sink(t *testing.T, lmtp bool, received chan<- envelope) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var first atomic.Bool
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		return &sinkSession{received: received, refuse: first.CompareAndSwap(false, true)}, nil
	}))
	server.LMTP, server.Domain = lmtp, "sink.example"
	done := make(chan struct{})
	go func() { defer close(done); server.Serve(l) }()
	t.Cleanup(func() { server.Close(); <-done })
	return l.Addr().String()
}

type sinkSession struct {
	envelope
	refuse   bool
	received chan<- envelope
}

func (*sinkSession) Reset()        {}
func (*sinkSession) Logout() error { return nil }
func (k *sinkSession) Mail(from string, _ *smtp.MailOptions) error {
	k.from = from
	if k.refuse {
		return &smtp.SMTPError{Code: 451, Message: "Not now"}
	}
	return nil
}
func (k *sinkSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	k.to = to
	return nil
}
func (k *sinkSession) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	k.text = string(raw)
	k.received <- k.envelope
	return err
}
