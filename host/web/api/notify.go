package api

import "time"

// Notification is how far people have been told, through one channel, what needs them.
type Notification struct {
	// Channel is mail, or webhook with its name.
	Channel string `json:"channel"`
	// Messages is how many messages the channel has taken.
	Messages int64 `json:"messages"`
	// LastAt is when it took the last one.
	LastAt *time.Time `json:"last_at"`
	// Standing is how many things it was told that still stand.
	Standing int `json:"standing"`
	// Error is why the channel takes no messages.
	Error *string `json:"error"`
	// NextAt is when it is tried again.
	NextAt *time.Time `json:"next_at"`
}

// NotificationTest is the result of a test of one channel.
type NotificationTest struct {
	Channel string `json:"channel"`
	OK      bool   `json:"ok"`
	// Detail is what is wrong.
	Detail string `json:"detail"`
}
