package api

import "time"

// MailEntry is a stored mail in a list.
type MailEntry struct {
	ID        string    `json:"id"`
	At        time.Time `json:"at"`
	Out       bool      `json:"out"` // we sent it
	From      string    `json:"from"`
	To        string    `json:"to"`
	Subject   string    `json:"subject"`
	State     *string   `json:"state"` // sent | new | applied | review | ignored
	Registrar string    `json:"registrar"`
}

// ReviewsDecision is one reading of many mails: of the named entries, as they were seen, or of all
// mails of one sender that wait. It moves no operation.
type ReviewsDecision struct {
	Reviews   []SeenReview `json:"reviews,omitempty"`
	From      string       `json:"from,omitempty"` // a mail address, or @ and a domain
	Outcome   string       `json:"outcome"`        // ignore | notice
	By        string       `json:"by"`
	Reason    string       `json:"reason,omitempty"`      // for the timeline
	FromNowOn bool         `json:"from_now_on,omitempty"` // ignore unproved mails of their senders from now on, too
}

// SeenReview is an entry as a person saw it.
type SeenReview struct {
	ID      string `json:"id"`
	Version string `json:"version"`
}

// ReviewsResolved is the result of a decision on many mails.
type ReviewsResolved struct {
	Resolved int             `json:"resolved"`
	Refused  []RefusedReview `json:"refused"` // named entries that stay as they are
	Ignored  []string        `json:"ignored"` // senders whose unproved mails are ignored from now on
}

// RefusedReview is an entry that stays as it is, with the reason.
type RefusedReview struct {
	ID     string `json:"id"`
	Code   string `json:"code"`
	Reason string `json:"reason"`
}

// IgnoredSender is a sender whose unproved mails are ignored.
type IgnoredSender struct {
	Address   string    `json:"address"`
	Since     time.Time `json:"since"`
	By        string    `json:"by"`
	Note      *string   `json:"note"`
	Registrar string    `json:"registrar"`
}

// Sender names an ignored sender.
type Sender struct {
	Address string `json:"address"`
	By      string `json:"by"`
}
