package mailbox

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"strings"
)

// errShared is a folder that another account reads, too.
var errShared = errors.New("another account on this machine reads the same folder, and each would take the other's answers, so this one reads nothing: " +
	"give every account a mailbox or a folder of its own (imap.username, imap.mailbox), and an address of its own (callback)")

// claim takes the folder for this process, where that is asked for and possible. It is held until the
// watcher ends, also while there is no connection.
func (w *Watcher) claim() (err error) {
	if !w.config.Sole || w.claimed != nil {
		return nil
	}
	w.claimed, err = claim(w.config.place())
	return err
}

// release lets other processes have the folder.
func (w *Watcher) release() {
	if w.claimed != nil {
		_ = w.claimed.Close() // it was only listened on
		w.claimed = nil
	}
}

// place names the folder among all folders of all servers, and tells nothing of them.
func (c Config) place() string {
	folder := c.Mailbox
	if strings.EqualFold(folder, "INBOX") { // the one name that has no case
		folder = "INBOX"
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{strings.ToLower(c.Address), c.Username, folder}, "\x00")))
	return hex.EncodeToString(sum[:16])
}

// unclaimed is a folder that can't be claimed on this machine.
type unclaimed struct{}

var _ io.Closer = unclaimed{}

// Close implements io.Closer.
func (unclaimed) Close() error { return nil }
