package r01

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/text/encoding/charmap"

	"registrar.panel/plugin/r01/mailbox"
	"registrar.panel/plugin/r01/smtpout"
)

// testMailWithin bounds how long a test mail may take.
const testMailWithin = 2 * time.Minute

// testMail sends a mail in the same way as requests, but to ourselves, and checks that it comes back
// unchanged: a relay that alters 8-bit text loses every request.
func (p *Plugin) testMail(ctx context.Context, s settings) (remark string, err error) {
	ctx, cancel := context.WithTimeout(ctx, testMailWithin)
	defer cancel()

	// Cyrillic: only letters beyond ASCII show whether the relay keeps eight bits.
	body, err := charmap.KOI8R.NewEncoder().String("Проба: the panel checks its mail route.\r\n")
	if err != nil {
		return "", fmt.Errorf("write test mail: %w", err)
	}

	self := s.engine.Callback
	_, host, _ := strings.Cut(self, "@")
	id := "<" + rand.Text() + "@" + host + ">"
	data, err := smtpout.Render(smtpout.Envelope{From: self, To: self, Subject: "Panel test mail", MessageID: id,
		Date: p.now(), Charset: "koi8-r", Body: []byte(body)})
	if err != nil {
		return "", fmt.Errorf("write test mail: %w", err)
	}

	result := smtpout.New(s.smtp).Submit(ctx, smtpout.Mail{From: self, To: []string{self}, Data: data}, func(context.Context) error { return nil })
	if result.Outcome != smtpout.Accepted {
		return "", fmt.Errorf("send test mail: %s: %w", result.Outcome, result.Err)
	}

	raw, remark, err := mailbox.Await(ctx, s.mailbox, id)
	if err != nil {
		return "", fmt.Errorf("wait for test mail: %w", err)
	}

	if !bytes.Contains(raw, []byte(body)) {
		return "", errors.New("the test mail arrived changed: the relay does not pass 8-bit text on")
	}

	return remark, nil
}
