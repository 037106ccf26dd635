package access

import (
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// Member is a member of the staff, who signs in with a password.
type Member struct {
	Name      string
	Password  string // its hash; the password itself is not kept
	Rights    []Right
	CreatedAt time.Time
	CreatedBy string
	ChangedAt time.Time // of the password
}

// Caller returns the member as the caller of a request.
func (m Member) Caller() Caller { return Caller{Name: m.Name, Rights: m.Rights, SignedIn: true} }

// Session is a browser that a member has signed in with.
type Session struct {
	Digest    string // of its cookie
	Name      string // of the member
	CreatedAt time.Time
	SeenAt    time.Time
	Address   string // where it was opened from
}

// How long a session lasts: without a request, and in total.
const (
	SessionIdle = 2 * time.Hour
	SessionLife = 12 * time.Hour
)

// Valid reports whether the session is still open.
func (s Session) Valid(now time.Time) bool {
	return now.Before(s.SeenAt.Add(SessionIdle)) && now.Before(s.CreatedAt.Add(SessionLife))
}

// SessionDigest returns what is kept of a session's cookie, which can't be guessed and needs no salt.
func SessionDigest(cookie string) string {
	sum := sha256.Sum256([]byte("panel session|" + cookie))
	return hex.EncodeToString(sum[:])
}
