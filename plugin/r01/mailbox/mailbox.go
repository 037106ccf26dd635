// Package mailbox watches one IMAP folder and hands over each mail that arrives.
//
// A [Watcher] keeps one connection, learns of new mail by IDLE where the server has it and
// by looking regularly in any case, and connects again for ever.
//
// Guarantees: a mail is handed over only when it is whole, that is its length is the one
// the server announced and the server has confirmed the command; otherwise it is fetched
// again, by itself. A mail is flagged $PanelDone, and moved, only after the store has taken
// it, so every mail is handed over at least once, and again when the server forgets the
// flag: the store must know a mail by its contents. A mail that is too large, or that the
// server can't deliver as announced, is handed over as far as possible and marked
// Truncated. A mail that can't be fetched at all is reported by Health, tried again later,
// and holds up no other. Every wait is bounded, in time and in bytes, by cutting the
// connection.
//
// Errors are for the log and for Health: nothing but the end of its context stops a watcher.
package mailbox

import (
	"context"
	"time"

	"github.com/emersion/go-imap/v2"
)

// Done is the keyword that marks a handled mail on the server.
const Done = imap.Flag("$PanelDone")

// Mail is a mail as the server has it.
type Mail struct {
	UIDValidity uint32 // with UID a hint only: both repeat when a server rebuilds its index
	UID         uint32
	// InternalDate is when the server received it, by the server's clock; zero where it does not
	// tell. A sender can't set it, but a mail that was moved or copied there may have another.
	InternalDate time.Time
	Size         int64 // of the whole mail in bytes, as announced
	Raw          []byte
	Truncated    bool // Raw is not the whole mail, or may not be
}

// Store keeps mails.
type Store interface {
	// Deliver returns nil once all the mails are durably stored, now or earlier. After an
	// error none counts as stored, and they are handed over again, each by itself.
	Deliver(ctx context.Context, mails []Mail) error
}
