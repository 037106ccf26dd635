// Package inbox takes in arriving mails and makes of them what R01 says.
//
// [Inbox.Deliver] stores mails before anything else is done with them. [Inbox.ReadNew] has the
// [Reader] understand each mail and check how far its sender is proved, the [Matcher] find what it
// says about which request, and the engine weigh that. [Foresight] reports what would become of a mail
// without doing it; the [Desk] shows people the mails that wait for them, and takes their decisions.
//
// Guarantees: a mail is settled in one transaction with everything it causes, at most once; if
// anything in a mail is in doubt, nothing of it is applied; a mail that can't be understood waits for
// a person and never blocks the next; a mail that takes the process down is put aside after a few
// attempts. After an error a mail is tried again; an error of Deliver means that nothing was stored.
package inbox
