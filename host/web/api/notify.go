package api

import "time"

// Notification is how far people have been told, on one way, what needs them.
type Notification struct {
	// Channel is mail, or webhook with its name.
	Channel string `json:"channel"`
	// Messages is how many were taken so far.
	Messages int64 `json:"messages"`
	// LastAt is when the last one was.
	LastAt *time.Time `json:"last_at"`
	// Standing is how many things it was told that stand.
	Standing int `json:"standing"`
	// Error is why it can't be told.
	Error *string `json:"error"`
	// NextAt is when that is tried again.
	NextAt *time.Time `json:"next_at"`
}

// NotificationTest is what came of a test of one way to people.
type NotificationTest struct {
	Channel string `json:"channel"`
	OK      bool   `json:"ok"`
	// Detail is what is wrong.
	Detail string `json:"detail"`
}
