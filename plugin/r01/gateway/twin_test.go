package gateway

import (
	"strings"
	"testing"

	"registrar.panel/plugin/r01/mailauth"
	"registrar.panel/shared/registrar"
)

// A stranger who knows which Message-ID R01's answer will have can't make it look like one that
// has come before, whether he guesses its words or not. What was applied is known all the same.
func TestMailUnderTheIDOfAnAnswer(t *testing.T) {
	t.Parallel()
	for name, words := range map[string][]string{
		"the same words": delegated("two.ru"),
		"other words":    {"domain: two.ru", "status: TASK_FAILURE", "message: no"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGateOfClient(t)
			op := g.submit(registration("o2", "two.ru"))
			g.send()
			genuine := g.reply(2, delegated("two.ru")...)
			g.judge = mailauth.Verdict{Reason: "it has no signature"}
			g.receive(underTheID(t, genuine, g.mail("", words...)))
			g.expect(op.ID, registrar.Sent)
			g.judge = mailauth.Verdict{Verified: true}
			g.receive(genuine)
			g.expect(op.ID, registrar.Succeeded)
			waiting := len(g.reviews())
			g.receive(strings.TrimSuffix(genuine, "\n") + " \n")
			if now := len(g.reviews()); now != waiting {
				t.Errorf("a repetition with another blank makes %d mails wait, not %d", now, waiting)
			}
		})
	}
}

// underTheID gives a mail the Message-ID of another.
func underTheID(t *testing.T, of, mail string) string {
	t.Helper()
	id := func(raw string) string {
		return header(t, []byte(strings.ReplaceAll(raw, "\n", "\r\n")), "Message-ID")
	}
	return strings.Replace(mail, id(mail), id(of), 1)
}

func (g *gate) reviews() []registrar.Review {
	g.t.Helper()
	all, err := g.Desk.Reviews(g.t.Context())
	if err != nil {
		g.t.Fatal(err)
	}
	return all
}
