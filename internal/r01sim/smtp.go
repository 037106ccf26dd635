package r01sim

import (
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"registrar.panel/shared/registrar/registrartest"
)

const (
	maxMail     = 8 << 20
	smtpTimeout = 5 * time.Minute
)

func (s *Simulator) smtpServer() *smtp.Server {
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &smtpSession{simulator: s, conn: c}, nil
	}))
	server.Domain = "r01sim.invalid"
	server.AllowInsecureAuth = true
	server.MaxMessageBytes = maxMail
	server.ReadTimeout, server.WriteTimeout = smtpTimeout, smtpTimeout
	server.ErrorLog = slog.NewLogLogger(s.logger.Handler(), slog.LevelDebug)
	return server
}

// smtpSession takes mails for any recipient: the simulator is also the
// relay, so that a blind copy to the callback address arrives there.
type smtpSession struct {
	simulator  *Simulator
	conn       *smtp.Conn
	from       string
	recipients []string
}

// AuthMechanisms offers PLAIN, with any name and password.
func (*smtpSession) AuthMechanisms() []string { return []string{sasl.Plain} }

func (*smtpSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, _, _ string) error { return nil }), nil
}

func (t *smtpSession) Reset() { t.from, t.recipients = "", nil }

func (*smtpSession) Logout() error { return nil }

func (t *smtpSession) Mail(from string, _ *smtp.MailOptions) error {
	t.from = from
	return nil
}

func (t *smtpSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	t.recipients = append(t.recipients, to)
	return nil
}

func (t *smtpSession) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}

	// A deferred mail has not arrived. A mail whose connection
	// is dropped has arrived, and the sender will never know.
	deferred, dropped := t.simulator.weather()
	if deferred {
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "Try again later"}
	}

	domain, behaviour := t.simulator.treatment(t.recipients, raw)
	if behaviour == registrartest.IsDown {
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 2}, Message: "Come back later"}
	}

	t.simulator.receive(t.from, t.recipients, raw)
	if behaviour == registrartest.HoldsAnswers {
		t.simulator.hold(domain)
	}
	if dropped || behaviour == registrartest.HoldsAnswers || behaviour == registrartest.LosesAnswers {
		t.conn.Conn().Close()
	}
	return nil
}

// treatment returns how the witness makes the robot treat a mail.
func (s *Simulator) treatment(recipients []string, raw []byte) (domain string, b registrartest.Behaviour) {
	if !slices.ContainsFunc(recipients, func(to string) bool { return strings.EqualFold(to, s.options.Gateway) }) {
		return "", registrartest.BehavesWell
	}
	return s.observer.treatment(raw)
}

// hold waits until the robot's behaviour to a domain changes, or the simulator ends.
func (s *Simulator) hold(domain string) {
	for {
		behaviour, changed := s.observer.ledger.Behaves(domain)
		if behaviour != registrartest.HoldsAnswers {
			return
		}
		select {
		case <-changed:
		case <-s.over:
			return
		}
	}
}

// weather returns what chance has decided about one incoming mail.
func (s *Simulator) weather() (deferred, dropped bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	random := s.random("smtp")
	return random.Float64() < s.policy.Defer, random.Float64() < s.policy.Drop
}
