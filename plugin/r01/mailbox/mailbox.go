// Package mailbox watches one IMAP folder and hands over each mail that arrives.
//
// A [Watcher] keeps one connection, learns of new mail by IDLE if the server has it and by
// regular looks in any case, and always connects again.
//
// Guarantees: what the server says about a mail (its size, its flags, what a search finds) does
// not decide whether the mail exists. Search results are compared with the folder, and a mail
// of any size, without a size, or that is not listed at all, is fetched.
//
// A mail is handed over only when it is whole: it came to its announced end, the server has confirmed
// the command, and its length is the listed one, or it came again byte for byte; otherwise it is
// fetched again, by itself. A mail is flagged $PanelDone, and moved, only after the store has taken it,
// so every mail is handed over at least once, and again when the server forgets the flag: the store
// must recognise a mail by its contents. A mail that is too large, or that differs at each fetch, is
// handed over as far as possible and marked Truncated. A mail that can't be fetched at all is reported
// by Health and tried again later, and does not hold up others. A folder that another account on this
// machine reads is not read. Every wait is bounded, in time and in bytes, by cutting the connection.
//
// Errors are for the log and for Health: only the end of its context stops a watcher.
package mailbox

import (
	"context"
	"time"

	"github.com/emersion/go-imap/v2"
)

// Head is how much of a mail that is too large is fetched. A Truncated mail that is shorter differed at each fetch.
const Head = 256 << 10

// Done is the keyword that marks a handled mail on the server.
const Done = imap.Flag("$PanelDone")

// Mail is a mail as the server has it.
type Mail struct {
	UIDValidity uint32 // with UID a hint only: both repeat when a server rebuilds its index
	UID         uint32
	// InternalDate is when the server received the mail, by the server's clock; zero if the server does
	// not say. A sender can't set it, but a mail that was moved or copied there may have another date.
	InternalDate time.Time
	Size         int64 // of the whole mail in bytes, as announced; it may be wrong
	Raw          []byte
	Truncated    bool // Raw is not the whole mail, or may not be: it is too large, or changes
}

// Store keeps mails.
type Store interface {
	// Deliver returns nil once all the mails are durably stored, now or earlier. After an error
	// no mail counts as stored, and they are handed over again, each by itself.
	Deliver(ctx context.Context, mails []Mail) error
}
