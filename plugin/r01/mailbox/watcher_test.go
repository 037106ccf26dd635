package mailbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"registrar.panel/internal/pace"
	"registrar.panel/shared/secret"
)

const password = "s3cret-word"

// shelf is a store that remembers.
type shelf struct {
	mu    sync.Mutex
	mails []Mail
	fail  func(Mail) error
}

func (s *shelf) Deliver(_ context.Context, mails []Mail) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range mails {
		if s.fail == nil {
			continue
		}
		if err := s.fail(m); err != nil {
			return err
		}
	}
	s.mails = append(s.mails, mails...)
	return nil
}

func (s *shelf) all() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.mails)
}

func (s *shelf) bodies() []string {
	var all []string
	for _, m := range s.all() {
		all = append(all, string(m.Raw))
	}
	return all
}

// quick is a configuration whose waits are short.
func quick(s *server) Config {
	return Config{Address: s.address, TLS: TLSNone, Username: "user", Password: secret.New(password), Poll: time.Hour,
		Timeouts: Timeouts{Exchange: pace.Scale(2 * time.Second), Rearm: 20 * time.Millisecond, BackOff: time.Millisecond, BackOffMax: 2 * time.Millisecond,
			Login: time.Hour, SetAside: time.Hour}}
}

// watch runs a watcher until the test ends.
func watch(t *testing.T, c Config, store Store) *Watcher {
	t.Helper()
	w := New(c, store, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(context.Background())
	var run sync.WaitGroup
	run.Go(func() {
		if err := w.Run(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("Run returned %v", err)
		}
	})
	t.Cleanup(func() {
		cancel()
		run.Wait()
	})
	return w
}

func TestHandsOver(t *testing.T) {
	t.Parallel()

	s := startServer(t, "first\r\n", "\xd0\xd2\xc9 8bit\r\n")
	store := &shelf{}
	w := watch(t, quick(s), store)
	waitFor(t, "both are handed over and flagged", func() bool {
		return s.flagged(1, "$PanelDone") && s.flagged(2, "$PanelDone") && s.flagged(2, `\Seen`)
	})
	s.add("third\r\n")
	waitFor(t, "the third", func() bool { return s.flagged(3, "$PanelDone") })

	got := store.all()
	if len(got) != 3 || string(got[1].Raw) != "\xd0\xd2\xc9 8bit\r\n" {
		t.Fatalf("got %q", store.bodies())
	}

	want := time.Date(2026, 11, 24, 2, 0, 0, 0, time.UTC)
	if m := got[2]; m.UID != 3 || m.UIDValidity != 7 || m.Size != 7 || m.Truncated || !m.InternalDate.Equal(want) {
		t.Errorf("got %+v", m)
	}

	waitFor(t, "health", func() bool { return w.Health().OK })
	if h := w.Health(); !strings.Contains(h.Detail, "connected since") {
		t.Errorf("health %+v", h)
	}

	for _, c := range s.commands("") {
		if strings.Contains(c, "BODY[]") && !strings.Contains(c, "BODY.PEEK[]") {
			t.Errorf("fetched without PEEK: %s", c)
		}
	}
}

// Every way a server can fail to send a mail: it is fetched again, by itself, and the one
// beside it is not held up. field-notes 2.2
func TestFetchFaults(t *testing.T) {
	t.Parallel()

	const one, two = "Subject: one\r\n\r\nbody of one\r\n", "Subject: two\r\n\r\nbody of two\r\n"
	whole := func(c *serverConn, uid int, body string) {
		c.say("* %d FETCH (UID %d BODY[] {%d}\r\n%s)", uid, uid, len(body), body)
	}
	for name, fault := range map[string]func(c *serverConn, tag string){
		"the connection ends in the body": func(c *serverConn, tag string) {
			fmt.Fprintf(c.Conn, "* 1 FETCH (UID 1 BODY[] {%d}\r\n%s", len(one), one[:9])
			c.Close()
		},
		"the connection ends between mails": func(c *serverConn, tag string) { whole(c, 1, one); c.Close() },
		"the body comes first":              func(c *serverConn, tag string) { c.say("* 1 FETCH (BODY[] {%d}\r\n%s UID 1)", len(one), one) },
		"no body":                           func(c *serverConn, tag string) { c.say("* 1 FETCH (UID 1)"); whole(c, 2, two) },
		"the body is NIL":                   func(c *serverConn, tag string) { c.say("* 1 FETCH (UID 1 BODY[] NIL)"); whole(c, 2, two) },
		"flags come before the body": func(c *serverConn, tag string) {
			c.say(`* 1 FETCH (UID 1 FLAGS (\Seen))`)
			whole(c, 1, one)
			whole(c, 2, two)
		},
		"one is not answered":          func(c *serverConn, tag string) { whole(c, 2, two) },
		"nothing is answered":          func(c *serverConn, tag string) {},
		"a body is shorter than said":  func(c *serverConn, tag string) { whole(c, 1, one[:10]); whole(c, 2, two) },
		"a body is longer than said":   func(c *serverConn, tag string) { whole(c, 1, one+"more"); whole(c, 2, two) },
		"a body is empty":              func(c *serverConn, tag string) { whole(c, 1, ""); whole(c, 2, two) },
		"the server says NO":           func(c *serverConn, tag string) { whole(c, 1, one); c.refuse(tag, "NO later") },
		"the server says BAD":          func(c *serverConn, tag string) { c.refuse(tag, "BAD what?") },
		"an unknown attribute":         func(c *serverConn, tag string) { c.say("* 1 FETCH (UID 1 X-GM-MSGID 5 BODY[] NIL)") },
		"a line that is no IMAP":       func(c *serverConn, tag string) { c.say("oops") },
		"a huge body is announced":     func(c *serverConn, tag string) { c.say("* 1 FETCH (UID 1 BODY[] {999999999999999999}\r\nxx") },
		"a body for a foreign mail":    func(c *serverConn, tag string) { whole(c, 9, "foreign\r\n"); whole(c, 2, two) },
		"another section than BODY[]":  func(c *serverConn, tag string) { c.say("* 1 FETCH (UID 1 BODY[HEADER] {%d}\r\n%s)", len(one), one) },
		"forty flags beside no body":   func(c *serverConn, tag string) { c.say("* 1 FETCH (UID 1%s)", strings.Repeat(` FLAGS (\Seen)`, 40)) },
		"BYE instead":                  func(c *serverConn, tag string) { c.say("* BYE going down"); c.Close() },
		"silence, the connection open": func(c *serverConn, tag string) { <-c.stop },
		"silence in the body": func(c *serverConn, tag string) {
			fmt.Fprintf(c.Conn, "* 1 FETCH (UID 1 BODY[] {%d}\r\n%s", len(one), one[:9])
			<-c.stop
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			s := startServer(t, one, two)
			var done atomic.Bool
			s.script(func(c *serverConn, tag, verb, args string) bool {
				if verb != "UID FETCH" || !strings.Contains(args, "BODY") || done.Swap(true) {
					return false
				}
				fault(c, tag)
				if !c.refused {
					c.say("%s OK done", tag)
				}
				return true
			})

			cfg := quick(s)
			cfg.Timeouts.Exchange = time.Hour
			silent := strings.HasPrefix(name, "silence")
			if silent {
				cfg.Timeouts.Exchange = pace.Scale(300 * time.Millisecond)
			}
			store := &shelf{}
			watch(t, cfg, store)
			waitFor(t, "both are flagged", func() bool { return s.flagged(1, "$PanelDone") && s.flagged(2, "$PanelDone") })
			got := store.bodies()
			slices.Sort(got)
			if silent { // on a slow machine the watcher may give up on a STORE, too, and hand a mail over again
				got = slices.Compact(got)
			}
			if !slices.Equal(got, []string{one, two}) {
				t.Errorf("got %q", got)
			}

			for _, m := range store.all() {
				if m.Truncated {
					t.Errorf("UID %d is marked truncated", m.UID)
				}
			}
		})
	}
}

// A hung server is noticed at every step, and so is one that hangs up. field-notes 2.1
func TestHangs(t *testing.T) {
	t.Parallel()

	for _, verb := range []string{"greeting", "CAPABILITY", "LOGIN", "SELECT", "UID SEARCH", "UID FETCH", "UID STORE", "IDLE", "NOOP"} {
		for how, server := range map[string]struct {
			silent bool // the watcher has to give up waiting, which on a slow machine it may do of a good server, too
			act    func(c *serverConn)
		}{
			"hangs":          {true, func(c *serverConn) { <-c.stop }},
			"hangs up":       {false, func(c *serverConn) { c.Close() }},
			"says BYE":       {false, func(c *serverConn) { c.say("* BYE"); c.Close() }},
			"hangs mid-line": {true, func(c *serverConn) { fmt.Fprint(c.Conn, "* OK [UNS"); <-c.stop }},
			"floods":         {false, func(c *serverConn) { flood(c) }},
		} {
			t.Run(verb+" "+how, func(t *testing.T) {
				t.Parallel()

				s := startServer(t, "one\r\n")
				var done atomic.Bool
				s.script(func(c *serverConn, tag, v, args string) bool {
					if v != verb || done.Swap(true) {
						return false
					}
					server.act(c)
					return true
				})

				cfg := quick(s)
				cfg.Timeouts.Exchange = time.Hour
				if server.silent {
					cfg.Timeouts.Exchange = pace.Scale(300 * time.Millisecond)
				}
				store := &shelf{}
				w := watch(t, cfg, store)
				waitFor(t, "it connects again and fetches", func() bool {
					return s.flagged(1, "$PanelDone") && w.Health().OK && len(s.commands("greeting")) > 1
				})
				if n := len(s.commands("greeting")); n > 2 && !server.silent {
					t.Errorf("it has connected %d times for one failure", n)
				}

				for _, body := range store.bodies() { // again after a lost STORE: at least once
					if body != "one\r\n" {
						t.Errorf("got %q", body)
					}
				}
			})
		}
	}
}

func flood(c *serverConn) {
	for line := "* OK " + strings.Repeat("x", 4000) + "\r\n"; ; {
		if _, err := c.Write([]byte(line)); err != nil {
			return
		}
	}
}

// A flood is cut by its bytes, however long one would wait for an answer.
func TestFlood(t *testing.T) {
	t.Parallel()
	s := startServer(t, "one\r\n")
	var done atomic.Bool
	s.script(func(c *serverConn, tag, verb, args string) bool {
		if verb != "UID SEARCH" || done.Swap(true) {
			return false
		}
		flood(c)
		return true
	})
	cfg := quick(s)
	cfg.Timeouts.Exchange = time.Hour
	watch(t, cfg, &shelf{})
	waitFor(t, "it connects again and fetches", func() bool { return s.flagged(1, "$PanelDone") })
}

// A server that hangs while IDLE is on, the connection alive, says nothing: the re-arming
// finds out.
func TestHangInIdle(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	var done atomic.Bool
	s.script(func(c *serverConn, tag, verb, args string) bool {
		if verb != "IDLE" || done.Swap(true) {
			return false
		}
		c.say("+ idling")
		<-c.stop
		return true
	})
	cfg := quick(s)
	cfg.Timeouts.Exchange = 100 * time.Millisecond
	watch(t, cfg, &shelf{})
	waitFor(t, "it connects again", func() bool { return len(s.commands("LOGIN")) > 1 })
}

// EXISTS in IDLE is acted upon at once, long before the next poll.
func TestIdleWakes(t *testing.T) {
	t.Parallel()

	s := startServer(t)
	idling := make(chan *serverConn, 10)
	s.script(func(c *serverConn, tag, verb, args string) bool {
		if verb != "IDLE" {
			return false
		}
		c.say("+ idling")
		idling <- c
		_, _ = c.in.ReadString('\n')
		c.say("%s OK done", tag)
		return true
	})

	cfg := quick(s)
	cfg.Timeouts.Rearm = time.Hour
	store := &shelf{}
	watch(t, cfg, store)
	c := <-idling
	s.add("new\r\n")
	c.say("* 1 EXISTS")
	waitFor(t, "it is fetched", func() bool { return s.flagged(1, "$PanelDone") })
}

func TestServersWithLess(t *testing.T) {
	t.Parallel()

	for name, change := range map[string]func(s *server){
		"no IDLE": func(s *server) { s.caps = "IMAP4rev1" },
		"IDLE is refused": func(s *server) {
			s.hook = func(c *serverConn, tag, verb, _ string) bool {
				if verb == "IDLE" {
					c.say("%s NO not today", tag)
				}
				return verb == "IDLE"
			}
		},
		"no keywords": func(s *server) { s.flags = `\Seen` },
		"no flags":    func(s *server) { s.flags = `` },
		"no search for keywords": func(s *server) {
			s.hook = func(c *serverConn, tag, verb, args string) bool {
				refuse := verb == "UID SEARCH" && strings.Contains(args, "KEYWORD")
				if refuse {
					c.say("%s BAD what?", tag)
				}
				return refuse
			}
		},
		"keywords are forgotten": func(s *server) {
			s.hook = func(c *serverConn, tag, verb, args string) bool {
				if verb == "UID STORE" {
					c.say("%s OK done", tag)
				}
				return verb == "UID STORE"
			}
		},
		"STORE is refused": func(s *server) {
			s.hook = func(c *serverConn, tag, verb, args string) bool {
				if verb == "UID STORE" {
					c.say("%s NO read-only", tag)
				}
				return verb == "UID STORE"
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			s := startServer(t, "one\r\n", "two\r\n")
			s.mu.Lock()
			change(s)
			s.mu.Unlock()
			store := &shelf{}
			cfg := quick(s)
			watch(t, cfg, store)
			waitFor(t, "both", func() bool { return len(store.all()) == 2 })
			s.add("three\r\n")
			waitFor(t, "the third", func() bool { return len(store.all()) == 3 })
			looked := len(s.commands("UID SEARCH"))
			waitFor(t, "more looks", func() bool { return len(s.commands("UID SEARCH")) > looked+3 })

			if got := store.bodies(); !slices.Equal(got, []string{"one\r\n", "two\r\n", "three\r\n"}) {
				t.Errorf("got %q: each once", got)
			}
			if n := len(s.commands("LOGIN")); n != 1 {
				t.Errorf("%d logins, want one", n)
			}
		})
	}
}

// Where keywords are not kept, a new mail under an old UID is still a new mail.
func TestUIDUsedAgain(t *testing.T) {
	t.Parallel()
	s := startServer(t, "one\r\n")
	s.keep(`\Seen`)
	store := &shelf{}
	watch(t, quick(s), store)
	waitFor(t, "the first", func() bool { return len(store.all()) == 1 })
	s.mu.Lock()
	s.mails[0] = &serverMail{uid: 1, body: "another\r\n", flags: map[string]bool{}}
	s.mu.Unlock()
	waitFor(t, "the second", func() bool { return len(store.all()) == 2 })
}

// Another UIDVALIDITY: whatever is not flagged is handed over again.
func TestUIDValidityChanges(t *testing.T) {
	t.Parallel()

	s := startServer(t, "one\r\n")
	s.keep(`\Seen`)
	store := &shelf{}
	watch(t, quick(s), store)
	waitFor(t, "the first", func() bool { return len(store.all()) == 1 })
	s.mu.Lock()
	s.validity = 8
	s.mu.Unlock()
	var done atomic.Bool
	s.script(func(c *serverConn, tag, verb, _ string) bool {
		if verb != "NOOP" || done.Swap(true) {
			return false
		}
		c.Close()
		return true
	})

	waitFor(t, "it again", func() bool { return len(store.all()) == 2 })
	if m := store.all()[1]; m.UIDValidity != 8 || m.UID != 1 {
		t.Errorf("got %+v", m)
	}
}

// What the store did not take is not flagged, and comes again; what it took stays taken.
func TestStoreFails(t *testing.T) {
	t.Parallel()

	s := startServer(t, "one\r\n", "two\r\n", "three\r\n")
	var mended atomic.Bool
	store := &shelf{fail: func(m Mail) error {
		if m.UID == 2 && !mended.Load() {
			return errors.New("disk full")
		}
		return nil
	}}

	w := watch(t, quick(s), store)
	waitFor(t, "health says it", func() bool { return strings.Contains(w.Health().Detail, "disk full") })
	waitFor(t, "the first is flagged", func() bool { return s.flagged(1, "$PanelDone") })

	if s.flagged(2, `\Seen`) || s.flagged(3, `\Seen`) {
		t.Error("flagged before it was stored")
	}

	mended.Store(true)
	waitFor(t, "all are flagged", func() bool { return s.flagged(2, "$PanelDone") && s.flagged(3, "$PanelDone") })

	if got := store.bodies(); !slices.Equal(got, []string{"one\r\n", "two\r\n", "three\r\n"}) {
		t.Errorf("got %q", got)
	}
}

func TestLargeMail(t *testing.T) {
	t.Parallel()
	large := "Subject: large\r\n\r\n" + strings.Repeat("x", 5000)
	s := startServer(t, "before\r\n", large, "after\r\n")
	cfg := quick(s)
	cfg.MaxSize = 4000
	store := &shelf{}
	watch(t, cfg, store)
	waitFor(t, "all are flagged", func() bool {
		return s.flagged(1, "$PanelDone") && s.flagged(2, "$PanelDone") && s.flagged(3, "$PanelDone")
	})
	got := store.all()
	if len(got) != 3 || !got[1].Truncated || got[1].Size != int64(len(large)) || string(got[1].Raw) != large[:4000] {
		t.Errorf("got %d mails, the large one with %d bytes, truncated %v", len(got), len(got[1].Raw), got[1].Truncated)
	}
	if got[0].Truncated || got[2].Truncated {
		t.Error("its neighbours are marked truncated")
	}
}

func TestManyMails(t *testing.T) {
	t.Parallel()
	var bodies []string
	for i := range 2*listGroup + 3 {
		bodies = append(bodies, fmt.Sprintf("mail %d\r\n", i))
	}
	s := startServer(t, bodies...)
	store := &shelf{}
	watch(t, quick(s), store)
	waitFor(t, "the last", func() bool { return s.flagged(len(bodies), "$PanelDone") })
	if got := store.bodies(); !slices.Equal(got, bodies) {
		t.Errorf("got %d mails", len(got))
	}
}
