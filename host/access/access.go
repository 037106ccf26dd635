// Package access decides who may do what at the panel: credentials have a name and rights, a caller
// is recognised by one, and guessing is slowed down.
//
// It guarantees that a token is kept as a digest only, and that a caller has exactly the rights
// that its credential names: no right implies another.
package access

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Right is what a caller may do.
type Right string

const (
	Look    Right = "look"    // see everything that is masked
	Order   Right = "order"   // place and cancel orders that have to be paid
	Money   Right = "money"   // pay, own orders, renewals, decisions, imports and moves
	Secrets Right = "secrets" // transfer codes and backups
	Admin   Right = "admin"   // plugins, staff and credentials
)

// Rights lists every right.
func Rights() []Right { return []Right{Look, Order, Money, Secrets, Admin} }

// ParseRights reads a list such as "look,order".
func ParseRights(words []string) ([]Right, error) {
	var list []Right
	for _, w := range words {
		r := Right(strings.TrimSpace(w))
		if !slices.Contains(Rights(), r) {
			return nil, fmt.Errorf("%q is no right: the rights are %s", w, join(Rights()))
		}
		if !slices.Contains(list, r) {
			list = append(list, r)
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("name at least one right: %s", join(Rights()))
	}
	return list, nil
}

func join(rights []Right) string {
	words := make([]string, len(rights))
	for i, r := range rights {
		words[i] = string(r)
	}
	return strings.Join(words, ", ")
}

// Caller is who makes a request.
type Caller struct {
	Name   string // of the credential, or of the Unix user
	Rights []Right

	SignedIn bool // on the pages, with a session that can be ended

	// Address is where the request comes from; "" = this machine's socket, or the panel itself.
	Address string
}

// May reports whether the caller has a right.
func (c Caller) May(r Right) bool { return slices.Contains(c.Rights, r) }

type callerKey struct{}

// With returns a context with a caller.
func With(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// From returns the caller of a context.
func From(ctx context.Context) (c Caller, ok bool) {
	c, ok = ctx.Value(callerKey{}).(Caller)
	return c, ok
}

// Credential is a token's record. Zero times mean never.
type Credential struct {
	Name      string
	Digest    string
	Rights    []Right
	CreatedAt time.Time
	CreatedBy string
	ExpiresAt time.Time
	RevokedAt time.Time
	LastUsed  time.Time
}

// Caller returns the caller who uses the credential.
func (c Credential) Caller() Caller { return Caller{Name: c.Name, Rights: c.Rights} }

// Valid reports whether the credential opens anything.
func (c Credential) Valid(now time.Time) bool {
	return c.RevokedAt.IsZero() && (c.ExpiresAt.IsZero() || now.Before(c.ExpiresAt))
}

// NewToken makes a token of 256 bits.
func NewToken(random io.Reader) (string, error) {
	var bits [32]byte
	if _, err := io.ReadFull(random, bits[:]); err != nil {
		return "", fmt.Errorf("make a token: %w", err)
	}
	return "panel-" + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(bits[:])), nil
}

// Digest returns what is kept of a token. It needs no salt, because a token can't be guessed.
func Digest(token string) string {
	sum := sha256.Sum256([]byte("panel token|" + token))
	return hex.EncodeToString(sum[:])
}

// reserved are the names that the Action Log uses for others than persons.
var reserved = []string{"panel", "plugin", "registrar", "registry", "cron", "token", "sighup", "root"}

// CheckName checks the name of a new credential.
func CheckName(name string) error {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.", r)
	}
	switch {
	case len(name) == 0 || len(name) > 32 || strings.ContainsFunc(name, func(r rune) bool { return !plain(r) }):
		return errors.New("a credential's name has 1 to 32 of a-z 0-9 . _ -")
	case slices.Contains(reserved, name):
		return fmt.Errorf("the name %q means something else in the Action Log: choose another", name)
	}
	return nil
}
