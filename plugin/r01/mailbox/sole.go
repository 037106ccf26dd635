package mailbox

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"strings"
)

// errShared means that another account reads the folder, too.
var errShared = errors.New("another account on this machine reads the same folder, and each would take the other's answers, so this one reads nothing: " +
	"give every account a mailbox or a folder of its own (imap.username, imap.mailbox), and an address of its own (callback)")

// occupy takes the folder for this process, if that is configured and possible. The folder is
// held until the watcher ends, even while there is no connection.
func (w *Watcher) occupy() (err error) {
	if !w.config.Sole || w.occupied != nil {
		return nil
	}
	w.occupied, err = occupy(w.config.place())
	return err
}

// vacate releases the folder for other processes.
func (w *Watcher) vacate() {
	if w.occupied != nil {
		_ = w.occupied.Close() // it was only listened on
		w.occupied = nil
	}
}

// place is a name of the folder among all folders of all servers, which reveals nothing about them.
func (c Config) place() string {
	folder := c.Mailbox
	if strings.EqualFold(folder, "INBOX") { // the one name that has no case
		folder = "INBOX"
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{strings.ToLower(c.Address), c.Username, folder}, "\x00")))
	return hex.EncodeToString(sum[:16])
}

// free is a folder that can't be occupied on this machine.
type free struct{}

var _ io.Closer = free{}

// Close implements io.Closer.
func (free) Close() error { return nil }
