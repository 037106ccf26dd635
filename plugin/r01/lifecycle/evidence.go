package lifecycle

import (
	"registrar.panel/plugin/r01/term"
	"registrar.panel/shared/registrar"
)

// Source is where evidence comes from.
type Source string

const (
	FromReply    Source = "reply"     // a mail that R01 may have written
	FromBounce   Source = "bounce"    // a report on the delivery of our mail
	FromCopy     Source = "copy"      // our own mail that came back
	FromRelay    Source = "relay"     // the relay's answer to us, or none
	FromQueue    Source = "queue"     // our own queue: it sends or gives way, or a request's turn has come
	FromWhois    Source = "whois"     // the registry, asked for one name
	FromList     Source = "zone-list" // the registry's list of all names
	FromPerson   Source = "person"    // an operator's decision
	FromRestore  Source = "restore"   // the store is an older one that was put back
	FromRelease  Source = "release"   // the reason for which the queue paused is gone
	FromDeadline Source = "deadline"  // nothing was heard
)

// Sources lists every source.
func Sources() []Source {
	return []Source{FromReply, FromBounce, FromCopy, FromRelay, FromQueue, FromWhois, FromList, FromPerson, FromRestore,
		FromRelease, FromDeadline}
}

// Proof is how far it is proved who has said something.
type Proof string

const (
	NotAsked    Proof = "not-asked"   // the settings require none: the token alone is believed
	Proved      Proof = "proved"      // signed, or vouched for by our own mail server
	Missing     Proof = "missing"     // required, and not there
	Unavailable Proof = "unavailable" // not available now: DNS does not answer
	OwnWord     Proof = "own"         // said by ourselves, or by our own relay
)

// Proofs lists every proof.
func Proofs() []Proof { return []Proof{NotAsked, Proved, Missing, Unavailable, OwnWord} }

// Binding is how evidence is tied to a request. r01-mail 3.7
type Binding string

const (
	Unbound     Binding = "none"
	ByThread    Binding = "thread"       // it answers our Message-ID
	ByToken     Binding = "token"        // it repeats our token
	ByHandle    Binding = "fresh-handle" // it names the handle that we made for this request and gave to no other
	ByHint      Binding = "hint"         // a task, a domain, a known handle: they can be known or guessed
	Against     Binding = "against"      // it answers another request: foreign thread, token or recipient
	ByOwnRecord Binding = "record"       // our own store or the registry names the object itself
)

// Bindings lists every binding.
func Bindings() []Binding {
	return []Binding{Unbound, ByThread, ByToken, ByHandle, ByHint, Against, ByOwnRecord}
}

// Moment is when evidence was made, relative to the request.
type Moment string

const (
	NoDate  Moment = "unknown"
	Before  Moment = "before"  // before the request was first handed over, so it can't be about it
	Between Moment = "between" // after that, and before the last time it was handed over
	After   Moment = "after"
)

// Moments lists every moment.
func Moments() []Moment { return []Moment{NoDate, Before, Between, After} }

// Match compares the object of evidence with that of a request.
type Match string

const (
	SameObject  Match = "same"
	OtherObject Match = "other"   // or another action, task or owner
	NoObject    Match = "unnamed" // it names none
)

// Matches lists every match.
func Matches() []Match { return []Match{SameObject, OtherObject, NoObject} }

// Fate is what became of our mail, by a report on its delivery.
type Fate string

const (
	NoFate    Fate = ""          // it is not such a report
	Returned  Fate = "returned"  // refused for good before the robot had it
	Delayed   Fate = "delayed"   // still being tried
	NotRobot  Fate = "not-robot" // it is about another recipient than the robot
	Doubtful  Fate = "doubtful"  // refused when, or after, the robot's side had it
	Untold    Fate = "untold"    // it is not understood
	Delivered Fate = "delivered" // handed on
)

// Fates lists every fate.
func Fates() []Fate {
	return []Fate{NoFate, Returned, Delayed, NotRobot, Doubtful, Untold, Delivered}
}

// Evidence is all that can move a request, as one value.
type Evidence struct {
	Source  Source
	Event   Event // what happened, by this evidence
	Proof   Proof
	Binding Binding
	Made    Moment
	Object  Match
	Till    Till // the expiry that it names
	Fate    Fate // by a bounce

	InDoubt     bool   // something in the same mail contradicts it, or is not understood
	Alone       bool   // for a hint: no other open request has this object
	OtherHandle bool   // it names a handle for our client that we did not make
	LaterTill   bool   // the expiry that it names is later than the one on record
	Saw         string // the version that a person looked at; "" = not given
	Noted       string // what shows it, by a person's word
	Code        bool   // a person gives the transfer code that was obtained
}

// Till is how an expiry that evidence names compares with the one expected.
type Till string

const (
	NoTill  Till = "unnamed"
	DueTill Till = "due"     // the expiry that the request should lead to
	OldTill Till = "unmoved" // the expiry before, or an earlier one
	BadTill Till = "wild"    // neither, or one that the zone does not sell
)

// Tills lists every value.
func Tills() []Till { return []Till{NoTill, DueTill, OldTill, BadTill} }

// TillOf compares an expiry that is named for a request of a kind. base is the expiry from which it was to be
// renewed, asked the day on which it was requested.
func TillOf(k Kind, till, base, asked, today registrar.Date) Till {
	switch {
	case till.IsZero(), k.AboutClient(), k == UpdateDomain, k == AuthCode, k == Trade, k == Delete: // no new expiry
		return NoTill
	// Before the rules of each kind: no kind may reach a day that the zone does not sell.
	case term.Sold(today).To.Before(till):
		return BadTill
	case k == Prolong:
		return sortTill(till, base, term.Year(base))
	case k == NewDomain:
		return sortTill(till, asked, term.Registered(asked, today))
	}
	return sortTill(till, term.Sold(today).From, term.Sold(today)) // a transfer keeps the domain's expiry
}

func sortTill(till, before registrar.Date, due term.Window) Till {
	switch {
	case due.Holds(till):
		return DueTill
	case till.Before(before), term.Near(till, before):
		return OldTill
	}
	return BadTill
}
