package smtpout

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"registrar.panel/internal/testrun"
)

// Things a scripted relay does instead of answering.
const (
	hangUp = "<hang up>"
	hang   = "<hang>" // until the test ends
)

// relay is a scripted SMTP server. It answers each verb from its script, or as a good
// relay does, and records all that it gets.
type relay struct {
	address string
	script  map[string]string // by verb; "greeting", "mail" and "." are verbs too; "body" acts after 354
	tls     *tls.Config
	stop    chan struct{}
	hanging chan struct{} // gets a value when the relay begins to hang

	mu       sync.Mutex
	commands []string
	data     []byte // all that came after 354, as it was on the wire
	closed   int    // connections that have ended
	open     []net.Conn
}

var goodRelay = map[string]string{
	"greeting": "220 relay ready",
	"EHLO":     "250-relay\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-AUTH PLAIN LOGIN\r\n250 STARTTLS",
	"HELO":     "250 relay", "STARTTLS": "220 go ahead", "AUTH": "235 welcome", "MAIL": "250 ok", "RCPT": "250 ok",
	"DATA": "354 go ahead", ".": "250 2.0.0 queued as 4F1", "QUIT": "221 bye",
}

// startRelay listens on loopback. An implicit relay speaks TLS from the first byte.
func startRelay(t *testing.T, implicit bool, script map[string]string) *relay {
	t.Helper()

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}

	r := &relay{address: listener.Addr().String(), script: script, stop: make(chan struct{}), hanging: make(chan struct{}, 1)}
	r.tls = &tls.Config{Certificates: []tls.Certificate{certificate}}
	var conns sync.WaitGroup
	conns.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			conns.Go(func() { r.serve(conn, implicit) })
		}
	})
	t.Cleanup(func() {
		close(r.stop)
		listener.Close()
		conns.Wait()
	})

	return r
}

// change gives it another script from now on.
func (r *relay) change(script map[string]string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.script = script
}

func (r *relay) answer(verb string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if a, ok := r.script[verb]; ok {
		return a
	}
	return goodRelay[verb]
}

// dismiss takes leave of every client, as a relay does whose patience has ended.
func (r *relay) dismiss(word string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, conn := range r.open {
		_, _ = conn.Write([]byte(word + "\r\n"))
		conn.Close()
	}
	r.open = nil
}

func (r *relay) serve(conn net.Conn, implicit bool) {
	r.mu.Lock()
	r.open = append(r.open, conn)
	r.mu.Unlock()
	defer func() {
		conn.Close()
		r.mu.Lock()
		r.closed++
		r.mu.Unlock()
	}()

	if implicit {
		conn = tls.Server(conn, r.tls)
	}

	in := bufio.NewReader(conn)
	if !r.say(conn, "greeting") {
		return
	}

	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}

		line = strings.TrimRight(line, "\r\n")
		r.mu.Lock()
		r.commands = append(r.commands, line)
		r.mu.Unlock()

		verb, _, _ := strings.Cut(line, " ")
		if !r.say(conn, strings.ToUpper(verb)) || verb == "QUIT" {
			return
		}

		switch {
		case verb == "STARTTLS" && strings.HasPrefix(r.answer(verb), "220"):
			conn = tls.Server(conn, r.tls)
			in = bufio.NewReader(conn)
		case verb == "DATA" && strings.HasPrefix(r.answer(verb), "354"):
			if r.answer("body") != "" && !r.say(conn, "body") || !r.readBody(in) || !r.say(conn, ".") {
				return
			}
		}
	}
}

// readBody reads to the dot.
func (r *relay) readBody(in *bufio.Reader) bool {
	for {
		line, err := in.ReadBytes('\n')
		r.mu.Lock()
		r.data = append(r.data, line...)
		r.mu.Unlock()
		if err != nil {
			return false
		}
		if string(line) == ".\r\n" {
			return true
		}
	}
}

func (r *relay) say(conn net.Conn, verb string) bool {
	switch a := r.answer(verb); a {
	case hangUp:
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // at once, whatever is still to be read
		}
		return false
	case hang:
		r.hanging <- struct{}{}
		<-r.stop
		return false
	default:
		_, err := conn.Write([]byte(a + "\r\n"))
		return err == nil
	}
}

func (r *relay) received() (commands []string, data []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append(commands, r.commands...), bytes.Clone(r.data)
}

// left reports whether the one connection has ended.
func (r *relay) left() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closed == 1
}

func waitFor(t *testing.T, what string, holds func() bool) {
	t.Helper()
	testrun.Until(t, what, func() (bool, string) { return holds(), "it does not" })
}

var certificate, roots = makeCertificate()

func makeCertificate() (tls.Certificate, *x509.CertPool) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}
