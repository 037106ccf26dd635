package gateway

import (
	"strings"
	"testing"
	"time"
)

// A proved answer to a mail as only we write them, which this account never sent, is told of: another
// account reads the mailbox. What a stranger can write is not, and neither is what was forgotten.
func TestSharedMailboxIsNoticed(t *testing.T) {
	t.Parallel()
	const foreign = "<ABCDEFGHIJKLMNOPQRSTUVWX23@panel.example>"
	for _, c := range []struct {
		why  string
		mail func(g *gate) string
		told bool
	}{
		{"an answer to another account", func(g *gate) string { return g.mail(foreign, delegated("theirs.ru")...) }, true},
		{"an answer that repeats its token", func(g *gate) string {
			return strings.Replace(g.mail("", delegated("theirs.ru")...), "Subject: answer", "Subject: Re: New domain [ABCDEFGHIJKLMNOPQRSTUVWX23]", 1)
		}, true},
		{"an unproved one", func(g *gate) string { g.judge.Verified = false; return g.mail(foreign, delegated("theirs.ru")...) }, false},
		{"one that nothing has to prove", func(g *gate) string { g.settings.Proof = false; return g.mail(foreign, delegated("theirs.ru")...) }, false},
		{"one to somebody else", func(g *gate) string {
			return strings.Replace(g.mail(foreign, delegated("theirs.ru")...), "To: callback@panel.example", "To: other@panel.example", 1)
		}, false},
		{"an answer to a mail that we would not write", func(g *gate) string { return g.mail("<1@panel.example>", delegated("theirs.ru")...) }, false},
		{"an answer of ours", func(g *gate) string { return g.reply(0, "domain: first.ru", "status: TASK_QUEUED") }, false},
	} {
		t.Run(c.why, func(t *testing.T) {
			t.Parallel()
			g := newGate(t)
			g.settings.Proof = true
			g.registerClient()
			g.receive(c.mail(g))
			g.receive(c.mail(g)) // and once more
			want := 0
			if c.told {
				want = 1
			}
			if n := g.mentions("reads the same mailbox"); n != want {
				t.Errorf("told %d times, want %d", n, want)
			}
			health, err := g.Views.Health(t.Context())
			if err != nil || health[0].OK == c.told {
				t.Errorf("health %+v, %v", health[0], err)
			}
			g.pass(time.Hour)
			g.pass(49 * time.Hour)
			if health, err := g.Views.Health(t.Context()); err != nil || strings.Contains(health[0].Detail, "same mailbox") {
				t.Errorf("two days later: %+v, %v", health[0], err)
			}
		})
	}
}
