// Package endpoint has what the relay and the mailbox have in common: how a mail server is reached, and how
// the connection is protected.
package endpoint

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/netip"
	"strconv"

	"registrar.panel/shared/registrar"
)

// TLS is how a connection is protected. There is no opportunistic mode: it would send the password in clear
// whenever an attacker on the way wants that.
type TLS string

const (
	None     TLS = "none"
	Start    TLS = "starttls"
	Implicit TLS = "implicit"
)

// Problems reports what is wrong with an address HOST:PORT and its protection, at the paths "address" and
// "tls". The protection None is for loopback only, unless plaintext is permitted.
func Problems(address string, protection TLS, plaintext bool) []registrar.Problem {
	var problems []registrar.Problem
	add := func(path, message string) {
		problems = append(problems, registrar.Problem{Path: path, Message: message})
	}
	host, port, err := net.SplitHostPort(address)
	if n, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || n == 0 || host == "" {
		add("address", "must be HOST:PORT, such as \"mail.example.com:587\"")
	}

	switch protection {
	case Start, Implicit:
	case None:
		if err == nil && !loopback(host) && !plaintext {
			add("tls", "\"none\" would show the password to all on the way: use \"starttls\" or \"implicit\", or set allow_plaintext = true")
		}
	default:
		add("tls", "must be \"none\", \"starttls\" or \"implicit\"")
	}

	return problems
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// ClientTLS returns the TLS settings of a client. name is the name in the server's certificate, "" = the host
// of the address; roots are the authorities that may sign it, nil = those that the system trusts.
func ClientTLS(address, name string, roots *x509.CertPool) *tls.Config {
	if name == "" {
		name, _, _ = net.SplitHostPort(address)
	}
	return &tls.Config{ServerName: name, RootCAs: roots, MinVersion: tls.VersionTLS12}
}
