package inbox

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/store"
)

// bond is what a mail as a whole answers: one mail of ours, with the requests that went out in
// it, or nothing, or another mail. r01-mail 3.7
type bond struct {
	by       lifecycle.Binding // ByThread, ByToken, Unbound or Against
	requests []store.Request
	against  string // what shows that it answers another request
	knows    bool   // it repeats what only R01 and those on the way to it know
}

// tokenPattern is how our token is written in a subject. r01-mail 1.2
var tokenPattern = regexp.MustCompile(`\[([A-Z2-7]{26})\]`)

// Limits on the tokens that one text is searched for, because each of them is looked up later.
const (
	mostTokens   = 20
	mostRepeated = 1000 // of which most repeat one another
)

// Tokens lists the first twenty tokens that a text repeats.
func Tokens(text string) []string {
	var all []string
	for _, m := range tokenPattern.FindAllStringSubmatch(text, mostRepeated) {
		if len(all) == mostTokens {
			break
		}
		if !slices.Contains(all, m[1]) {
			all = append(all, m[1])
		}
	}
	return all
}

// bind finds what a mail answers: by our Message-ID, then by our token in the subject or the
// unquoted body. A thread, token or recipient that is not ours is proof against the mail.
func (mt *Matcher) bind(tx *store.Tx, l letter) (bond, error) {
	thread, foreign, err := mt.thread(tx, l)
	if err != nil {
		return bond{}, err
	}

	token, unknown, err := tokened(tx, Tokens(l.Subject+"\n"+l.Text), thread)
	if err != nil {
		return bond{}, err
	}

	// What speaks against the mail comes first, or a mail to another one that repeats our token would answer us.
	b := bond{by: lifecycle.Against, knows: len(thread)+len(token) > 0}
	to := mt.reader.otherRecipient(l)
	switch {
	case to != "":
		b.against = "it is addressed to " + to + " and not to us"
	case unknown && !mt.recovery.Restored():
		b.against = "it repeats a token that is not ours"
	case len(thread) > 1, len(token) > 1, len(thread) == 1 && len(token) == 1 && !sameMail(thread[0], token[0]):
		b.against = "it answers several mails of ours"
	case len(thread) == 1:
		return bond{by: lifecycle.ByThread, requests: thread[0], knows: true}, nil
	case foreign:
		b.against = "it answers a mail that is not ours"
	case len(token) == 1:
		return bond{by: lifecycle.ByToken, requests: token[0], knows: true}, nil
	default:
		return bond{by: lifecycle.Unbound}, nil
	}

	return b, nil
}

// thread lists the mails of ours that a mail answers, each as the requests that went out in it.
// A mail answers what In-Reply-To names; its other references count only without that. foreign
// reports that it answers mails of which none is known here.
func (mt *Matcher) thread(tx *store.Tx, l letter) (mails [][]store.Request, foreign bool, err error) {
	for _, ids := range [][]string{l.InReplyTo, l.References} {
		for _, id := range ids {
			found, err := tx.Requests.ByMessageID(id)
			if err != nil {
				return nil, false, err
			}
			if len(found) > 0 && !slices.ContainsFunc(mails, func(m []store.Request) bool { return sameMail(m, found) }) {
				mails = append(mails, found)
			}
		}

		if len(mails) > 0 {
			return mails, false, nil
		}
	}

	// The mail answers no request of ours. If one of these is a mail that came to us, it does not count as foreign.
	for _, id := range append(slices.Clone(l.InReplyTo), l.References...) {
		switch known, err := tx.Mails.Has(idDigest(id)); {
		case err != nil:
			return nil, false, err
		case known: // a robot may answer itself
			return nil, false, nil
		case mt.recovery.Restored() && mt.reader.ownMessageID(id): // it was ours, and is forgotten
		default:
			foreign = true
		}
	}

	return nil, foreign, nil
}

// tokened lists the mails of ours whose tokens are repeated; unknown reports that one token is not
// ours. The token of a request that was sent alone is not looked up when the mail is in its thread.
func tokened(tx *store.Tx, tokens []string, thread [][]store.Request) (mails [][]store.Request, unknown bool, err error) {
	for _, token := range tokens {
		found, err := slices.DeleteFunc(slices.Concat(thread...), func(r store.Request) bool { return r.Token != token }), error(nil)
		if len(found) == 0 {
			found, err = tx.Requests.ByToken(token)
		}
		switch {
		case err != nil:
			return nil, false, err
		case len(found) == 0:
			unknown = true
		case !slices.ContainsFunc(mails, func(m []store.Request) bool { return sameMail(m, found) }):
			mails = append(mails, found)
		}
	}
	return mails, unknown, nil
}

// sameMail reports whether two lists are of the same mail, or one request went out in both.
func sameMail(a, b []store.Request) bool {
	return slices.ContainsFunc(a, func(r store.Request) bool {
		return slices.ContainsFunc(b, func(other store.Request) bool { return r.ID == other.ID })
	})
}

// otherRecipient returns the recipient of a mail that names none of our addresses; "" when it names
// one of ours, or no recipient at all: then it is a blind copy, or comes from a list that we read.
func (rr *Reader) otherRecipient(l letter) string {
	named := l.recipients()
	if len(named) == 0 || slices.ContainsFunc(named, rr.isOurs) {
		return ""
	}
	return named[0]
}

// isOurs reports whether an address is one of ours. Text behind a "+" is a note to ourselves.
func (rr *Reader) isOurs(address string) bool {
	for _, own := range []string{rr.settings.Callback, rr.settings.BCC} {
		if own != "" && (sameAddress(own, address) || sameAddress(own, withoutNote(address))) {
			return true
		}
	}
	return false
}

func withoutNote(address string) string {
	local, host, _ := strings.Cut(address, "@")
	local, _, _ = strings.Cut(local, "+")
	return fmt.Sprintf("%s@%s", local, host)
}

// answers reports whether a mail is bound to a request that a twin of the mail was about.
func (b bond) answers(twins []store.Twin) bool {
	return slices.ContainsFunc(b.requests, func(r store.Request) bool {
		return slices.ContainsFunc(twins, func(t store.Twin) bool { return t.Request == r.ID })
	})
}

// repeats reports whether a mail with these twins says what one of them said.
func repeats(twins []store.Twin) bool {
	return slices.ContainsFunc(twins, func(t store.Twin) bool { return t.SameText })
}

// isForgotten reports whether our own mail is a request that the store does not know any more.
func (mt *Matcher) isForgotten(l letter) bool {
	return mt.recovery.Restored() && len(Tokens(l.Subject)) > 0
}
