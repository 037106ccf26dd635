// Package message reads a received mail: its sender, what it answers, and what it says in plain
// text, with quotations cut off.
//
// It is pure, and made for malformed mail: any charset under any label or none, broken
// structure, hostile nesting. It reads whatever can still be read. What is missing or had to be
// left out is noted in [Message].Damaged, and such a mail proves nothing by itself. The only
// error is that there is nothing to read at all.
//
// No input makes it panic, and its work is bounded by depth, by the number of parts and by the length of a text.
package message

import (
	"bytes"
	"errors"
	"mime"
	"net/mail"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-message/textproto"

	"registrar.panel/internal/lazyregexp"
)

// Kind is the sort of a mail.
type Kind string

const (
	Ordinary  Kind = "reply"
	Bounce    Kind = "bounce"     // a report on the delivery of another mail
	AutoReply Kind = "auto-reply" // says of itself that no person wrote it
)

// Header is the header of a mail.
type Header struct {
	MessageID  string // with its angle brackets, as are the next two
	InReplyTo  []string
	References []string
	From       []string // plain addresses, of every From there is
	To         []string
	Recipients []string // to whom it was sent or handed on, by every field that says so; lower case
	Subject    string
}

// Message is a mail that has been read.
type Message struct {
	Header
	Date          time.Time // zero when there is none, or none that can be read
	AutoSubmitted string    // lower case, without parameters
	ReturnPath    string    // "<>" for a mail that wants no answer
	Text          string    // what its author wrote; lines end in LF
	Quoted        string    // what was cut off as quotation
	Shown         string    // all of it in its order, for a person; what is quoted has signs
	Kind          Kind
	Bounce        *Report  // of a Bounce
	Damaged       []string // what was wrong with it, for people
}

// Parse reads a mail. The error means that there is nothing to read.
func Parse(raw []byte) (Message, error) {
	if len(bytes.TrimSpace(raw)) == 0 {
		return Message{}, errors.New("read mail: it is empty")
	}

	top, body, wrong := split(raw)
	m := Message{Damaged: wrong}
	header, err := readHeader(top)
	if err != nil {
		m.damage("its header is broken")
	}

	m.readHeader(header)
	w := walker{}
	says := w.walk(header, body, 0, "text/plain").text
	// A mail whose parts can't be read must not look like a mail that says nothing.
	if !w.found && w.report == nil && len(w.attached) == 0 {
		says = w.fallBack(header, body)
	}

	// A header that has swallowed the text must not hide it from a person.
	if lost := ranIn(raw, body); lost != "" {
		m.damage("its text runs into its header")
		says = lost + "\n" + says
	}

	m.say(says, w)
	for _, what := range w.damaged {
		m.damage(what)
	}

	// Last, because a bounce without a formal report is judged by the words of its text.
	m.classify(header, w)
	return m, nil
}

// say separates what the author wrote from what is quoted. A spam filter's text in place of the
// mail's counts as quotation, too, and so does a mail within the mail.
func (m *Message) say(text string, w walker) {
	m.Text, m.Quoted, m.Shown = cutQuotation(text)
	if w.preview {
		m.Text, m.Quoted = "", text
	}
	for _, mail := range w.attached {
		m.Shown += "\n\n> " + strings.ReplaceAll(mail, "\n", "\n> ")
	}
	if w.status != "" {
		m.Shown += "\n\n" + w.status
	}
	m.Shown = strings.TrimLeft(m.Shown, "\n")
}

func (m *Message) damage(what string) {
	if !slices.Contains(m.Damaged, what) {
		m.Damaged = append(m.Damaged, what)
	}
}

func (m *Message) readHeader(h textproto.Header) {
	m.Header = headerOf(h)
	if date, err := mail.ParseDate(h.Get("Date")); err == nil {
		m.Date = date
	}
	m.ReturnPath = oneLine(h.Get("Return-Path"))
	submitted, _, _ := strings.Cut(strings.ToLower(h.Get("Auto-Submitted")), ";")
	m.AutoSubmitted = oneLine(submitted)
}

func headerOf(h textproto.Header) Header {
	read := Header{
		MessageID: first(ids(h.Values("Message-Id"))), InReplyTo: ids(h.Values("In-Reply-To")), References: ids(h.Values("References")),
		From: addresses(h.Values("From")), To: addresses(h.Values("To")), Subject: headerText(h.Get("Subject")),
	}

	for _, name := range recipientFields {
		to := read.To
		if name != "To" {
			to = addresses(h.Values(name))
		}
		for _, a := range to {
			if a = strings.ToLower(a); !slices.Contains(read.Recipients, a) && len(read.Recipients) < maxRecipients {
				read.Recipients = append(read.Recipients, a)
			}
		}
	}

	return read
}

// recipientFields name the recipients of a mail and the mailboxes that it came through.
var recipientFields = []string{"To", "Cc", "Bcc", "Apparently-To", "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To",
	"Resent-To", "Resent-Cc", "Resent-Bcc"}

const maxRecipients = 100

var (
	messageID = lazyregexp.New(`<[^<>\s]+>`)
	bareID    = lazyregexp.New(`^[^<>\s@]+@[^<>\s@]+$`)
)

// mostIDs bounds the Message-IDs that are read of one kind of field, because each is looked up later. Of a
// longer list the first and the last ones are read, which are a thread's beginning and the answered mail.
const mostIDs = 20

// ids lists the Message-IDs of fields.
func ids(values []string) []string {
	all := allIDs(values)
	if len(all) > mostIDs {
		all = slices.Concat(all[:mostIDs/2], all[len(all)-mostIDs/2:])
	}
	return all
}

// allIDs lists all Message-IDs of fields. Some programs leave the brackets out.
func allIDs(values []string) (all []string) {
	for _, v := range values {
		if found := messageID.FindAllString(v, -1); len(found) > 0 {
			all = append(all, found...)
			continue
		}
		for _, word := range strings.Fields(v) {
			if bareID.MatchString(word) {
				all = append(all, "<"+word+">")
			}
		}
	}
	return all
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

// addresses lists the addresses of a field. Text that can't be read as an address is kept
// unchanged, so that a second sender does not go unseen.
func addresses(values []string) []string {
	var all []string
	for _, v := range values {
		parser := mail.AddressParser{WordDecoder: wordDecoder()}
		list, err := parser.ParseList(decode("", []byte(v)))
		if err != nil {
			all = append(all, loneAddress(headerText(v)))
			continue
		}
		for _, a := range list {
			all = append(all, a.Address)
		}
	}
	return all
}

var (
	named       = lazyregexp.New(`^([^<>]*)<([^<>\s@]+@[^<>\s@]+)>$`)
	quotedName  = lazyregexp.New(`"[^"]*"`)
	addressLike = lazyregexp.New(`[^\s<>,;:"()]+@[^\s<>,;:"()]+`)
)

// loneAddress returns the address after a name that lacks its quotes, if the text has no other;
// otherwise it returns the text unchanged.
func loneAddress(text string) string {
	m := named.FindStringSubmatch(text)
	if m == nil {
		return text
	}
	for _, word := range addressLike.FindAllString(quotedName.ReplaceAllString(m[1], ""), -1) {
		if !strings.EqualFold(word, m[2]) {
			return text
		}
	}
	return m[2]
}

func wordDecoder() *mime.WordDecoder { return &mime.WordDecoder{CharsetReader: charsetReader} }

// headerText decodes encoded words, and raw 8-bit text, which has no label.
func headerText(raw string) string {
	text := decode("", []byte(raw))
	if strings.Contains(text, "=?") {
		text = encodedWord.ReplaceAllStringFunc(text, padded)
		if decoded, err := wordDecoder().DecodeHeader(text); err == nil {
			text = decoded
		}
	}
	return oneLine(text)
}

var encodedWord = lazyregexp.New(`=\?[^?\s]+\?[bB]\?[^?\s]*\?=`)

// padded adds the padding that base64 lacks.
func padded(word string) string {
	i := strings.LastIndexByte(word[:len(word)-2], '?')
	text := strings.TrimRight(word[i+1:len(word)-2], "=")
	return word[:i+1] + text + strings.Repeat("=", (4-len(text)%4)%4) + "?="
}

func oneLine(s string) string { return strings.Join(strings.Fields(clean(s)), " ") }
