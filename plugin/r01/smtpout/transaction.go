package smtpout

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"slices"
	"strings"
	"time"

	"github.com/wneessen/go-mail/smtp"

	"registrar.panel/plugin/r01/endpoint"
)

// transaction is one connection to the relay. It keeps the TCP connection beside go-mail's
// client, because only cutting the connection frees a client that waits.
type transaction struct {
	config   Config
	timeouts Timeouts
	progress *progress
	stage    Stage
	response string

	conn    net.Conn
	client  *smtp.Client
	replies *replies
	uncut   func() bool // stops the context from cutting the connection
}

// Check connects and logs in as Submit would, and sends nothing. The error says what to change
// in the settings or at the relay.
func Check(ctx context.Context, c Config) error {
	t := transaction{config: c, timeouts: c.Timeouts.withDefaults()}
	defer t.close()
	if err := t.open(ctx); err != nil {
		return fmt.Errorf("check relay %s: %w", c.Address, t.explain(ctx, err))
	}
	t.quit()
	return nil
}

// step begins a stage, which may take d.
func (t *transaction) step(s Stage, d time.Duration) {
	t.enter(s)
	// On a connection that was cut this fails, and so will the step.
	_ = t.conn.SetDeadline(time.Now().Add(d))
}

func (t *transaction) enter(s Stage) {
	t.stage = s
	t.progress.begin(t, s)
}

// open connects, protects the connection, logs in, and makes sure that 8bit can be sent.
func (t *transaction) open(ctx context.Context) error {
	if err := t.dial(ctx); err != nil {
		return err
	}
	if err := t.hello(); err != nil {
		return err
	}

	if t.config.TLS == TLSStart {
		if err := t.startTLS(); err != nil {
			return err
		}
	}

	if t.config.Username != "" {
		if err := t.login(); err != nil {
			return err
		}
	}

	// A mail is never re-encoded, so it never goes to a relay that would have to. r01-mail 1.1
	if ok, _ := t.client.Extension("8BITMIME"); !ok {
		return errors.New("the relay does not offer 8BITMIME, and R01 takes nothing but 8bit: use another relay")
	}

	return nil
}

func (t *transaction) dial(ctx context.Context) error {
	t.enter(StageDial)
	dialer := net.Dialer{Timeout: t.timeouts.Dial}
	conn, err := dialer.DialContext(ctx, "tcp", t.config.Address)
	if err != nil {
		return err
	}

	// From here on the end of ctx cuts the connection, even during a handshake.
	t.conn = conn
	t.bind(ctx)

	if t.config.TLS == TLSImplicit {
		t.step(StageTLS, t.timeouts.Dial)
		protected := tls.Client(conn, t.config.tlsConfig())
		if err := protected.HandshakeContext(ctx); err != nil {
			return err
		}
		conn = protected
	}

	t.step(StageHello, t.timeouts.Announce)
	if err := greeting(conn); err != nil {
		return fmt.Errorf("read greeting: %w", err)
	}

	return t.attach(conn)
}

// bind makes the end of ctx cut the connection.
func (t *transaction) bind(ctx context.Context) {
	conn := t.conn
	t.uncut = context.AfterFunc(ctx, func() { conn.Close() })
}

func (t *transaction) hello() error {
	name := t.config.LocalName
	if name == "" {
		name = literal(t.conn.LocalAddr())
	}
	t.step(StageHello, t.timeouts.Announce)
	t.replies.hello = true
	err := t.client.Hello(name)
	t.replies.hello = false
	return err
}

// literal names a host that has no name by its address. RFC 5321 4.1.3
func literal(a net.Addr) string {
	tcp, ok := a.(*net.TCPAddr)
	switch {
	case !ok:
		return "localhost"
	case tcp.IP.To4() != nil:
		return "[" + tcp.IP.String() + "]"
	}
	return "[IPv6:" + tcp.IP.String() + "]"
}

func (t *transaction) startTLS() error {
	t.step(StageTLS, t.timeouts.Announce)

	if ok, _ := t.client.Extension("STARTTLS"); !ok {
		return errors.New("the relay does not offer STARTTLS: use tls = \"implicit\" with its port, or another relay")
	}
	// By hand, because the library's StartTLS reads on without our reader of replies.
	if _, err := t.client.Text.Cmd("STARTTLS"); err != nil {
		return err
	}
	if _, _, err := t.client.Text.ReadResponse(220); err != nil {
		return err
	}
	if t.client.Text.R.Buffered() > 0 || t.replies.from.Buffered() > 0 {
		return errors.New("the relay went on in clear after it agreed to STARTTLS: another on the way may have written that")
	}

	protected := tls.Client(t.conn, t.config.tlsConfig())
	if err := protected.Handshake(); err != nil { // the deadline bounds it, and the context cuts it
		return err
	}

	if err := t.attach(protected); err != nil {
		return err
	}

	// Extensions that were offered in clear text may have been forged, so they are asked for again. RFC 3207 4.2
	return t.hello()
}

// login sends the password by PLAIN or LOGIN, whichever the relay knows.
func (t *transaction) login() error {
	t.step(StageAuth, t.timeouts.Announce)
	ok, offered := t.client.Extension("AUTH")
	if !ok {
		return errors.New("the relay takes no login: leave username and password empty, or use the port for submission")
	}
	user, password := t.config.Username, t.config.Password.Reveal()
	const clear = true // the connection is as the settings have it; the library can't see through ours
	var err error
	switch offered := strings.Fields(strings.ToUpper(offered)); {
	case slices.Contains(offered, "PLAIN"):
		err = t.client.Auth(smtp.PlainAuth("", user, password, t.config.host(), clear))
	case slices.Contains(offered, "LOGIN"):
		err = t.client.Auth(smtp.LoginAuth(user, password, t.config.host(), clear))
	default:
		return fmt.Errorf("the relay offers the logins %s, and we know PLAIN and LOGIN", strings.Join(offered, " "))
	}
	return t.config.loginError(err)
}

// loginError says what a refused login means, with the relay's words. A 4xx says nothing about the password.
func (c Config) loginError(err error) error {
	var said *textproto.Error
	var network net.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &said) && said.Code < 500:
		return fmt.Errorf("the relay can't log us in now (code %d), and will be asked again; it said: %s", said.Code, c.words(said.Msg))
	case errors.As(err, &said):
		return fmt.Errorf("the relay refused the login with code %d: check username and password; it said: %s", said.Code, c.words(said.Msg))
	case errors.As(err, &network), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return err
	}
	return errors.New("the relay's answer to the login makes no sense")
}

func (c Config) words(said string) string {
	return endpoint.Words(said, c.Username, c.Password.Reveal())
}

// quit says goodbye without waiting: the relay's answer changes nothing any more.
func (t *transaction) quit() {
	_ = t.conn.SetDeadline(time.Now().Add(time.Second))
	_, _ = t.client.Text.Cmd("QUIT")
}

// close cuts the connection. It never sends QUIT, which would end a mail that is half sent.
func (t *transaction) close() {
	if t.conn != nil {
		t.uncut()
		t.conn.Close()
	}
}
