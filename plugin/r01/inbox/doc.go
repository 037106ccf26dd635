// Package inbox takes in the mails that arrive and makes of them what R01 says.
//
// [Inbox.Deliver] stores mails before anything else is done with them. [Inbox.ReadNew] has the
// [Reader] understand each and look how far its sender is proved, the [Matcher] find what it
// says of which request, and the engine weigh that. [Foresight] reports what would become of a
// mail without doing it; the [Desk] shows people what waits for them, and takes their word.
//
// Guarantees: a mail is settled in one transaction with everything it causes, at most once; any
// doubt in a mail applies nothing of it; one that can't be understood waits for a person and
// never blocks the next; one that takes the process down is put aside after a few attempts. An
// error of a mail means that it is tried again; one of Deliver means that nothing was stored.
package inbox
