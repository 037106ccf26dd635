package inbox

import (
	"context"
	"slices"
	"strings"

	"registrar.panel/plugin/r01/mailbox"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/message"
	"registrar.panel/plugin/r01/store"
)

// arrivals are mails as they are stored: with what is told of each without opening it, and whose
// turn it is to be read. Both are found in their headers.
func (in *Inbox) arrivals(ctx context.Context, mails []mailbox.Mail) ([]store.Mail, error) {
	headers, arrived := make([]message.Header, len(mails)), make([]store.Mail, len(mails))
	ids := in.mailIDs(len(mails))
	for i, m := range mails {
		a := message.ArrivalOf(m.Raw)
		headers[i] = a.Header
		arrived[i] = store.Mail{ID: ids[i], Hash: a.Hash, FormerHash: a.FormerHash, At: in.now(), State: store.MailNew,
			Truncated: m.Truncated, Received: m.InternalDate, Heading: heading(a.Header)}
	}
	err := in.store.Read(ctx, func(tx *store.Tx) (err error) {
		for i := range arrived {
			if arrived[i].Turn, err = in.matcher.turn(tx, headers[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return arrived, err
}

// The most characters that are told of a mail without opening it.
const (
	longestAddress = 320
	longestSubject = 300
	longestReason  = 600
)

// heading is what is told of a mail without opening it.
func heading(h message.Header) store.Heading {
	told := store.Heading{From: short(strings.Join(h.From, ", "), longestAddress), Subject: mailform.Mask(short(h.Subject, longestSubject))}
	if len(h.To) > 0 {
		told.To = short(h.To[0], longestAddress)
	}
	return told
}

// short is the beginning of a text.
func short(text string, most int) string {
	if len(text) <= most {
		return text
	}
	runes := []rune(text[:min(len(text), 4*most)]) // no character has more bytes
	if len(runes) <= most {
		return text[:len(string(runes))]
	}
	return string(runes[:most]) + "…"
}

// turn returns a mail's turn, by its header: what can't be guessed first, then what claims to
// be of R01. It decides nothing else.
func (mt *Matcher) turn(tx *store.Tx, h message.Header) (store.Turn, error) {
	for _, id := range append(slices.Concat(h.InReplyTo, h.References), h.MessageID) {
		if !mt.reader.ownMessageID(id) {
			continue
		}
		if found, err := tx.Requests.ByMessageID(id); err != nil || len(found) > 0 {
			return store.TurnAnswer, err
		}
	}
	for _, token := range Tokens(h.Subject) {
		if found, err := tx.Requests.ByToken(token); err != nil || len(found) > 0 {
			return store.TurnAnswer, err
		}
	}
	if mt.reader.sentByRobot(h.From) {
		return store.TurnRobot, nil
	}
	return store.TurnOther, nil
}
