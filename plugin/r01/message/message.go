// Package message reads a received mail: who sent it, what it answers, and what it says
// in plain text, with quotation cut off.
//
// It is pure, and made for mail that is wrong: any charset under any label or none,
// broken structure, hostile nesting. Whatever can still be read is read. What is missing
// or had to be left out stands in [Message].Damaged, and such a mail proves nothing by
// itself. The only error is that there is nothing to read at all.
//
// No input makes it panic, and its work is bounded: by depth, by the number of parts and
// by the length of a text.
package message

import (
	"bytes"
	"errors"
	"mime"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-message/textproto"
)

// Kind tells what sort of mail it is.
type Kind string

const (
	Ordinary  Kind = "reply"
	Bounce    Kind = "bounce"     // a report on the delivery of another mail
	AutoReply Kind = "auto-reply" // says of itself that no person wrote it
)

// Header is what stands above the text of a mail.
type Header struct {
	MessageID  string // with its angle brackets, as are the next two
	InReplyTo  []string
	References []string
	From       []string // plain addresses, of every From there is
	To         []string
	Recipients []string // to whom it was sent or handed on, by every field that tells; lower case
	Subject    string
	Date       time.Time // zero when there is none, or none that can be read
}

// Message is a mail that has been read.
type Message struct {
	Header
	AutoSubmitted string // lower case, without parameters
	ReturnPath    string // "<>" for a mail that wants no answer
	Text          string // what its author wrote; lines end in LF
	Quoted        string // what was cut off as quotation
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
	w.walk(header, body, 0)
	if !w.found && w.report == nil {
		w.fallBack(header, body)
	}
	m.Text, m.Quoted = cutQuotation(w.text)
	for _, what := range w.damaged {
		m.damage(what)
	}
	m.classify(header, w)
	return m, nil
}

func (m *Message) damage(what string) {
	if !slices.Contains(m.Damaged, what) {
		m.Damaged = append(m.Damaged, what)
	}
}

func (m *Message) readHeader(h textproto.Header) {
	m.Header = headerOf(h)
	m.ReturnPath = oneLine(h.Get("Return-Path"))
	submitted, _, _ := strings.Cut(strings.ToLower(h.Get("Auto-Submitted")), ";")
	m.AutoSubmitted = oneLine(submitted)
}

func headerOf(h textproto.Header) Header {
	read := Header{
		MessageID: first(ids(h.Values("Message-Id"))), InReplyTo: ids(h.Values("In-Reply-To")), References: ids(h.Values("References")),
		From: addresses(h.Values("From")), To: addresses(h.Values("To")), Subject: headerText(h.Get("Subject")),
	}
	if date, err := mail.ParseDate(h.Get("Date")); err == nil {
		read.Date = date
	}
	for _, name := range recipientFields {
		for _, a := range addresses(h.Values(name)) {
			if a = strings.ToLower(a); !slices.Contains(read.Recipients, a) && len(read.Recipients) < maxRecipients {
				read.Recipients = append(read.Recipients, a)
			}
		}
	}
	return read
}

// recipientFields tell to whom a mail was sent, and through which mailboxes it came.
var recipientFields = []string{"To", "Cc", "Bcc", "Apparently-To", "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To",
	"Resent-To", "Resent-Cc", "Resent-Bcc"}

const maxRecipients = 100

var messageID = regexp.MustCompile(`<[^<>\s]+>`)

func ids(values []string) []string { return messageID.FindAllString(strings.Join(values, " "), -1) }

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

// addresses lists the addresses of a field. What can't be read as one stays as it is, so
// that a second sender does not go unseen.
func addresses(values []string) []string {
	var all []string
	for _, v := range values {
		parser := mail.AddressParser{WordDecoder: wordDecoder()}
		list, err := parser.ParseList(decode("", []byte(v)))
		if err != nil {
			all = append(all, headerText(v))
			continue
		}
		for _, a := range list {
			all = append(all, a.Address)
		}
	}
	return all
}

func wordDecoder() *mime.WordDecoder { return &mime.WordDecoder{CharsetReader: charsetReader} }

// headerText decodes encoded words, and raw 8-bit text, which has no label.
func headerText(raw string) string {
	text := decode("", []byte(raw))
	if decoded, err := wordDecoder().DecodeHeader(text); err == nil {
		text = decoded
	}
	return oneLine(text)
}

func oneLine(s string) string { return strings.Join(strings.Fields(clean(s)), " ") }

// classify tells what kind of mail it is. RFC 3834, RFC 3464
func (m *Message) classify(h textproto.Header, w walker) {
	m.Kind = Ordinary
	switch {
	case w.report != nil:
		m.Kind, m.Bounce = Bounce, w.report
	case m.fromMailer():
		m.Kind, m.Bounce = Bounce, reportFromText(m.Text+"\n"+m.Quoted)
	case m.automatic(), w.receipt, h.Has("X-Autoreply"), h.Has("X-Autorespond"),
		strings.EqualFold(oneLine(h.Get("Precedence")), "auto_reply"):
		m.Kind = AutoReply
	}
}

func (m *Message) automatic() bool { return m.AutoSubmitted != "" && m.AutoSubmitted != "no" }

var mailer = regexp.MustCompile(`(?i)^(?:mailer-daemon|postmaster)@`)

// fromMailer tells a bounce that is no report by its sender. The empty return path alone
// means little: robots have it, too.
func (m *Message) fromMailer() bool {
	return (m.ReturnPath == "<>" || m.automatic()) && len(m.From) == 1 && mailer.MatchString(m.From[0])
}
