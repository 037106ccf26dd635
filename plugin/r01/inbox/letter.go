package inbox

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/mail"
	"slices"
	"strings"
	"time"

	"registrar.panel/internal/lazyregexp"
	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/mailbox"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/message"
	"registrar.panel/plugin/r01/store"
)

// ofOurs reports whether we sent a mail ourselves: a test mail, or a loop.
func (rr *Reader) ofOurs(l letter) bool {
	return from(l.From, rr.settings.Callback) && l.Kind != message.Bounce && rr.ownMessageID(l.MessageID)
}

// letter is a mail with the results that the rules read in it, and how far its sender is proved.
type letter struct {
	message.Message
	results  []mailform.Result
	doubt    string // why nothing of it may be applied; "" = it is clear
	proof    lifecycle.Proof
	unproved string    // why its sender is not proved, for people
	made     time.Time // the earliest that it or its server tells; zero = not told
	received time.Time // what its server tells
	own      bool      // we sent it: what answers it answers no mail that came
	names    []string  // of domains and clients in its text, twenty at most
	named    []string  // requests that are open about these
}

// mostRead is how many bytes of a mail are read; R01's mails have a few thousand. A longer mail is for a person.
const mostRead = 1 << 20

// understand does everything that needs no store. The problem, if there is one, is for a person.
func (rr *Reader) understand(m store.Mail, raw []byte) (l letter, problem string) {
	var err error
	if l.Message, err = message.Parse(raw[:min(len(raw), mostRead)]); err != nil {
		return l, "it can't be read: " + err.Error()
	}

	l.results, l.doubt = rr.recognise(l.Message)
	if l.Kind == message.Bounce && !l.Bounce.Formal && (len(l.results) > 0 || rr.fromRobot(l)) { // a robot that writes as postmaster
		l.Kind, l.Bounce = message.Ordinary, nil
	}

	l.made, l.received = earliest(l.Date, m.Received), m.Received
	l.names = mailform.Objects(l.Text)

	switch {
	// The mail is shorter than Head, so it was not cut for its size.
	case m.Truncated && len(raw) < mailbox.Head:
		problem = "the mail server sends it otherwise each time, so what it says is not sure"
	case m.Truncated, len(raw) > mostRead:
		problem = "it is too large to be read"
	case len(l.Damaged) > 0:
		problem = "it is damaged: " + strings.Join(l.Damaged, ", ")
	}

	return l, problem
}

// recognise reads a mail by the rules. A task is R01's number: anything else in its place is
// personal data, or nonsense.
func (rr *Reader) recognise(m message.Message) (results []mailform.Result, doubt string) {
	reading := rr.recogniser.Recognise(mailform.Input{From: m.From, Subject: m.Subject, Text: m.Text})
	results, doubt = reading.Results, reading.Doubt
	if len(results) > mostResults {
		return nil, fmt.Sprintf("it states more than %d results", mostResults)
	}
	for i, r := range results {
		if r.Task != "" && !taskNumber.MatchString(r.Task) {
			results[i].Task, doubt = "", "what stands for R01's number of the request is no number"
		}
	}
	return results, doubt
}

// mostResults bounds how many requests are looked up for one mail. We put fewer requests into one.
const mostResults = 200

var taskNumber = lazyregexp.New(`^\d{1,20}$`)

func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// recipients lists the addresses that a mail is addressed to, or was forwarded to.
func (l letter) recipients() []string {
	return slices.DeleteFunc(slices.Clone(l.Recipients), func(a string) bool { return !strings.Contains(a, "@") })
}

// likeness is how the mail is recognised if it comes again through another relay.
func (l letter) likeness() store.Likeness {
	id := l.MessageID
	if id == "" {
		id = l.Likeness()
	}
	return store.Likeness{ID: idDigest(id), Text: idDigest(strings.Join(strings.Fields(l.Text+"\n"+l.Quoted), " "))}
}

func idDigest(text string) string {
	digest := sha256.Sum256([]byte(text))
	return hex.EncodeToString(digest[:])
}

// skew is how far R01's clock, and that of our mailbox's server, may be behind ours.
const skew = time.Hour

// moment says when the mail was made, relative to a request. r01-mail 3.7
func (l letter) moment(tx *store.Tx, r store.Request) (lifecycle.Moment, error) {
	if l.made.IsZero() {
		return lifecycle.NoDate, nil
	}
	last := engine.TimeOr(r.ClaimedAt, r.CreatedAt)
	if !l.made.Before(last.Add(-skew)) {
		return lifecycle.After, nil
	}
	first, err := tx.Requests.FirstClaim(r.ID)
	if err != nil {
		return "", fmt.Errorf("first transmission of request %s: %w", r.ID, err)
	}
	if l.made.Before(engine.TimeOr(first, last).Add(-skew)) {
		return lifecycle.Before, nil
	}
	return lifecycle.Between, nil
}

// ownMessageID reports whether a Message-ID is one that we make, for a request or a test mail.
func (rr *Reader) ownMessageID(id string) bool {
	_, host, _ := strings.Cut(rr.settings.Callback, "@")
	token, found := strings.CutSuffix(strings.TrimPrefix(id, "<"), "@"+host+">")
	return found && bareToken.MatchString(token)
}

// mayBeOurs reports whether we may have made a Message-ID, under whatever address.
func mayBeOurs(id string) bool {
	local, _, found := strings.Cut(strings.TrimPrefix(id, "<"), "@")
	return found && len(local) == 26
}

var bareToken = lazyregexp.New(`^[A-Z2-7]{26}$`)

// automatic reports whether a mail says, or looks as if, no person wrote it.
func (l letter) automatic() bool {
	return l.Kind == message.AutoReply || automaticSubject.MatchString(l.Subject)
}

var automaticSubject = lazyregexp.New(`(?i)^(?:автоответ|автоматический ответ|out of office|automatic reply|auto(?:matic)?[- ]?reply|autoreply)\b|^(?:автоответ|автоматический ответ)`)

// fromRobot reports whether a mail claims to be R01's.
func (rr *Reader) fromRobot(l letter) bool { return rr.sentByRobot(l.From) }

// sentByRobot reports whether a mail with these senders claims that R01 sent it.
func (rr *Reader) sentByRobot(senders []string) bool {
	for _, address := range append([]string{rr.settings.Robot}, rr.settings.RepliesFrom...) {
		if from(senders, address) {
			return true
		}
	}
	return false
}

// from reports whether a mail claims exactly this sender.
func from(senders []string, address string) bool {
	return len(senders) == 1 && sameAddress(senders[0], address)
}

func sameAddress(a, b string) bool { return bare(a) == bare(b) }

// bare is an address without a name, in lower case.
func bare(address string) string {
	if p, err := mail.ParseAddress(address); err == nil {
		address = p.Address
	}
	return strings.ToLower(address)
}

// idle reports whether a mail is automatic, from a stranger, and names nothing that could be ours. r01-mail 3.8
func (rr *Reader) idle(l letter) bool {
	return l.Kind != message.Bounce && l.automatic() && len(l.results) == 0 && l.doubt == "" && len(l.InReplyTo)+len(l.References) == 0 &&
		len(Tokens(l.Subject+"\n"+l.Text)) == 0 && !rr.fromRobot(l)
}
