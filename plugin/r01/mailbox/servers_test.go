package mailbox

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
)

const reply = "From: robot@registrar.example\r\nSubject: x\r\n\r\ndomain: newtime.ru\r\nstatus: TASK_SUCCESS\r\n"

// sizes lets the server say what it likes of a mail in a list; it sends every mail whole.
func sizes(s *server, say func(uid, length int) string) {
	s.script(func(c *serverConn, tag, verb, args string) bool {
		if verb != "UID FETCH" || strings.Contains(args, "BODY") || strings.Contains(args, "FLAGS") {
			return false
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, m := range c.chosen(args) {
			c.say("* %d FETCH (%s UID %d)", m.uid, say(m.uid, len(m.body)), m.uid)
		}
		c.say("%s OK FETCH completed.", tag)
		return true
	})
}

// What a server lists of a mail does not decide whether it exists, nor whether it is whole.
// Exchange, hMailServer and OVH estimate; IceWarp and the ProtonMail Bridge say 0.
func TestOddSizes(t *testing.T) {
	t.Parallel()

	size := func(n int) string { return "RFC822.SIZE " + strconv.Itoa(n) }
	for name, say := range map[string]func(uid, length int) string{
		"too many":            func(_, n int) string { return size(n + 37) },
		"too few":             func(_, n int) string { return size(n - 12) },
		"a third":             func(_, n int) string { return size(n / 3) },
		"none":                func(int, int) string { return size(0) },
		"one":                 func(int, int) string { return size(1) },
		"the same of all":     func(int, int) string { return size(4096) },
		"larger than we take": func(int, int) string { return size(900 << 20) },
		"beyond 32 bits":      func(int, int) string { return size(5 << 40) },
		"not listed":          func(int, int) string { return `INTERNALDATE "24-Nov-2026 02:00:00 +0000"` },
		"only flags":          func(int, int) string { return `FLAGS (\Recent)` },
		"right, of some":      func(uid, n int) string { return size(n + uid%2) },
		"right, with a date":  func(_, n int) string { return size(n) + ` INTERNALDATE "24-Nov-2026 05:00:00 +0300"` },
	} {
		for _, flags := range []string{`\Seen \Deleted \*`, `\Seen \Answered \Flagged \Deleted \Draft $MDNSent`} {
			t.Run(name+" "+flags, func(t *testing.T) {
				t.Parallel()

				s := startServer(t, reply, reply+"2\r\n", reply+"3\r\n")
				s.keep(flags)
				sizes(s, say)
				store := &shelf{}
				w := watch(t, quick(s), store)
				waitFor(t, "all are handed over", func() bool { return len(store.all()) == 3 })
				s.add(reply + "4\r\n")
				waitFor(t, "the fourth", func() bool { return len(store.all()) == 4 })
				looked := len(s.commands("UID SEARCH"))
				waitFor(t, "more looks", func() bool { return len(s.commands("UID SEARCH")) > looked+3 })

				got := store.all()
				if len(got) != 4 {
					t.Fatalf("%d mails: each once", len(got))
				}

				slices.SortFunc(got, func(a, b Mail) int { return int(a.UID) - int(b.UID) })

				for i, m := range got {
					if m.Truncated || len(m.Raw) != len(s.mails[i].body) || m.Size <= 0 || m.InternalDate.IsZero() {
						t.Errorf("UID %d: truncated %v, %d bytes, size %d, %s", m.UID, m.Truncated, len(m.Raw), m.Size, m.InternalDate)
					}
				}

				wrong := !strings.HasPrefix(name, "right, with") // the others are at least sometimes
				if h := w.Health(); !h.OK || strings.Contains(h.Detail, "wrong sizes") != wrong {
					t.Errorf("%+v", h)
				}

				if n := len(s.commands("LOGIN")); n != 1 {
					t.Errorf("%d logins", n)
				}
			})
		}
	}
}

// A mail that is larger than we take though the server lists it as small: its head is handed
// over, and it holds up no other.
func TestLargerThanListed(t *testing.T) {
	t.Parallel()
	large := strings.Repeat("x", 3<<20)
	s := startServer(t, reply, large, reply+"3\r\n")
	sizes(s, func(_, n int) string { return "RFC822.SIZE " + strconv.Itoa(min(n, 100)) })
	cfg := quick(s)
	cfg.MaxSize = 1 << 20
	store := &shelf{}
	watch(t, cfg, store)
	waitFor(t, "all are flagged", func() bool {
		return s.flagged(1, "$PanelDone") && s.flagged(2, "$PanelDone") && s.flagged(3, "$PanelDone")
	})
	for _, m := range store.all() {
		if m.Truncated != (m.UID == 2) || m.Truncated && len(m.Raw) != Head {
			t.Errorf("UID %d: truncated %v, %d bytes", m.UID, m.Truncated, len(m.Raw))
		}
	}
}

// The items of an answer come in any order and in pieces, and two mails under one UID.
func TestOddAnswers(t *testing.T) {
	t.Parallel()

	const other = "From: robot@registrar.example\r\n\r\nanother\r\n"
	for name, c := range map[string]struct {
		answer string // to a fetch of bodies; %d is the length of the body before it
		want   []string
	}{
		"the UID last":          {"* 1 FETCH (BODY[] {LEN}\r\nBODY UID 1)\r\n", []string{reply}},
		"the date last":         {"* 1 FETCH (BODY[] {LEN}\r\nBODY INTERNALDATE \"24-Nov-2026 02:00:00 +0000\" UID 1)\r\n", []string{reply}},
		"the date apart":        {"* 1 FETCH (UID 1 INTERNALDATE \"24-Nov-2026 02:00:00 +0000\")\r\n* 1 FETCH (UID 1 BODY[] {LEN}\r\nBODY)\r\n", []string{reply}},
		"flags first":           {"* 1 FETCH (FLAGS (\\Seen) UID 1)\r\n* 1 FETCH (UID 1 BODY[] {LEN}\r\nBODY)\r\n", []string{reply}},
		"without a UID":         {"* 1 FETCH (BODY[] {LEN}\r\nBODY)\r\n", []string{reply}},
		"twice":                 {"* 1 FETCH (UID 1 BODY[] {LEN}\r\nBODY)\r\n* 1 FETCH (UID 1 BODY[] {LEN}\r\nBODY)\r\n", []string{reply}},
		"two mails of one UID":  {"* 1 FETCH (UID 1 BODY[] {LEN}\r\nBODY)\r\n* 2 FETCH (UID 1 BODY[] {OTHERLEN}\r\nOTHER)\r\n", []string{other, reply}},
		"lower case":            {"* 1 fetch (uid 1 body[] {LEN}\r\nBODY)\r\n", []string{reply}},
		"a mail that we wanted": {"* 9 FETCH (UID 9 BODY[] {OTHERLEN}\r\nOTHER)\r\n* 1 FETCH (UID 1 BODY[] {LEN}\r\nBODY)\r\n", []string{reply}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			s := startServer(t, reply)
			s.script(func(conn *serverConn, tag, verb, args string) bool {
				if verb != "UID FETCH" || !strings.Contains(args, "BODY") {
					return false
				}
				fmt.Fprint(conn.Conn, strings.NewReplacer("OTHERLEN", strconv.Itoa(len(other)), "OTHER", other, "BODY[]", "BODY[]", "body[]", "body[]",
					"LEN", strconv.Itoa(len(reply)), "BODY", reply).Replace(c.answer))
				conn.say("%s OK done", tag)
				return true
			})

			store := &shelf{}
			watch(t, quick(s), store)
			waitFor(t, "it is flagged", func() bool { return s.flagged(1, "$PanelDone") })

			got := store.bodies()
			if slices.Sort(got); !slices.Equal(got, c.want) {
				t.Errorf("got %q", got)
			}
		})
	}
}

// A UID that the server gives to another mail, while it keeps no keywords.
func TestSecondMailOfAUID(t *testing.T) {
	t.Parallel()
	s := startServer(t, reply)
	s.keep(`\Seen`)
	store := &shelf{}
	watch(t, quick(s), store)
	waitFor(t, "the first", func() bool { return len(store.all()) == 1 })
	s.mu.Lock()
	s.mails = append(s.mails, &serverMail{uid: 1, body: reply + "of the same UID\r\n", flags: map[string]bool{}})
	s.mu.Unlock()
	waitFor(t, "the second", func() bool { return slices.Contains(store.bodies(), reply+"of the same UID\r\n") })
}

// hook answers a command in the server's stead, or leaves it to the server.
type hook = func(c *serverConn, tag, verb, args string) bool

// searched answers searches, if the answer is ok.
func searched(answer func(c *serverConn, args string) (found string, ok bool)) hook {
	return func(c *serverConn, tag, verb, args string) bool {
		if verb != "UID SEARCH" {
			return false
		}
		found, ok := answer(c, args)
		if ok {
			c.say("%s\r\n%s OK SEARCH completed (Success)", found, tag)
		}
		return ok
	}
}

// keywordsFind has each search by keyword find the same.
func keywordsFind(found string) hook {
	return searched(func(_ *serverConn, args string) (string, bool) { return found, strings.Contains(args, "KEYWORD") })
}

// claims says that there are so many mails, and finds none by keyword.
func claims(n int) hook {
	return func(c *serverConn, tag, verb, args string) bool {
		switch {
		case verb == "SELECT":
			c.say("* %d EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [PERMANENTFLAGS (\\Seen \\*)] x\r\n%s OK [READ-WRITE] done", n, tag)
			return true
		case verb == "UID SEARCH" && strings.Contains(args, "KEYWORD"):
			c.say("* SEARCH\r\n%s OK done", tag)
			return true
		}
		return false
	}
}

// dropsFlags takes what is to be flagged and keeps no flag, so many times.
func dropsFlags(times int32) hook {
	var stores atomic.Int32
	return func(c *serverConn, tag, verb, _ string) bool {
		lost := verb == "UID STORE" && stores.Add(1) <= times
		if lost {
			c.say("%s OK STORE completed", tag)
		}
		return lost
	}
}

// Searches that do not find what is there, flags that are not kept, counts that are wrong.
func TestSearchesThatLie(t *testing.T) {
	t.Parallel()

	var calls atomic.Int32
	for name, c := range map[string]struct {
		hook hook
		says string
	}{
		"nothing (Gmail)":        {keywordsFind("* SEARCH"), "does not find 2 of them"},
		"no answer at all":       {keywordsFind("* OK no mail"), "does not find 2 of them"},
		"only the first":         {keywordsFind("* SEARCH 1"), "does not find 1 of them"},
		"each twice":             {keywordsFind("* SEARCH 2 1 2 1"), ""},
		"mails that are gone":    {keywordsFind("* SEARCH 1 2"), ""},
		"nothing, EXISTS says 0": {claims(0), "does not find 2 of them"},
		"nothing, EXISTS says 9": {claims(9), "does not find 2 of them"},
		"nothing, later": {searched(func(_ *serverConn, args string) (string, bool) {
			return "* SEARCH", strings.Contains(args, "KEYWORD") && calls.Add(1) > 3
		}), ""},
		"flags are dropped":      {dropsFlags(math.MaxInt32), "forgets the keyword"},
		"flags are dropped once": {dropsFlags(1), ""},
		"flags are refused": {func(c *serverConn, tag, verb, args string) bool {
			if verb == "UID STORE" {
				c.say("%s NO [CANNOT] no keywords", tag)
			}
			return verb == "UID STORE"
		}, "permit it on the server"},
		"no flags are told": {func(c *serverConn, tag, verb, args string) bool {
			told := verb == "UID FETCH" && strings.Contains(args, "FLAGS")
			if told {
				c.say("%s BAD what?", tag)
			}
			return told
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			s := startServer(t, reply, reply+"2\r\n")
			s.script(c.hook)
			store := &shelf{}
			w := watch(t, quick(s), store)
			waitFor(t, "both are handed over", func() bool { return len(store.all()) >= 2 })
			waitFor(t, "health says it", func() bool { return strings.Contains(w.Health().Detail, c.says) })
			s.add(reply + "3\r\n")
			waitFor(t, "the third", func() bool { return slices.Contains(store.bodies(), reply+"3\r\n") })
			looked := len(s.commands("UID SEARCH"))
			waitFor(t, "more looks", func() bool { return len(s.commands("UID SEARCH")) > looked+6 })

			if got := store.bodies(); len(got) != 3 {
				t.Errorf("%d mails: each once", len(got))
			}
			if n := len(s.commands("LOGIN")); n != 1 {
				t.Errorf("%d logins", n)
			}
			if name == "flags are dropped once" && (!s.flagged(1, string(Done)) || !s.flagged(2, string(Done)) || strings.Contains(w.Health().Detail, "forgets")) {
				t.Errorf("a flag that was lost once is not set again: %+v", w.Health())
			}
		})
	}
}

// A mail that comes while mails are counted is none that a search does not find.
func TestMailComesWhileMailsAreCounted(t *testing.T) {
	t.Parallel()
	s := startServer(t, reply)
	var came atomic.Bool
	s.script(func(_ *serverConn, _, verb, args string) bool {
		if verb == "UID SEARCH" && !strings.Contains(args, "KEYWORD") && !came.Swap(true) {
			s.add(reply + "2\r\n")
		}
		return false
	})
	store := &shelf{}
	w := watch(t, quick(s), store)
	waitFor(t, "both are flagged", func() bool { return s.flagged(1, "$PanelDone") && s.flagged(2, "$PanelDone") })
	waitFor(t, "more looks", func() bool { return len(s.commands("UID SEARCH")) > 6 })
	if len(store.all()) != 2 || strings.Contains(w.Health().Detail, "about the server") {
		t.Errorf("%d mails, %+v", len(store.all()), w.Health())
	}
}

// What is handled already is not taken for a mail that a search did not find.
func TestHandledMailsAreCounted(t *testing.T) {
	t.Parallel()
	s := startServer(t, reply, reply+"2\r\n")
	s.mails[0].flags["$paneldone"] = true // in whatever case
	s.mails[0].flags["$PanelDone"] = true
	store := &shelf{}
	w := watch(t, quick(s), store)
	waitFor(t, "the second is flagged", func() bool { return s.flagged(2, "$PanelDone") })
	waitFor(t, "more looks", func() bool { return len(s.commands("UID SEARCH")) > 6 })
	if len(store.all()) != 1 || strings.Contains(w.Health().Detail, "about the server") {
		t.Errorf("%d mails, %+v", len(store.all()), w.Health())
	}
}

func TestCheckRemarks(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		change func(s *server)
		says   string // "" = nothing
	}{
		"well":        {func(s *server) {}, ""},
		"an estimate": {func(s *server) { sizes(s, func(_, n int) string { return fmt.Sprintf("RFC822.SIZE %d", n+3) }) }, "wrong sizes"},
		"no size":     {func(s *server) { sizes(s, func(_, n int) string { return `FLAGS ()` }) }, "wrong sizes"},
		"a size of 0": {func(s *server) { sizes(s, func(int, int) string { return "RFC822.SIZE 0" }) }, "wrong sizes"},
		"no keywords": {func(s *server) { s.keep(`\Seen`) }, "keeps no keyword $PanelDone"},
		"UNKEYWORD that finds nothing": {func(s *server) {
			s.script(func(c *serverConn, tag, verb, args string) bool {
				if verb != "UID SEARCH" || !strings.Contains(args, "KEYWORD") {
					return false
				}
				c.say("* SEARCH\r\n%s OK SEARCH completed (Success)", tag)
				return true
			})
		}, "search for mails without the keyword $PanelDone does not find"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			s := startServer(t, reply, reply)
			c.change(s)
			remarks, err := Check(t.Context(), quick(s))
			if err != nil || !strings.Contains(remarks, c.says) || c.says == "" && remarks != "" {
				t.Errorf("%q %v", remarks, err)
			}

			if s.flagged(1, `\Seen`) {
				t.Error("a check has marked a mail")
			}
		})
	}
}

// Only the codes that say so, and two refusals in a row without a code, are a wrong password.
func TestWhatARefusedLoginMeans(t *testing.T) {
	t.Parallel()

	const busy, doubtful, wrong = "will be asked again", "does not say that the password is wrong", "check username and password"
	for said, want := range map[string]string{
		"[AUTHENTICATIONFAILED] Invalid credentials (Failure)":                                 wrong,
		"[AUTHORIZATIONFAILED] no access":                                                      wrong,
		"[EXPIRED] That password isn't any good any more":                                      wrong,
		"[PRIVACYREQUIRED] Connection not encrypted":                                           wrong,
		"[CONTACTADMIN] too many":                                                              wrong,
		"[ALERT] Too many simultaneous connections. (Failure)":                                 busy,
		"Too many simultaneous connections":                                                    busy,
		"[UNAVAILABLE] Maximum number of connections":                                          busy,
		"[UNAVAILABLE] Temporary authentication failure. [mx:2026-11-24]":                      busy,
		"[LIMIT] Too many logins":                                                              busy,
		"[INUSE] mailbox is locked":                                                            busy,
		"[SERVERBUG] Internal error occurred":                                                  busy,
		"[OVERQUOTA] full":                                                                     busy,
		"[ALERT] Please log in via your web browser":                                           busy,
		"[ALERT] Account exceeded command or bandwidth limits. (Failure)":                      busy,
		"Server busy, try again later":                                                         busy,
		"Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10)": busy,
		"System maintenance":                                                                   busy,
		"LOGIN failed.":                                                                        doubtful,
		"AUTHENTICATE failed.":                                                                 doubtful,
		"[ALERT] Invalid credentials (Failure)":                                                doubtful,
		"Too many failed login attempts":                                                       doubtful,
		"[ALERT] Account is temporarily locked":                                                doubtful,
		"":                                                                                     doubtful,
		"\xd0\x9d\xd0\xb5\xd0\xb2\xd0\xb5\xd1\x80\xd0\xbd\xd1\x8b\xd0\xb9 \xd0\xbf\xd0\xb0\xd1\x80\xd0\xbe\xd0\xbb\xd1\x8c": doubtful,
	} {
		t.Run(said, func(t *testing.T) {
			t.Parallel()

			s := startServer(t)
			s.script(func(c *serverConn, tag, verb, args string) bool {
				if verb == "LOGIN" {
					c.say("%s NO %s", tag, said)
				}
				return verb == "LOGIN"
			})

			_, err := connect(t.Context(), quick(s).withDefaults())
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Fatalf("%v", err)
			}

			w := New(quick(s), nil, nil)
			once, twice := w.weighRefusal(err), w.weighRefusal(err)
			if errors.Is(once, errLogin) != (want == wrong) || errors.Is(twice, errLogin) != (want != busy) {
				t.Errorf("once: %v\ntwice: %v", once, twice)
			}

			if _, err := Check(t.Context(), quick(s)); strings.Contains(err.Error(), "check username and password") != (want != busy) {
				t.Errorf("check: %v", err)
			}
		})
	}
}

// The server's words are shown, and the password that some of them repeat is not.
func TestWordsOfARefusal(t *testing.T) {
	t.Parallel()

	forms := []string{password, strings.ToUpper(password), `"` + password + `"`, base64.StdEncoding.EncodeToString([]byte("\x00user\x00" + password)),
		base64.StdEncoding.EncodeToString([]byte(password)), password[:6]}
	s := startServer(t)
	s.script(func(c *serverConn, tag, verb, args string) bool {
		if verb == "LOGIN" {
			c.say("%s NO [ALERT] your words were: %s; call +1 555", tag, strings.Join(forms, " "))
		}
		return verb == "LOGIN"
	})

	_, err := Check(t.Context(), quick(s))
	if err == nil || !strings.Contains(err.Error(), "your words were") || !strings.Contains(err.Error(), "call +1 555") {
		t.Errorf("the words are not shown: %v", err)
	}

	for _, f := range forms {
		if strings.Contains(strings.ToLower(fmt.Sprint(err)), strings.ToLower(f)) {
			t.Errorf("it shows %q: %v", f, err)
		}
	}
}

// A busy server is asked again soon, and after a login all is forgotten.
func TestBusyServerIsAskedAgain(t *testing.T) {
	t.Parallel()
	s := startServer(t, reply)
	s.script(func(c *serverConn, tag, verb, _ string) bool {
		if verb == "LOGIN" && len(c.commands("LOGIN")) < 6 {
			c.say("%s NO [ALERT] Too many simultaneous connections. (Failure)", tag)
			return true
		}
		return false
	})
	w := watch(t, quick(s), &shelf{})
	waitFor(t, "it gets in", func() bool { return s.flagged(1, "$PanelDone") && w.Health().OK })
}
