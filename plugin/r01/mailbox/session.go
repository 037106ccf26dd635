package mailbox

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync/atomic"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

const (
	// talk bounds the bytes of an exchange that fetches no mail.
	talk = 1 << 20
	// minRate is the slowest transfer, in bytes per second, that does not time out.
	minRate = 64 << 10
)

// session is one connection. The library has neither time-outs nor contexts, and its own Close
// can block, so every use of the client runs within do. field-notes 2.1
type session struct {
	config Config
	conn   *meteredConn
	client *imapclient.Client
	caps   imap.CapSet
	wake   chan struct{} // something may have arrived

	stray stray

	validity   uint32
	keywords   bool             // the folder keeps Done
	flagged    map[imap.UID]int // how often the server has confirmed the flags
	forgets    bool             // and dropped them, each time
	count      count
	wrongSizes bool // seen in mails that came whole
	noIdle     bool
}

// meteredConn cuts itself when more arrives than was allowed, because the library would
// allocate whatever the server announces. field-notes 2.4
type meteredConn struct {
	net.Conn
	left atomic.Int64
}

var errFlood = errors.New("the server sent more than it was asked for")

func (c *meteredConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if c.left.Add(-int64(n)) < 0 {
		c.Conn.Close()
		return 0, errFlood
	}
	return n, err
}

// do bounds one exchange in time and bytes. Cutting TCP frees every waiter.
func (s *session) do(ctx context.Context, limit time.Duration, budget int64, exchange func() error) error {
	bounded, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	stop := context.AfterFunc(bounded, s.cut)
	defer stop()
	s.conn.left.Store(budget)
	err := exchange()

	// The reason for the cut says more than the error that the library makes of it.
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case bounded.Err() != nil:
		return fmt.Errorf("no answer within %s", limit)
	case s.conn.left.Load() < 0:
		return errFlood
	}
	return err
}

// ask is do for a command with a short answer.
func (s *session) ask(ctx context.Context, exchange func() error) error {
	return s.do(ctx, s.config.Timeouts.Exchange, talk, exchange)
}

func (s *session) cut() { s.conn.Conn.Close() }

// close cuts the connection and waits until the library has let go of it.
func (s *session) close() {
	s.cut()
	if s.client != nil {
		<-s.client.Closed()
	}
}

// connect dials and logs in.
func connect(ctx context.Context, c Config) (*session, error) {
	// A dead connection is noticed within 40 seconds, even while no command runs.
	dialer := net.Dialer{Timeout: c.Timeouts.Exchange,
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 20 * time.Second, Interval: 5 * time.Second, Count: 4}}
	conn, err := dialer.DialContext(ctx, "tcp", c.Address)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	s := &session{config: c, conn: &meteredConn{Conn: conn}, wake: make(chan struct{}, 1),
		flagged: map[imap.UID]int{}, count: count{done: map[imap.UID]struct{}{}}}

	if err := s.greet(ctx); err != nil {
		s.close()
		return nil, err
	}
	if err := s.login(ctx); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// greeting waits for the server's first words. If a server says why it accepts no client and hangs up, go-imap
// returns at random either the reason or the end of the connection, so it is asked until it returns the reason.
func greeting(client *imapclient.Client) (err error) {
	var said *imap.Error
	for range 64 {
		if err = client.WaitGreeting(); err == nil || errors.As(err, &said) {
			return err
		}
	}
	return err
}

// greet protects the connection as configured and reads the greeting.
func (s *session) greet(ctx context.Context) error {
	options := &imapclient.Options{TLSConfig: s.config.tlsConfig(), UnilateralDataHandler: &imapclient.UnilateralDataHandler{
		Mailbox: s.notice, Fetch: func(m *imapclient.FetchMessageData) { s.stray.add(s, m) }}}

	err := s.ask(ctx, func() (err error) {
		switch s.config.TLS {
		case TLSStart:
			// After an error the library has closed the connection and does not block.
			if s.client, err = imapclient.NewStartTLS(s.conn, options); err != nil {
				return err
			}
		case TLSImplicit:
			protected := tls.Client(s.conn, options.TLSConfig)
			if err := protected.HandshakeContext(ctx); err != nil {
				return err
			}
			s.client = imapclient.New(protected, options)
		default:
			s.client = imapclient.New(s.conn, options)
		}

		return greeting(s.client)
	})

	var wrong *tls.CertificateVerificationError
	var unknown x509.UnknownAuthorityError
	switch {
	case errors.As(err, &wrong), errors.As(err, &unknown):
		return fmt.Errorf("the server's TLS certificate is wrong: %w", err)
	case s.config.TLS == TLSStart && refused(err):
		return fmt.Errorf("the server does not offer STARTTLS, use tls = \"implicit\" with its port: %w", err)
	case err != nil:
		return fmt.Errorf("greet server: %w", err)
	}

	return nil
}

// notice runs in the library's reader, so it must not block.
func (s *session) notice(d *imapclient.UnilateralDataMailbox) {
	if d.NumMessages == nil {
		return
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// refused reports whether err is the server's NO or BAD to a command, after which the connection can still be used.
func refused(err error) bool {
	var said *imap.Error
	return errors.As(err, &said) && (said.Type == imap.StatusResponseTypeNo || said.Type == imap.StatusResponseTypeBad)
}

// open selects a folder.
func (s *session) open(ctx context.Context, folder string, readOnly bool) error {
	err := s.ask(ctx, func() error {
		d, err := s.client.Select(folder, &imap.SelectOptions{ReadOnly: readOnly}).Wait()
		s.validity = d.UIDValidity
		s.keywords = !s.config.All && (slices.Contains(d.PermanentFlags, imap.FlagWildcard) || slices.Contains(d.PermanentFlags, Done))
		return err
	})
	if err != nil {
		return fmt.Errorf("open folder %q: %w", folder, err)
	}
	return nil
}

// wait returns when something may have arrived, or after d. By then the server has proved that
// it lives: IDLE alone never notices a server that hangs. field-notes 2.1
func (s *session) wait(ctx context.Context, d time.Duration) error {
	idle, err := s.idle(ctx)
	if err != nil {
		return fmt.Errorf("begin idle: %w", err)
	}

	// What the server sends by itself is bounded like an answer.
	s.conn.left.Store(talk)
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-s.client.Closed():
		return errors.New("the server closed the connection")
	case <-s.wake:
	case <-timer.C:
	}

	err = s.ask(ctx, func() error {
		if idle != nil {
			if err := errors.Join(idle.Close(), idle.Wait()); err != nil {
				return err
			}
		}
		return s.client.Noop().Wait()
	})
	if err != nil {
		return fmt.Errorf("end idle: %w", err)
	}

	return nil
}

// idle begins IDLE, or returns nil if the server has none.
func (s *session) idle(ctx context.Context) (idle *imapclient.IdleCommand, err error) {
	if s.noIdle || !s.caps.Has(imap.CapIdle) {
		return nil, nil
	}
	err = s.ask(ctx, func() (err error) {
		idle, err = s.client.Idle()
		return err
	})
	if refused(err) {
		s.noIdle = true
		return nil, nil
	}
	return idle, err
}
