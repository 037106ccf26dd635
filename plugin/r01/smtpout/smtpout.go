// Package smtpout submits one mail to a relay and reports what became of it.
//
// [Render] makes the exact bytes of a request: one text/plain part in raw 8bit, with the same bytes
// for the same input. [Sender.Submit] carries them through one SMTP transaction on a connection of
// their own; a [Conn] keeps its connection for the mails that follow, and a [Pool] has several.
//
// Guarantees: no byte of the mail is sent before the caller's claim has succeeded, which happens
// after the relay has accepted sender and recipients. All recipients get the mail, or none. The
// mail arrives as it was rendered: a relay that can't take 8bit gets nothing. The end of a mail
// is sent only if the whole mail was written. Cancelling the context cuts the connection.
//
// A [Result] claims only what is certain: [Refused] and [Deferred] mean that the relay took nothing, and
// an uncertain outcome is [Unknown]. Its Err says why, names the step, and never contains a password.
package smtpout

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"net/textproto"
	"strings"
)

// Outcome is what became of a mail.
type Outcome string

const (
	Accepted Outcome = "accepted" // the relay has it
	Refused  Outcome = "refused"  // the relay took nothing, and won't take this mail
	Deferred Outcome = "deferred" // the relay took nothing; it may be tried again
	Unknown  Outcome = "unknown"  // the relay may have it
)

// Stage is the step that a transaction reached.
type Stage string

const (
	StageCheck Stage = "check" // of the envelope, before anything is sent
	StageDial  Stage = "dial"
	StageTLS   Stage = "tls"
	StageHello Stage = "hello"
	StageAuth  Stage = "auth"
	StageMail  Stage = "mail"
	StageRcpt  Stage = "rcpt"
	StageClaim Stage = "claim"
	StageData  Stage = "data"
	StageBody  Stage = "body"
	StageDot   Stage = "dot"
)

// Mail is what Submit transmits.
type Mail struct {
	From string   // plain address
	To   []string // plain addresses, blind copies among them
	Data []byte   // as Render made it
}

// Result is what became of a mail, and what shows that.
type Result struct {
	Outcome  Outcome
	Response string // the relay's last word in one line, such as "250 2.0.0 queued as 4F1"; "" = none
	Err      error  // nil if and only if Accepted
	Stage    Stage
}

// Sender submits mails to one relay. It is safe for concurrent use.
type Sender struct{ config Config }

// New makes a sender. It connects only when there is something to submit.
func New(c Config) *Sender { return &Sender{config: c} }

// Submit transmits one mail. It calls claim once the relay has accepted all recipients, and
// transmits only if claim returns nil; otherwise its error is wrapped in Result.Err.
func (s *Sender) Submit(ctx context.Context, m Mail, claim func(context.Context) error) Result {
	l := NewConn(s.config)
	defer l.Rest()
	return l.Submit(ctx, m, claim)
}

// envelope announces sender and recipients. If one recipient is refused, the mail is refused.
func (t *transaction) envelope(m Mail) error {
	t.step(StageMail, t.timeouts.Announce)
	if err := t.client.Mail("<" + m.From + ">"); err != nil {
		return err
	}
	for _, to := range m.To {
		t.step(StageRcpt, t.timeouts.Announce)
		if err := t.client.Rcpt("<" + to + ">"); err != nil {
			return fmt.Errorf("%s: %w", to, err)
		}
	}
	return nil
}

// transmit sends the mail itself. The outcome can be unknown only after the dot has been handed
// to the connection, because a relay must drop a mail that has no end. field-notes 1.4
func (t *transaction) transmit(ctx context.Context, data []byte) (Outcome, error) {
	t.step(StageData, t.timeouts.Command)
	w, err := t.client.Data()
	if err != nil {
		return t.definite(err), err
	}

	t.step(StageBody, t.timeouts.Command)
	// On an error w is not closed: closing writes the dot, and the relay would take half a mail. field-notes 1.4
	if _, err := w.Write(data); err != nil {
		return Deferred, err
	}
	// The last moment at which giving up has a certain outcome.
	if err := ctx.Err(); err != nil {
		return Deferred, err
	}

	t.step(StageDot, t.timeouts.Dot)
	if err := w.Close(); err != nil {
		return t.afterDot(err), err
	}
	if r, ok := w.(interface{ ServerResponse() string }); ok {
		t.response = answerLine(250, r.ServerResponse())
	}

	return Accepted, nil
}

// definite classifies an error before the dot: the relay accepted nothing.
func (t *transaction) definite(err error) Outcome {
	if code := t.answer(err); code >= 500 {
		return Refused
	}
	return Deferred
}

// afterDot classifies an error after the dot: only an answer of the relay is definite.
func (t *transaction) afterDot(err error) Outcome {
	switch code := t.answer(err); {
	case code >= 500 && code <= 599:
		return Refused
	case code >= 400 && code <= 499:
		return Deferred
	}
	return Unknown
}

// answer keeps the relay's answer, if err is one, and returns its code, or 0.
func (t *transaction) answer(err error) int {
	var said *textproto.Error
	if !errors.As(err, &said) {
		return 0
	}
	t.response = answerLine(said.Code, said.Msg)
	return said.Code
}

// explain names the step, and reports that we gave up if that is the reason.
func (t *transaction) explain(ctx context.Context, err error) error {
	// The end of the context has cut the connection, whose own error then says nothing. An
	// answer of the relay, or an error of the claim, says more.
	if cause := context.Cause(ctx); cause != nil && t.response == "" && t.stage != StageClaim {
		err = cause
	}
	return fmt.Errorf("step %s: %w", t.stage, err)
}

func answerLine(code int, text string) string {
	return strings.Join(strings.Fields(fmt.Sprintf("%03d %s", code, text)), " ")
}

// check refuses an envelope that would mean something else on the wire.
func (m Mail) check() error {
	if len(m.To) == 0 {
		return errors.New("there is no recipient")
	}
	for _, a := range append([]string{m.From}, m.To...) {
		if err := CheckAddress(a); err != nil {
			return fmt.Errorf("address %q: %w", a, err)
		}
	}
	return nil
}

// longestAddress is the longest path of SMTP, in bytes, without its angle brackets. RFC 5321 4.5.3.1.3
const longestAddress = 254

var (
	errAddressForm   = errors.New("must be of the form user@host")
	errAddressASCII  = errors.New("must be plain ASCII without blanks; write the domain in its xn-- form")
	errAddressLength = fmt.Errorf("must have at most %d characters", longestAddress)
)

// CheckAddress accepts a plain ASCII address. Quoted local parts have been used to smuggle
// parameters into commands, and no address of R01 needs one.
func CheckAddress(address string) error {
	if strings.ContainsFunc(address, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return errAddressASCII
	}
	if len(address) > longestAddress {
		return errAddressLength
	}
	if strings.ContainsAny(address, `<>"()\,;:`) {
		return errAddressForm
	}
	if a, err := mail.ParseAddress(address); err != nil || a.Address != address {
		return errAddressForm
	}
	return nil
}
