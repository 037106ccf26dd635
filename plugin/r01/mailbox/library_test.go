package mailbox

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"

	"registrar.panel/shared/secret"
)

type literal struct{ *bytes.Reader }

// library is the server of go-imap, with two folders.
type library struct {
	address string
	user    *imapmemserver.User
	roots   *x509.CertPool
}

func startLibrary(t *testing.T, mode TLS) *library {
	t.Helper()

	certificate, roots := makeCertificate(t)
	tlsConfig := &tls.Config{Certificates: []tls.Certificate{certificate}}

	user := imapmemserver.NewUser("user", password)
	for _, folder := range []string{"INBOX", "Done"} {
		if err := user.Create(folder, nil); err != nil {
			t.Fatal(err)
		}
	}

	memory := imapmemserver.New()
	memory.AddUser(user)

	options := &imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return memory.NewSession(), nil, nil
		},
		Caps:         imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapUIDPlus: {}, imap.CapMove: {}, imap.CapIdle: {}},
		InsecureAuth: mode == TLSNone, Logger: log.New(io.Discard, "", 0),
	}

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}

	address := listener.Addr().String()

	switch mode {
	case TLSImplicit:
		listener = tls.NewListener(listener, tlsConfig)
	case TLSStart:
		options.TLSConfig = tlsConfig
	}

	server := imapserver.New(options)
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(listener)
	}()
	t.Cleanup(func() {
		server.Close()
		<-served
	})

	return &library{address, user, roots}
}

func (l *library) deliver(t *testing.T, body string) {
	t.Helper()
	if _, err := l.user.Append("INBOX", literal{bytes.NewReader([]byte(body))}, &imap.AppendOptions{}); err != nil {
		t.Fatal(err)
	}
}

func (l *library) count(t *testing.T, folder string) uint32 {
	t.Helper()
	d, err := l.user.Status(folder, &imap.StatusOptions{NumMessages: true})
	if err != nil {
		t.Fatal(err)
	}
	return *d.NumMessages
}

func makeCertificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()

	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}

	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}

	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}

	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// The whole way against a server that others wrote, in every TLS mode.
func TestAgainstTheLibrary(t *testing.T) {
	t.Parallel()

	for _, mode := range []TLS{TLSNone, TLSStart, TLSImplicit} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()

			l := startLibrary(t, mode)
			cfg := Config{Address: l.address, TLS: mode, RootCAs: l.roots, Username: "user", Password: secret.New(password), Processed: "Done",
				Poll: time.Hour, Timeouts: Timeouts{Exchange: 10 * time.Second, Rearm: time.Hour}}
			if _, err := Check(t.Context(), cfg); err != nil {
				t.Fatal(err)
			}

			l.deliver(t, "Subject: one\r\n\r\nwaiting \xd0\xd2\r\n")
			store := &shelf{}
			w := watch(t, cfg, store)
			waitFor(t, "the first is moved", func() bool { return l.count(t, "Done") == 1 })
			waitFor(t, "health", func() bool { return w.Health().OK })

			// This server does not announce a mail that arrives just before IDLE begins.
			l.deliver(t, "Subject: two\r\n\r\narriving\r\n")
			waitFor(t, "the second is moved", func() bool { return l.count(t, "Done") == 2 })

			if n := l.count(t, "INBOX"); n != 0 {
				t.Errorf("%d mails are left", n)
			}
			if got := store.bodies(); len(got) != 2 || got[0] != "Subject: one\r\n\r\nwaiting \xd0\xd2\r\n" || got[1] != "Subject: two\r\n\r\narriving\r\n" {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestWrongSecurity(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		server, client TLS
		trust          bool
		password       string
		says           string
	}{
		"implicit, unknown signer": {TLSImplicit, TLSImplicit, false, password, "certificate is wrong"},
		"starttls, unknown signer": {TLSStart, TLSStart, false, password, "certificate is wrong"},
		"starttls is not offered":  {TLSNone, TLSStart, true, password, "does not offer STARTTLS"},
		"implicit to a plain port": {TLSNone, TLSImplicit, true, password, "greet server"},
		"wrong password":           {TLSImplicit, TLSImplicit, true, "a-bad-guess", "refused the login"},
		"password without TLS":     {TLSStart, TLSNone, true, password, "takes no password"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			l := startLibrary(t, c.server)
			cfg := Config{Address: l.address, TLS: c.client, Username: "user", Password: secret.New(c.password), Timeouts: Timeouts{Exchange: 5 * time.Second}}

			if c.trust {
				cfg.RootCAs = l.roots
			}

			_, err := Check(t.Context(), cfg)
			if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), c.password) {
				t.Errorf("got %v, want %q", err, c.says)
			}
		})
	}
}

func TestNobodyListens(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	_, err = Check(t.Context(), Config{Address: listener.Addr().String(), TLS: TLSNone})
	if err == nil || !strings.Contains(err.Error(), "connect") {
		t.Errorf("got %v", err)
	}
}

// Await finds a mail that comes later, and leaves it for the watcher.
func TestAwait(t *testing.T) {
	t.Parallel()

	l := startLibrary(t, TLSImplicit)
	cfg := Config{Address: l.address, TLS: TLSImplicit, RootCAs: l.roots, Username: "user", Password: secret.New(password),
		Timeouts: Timeouts{Exchange: 10 * time.Second, BackOff: 10 * time.Millisecond}}
	l.deliver(t, "Message-ID: <other@panel.example>\r\n\r\nno\r\n")
	const mail = "Message-ID: <test@panel.example>\r\n\r\nyes \xd0\xd2\r\n"
	var raw []byte
	var err error
	awaited := make(chan struct{})
	go func() {
		defer close(awaited)
		raw, _, err = Await(t.Context(), cfg, "<test@panel.example>")
	}()
	l.deliver(t, mail)
	<-awaited

	if err != nil || string(raw) != mail {
		t.Fatalf("got %q, %v", raw, err)
	}

	store := &shelf{}
	watch(t, cfg, store)
	waitFor(t, "the watcher gets both", func() bool { return len(store.all()) == 2 })
}

func TestAwaitEnds(t *testing.T) {
	t.Parallel()
	l := startLibrary(t, TLSNone)
	cfg := Config{Address: l.address, TLS: TLSNone, Username: "user", Password: secret.New(password), Timeouts: Timeouts{BackOff: time.Millisecond}}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if raw, _, err := Await(ctx, cfg, "<never@panel.example>"); raw != nil || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %q, %v", raw, err)
	}
}
