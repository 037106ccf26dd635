package smtpout

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strings"

	"github.com/wneessen/go-mail/smtp"
)

// mostGreeting bounds how much a relay may say before we speak.
const mostGreeting = 16 << 10

// greeting reads a relay's greeting byte by byte from the connection itself, so that it takes nothing of what follows.
func greeting(conn io.Reader) error {
	said := textproto.NewReader(bufio.NewReader(&replies{from: bufio.NewReaderSize(&slow{from: conn, left: mostGreeting}, 512)}))
	_, _, err := said.ReadResponse(220)
	return err
}

// slow reads one byte at a time.
type slow struct {
	from io.Reader
	left int
}

func (s *slow) Read(p []byte) (int, error) {
	if s.left--; s.left < 0 {
		return 0, errors.New("the greeting has no end")
	}
	return s.from.Read(p[:min(1, len(p))])
}

// greeted is a connection whose greeting has been read. It begins with another greeting, because go-mail reads one.
type greeted struct {
	net.Conn
	head strings.Reader
}

func (g *greeted) Read(p []byte) (int, error) {
	if g.head.Len() > 0 {
		return g.head.Read(p)
	}
	return g.Conn.Read(p)
}

// replies turns the lines of replies into the form that the library knows. A reply may consist
// of its code alone, and the words of an EHLO reply may be in any case. RFC 5321 4.2, 4.1.1.1
type replies struct {
	from  *bufio.Reader
	hello bool // the replies are to EHLO
	line  []byte
	cut   bool // the line before had no end
}

func (r *replies) Read(p []byte) (int, error) {
	if len(r.line) == 0 {
		line, err := r.from.ReadSlice('\n')
		if len(line) == 0 {
			return 0, err
		}
		// A line that is longer than the buffer comes in pieces, which are passed on unchanged.
		whole := line[len(line)-1] == '\n'
		if whole && !r.cut {
			line = r.plain(line)
		}
		r.line, r.cut = bytes.Clone(line), !whole
	}
	n := copy(p, r.line)
	r.line = r.line[n:]
	return n, nil
}

func (r *replies) plain(line []byte) []byte {
	text := strings.TrimRight(string(line), " \t\r\n")
	if len(text) < 3 || !digits(text[:3]) {
		return line
	}
	code, rest := text[:3], text[3:]
	if rest == "" || rest[0] == '\t' {
		rest = " " + strings.TrimSpace(rest)
	}
	if r.hello && code == "250" {
		rest = rest[:1] + keyword(rest[1:])
	}
	return []byte(code + rest + "\r\n")
}

func digits(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}

// keyword writes a line of an EHLO reply as most relays do. Some offer logins as "AUTH=LOGIN".
func keyword(line string) string {
	words := strings.Fields(strings.ToUpper(line))
	if len(words) > 0 && strings.HasPrefix(words[0], "AUTH=") {
		words[0] = "AUTH " + words[0][len("AUTH="):]
	}
	return strings.Join(words, " ")
}

// attach makes a client for a connection whose greeting has been read.
func (t *transaction) attach(conn net.Conn) error {
	client, err := smtp.NewClient(&greeted{Conn: conn, head: *strings.NewReader("220 relay\r\n")}, t.config.host())
	if err != nil {
		return fmt.Errorf("attach client: %w", err)
	}
	t.replies = &replies{from: client.Text.R}
	client.Text.R = bufio.NewReader(t.replies)
	// Otherwise a relay that offers SMTPUTF8 gets mails that the next relay bounces. field-notes 1.3
	client.SkipSMTPUTF8(true)
	t.client = client
	return nil
}
