package smtpout

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"strings"
	"time"

	"registrar.panel/plugin/r01/endpoint"
	"registrar.panel/shared/registrar"
	"registrar.panel/shared/secret"
)

// TLS says how the connection to the relay is protected.
type TLS = endpoint.TLS

// The protections, as package endpoint has them.
const (
	TLSNone     = endpoint.None
	TLSStart    = endpoint.Start
	TLSImplicit = endpoint.Implicit
)

// Config names the relay and how to speak to it.
type Config struct {
	Address        string // HOST:PORT
	TLS            TLS
	AllowPlaintext bool   // permits TLSNone to another machine
	Username       string // "" = no login
	Password       secret.String
	ServerName     string         // the name in the relay's certificate; "" = the host of Address
	LocalName      string         // what we call ourselves; "" = the address of our end
	RootCAs        *x509.CertPool // who may sign the certificate; nil = whom the system trusts
	Timeouts       Timeouts
}

// Timeouts bound the steps of a transaction. Zero values mean the defaults. After the claim
// they follow RFC 5321 4.5.3.2; a shorter Dot makes outcomes unknown that would have been
// known. Before the claim giving up loses nothing, and the mails behind it wait.
type Timeouts struct {
	Dial     time.Duration // connect, and the TLS handshake of TLSImplicit; 30 s
	Announce time.Duration // each step until the claim; 90 s
	Command  time.Duration // DATA, and writing the body; 5 min
	Dot      time.Duration // the relay's answer to the whole mail; 10 min
}

func (t Timeouts) withDefaults() Timeouts {
	or := func(d, fallback time.Duration) time.Duration {
		if d > 0 {
			return d
		}
		return fallback
	}
	return Timeouts{or(t.Dial, 30*time.Second), or(t.Announce, 90*time.Second), or(t.Command, 5*time.Minute), or(t.Dot, 10*time.Minute)}
}

// Validate reports every mistake. Paths are relative to the block that the settings come from.
func (c Config) Validate() []registrar.Problem {
	problems := endpoint.Problems(c.Address, c.TLS, c.AllowPlaintext)
	add := func(path, message string) {
		problems = append(problems, registrar.Problem{Path: path, Message: message})
	}
	switch {
	case c.Username != "" && c.Password.IsEmpty():
		add("password", "is missing: the username has none")
	case c.Username == "" && !c.Password.IsEmpty():
		add("username", "is missing: there is a password")
	}
	if strings.ContainsFunc(c.LocalName, func(r rune) bool { return r <= ' ' || r > '~' }) {
		add("local_name", "must be a host name")
	}
	return problems
}

func (c Config) host() string {
	host, _, _ := net.SplitHostPort(c.Address)
	return host
}

func (c Config) tlsConfig() *tls.Config {
	return endpoint.ClientTLS(c.Address, c.ServerName, c.RootCAs)
}
