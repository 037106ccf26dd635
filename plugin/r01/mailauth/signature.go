package mailauth

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"

	"github.com/emersion/go-msgauth/dkim"
)

const (
	maxSignatures = 5    // each costs a look-up and a pass over the body
	maxEmpty      = 2000 // empty lines in a row: the library's work grows with the square of their number
)

// signed judges by the DKIM signatures: one valid one is enough. The library refuses signatures that are
// expired, revoked, hashed with SHA-1, or for only a part of the body (l=).
func (v *Verifier) signed(ctx context.Context, raw []byte, h header, author string) Verdict {
	if tooEmpty(raw) {
		return refuse("it has too many empty lines")
	}

	inPieces := struct{ io.Reader }{bytes.NewReader(raw)} // otherwise the library copies the whole mail
	found, err := dkim.VerifyWithOptions(inPieces, &dkim.VerifyOptions{
		LookupTXT:        func(name string) ([]string, error) { return v.key(ctx, name) },
		MaxVerifications: maxSignatures,
	})
	if err != nil {
		return refuse("its DKIM signatures can't be checked: %s", plain(err))
	}

	verdict := refuse("it has no DKIM signature of %s", strings.Join(v.config.Domains, " or "))
	for _, s := range found {
		if !v.speaksFor(strings.ToLower(s.Domain), author) {
			continue
		}

		one := judge(s, h)
		if one.Verified {
			return one
		}

		// A bad signature must not hide one that may prove valid later: the mail is tried again.
		if !verdict.Temporary {
			verdict = one
		}
	}

	return verdict
}

func tooEmpty(raw []byte) bool {
	run := 0
	for _, c := range raw {
		switch c {
		case '\n':
			if run++; run > maxEmpty {
				return true
			}
		case '\r':
		default:
			run = 0
		}
	}
	return false
}

// judge judges a signature of an accepted domain.
func judge(s *dkim.Verification, h header) Verdict {
	name := h.unsigned(s.HeaderKeys)
	switch {
	case dkim.IsTempFail(s.Err):
		return Verdict{Temporary: true, Reason: "its DKIM signature can't be checked now: " + plain(s.Err)}
	case s.Err != nil:
		return refuse("its DKIM signature is not valid: %s", plain(s.Err))
	case name != "":
		return refuse("its DKIM signature leaves out %s", name)
	}
	return Verdict{Verified: true, Reason: "it is signed by " + strings.ToLower(s.Domain)}
}

func plain(err error) string { return strings.ReplaceAll(err.Error(), "dkim: ", "") }

// key looks up the key of a signature. Only accepted domains are asked: a stranger's mail must not make us
// query the stranger's name server, or wait for it.
func (v *Verifier) key(ctx context.Context, name string) ([]string, error) {
	name = strings.ToLower(name)
	if _, domain, _ := strings.Cut(name, "._domainkey."); !slices.Contains(v.config.Domains, domain) {
		return nil, errors.New("its domain is not accepted")
	}
	records, err := v.resolver.LookupTXT(ctx, name+".")
	var answer *net.DNSError
	switch {
	case errors.As(err, &answer) && answer.IsNotFound:
		return nil, errors.New("DNS has none")
	case err != nil:
		return nil, noAnswer{err}
	case slices.ContainsFunc(records, forTests):
		return nil, errors.New("the one in DNS is for tests (t=y)")
	}
	return records, nil
}

// forTests reports whether a key is for tests, whose signatures must not count. RFC 6376 3.6.1
func forTests(record string) bool {
	for tag := range strings.SplitSeq(record, ";") {
		name, value, _ := strings.Cut(tag, "=")
		flags := strings.Split(strings.ToLower(value), ":")
		if strings.TrimSpace(name) == "t" && slices.ContainsFunc(flags, func(f string) bool { return strings.TrimSpace(f) == "y" }) {
			return true
		}
	}
	return false
}

// noAnswer is a [net.Error], by which the library recognises a temporary failure.
type noAnswer struct{ error }

func (e noAnswer) Error() string { return "DNS did not answer: " + e.error.Error() }
func (noAnswer) Timeout() bool   { return true }
func (noAnswer) Temporary() bool { return true }
