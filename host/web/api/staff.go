package api

import "time"

// Member is a member of the staff, who signs in on the pages.
type Member struct {
	// Name is the member's name in the Action Log.
	Name string `json:"name"`
	// Rights are the same as those of tokens.
	Rights    []string  `json:"rights"`
	CreatedAt time.Time `json:"created_at"`
	CreatedBy string    `json:"created_by"`
	// PasswordSince is when the password was last changed.
	PasswordSince time.Time `json:"password_since"`
	// Sessions is how many sessions are open.
	Sessions int `json:"sessions"`
	// LastSeen is when any of them was last used.
	LastSeen *time.Time `json:"last_seen"`
}

// NewMember asks for a new member of the staff.
type NewMember struct {
	Name     string   `json:"name"`
	Rights   []string `json:"rights"`
	Password string   `json:"password"`
}

// NewRights replaces a member's rights.
type NewRights struct {
	Rights []string `json:"rights"`
}

// NewPassword replaces a member's password, which ends the member's sessions.
type NewPassword struct {
	Password string `json:"password"`
	// Old is the present password. Callers without the right admin need it to change their own.
	Old string `json:"old,omitempty"`
}

// Session is a browser that a member has signed in with.
type Session struct {
	// ID is the beginning of the digest that is kept of the session's cookie.
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"created_at"`
	SeenAt    time.Time `json:"seen_at"`
	// EndsAt is when the session ends, used or not.
	EndsAt time.Time `json:"ends_at"`
	// Address is where the session was opened from.
	Address string `json:"address"`
}

// MemberChanged is the result of a change to a member of the staff.
type MemberChanged struct {
	Name string `json:"name"`
	// Ended is how many sessions the change ended.
	Ended int `json:"ended"`
}
