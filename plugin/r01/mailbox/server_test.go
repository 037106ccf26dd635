package mailbox

import (
	"bufio"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"registrar.panel/internal/testrun"
)

// server is a scripted IMAP server with one folder. It behaves well unless its hook takes
// a command over.
type server struct {
	address string
	stop    chan struct{}

	mu       sync.Mutex
	caps     string
	flags    string // PERMANENTFLAGS
	validity int
	mails    []*serverMail
	hook     func(c *serverConn, tag, verb, args string) bool
	log      []string // "verb args" of every command, in order
	logins   int
	copies   int
}

type serverMail struct {
	uid     int
	body    string
	flags   map[string]bool
	deleted bool // expunged
}

type serverConn struct {
	*server
	net.Conn
	in      *bufio.Reader
	refused bool // the command has its tagged answer
}

const allCaps = "IMAP4rev1 IDLE UIDPLUS MOVE"

func startServer(t *testing.T, bodies ...string) *server {
	t.Helper()

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}

	s := &server{address: listener.Addr().String(), stop: make(chan struct{}), caps: allCaps, flags: `\Seen \Deleted \*`, validity: 7}
	for _, b := range bodies {
		s.add(b)
	}

	var conns sync.WaitGroup
	conns.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}

			conns.Go(func() {
				gone := make(chan struct{})
				conns.Go(func() { // cuts what the client did not
					select {
					case <-s.stop:
					case <-gone:
					}
					conn.Close()
				})

				(&serverConn{server: s, Conn: conn, in: bufio.NewReader(conn)}).serve()
				close(gone)
			})
		}
	})
	t.Cleanup(func() {
		close(s.stop)
		listener.Close()
		conns.Wait()
	})

	return s
}

func (s *server) add(body string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mails = append(s.mails, &serverMail{uid: len(s.mails) + 1, body: body, flags: map[string]bool{}})
}

func (s *server) script(hook func(c *serverConn, tag, verb, args string) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hook = hook
}

// commands lists those that begin with a prefix.
func (s *server) commands(prefix string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.log), func(c string) bool { return !strings.HasPrefix(c, prefix) })
}

func (s *server) flagged(uid int, flag string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mails[uid-1].flags[flag]
}

func (c *serverConn) say(format string, args ...any) { fmt.Fprintf(c.Conn, format+"\r\n", args...) }

func (c *serverConn) refuse(tag, word string) {
	c.refused = true
	c.say("%s %s", tag, word)
}

func (c *serverConn) serve() {
	if c.run("", "greeting", "") {
		return
	}

	for {
		line, err := c.in.ReadString('\n')
		if err != nil {
			return
		}

		tag, rest, _ := strings.Cut(strings.TrimRight(line, "\r\n"), " ")
		verb, args, _ := strings.Cut(rest, " ")
		if verb == "UID" {
			var sub string
			sub, args, _ = strings.Cut(args, " ")
			verb += " " + sub
		}

		if c.run(tag, verb, args) {
			return
		}
	}
}

// run answers one command and reports whether the connection is over.
func (c *serverConn) run(tag, verb, args string) (over bool) {
	c.mu.Lock()
	c.log = append(c.log, strings.TrimSpace(verb+" "+args))
	hook := c.hook
	c.mu.Unlock()
	if hook != nil && hook(c, tag, verb, args) {
		return false
	}
	return c.answer(tag, verb, args)
}

func (c *serverConn) answer(tag, verb, args string) (over bool) {
	c.mu.Lock()
	defer c.mu.Unlock()

	switch verb {
	case "greeting":
		c.say("* OK [CAPABILITY %s] ready", c.caps)
		return false
	case "CAPABILITY":
		c.say("* CAPABILITY %s", c.caps)
	case "LOGIN":
		c.logins++
		c.say("%s OK [CAPABILITY %s] welcome", tag, c.caps)
		return false
	case "SELECT", "EXAMINE":
		c.say("* %d EXISTS\r\n* OK [UIDVALIDITY %d] x\r\n* OK [PERMANENTFLAGS (%s)] x\r\n* FLAGS (\\Seen)", len(c.mails), c.validity, c.flags)
	case "UID SEARCH":
		c.search(args)
	case "UID FETCH":
		c.fetch(args)
	case "UID STORE", "UID EXPUNGE", "UID MOVE", "UID COPY":
		c.change(tag, verb, args)
		return false
	case "IDLE":
		c.say("+ idling")
		c.mu.Unlock()
		_, err := c.in.ReadString('\n')
		c.mu.Lock()
		if err != nil {
			return true
		}
	case "NOOP":
	case "LOGOUT":
		c.say("* BYE\r\n%s OK", tag)
		return true
	default:
		c.say("%s BAD what?", tag)
		return false
	}

	c.say("%s OK done", tag)
	return false
}

func (c *serverConn) search(args string) {
	found := "* SEARCH"
	for _, m := range c.mails {
		if !m.deleted && !(strings.Contains(args, "$PanelDone") && m.flags["$PanelDone"]) {
			found += " " + strconv.Itoa(m.uid)
		}
	}
	c.say("%s", found)
}

func (c *serverConn) fetch(args string) {
	date := ""
	if strings.Contains(args, "INTERNALDATE") {
		date = ` INTERNALDATE "24-Nov-2026 02:00:00 +0000"`
	}

	for _, m := range c.chosen(args) {
		switch {
		case strings.Contains(args, "FLAGS"):
			c.say("* %d FETCH (UID %d FLAGS (%s))", m.uid, m.uid, strings.Join(slices.Sorted(maps.Keys(m.flags)), " "))
		case !strings.Contains(args, "BODY"):
			c.say("* %d FETCH (UID %d RFC822.SIZE %d%s)", m.uid, m.uid, len(m.body), date)
		case strings.Contains(args, "<0."):
			n, _ := strconv.Atoi(strings.TrimSuffix(args[strings.Index(args, "<0.")+3:], ">)"))
			n = min(n, len(m.body))
			c.say("* %d FETCH (UID %d%s BODY[]<0> {%d}\r\n%s)", m.uid, m.uid, date, n, m.body[:n])
		default:
			c.say("* %d FETCH (UID %d%s BODY[] {%d}\r\n%s)", m.uid, m.uid, date, len(m.body), m.body)
		}
	}
}

func (c *serverConn) change(tag, verb, args string) {
	chosen := c.chosen(args)
	for _, m := range chosen {
		switch {
		case verb == "UID STORE":
			for _, f := range strings.Fields(strings.Trim(args[strings.Index(args, "("):], "()")) {
				m.flags[f] = true
			}
		case verb == "UID EXPUNGE":
			m.deleted = m.deleted || m.flags[`\Deleted`]
		case verb == "UID MOVE":
			m.deleted = true
		}
	}

	if verb == "UID COPY" {
		c.copies += len(chosen)
		set, _, _ := strings.Cut(args, " ")
		c.say("%s OK [COPYUID 9 %s %s] copied", tag, set, set)
		return
	}

	c.say("%s OK done", tag)
}

// chosen are the mails of the set that args begin with.
func (c *serverConn) chosen(args string) []*serverMail {
	set, _, _ := strings.Cut(args, " ")
	var chosen []*serverMail
	for _, part := range strings.Split(set, ",") {
		first, last, ok := strings.Cut(part, ":")
		if !ok {
			last = first
		}
		a, _ := strconv.Atoi(first)
		b, _ := strconv.Atoi(last)
		for _, m := range c.mails {
			if m.uid >= a && m.uid <= b && !m.deleted {
				chosen = append(chosen, m)
			}
		}
	}
	return chosen
}

// waitFor polls until the condition holds.
func waitFor(t *testing.T, what string, holds func() bool) {
	t.Helper()
	testrun.Until(t, what, func() (bool, string) { return holds(), "it does not hold" })
}

// keep sets the flags that the folder keeps.
func (s *server) keep(flags string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flags = flags
}

// offer sets the capabilities.
func (s *server) offer(caps string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.caps = caps
}

// gone reports whether a mail has left the folder, and how many copies were made of any.
func (s *server) gone(uid int) (gone bool, copies int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mails[uid-1].deleted, s.copies
}
