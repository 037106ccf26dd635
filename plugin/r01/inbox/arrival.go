package inbox

import (
	"context"
	"slices"
	"strings"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/mailbox"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/message"
	"registrar.panel/plugin/r01/store"
)

// arrivals makes mails ready to be stored: with the heading that lists show without opening the
// mail, and the turn in which it is read. Both come from the headers.
func (in *Inbox) arrivals(ctx context.Context, mails []mailbox.Mail) ([]store.Mail, error) {
	headers, arrived := make([]message.Header, len(mails)), make([]store.Mail, len(mails))
	ids := in.mailIDs(len(mails))
	for i, m := range mails {
		a := message.ArrivalOf(m.Raw)
		headers[i] = a.Header
		arrived[i] = store.Mail{ID: ids[i], Hash: a.Hash, FormerHash: a.FormerHash, At: in.now(), State: store.MailNew,
			Truncated: m.Truncated, Received: m.InternalDate, Heading: heading(a.Header)}
	}
	turns, err := in.turns(ctx, headers)
	for i := range turns {
		arrived[i].Turn = turns[i]
	}
	return arrived, err
}

// The most characters of a heading's fields.
const (
	longestAddress = 320
	longestSubject = 300
	longestReason  = 600
)

// heading is what lists show of a mail without opening it.
func heading(h message.Header) store.Heading {
	told := store.Heading{From: short(strings.Join(h.From, ", "), longestAddress), Subject: mailform.Mask(short(h.Subject, longestSubject))}
	if len(h.To) > 0 {
		told.To = short(h.To[0], longestAddress)
	}
	return told
}

// short returns the beginning of a text.
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

// turns returns the turns in which mails are read, by their headers: first mails with something
// that can't be guessed, then those that claim to be R01's. It decides nothing else.
func (in *Inbox) turns(ctx context.Context, headers []message.Header) ([]store.Turn, error) {
	rr := in.reader
	named := make([][]string, len(headers)) // Message-IDs and tokens that may be ours
	var ids, tokens []string
	for i, h := range headers {
		// Our own copy shows as much about a request as an answer does, so its own Message-ID counts, too.
		all := slices.DeleteFunc(append(slices.Concat(h.InReplyTo, h.References), h.MessageID), func(id string) bool { return !rr.ownMessageID(id) })
		ids = append(ids, all...)
		tokens = append(tokens, Tokens(h.Subject)...)
		named[i] = append(all, Tokens(h.Subject)...)
	}

	ours, err := engine.Look(ctx, in.store, func(tx *store.Tx) (map[string]bool, error) { return tx.Requests.Ours(ids, tokens) })
	if err != nil {
		return nil, err
	}

	turns := make([]store.Turn, len(headers))
	for i, h := range headers {
		switch {
		case slices.ContainsFunc(named[i], func(name string) bool { return ours[name] }):
			turns[i] = store.TurnAnswer
		case rr.sentByRobot(h.From):
			turns[i] = store.TurnRobot
		default:
			turns[i] = store.TurnOther
		}
	}
	return turns, nil
}
