package inbox

import (
	"errors"
	"slices"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/store"
)

// tellShared raises an alarm about a proved answer of R01 to a mail that only we could have written
// and that this account does not know. No stranger can send such an answer: another account, or
// another panel, reads the same mailbox, and each takes answers that are meant for the other.
func (in *Inbox) tellShared(tx *store.Tx, l letter, b bond) error {
	ids := append(slices.Clone(l.InReplyTo), l.References...)
	foreign := len(ids) > 0 && slices.ContainsFunc(ids, in.reader.ownMessageID) || len(ids) == 0 && len(Tokens(l.Subject)) > 0
	if !foreign || b.knows || l.proof != lifecycle.Proved || in.reader.otherRecipient(l) != "" || in.recovery.Restored() {
		return nil
	}
	return errors.Join(tx.SetTime(engine.SharedAlarm, in.now()), in.alarms.Raise(tx, engine.SharedAlarm, "",
		"R01 answers a mail of "+in.settings.Callback+" that this account never sent: another account, or another panel, reads the same mailbox, and each takes the other's answers. "+
			"Give every account a mailbox or a folder of its own (imap.username, imap.mailbox), and an address of its own (callback)"))
}
