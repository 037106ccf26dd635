package r01sim

import (
	"bytes"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-smtp"
)

const (
	deliverTimeout = 30 * time.Second
	deliverAgain   = 5 * time.Second
)

// deliver hands a mail over to the callback mailbox, and records it as sent.
func (s *Simulator) deliver(raw []byte) {
	s.bring(raw, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.sent = append(s.sent, raw)
		s.liar.heard(raw)
	})
}

// bring hands a mail over. A mail that a real server does not take is offered again.
func (s *Simulator) bring(raw []byte, delivered func()) {
	if err := s.handOver(raw); err != nil {
		s.logger.Warn("mail not delivered", "err", err, "again_in", deliverAgain)
		s.agenda.after(s.pace(deliverAgain), func() { s.bring(raw, delivered) })
		return
	}
	s.logger.Debug("mail delivered", "bytes", len(raw))
	delivered()
}

func (s *Simulator) handOver(raw []byte) error {
	if s.options.Deliver != "" {
		return s.submit(raw)
	}
	_, err := s.mailbox.Append(s.options.Mailbox, bytes.NewReader(raw), &imap.AppendOptions{Time: s.options.Now()})
	if err != nil {
		return fmt.Errorf("append to mailbox %s: %w", s.options.Mailbox, err)
	}
	s.changed.Wake()
	return nil
}

// deliveryTarget splits Options.Deliver.
func deliveryTarget(deliver string) (lmtp bool, address string) {
	address, lmtp = strings.CutPrefix(deliver, "lmtp://")
	return lmtp, address
}

// submit delivers with an empty return path, as robots do.
func (s *Simulator) submit(raw []byte) error {
	lmtp, address := deliveryTarget(s.options.Deliver)
	conn, err := net.DialTimeout("tcp", address, deliverTimeout)
	if err != nil {
		return fmt.Errorf("deliver mail: %w", err)
	}
	client := smtp.NewClient(conn)
	if lmtp {
		client = smtp.NewClientLMTP(conn)
	}
	defer client.Close()
	client.CommandTimeout, client.SubmissionTimeout = deliverTimeout, deliverTimeout
	if err := client.SendMail("", []string{s.options.Callback}, bytes.NewReader(raw)); err != nil {
		return fmt.Errorf("deliver mail to %s: %w", address, err)
	}
	return nil
}
