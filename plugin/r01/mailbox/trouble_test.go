package mailbox

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// One mail that can't be fetched, whatever the server does with it, holds up no other and
// is not kept quiet about.
func TestPoison(t *testing.T) {
	t.Parallel()

	for name, spoil := range map[string]func(c *serverConn){
		"it breaks the connection":   func(c *serverConn) { c.say("* 2 FETCH (UID 2 X-ODD NIL)") },
		"it is never answered":       func(c *serverConn) {},
		"it never has a body":        func(c *serverConn) { c.say("* 2 FETCH (UID 2 BODY[] NIL)") },
		"the server hangs up on it":  func(c *serverConn) { c.Close() },
		"its body is always too big": func(c *serverConn) { c.say("* 2 FETCH (UID 2 BODY[] {900000000}\r\nx") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			s := startServer(t, "one\r\n", "two\r\n", "three\r\n")
			s.script(func(c *serverConn, tag, verb, args string) bool {
				if verb != "UID FETCH" || !strings.Contains(args, "BODY") || !covers(args, 2) {
					return false
				}

				spoil(c)

				for uid, body := range map[int]string{1: "one\r\n", 3: "three\r\n"} {
					if covers(args, uid) {
						c.say("* %d FETCH (UID %d BODY[] {%d}\r\n%s)", uid, uid, len(body), body)
					}
				}

				c.say("%s OK done", tag)
				return true
			})

			store := &shelf{}
			w := watch(t, quick(s), store)
			waitFor(t, "the others are flagged", func() bool { return s.flagged(1, "$PanelDone") && s.flagged(3, "$PanelDone") })
			waitFor(t, "health says it", func() bool { return strings.Contains(w.Health().Detail, "UID 2") })

			if w.Health().OK {
				t.Error("health is well with a mail that can't be fetched")
			}

			s.add("four\r\n")
			waitFor(t, "a later one is flagged", func() bool { return s.flagged(4, "$PanelDone") })

			if s.flagged(2, `\Seen`) {
				t.Error("it is flagged though it was not delivered")
			}

			got := store.bodies()
			if slices.Sort(got); !slices.Equal(got, []string{"four\r\n", "one\r\n", "three\r\n"}) {
				t.Errorf("got %q", got)
			}
		})
	}
}

// covers reports whether the set that args begin with holds a UID.
func covers(args string, uid int) bool {
	set, _, _ := strings.Cut(args, " ")
	for _, part := range strings.Split(set, ",") {
		var a, b int
		if n, _ := fmt.Sscanf(part, "%d:%d", &a, &b); n == 1 {
			b = a
		}
		if a <= uid && uid <= b {
			return true
		}
	}
	return false
}

// A mail that was set aside is tried again after a while.
func TestPoisonHeals(t *testing.T) {
	t.Parallel()
	s := startServer(t, "one\r\n")
	s.script(func(c *serverConn, tag, verb, args string) bool {
		if verb == "UID FETCH" && strings.Contains(args, "BODY") {
			c.say("%s OK done", tag)
			return true
		}
		return false
	})
	cfg := quick(s)
	cfg.Timeouts.SetAside = 50 * time.Millisecond
	w := watch(t, cfg, &shelf{})
	waitFor(t, "it is set aside", func() bool { return strings.Contains(w.Health().Detail, "UID 1") })
	s.script(nil)
	waitFor(t, "it is fetched", func() bool { return s.flagged(1, "$PanelDone") })
	waitFor(t, "health is well", func() bool { return w.Health().OK })
}

// A mail that breaks the connection while it is listed does not keep the others waiting.
func TestPoisonInTheList(t *testing.T) {
	t.Parallel()
	s := startServer(t, "one\r\n", "two\r\n", "three\r\n")
	s.script(func(c *serverConn, tag, verb, args string) bool {
		if verb != "UID FETCH" || !covers(args, 2) {
			return false
		}
		c.say("* 2 FETCH (UID 2 INTERNALDATE \"yesterday\")")
		return true
	})
	w := watch(t, quick(s), &shelf{})
	waitFor(t, "the others are flagged", func() bool { return s.flagged(1, "$PanelDone") && s.flagged(3, "$PanelDone") })
	waitFor(t, "health says it", func() bool { return strings.Contains(w.Health().Detail, "UID 2") })
}

// A server that always sends another length than it lists, and always the same bytes: that is
// the mail. Estimates are common. field-notes 2.2
func TestWrongLengthEveryTime(t *testing.T) {
	t.Parallel()

	s := startServer(t, "one body\r\n", "two\r\n")
	s.script(func(c *serverConn, tag, verb, args string) bool {
		if verb != "UID FETCH" || !strings.Contains(args, "BODY") || !covers(args, 1) {
			return false
		}
		c.say("* 1 FETCH (UID 1 BODY[] {3}\r\none)")
		c.say("%s OK done", tag)
		return true
	})

	store := &shelf{}
	w := watch(t, quick(s), store)
	waitFor(t, "both are flagged", func() bool { return s.flagged(1, "$PanelDone") && s.flagged(2, "$PanelDone") })

	i := slices.IndexFunc(store.all(), func(m Mail) bool { return m.UID == 1 })
	if m := store.all()[i]; string(m.Raw) != "one" || m.Truncated || m.Size != 10 {
		t.Errorf("got %+v", m)
	}

	waitFor(t, "health says it", func() bool { h := w.Health(); return h.OK && strings.Contains(h.Detail, "wrong sizes") })
}

// A mail that comes otherwise each time: a person gets what there is, marked as not whole.
func TestChangesEveryTime(t *testing.T) {
	t.Parallel()

	s := startServer(t, "one body\r\n", "two\r\n")
	times := 0
	s.script(func(c *serverConn, tag, verb, args string) bool {
		if verb != "UID FETCH" || !strings.Contains(args, "BODY") || !covers(args, 1) {
			return false
		}
		times++
		c.say("* 1 FETCH (UID 1 BODY[] {%d}\r\n%s)", times%7+1, "one body"[:times%7+1])
		c.say("%s OK done", tag)
		return true
	})

	store := &shelf{}
	watch(t, quick(s), store)
	waitFor(t, "both are flagged", func() bool { return s.flagged(1, "$PanelDone") && s.flagged(2, "$PanelDone") })

	i := slices.IndexFunc(store.all(), func(m Mail) bool { return m.UID == 1 })
	if m := store.all()[i]; !strings.HasPrefix("one body", string(m.Raw)) || !m.Truncated || len(m.Raw) >= Head {
		t.Errorf("got %+v", m)
	}
}

// Handled mails leave the folder only in ways that can't lose them. field-notes 2.3
func TestProcessed(t *testing.T) {
	t.Parallel()

	noMove, noDelete := []string{"UID MOVE", "EXPUNGE"}, []string{"UID EXPUNGE", "EXPUNGE"}
	for name, c := range map[string]struct {
		caps      string
		answer    string // to COPY or MOVE; "" = as a good server
		gone      bool
		complains bool
		never     []string // commands
	}{
		"MOVE":                      {"IMAP4rev1 IDLE UIDPLUS MOVE", "", true, false, append(noDelete, "UID COPY")},
		"MOVE is refused":           {"IMAP4rev1 IDLE UIDPLUS MOVE", "NO [TRYCREATE] no such folder", false, true, append(noDelete, "UID COPY")},
		"COPY and UIDPLUS":          {"IMAP4rev1 IDLE UIDPLUS", "", true, false, noMove},
		"COPY is refused":           {"IMAP4rev1 IDLE UIDPLUS", "NO [TRYCREATE] no such folder", false, true, append(noMove, "UID EXPUNGE")},
		"COPY does not say what":    {"IMAP4rev1 IDLE UIDPLUS", "OK copied", false, false, append(noMove, "UID EXPUNGE")},
		"COPY says another mail":    {"IMAP4rev1 IDLE UIDPLUS", "OK [COPYUID 9 2 1] copied", false, false, append(noMove, "UID EXPUNGE")},
		"neither MOVE nor UIDPLUS":  {"IMAP4rev1 IDLE", "", false, false, append(noDelete, "UID MOVE", "UID COPY")},
		"IMAP4rev2 has both itself": {"IMAP4rev1 IMAP4rev2", "", true, false, append(noDelete, "UID COPY")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			s := startServer(t, "one\r\n")
			s.offer(c.caps)

			s.script(func(conn *serverConn, tag, verb, _ string) bool {
				if c.answer == "" || verb != "UID COPY" && verb != "UID MOVE" {
					return false
				}
				conn.say("%s %s", tag, c.answer)
				return true
			})

			cfg := quick(s)
			cfg.Processed = "Done mails"
			w := watch(t, cfg, &shelf{})
			waitFor(t, "it is flagged", func() bool { return s.flagged(1, "$PanelDone") })
			waitFor(t, "the watcher has looked again", func() bool { return len(s.commands("UID SEARCH")) > 2 })

			gone, copies := s.gone(1)
			if gone != c.gone || !gone && s.flagged(1, `\Deleted`) {
				t.Errorf("gone %v, marked as deleted %v, want gone %v", gone, s.flagged(1, `\Deleted`), c.gone)
			}

			if copies > 1 {
				t.Errorf("copied %d times", copies)
			}
			if h := w.Health(); h.OK == c.complains || c.complains && !strings.Contains(h.Detail, "Done mails") {
				t.Errorf("health %+v", h)
			}

			for _, verb := range c.never {
				if sent := s.commands(verb); len(sent) > 0 {
					t.Errorf("sent %q", sent)
				}
			}
		})
	}
}

// A mail that is found but not listed is asked for by itself.
func TestListForgetsOne(t *testing.T) {
	t.Parallel()

	for name, instead := range map[string]string{"nothing": "", "no size": "* 1 FETCH (UID 1)\r\n"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			s := startServer(t, "one\r\n", "two\r\n")
			s.script(func(c *serverConn, tag, verb, args string) bool {
				if verb != "UID FETCH" || !strings.HasPrefix(args, "1:2 ") || strings.Contains(args, "BODY") {
					return false
				}
				c.say("%s* 2 FETCH (UID 2 RFC822.SIZE 5 INTERNALDATE \"24-Nov-2026 02:00:00 +0000\")\r\n%s OK done", instead, tag)
				return true
			})

			store := &shelf{}
			watch(t, quick(s), store)
			waitFor(t, "both are flagged", func() bool { return s.flagged(1, "$PanelDone") && s.flagged(2, "$PanelDone") })

			if n := len(s.commands("LOGIN")); n != 1 || len(store.all()) != 2 {
				t.Errorf("%d logins, %d mails", n, len(store.all()))
			}
		})
	}
}

// A server that never lists a mail: it is set aside.
func TestNeverListed(t *testing.T) {
	t.Parallel()
	s := startServer(t, "one\r\n")
	s.script(func(c *serverConn, tag, verb, _ string) bool {
		if verb == "UID FETCH" {
			c.say("%s OK done", tag)
		}
		return verb == "UID FETCH"
	})
	w := watch(t, quick(s), &shelf{})
	waitFor(t, "health says it", func() bool { return strings.Contains(w.Health().Detail, "UID 1") })
}

// A server that answers a search with a range of four thousand million mails.
func TestEndlessSearch(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	s.offer("IMAP4rev1 IMAP4rev2")
	s.script(func(c *serverConn, tag, verb, _ string) bool {
		if verb == "UID SEARCH" {
			c.say("* ESEARCH (TAG %q) UID ALL 1:4294967295\r\n%s OK done", tag, tag)
		}
		return verb == "UID SEARCH"
	})
	w := watch(t, quick(s), &shelf{})
	waitFor(t, "health says it", func() bool { return strings.Contains(w.Health().Detail, "mails wait") })
}
