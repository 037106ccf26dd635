package mailbox

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"
)

// answering says of a server that its search finds these answers.
func answering(c *serverConn, tag, verb, args string, uids ...int) bool {
	if verb != "UID SEARCH" || !strings.Contains(args, "In-Reply-To") && !strings.Contains(args, "IN-REPLY-TO") {
		return false
	}
	c.say("* SEARCH%s\r\n%s OK", strings.TrimRight(" "+strings.Trim(fmt.Sprint(uids), "[]"), " "), tag)
	return true
}

var answers = Answers{From: []string{"robot@registrar.example"}, Thread: "@panel.example>"}

// Where many mails wait, those that may answer ours come first; and one that arrives while the others
// are fetched waits for one part of them at most.
func TestAnswersComeFirst(t *testing.T) {
	t.Parallel()
	const many = 4*crowd + 10
	var bodies []string
	for i := range many {
		bodies = append(bodies, fmt.Sprintf("junk %d\r\n", i))
	}
	s := startServer(t, append(bodies, "an answer\r\n")...)
	fetches := 0
	s.script(func(c *serverConn, tag, verb, args string) bool {
		if verb == "UID FETCH" && strings.Contains(args, "BODY") {
			if fetches++; fetches == 2 { // the first part of the junk
				c.add("another answer\r\n")
				c.say("* %d EXISTS", many+2)
			}
		}
		found := []int{many + 1}
		if fetches >= 2 {
			found = append(found, many+2)
		}
		return answering(c, tag, verb, args, found...)
	})
	store := &shelf{}
	c := quick(s)
	c.Answers = answers
	watch(t, c, store)
	waitFor(t, "the last of the junk", func() bool { return s.flagged(many, "$PanelDone") })
	got := store.bodies()
	if got[0] != "an answer\r\n" || got[crowd+1] != "another answer\r\n" {
		t.Errorf("the answers came as number %d and %d of %d", slices.Index(got, "an answer\r\n"), slices.Index(got, "another answer\r\n"), len(got))
	}
	if got = slices.DeleteFunc(got, func(b string) bool { return strings.Contains(b, "answer") }); !slices.Equal(got, bodies) {
		t.Errorf("of %d others %d came", len(bodies), len(got))
	}
}

// A server that can't look for answers, or loses the connection over it, is asked once.
func TestAnswersCantBeLookedFor(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"NO", "BAD", "cut"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			var bodies []string
			for i := range 2*crowd + 1 {
				bodies = append(bodies, fmt.Sprintf("mail %d\r\n", i))
			}
			s := startServer(t, bodies...)
			s.script(func(c *serverConn, tag, verb, args string) bool {
				if !answering(c, "*", verb, args) {
					return false
				}
				if how == "cut" {
					c.Close()
				} else {
					c.say("%s %s not here", tag, how)
				}
				return true
			})
			store := &shelf{}
			c := quick(s)
			c.Answers = answers
			watch(t, c, store)
			waitFor(t, "the last", func() bool { return s.flagged(len(bodies), "$PanelDone") })
			if got := store.bodies(); !slices.Equal(got, bodies) {
				t.Errorf("got %d mails", len(got))
			}
		})
	}
}

// Nothing is asked beside what a mailbox of an ordinary size needs.
func TestFewMailsNeedNoSecondSearch(t *testing.T) {
	t.Parallel()
	s := startServer(t, "one\r\n", "two\r\n")
	c := quick(s)
	c.Answers = answers
	watch(t, c, &shelf{})
	waitFor(t, "both", func() bool { return s.flagged(2, "$PanelDone") })
	for _, command := range s.commands("UID SEARCH") {
		if strings.Contains(strings.ToUpper(command), "IN-REPLY-TO") {
			t.Errorf("asked: %s", command)
		}
	}
	if c := (Answers{}).criteria(imap.UID(1)); c != nil {
		t.Errorf("without any sign of answers they are looked for by %+v", c)
	}
}
