// Package mailauth reports whether a mail really comes from R01.
//
// A From field proves nothing. Proof is a DKIM signature of an accepted domain, or our own mail server's
// finding of one. A doubtful mail is not proved: a header that can be read in two ways, a signature that
// leaves out a field that a reader acts on, a report that is not understood.
//
// A report on failed delivery does not come from R01: [Verifier.MadeHere] reports whether our own mail server
// made it.
//
// The package is pure except for the [Resolver]. No mail makes it panic; its work is bounded by the size of
// the mail, and only accepted domains are looked up in DNS. There are no errors: a [Verdict] contains its
// reason.
package mailauth

import (
	"context"
	"fmt"
	"net/mail"
	"slices"
	"strings"
	"unicode"

	"registrar.panel/shared/registrar"
)

// Method is how a sender is proved.
type Method string

const (
	None                  Method = "none"                   // the From field is believed
	DKIM                  Method = "dkim"                   // the signature is checked here
	AuthenticationResults Method = "authentication-results" // our mail server has checked the signature
)

// Methods lists every method.
func Methods() []Method { return []Method{None, DKIM, AuthenticationResults} }

// Config says which senders to believe.
type Config struct {
	Method  Method
	From    []string // accepted addresses; empty = any
	Domains []string // the domains whose signatures count; empty = the domains of From
	// AuthServID is the name of our mail server in the Authentication-Results fields that it adds. RFC 8601
	// 2.5
	AuthServID string
	// Hosts are our own mail servers: their names, addresses and networks as in the Received fields that they
	// add.
	Hosts []string
}

// Validate reports every mistake. Paths are relative to the replies block.
func (c Config) Validate() []registrar.Problem {
	var list []registrar.Problem
	add := func(path, format string, args ...any) {
		list = append(list, registrar.Problem{Path: path, Message: fmt.Sprintf(format, args...)})
	}

	if !slices.Contains(Methods(), c.Method) {
		add("require", "must be %q, %q or %q", None, DKIM, AuthenticationResults)
	}

	for i, a := range c.From {
		if p, err := mail.ParseAddress(a); err != nil || p.Address != a {
			add(fmt.Sprintf("from[%d]", i), "must be one plain mail address")
		}
	}

	for i, d := range c.Domains {
		if p, err := mail.ParseAddress("a@" + d); err != nil || p.Address != "a@"+d {
			add(fmt.Sprintf("domains[%d]", i), "must be a domain name")
		}
	}

	// Any domain can sign its own mail, so a signature proves nothing unless its domain is expected.
	if c.proves() && len(c.From) == 0 && len(c.Domains) == 0 {
		add("require", "%q needs to know whose signatures count: list R01's addresses in from", c.Method)
	}

	for i, host := range c.Hosts {
		if _, ok := network(host); !ok && !isHostName(host) {
			add(fmt.Sprintf("hosts[%d]", i), "must be a host name, an address or a network, as your mail server writes it in Received, such as \"mx.example.com\" or \"192.0.2.7\"")
		}
	}

	if c.Method == AuthenticationResults && !isToken(c.AuthServID) {
		add("authserv_id", "must be the name your mail server writes first in Authentication-Results, such as \"mx.example.com\"")
	}

	return list
}

func (c Config) proves() bool { return c.Method == DKIM || c.Method == AuthenticationResults }

func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`()<>@,;:\"/[]?=`, r) })
}

func isHostName(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r >= 0x7f || r != '-' && r != '.' && r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
}

// Verdict is the result of judging a mail.
type Verdict struct {
	Verified bool
	// Temporary means that DNS gave no answer, so that a later try may end otherwise. A missing or bad key is
	// an answer. Temporary is never set together with Verified.
	Temporary bool
	Reason    string // for people; a clause such as "its DKIM signature leaves out Date"
}

func refuse(format string, args ...any) Verdict { return Verdict{Reason: fmt.Sprintf(format, args...)} }

// Resolver looks up DNS. Names are absolute, with a final dot, so that no search list applies. It is called
// concurrently and decides how long to wait. A name that does not exist is a *net.DNSError with IsNotFound;
// every other error is a temporary failure. [net.Resolver] satisfies all this.
type Resolver interface {
	LookupTXT(ctx context.Context, name string) ([]string, error)
}

// Verifier judges mails by one configuration. It may be used concurrently.
type Verifier struct {
	config   Config
	own      hosts
	resolver Resolver
}

// New returns a Verifier for a valid configuration. Only [DKIM] needs a resolver.
func New(c Config, r Resolver) *Verifier {
	domains := c.Domains
	if len(domains) == 0 {
		for _, a := range c.From {
			domains = append(domains, domainOf(a))
		}
	}
	c.Domains = nil
	for _, d := range domains {
		c.Domains = append(c.Domains, strings.ToLower(d))
	}
	return &Verifier{config: c, own: readHosts(c.Hosts), resolver: r}
}

// Verify judges one mail as it was received.
func (v *Verifier) Verify(ctx context.Context, raw []byte) Verdict {
	if v.config.Method == None && len(v.config.From) == 0 {
		return Verdict{Verified: true, Reason: "any sender is accepted"}
	}

	h, err := readHeader(raw)
	if err != nil {
		return refuse("%v", err)
	}

	// Before any proof, so that DNS is asked about accepted senders only.
	author, err := h.author()
	switch {
	case err != nil:
		return refuse("%v", err)
	case !v.accepts(author):
		return refuse("its sender is not among replies.from")
	case v.config.Method == None:
		return Verdict{Verified: true, Reason: "its sender is among replies.from"}
	}

	// If a field comes twice, a signature and a reader may mean different ones.
	if name := h.repeated(); name != "" {
		return refuse("it has more than one %s", name)
	}

	switch v.config.Method {
	case DKIM:
		return v.signed(ctx, raw, h, domainOf(author))
	case AuthenticationResults:
		return v.vouched(h, domainOf(author))
	}

	return refuse("how to prove its sender is not set")
}

func (v *Verifier) accepts(author string) bool {
	return len(v.config.From) == 0 || slices.ContainsFunc(v.config.From, func(a string) bool { return strings.EqualFold(a, author) })
}

// speaksFor reports whether a proof of the signer also proves the author: the signer is accepted, and is the
// author's domain or one above it.
func (v *Verifier) speaksFor(signer, author string) bool {
	return slices.Contains(v.config.Domains, signer) && (author == signer || strings.HasSuffix(author, "."+signer))
}

func domainOf(address string) string {
	return strings.ToLower(address[strings.LastIndex(address, "@")+1:])
}
