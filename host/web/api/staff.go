package api

import "time"

// Member is one of the staff, who sign in on the pages.
type Member struct {
	// Name is what the Action Log calls the member.
	Name string `json:"name"`
	// Rights are as those of tokens.
	Rights    []string  `json:"rights"`
	CreatedAt time.Time `json:"created_at"`
	CreatedBy string    `json:"created_by"`
	// PasswordSince is when the password was last exchanged.
	PasswordSince time.Time `json:"password_since"`
	// Sessions is how many are open.
	Sessions int `json:"sessions"`
	// LastSeen is when the last used of them was used.
	LastSeen *time.Time `json:"last_seen"`
}

// NewMember asks for a member of the staff.
type NewMember struct {
	Name     string   `json:"name"`
	Rights   []string `json:"rights"`
	Password string   `json:"password"`
}

// NewRights asks for other rights of a member.
type NewRights struct {
	Rights []string `json:"rights"`
}

// NewPassword asks for another password of a member, whose sessions end by it.
type NewPassword struct {
	Password string `json:"password"`
	// Old is the password until now, of the caller who exchanges an own one without the right admin.
	Old string `json:"old,omitempty"`
}

// Session is a browser that a member has signed in with.
type Session struct {
	// ID is the beginning of what is kept of it.
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"created_at"`
	SeenAt    time.Time `json:"seen_at"`
	// EndsAt is when it ends, used or not.
	EndsAt time.Time `json:"ends_at"`
	// Address is where it was opened from.
	Address string `json:"address"`
}

// MemberChanged is what was done about a member of the staff.
type MemberChanged struct {
	Name string `json:"name"`
	// Ended is how many sessions were ended by it.
	Ended int `json:"ended"`
}
