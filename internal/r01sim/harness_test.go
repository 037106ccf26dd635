package r01sim

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset"
	"github.com/emersion/go-smtp"

	"registrar.panel/internal/testrun"
)

func testOptions() Options {
	quick := Calm()
	quick.Queued, quick.Done = Delay(5*time.Millisecond), Delay(15*time.Millisecond)
	return Options{SMTP: "127.0.0.1:0", IMAP: "127.0.0.1:0", Whois: "127.0.0.1:0", Admin: "127.0.0.1:0",
		Agreement: testAgreement, Password: testPassword, Callback: testCallback, Gateway: testGateway,
		IMAPUser: "callback", IMAPPassword: "mailbox", Seed: 1, Policy: quick}
}

// start runs a simulator until the test ends.
func start(t *testing.T, o Options) *Simulator {
	t.Helper()
	s := New(o)
	if err := s.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return s
}

// eventually polls until the condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	testrun.Until(t, what, func() (bool, string) { return holds(), "it does not hold" })
}

func submit(t *testing.T, s *Simulator, raw []byte) error {
	t.Helper()
	return submitTo(t, s, testGateway, raw)
}

func submitTo(t *testing.T, s *Simulator, to string, raw []byte) error {
	t.Helper()
	c, err := smtp.Dial(s.Addresses().SMTP)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.SendMail(testCallback, []string{to}, bytes.NewReader(raw))
}

func mustSubmit(t *testing.T, s *Simulator, raw []byte) {
	t.Helper()
	if err := submit(t, s, raw); err != nil {
		t.Fatal(err)
	}
}

// answerMail is an answer, decoded by a library the simulator does not use.
type answerMail struct {
	header message.Header
	text   string
}

func parseAnswer(t *testing.T, raw []byte) answerMail {
	t.Helper()
	e, err := message.Read(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(e.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answerMail{e.Header, strings.ReplaceAll(string(text), "\r\n", "\n")}
}

// answers waits until n answers have left.
func answers(t *testing.T, s *Simulator, n int) []answerMail {
	t.Helper()
	eventually(t, "answers", func() bool { return len(s.Sent()) >= n })
	var all []answerMail
	for _, raw := range s.Sent() {
		all = append(all, parseAnswer(t, raw))
	}
	return all
}

func mailboxClient(t *testing.T, s *Simulator) *imapclient.Client {
	t.Helper()
	c, err := imapclient.DialInsecure(s.Addresses().IMAP, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.Login("callback", "mailbox").Wait(); err != nil {
		t.Fatal(err)
	}
	return c
}

// fetchAll reads the whole mailbox over IMAP.
func fetchAll(t *testing.T, c *imapclient.Client) [][]byte {
	t.Helper()

	box, err := c.Select("INBOX", nil).Wait()
	if err != nil {
		t.Fatal(err)
	}

	if box.NumMessages == 0 {
		return nil
	}

	section := &imap.FetchItemBodySection{Peek: true}
	all := imap.SeqSet{}
	all.AddRange(1, 0)
	mails, err := c.Fetch(all, &imap.FetchOptions{BodySection: []*imap.FetchItemBodySection{section}}).Collect()
	if err != nil {
		t.Fatal(err)
	}

	var raw [][]byte
	for _, m := range mails {
		raw = append(raw, m.FindBodySection(section))
	}

	return raw
}
