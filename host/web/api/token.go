package api

import "time"

// Token is a credential, without its secret.
type Token struct {
	Name      string     `json:"name"`
	Rights    []string   `json:"rights"` // look | order | money | secrets | admin
	CreatedAt time.Time  `json:"created_at"`
	CreatedBy string     `json:"created_by"`
	ExpiresAt *time.Time `json:"expires_at"` // null = never
	RevokedAt *time.Time `json:"revoked_at"`
	LastUsed  *time.Time `json:"last_used"`
}

// NewToken asks for a credential.
type NewToken struct {
	Name      string     `json:"name"`
	Rights    []string   `json:"rights"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"` // null = never
}

// IssuedToken is a new credential with its secret, which is shown this once.
type IssuedToken struct {
	Token
	Secret string `json:"token"`
}

// Revoked is a credential after it was revoked.
type Revoked struct {
	Name    string `json:"name"`
	Changed bool   `json:"changed"` // false: it was so already
}
