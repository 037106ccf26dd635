package mailbox

import (
	"crypto/tls"
	"crypto/x509"
	"time"

	"registrar.panel/plugin/r01/endpoint"
	"registrar.panel/shared/registrar"
	"registrar.panel/shared/secret"
)

// TLS says how the connection to the server is protected.
type TLS = endpoint.TLS

// The protections, as package endpoint has them.
const (
	TLSNone     = endpoint.None
	TLSStart    = endpoint.Start
	TLSImplicit = endpoint.Implicit
)

// Config names the mailbox and how to reach it.
type Config struct {
	Address        string // HOST:PORT
	TLS            TLS
	AllowPlaintext bool // permits TLSNone to another machine
	Username       string
	Password       secret.String
	ServerName     string         // the name in the server's certificate; "" = the host of Address
	RootCAs        *x509.CertPool // who may sign the certificate; nil = whom the system trusts

	Mailbox   string        // the folder to watch; "" = INBOX
	Processed string        // the folder handled mails are moved to; "" = they stay, flagged
	All       bool          // every mail, also those marked as handled
	Sole      bool          // no other process of this machine may read the folder with Sole: nothing is read while one does
	Poll      time.Duration // look at least this often; 0 = 1 min
	Answers   Answers       // what comes first when many mails wait
	MaxSize   int64         // bytes; of a larger mail only the head is fetched; 0 = 25 MiB
	Timeouts  Timeouts
}

// Timeouts bound every wait. Zero values mean the defaults. A dead connection or a hung server
// goes unnoticed for Rearm and Exchange together.
type Timeouts struct {
	Exchange   time.Duration // connecting, each command; fetching gets more for its bytes; 30 s
	Rearm      time.Duration // how long IDLE is trusted before the server must prove that it lives; 80 s
	BackOff    time.Duration // after the first failure; doubles, with jitter; 1 s
	BackOffMax time.Duration // 5 min
	Login      time.Duration // after a refused login, so that the account is not locked; 15 min
	SetAside   time.Duration // before a mail that can't be fetched is tried again; 15 min
}

func (c Config) withDefaults() Config {
	or := func(d *time.Duration, fallback time.Duration) {
		if *d <= 0 {
			*d = fallback
		}
	}

	or(&c.Poll, time.Minute)
	or(&c.Timeouts.Exchange, 30*time.Second)
	or(&c.Timeouts.Rearm, 80*time.Second)
	or(&c.Timeouts.BackOff, time.Second)
	or(&c.Timeouts.BackOffMax, 5*time.Minute)
	or(&c.Timeouts.Login, 15*time.Minute)
	or(&c.Timeouts.SetAside, 15*time.Minute)

	if c.Mailbox == "" {
		c.Mailbox = "INBOX"
	}
	if c.MaxSize <= 0 {
		c.MaxSize = 25 << 20
	}

	return c
}

// Validate reports every mistake. Paths are relative to the block that the settings come from.
func (c Config) Validate() []registrar.Problem {
	problems := endpoint.Problems(c.Address, c.TLS, c.AllowPlaintext)
	add := func(path, message string) {
		problems = append(problems, registrar.Problem{Path: path, Message: message})
	}
	if c.Username == "" {
		add("username", "is missing")
	}
	if c.Password.IsEmpty() {
		add("password", "is missing")
	}
	if c.Processed != "" && c.Processed == c.withDefaults().Mailbox {
		add("processed", "must be another folder than mailbox")
	}
	if c.Poll < 0 {
		add("poll", "must be positive")
	}
	return problems
}

func (c Config) tlsConfig() *tls.Config {
	return endpoint.ClientTLS(c.Address, c.ServerName, c.RootCAs)
}
