package message

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-message/textproto"

	"registrar.panel/internal/lazyregexp"
)

const maxHeader = 64 << 10 // bytes

// beginsField reports whether a line begins a header field: with a name and a colon. RFC 5322 2.2
func beginsField(line []byte) bool {
	name, _, ok := bytes.Cut(line, []byte(":"))
	name = bytes.TrimRight(name, " \t") // as in old mails
	return ok && len(name) > 0 && !bytes.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' })
}

// split separates header and body. From the header it drops lines that are no fields: the first
// line of a mailbox file, "From …", which is no fault, and broken lines, which are.
func split(raw []byte) (header, body []byte, wrong []string) {
	head, body := cutAtBlankLine(raw)
	if len(head) > maxHeader {
		head, wrong = head[:maxHeader], append(wrong, "its header is too long")
	}

	// A broken line is left out together with the lines that continue it.
	dropped := true // the line before; its continuation goes with it
	for i, l := range bytes.Split(head, []byte("\n")) {
		l = bytes.TrimRight(l, "\r")
		if !bytes.HasPrefix(l, []byte(" ")) && !bytes.HasPrefix(l, []byte("\t")) {
			dropped = !beginsField(l)
		}

		switch {
		case !dropped:
			header = append(append(header, l...), '\r', '\n')
		case len(l) > 0 && (i > 0 || !bytes.HasPrefix(l, []byte("From "))):
			wrong = append(wrong, "a line of its header is broken")
		}
	}

	if len(header) == 0 {
		return nil, raw, append(wrong, "it has no header")
	}

	return header, body, slices.Compact(wrong)
}

// cutAtBlankLine cuts a mail at its first empty line after another line.
func cutAtBlankLine(raw []byte) (head, body []byte) {
	for at := 0; ; {
		i := bytes.IndexByte(raw[at:], '\n')
		if i < 0 {
			return raw, nil
		}
		at += i
		rest := bytes.TrimLeft(raw[at+1:min(len(raw), at+1+longestReturns)], "\r")
		if len(rest) > 0 && rest[0] == '\n' {
			skipped := len(raw[at+1:min(len(raw), at+1+longestReturns)]) - len(rest)
			return raw[:at], raw[at+1+skipped+1:]
		}
		at++
	}
}

// longestReturns is how many carriage returns an empty line may have before its line feed.
const longestReturns = 4

// known are the names of header fields, by which text that runs into the header is recognised.
// A mailbox file has its own Status fields.
var known = lazyregexp.New(`(?i)^(?:From |(?:X-|Resent-|List-|Content-|ARC-|DKIM-|Auto|Authentication-|Received|Return-|Reply-|Delivered-|Envelope-|Errors-|Thread-|Original-|Original|Disposition-|` +
	`From|To|Cc|Bcc|Date|Subject|Message-ID|In-Reply-To|References|Sender|MIME-Version|Precedence|Importance|Priority|Sensitivity|Organi[sz]ation|User-Agent|Comments|Keywords|Feedback|` +
	`DomainKey|Lines|Apparently|Accept|Mail|Old|Delivery|Deferred|Expires|Encoding|Language|Status[ \t]*:[ \t]*[RO]{1,2}\s*$)[^ :]*[ \t]*:?)`)

// ranIn returns the text that follows the last field in a header, because the empty line before it
// is missing. A field that no mail program knows does not count as such text if there is a body.
func ranIn(raw, body []byte) string {
	head, _ := cutAtBlankLine(raw)
	if end := head[bytes.LastIndexByte(bytes.TrimRight(head, "\r\n"), '\n')+1:]; len(head) > maxHeader || known.Match(end) && len(bytes.TrimSpace(end)) < len(head) {
		return ""
	}
	lines := strings.Split(clean(string(head)), "\n")
	last := len(lines) - 1
	for last > 0 && !fieldOfMail(lines, last) {
		last--
	}
	lost := strings.TrimSpace(strings.Join(lines[last+1:], "\n"))
	if last == 0 || lost != "" && len(bytes.TrimSpace(body)) > 0 && !speaks.MatchString(lost) {
		return ""
	}
	return lost
}

// fieldOfMail reports whether a line belongs to a known field.
func fieldOfMail(lines []string, i int) bool {
	for i > 0 && (strings.HasPrefix(lines[i], " ") || strings.HasPrefix(lines[i], "\t")) {
		i--
	}
	return known.MatchString(lines[i])
}

// speaks matches a line that a reply may have and no header has.
var speaks = lazyregexp.New(`(?im)^(?:task|action|domain|nic-hdl|status|state|paid-till)[ \t]*:|^[^:]*$`)

func readHeader(block []byte) (textproto.Header, error) {
	h, err := textproto.ReadHeader(bufio.NewReader(bytes.NewReader(append(block, '\r', '\n'))))
	if err != nil {
		return h, fmt.Errorf("read header: %w", err)
	}
	return h, nil
}

// hashed are the fields that stay with a mail on every way it takes; hashedOnce is how
// many of them counted before the others were added.
var hashed = []string{"Message-Id", "Subject", "From", "Date", "In-Reply-To", "References"}

const hashedOnce = 4

// Arrival is what the header and the bytes of a mail show without reading its parts.
type Arrival struct {
	Header

	// Hash identifies the mail by its contents, so that a mail that is delivered or fetched again is
	// recognised: SHA-256, in hexadecimal, of the fields Message-ID, Subject, From, Date, In-Reply-To
	// and References and of the body. All other fields are left out, because relays and mailboxes add
	// and change them: Received, Return-Path, Delivered-To, X-… and the like. Every occurrence of a
	// field counts, unfolded; line ends of the body and empty lines at its end do not matter.
	Hash string
	// FormerHash is the content hash of former versions, without In-Reply-To and References.
	// Mails that were stored then are recognised by it. A mail never has the same value in both.
	FormerHash string
}

// ArrivalOf reads the header of a mail that has arrived.
func ArrivalOf(raw []byte) Arrival {
	top, body, _ := split(raw)
	h, _ := readHeader(top) // of what can't be read there is what can, and the same each time
	once := hashedFields(h, hashed[:hashedOnce])
	return Arrival{
		Header:     headerOf(h),
		Hash:       hashOf("2\n"+once+hashedFields(h, hashed[hashedOnce:]), body),
		FormerHash: hashOf(once, body),
	}
}

func hashedFields(header textproto.Header, names []string) string {
	var text []byte
	for _, name := range names {
		for _, v := range header.Values(name) {
			text = append(append(text, name...), ':')
			text = append(strconv.AppendQuote(text, strings.Join(strings.Fields(v), " ")), '\n')
		}
	}
	return string(text)
}

func hashOf(fields string, body []byte) string {
	digest := sha256.New()
	digest.Write([]byte(fields))

	// Relays add and remove line ends, so the last ones of the text do not count.
	for bytes.HasSuffix(body, []byte("\n")) {
		body = withoutBreak(body)
	}

	text := bufio.NewWriterSize(digest, min(32<<10, len(body)+1)) // for each line by itself a digest takes longer
	for line := range bytes.SplitSeq(body, []byte("\r\n")) {
		text.WriteByte('\n')
		text.Write(line)
	}

	text.Flush() // no digest fails

	return hex.EncodeToString(digest.Sum(nil))
}

// Likeness identifies what a mail says: SHA-256, in hexadecimal, of its sender, subject, date,
// of what it answers, and of its text as it is read. A mail that comes again with other blanks,
// in another charset or another transfer encoding has the same likeness.
func (m Message) Likeness() string {
	digest := sha256.New()
	answers := append(slices.Clone(m.InReplyTo), m.References...)
	for _, text := range []string{strings.ToLower(strings.Join(m.From, ", ")), m.Subject, m.Date.UTC().Format(time.RFC3339),
		strings.Join(answers, " "), m.Text, m.Quoted} {
		fmt.Fprintf(digest, "%q\n", strings.Join(strings.Fields(text), " "))
	}
	return hex.EncodeToString(digest.Sum(nil))
}
