package main

import (
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"registrar.panel/host/web/api"
	"registrar.panel/internal/testrun"
)

// spam delivers a stranger's mail.
func (w *world) spam(n int, from, text string) {
	w.t.Helper()
	w.sim.Inject([]byte(fmt.Sprintf("From: %s\r\nTo: %s\r\nMessage-ID: <spam-%d@spam.example>\r\nSubject: Offer %d\r\n"+
		"Content-Type: text/plain; charset=utf-8\r\n\r\n%s\r\n", from, callback, n, n, text)))
}

// An operator copes with a flood on the command line: strangers have a list of their own, lists come in pages, many
// entries are resolved at once, and a sender is ignored and heeded again. Meanwhile the relay hangs, which raises an
// alarm. (TestDefaultPatience and TestLookoutRuns show that it comes within a minute.)
func TestOperatorDealsWithAFlood(t *testing.T) {
	t.Parallel()
	testrun.Place(t)
	w := newPlace(t)
	w.simulate()
	w.mail.smtp = silentRelay(t)
	w.settle(nil)
	w.serve()
	w.buy("unsent.ru", "c1", w.write("person.json", person))

	for i := range 5 {
		w.spam(i, "evil@spam.example", "Buy now.")
	}
	w.spam(5, "other@spam.example", "Buy here.")
	w.spam(6, robot, "Words of the robot that no rule knows.")
	w.spam(7, robot, "More of them.")
	var strangers, waiting []api.Review
	w.until("strangers and what a person must see", func() bool {
		w.json(&strangers, "review", "--strangers")
		w.json(&waiting, "review")
		return len(strangers) == 6 && len(waiting) == 2
	})
	if s := strangers[0]; !s.Stranger || s.From != "evil@spam.example" || s.Subject != "Offer 0" || s.Reason == "" {
		t.Errorf("a stranger is listed as %+v", s)
	}

	out, hint, code := w.run("review", "--strangers", "--limit", "4", "-o", "json")
	_, mark, found := strings.Cut(strings.TrimSpace(hint), "--after ")
	if code != 0 || strings.Count(out, `"id"`) != 4 || !found {
		t.Errorf("a page: exit %d, %q:\n%s", code, hint, out)
	}
	var rest []api.Review
	if w.json(&rest, "review", "--strangers", "--limit", "4", "--after", mark); len(rest) != 2 || rest[1].ID != strangers[5].ID {
		t.Errorf("the next page is %+v", rest)
	}
	var mails []api.MailEntry
	w.json(&mails, "mail", "--limit", "7")
	if len(mails) != 7 || mails[0].Subject != "Offer 7" || mails[0].State == nil || *mails[0].State != "review" {
		t.Errorf("mails: %+v", mails)
	}

	w.must("review", "resolve", waiting[0].ID, waiting[1].ID, "--outcome", "notice", "--reason", "nothing new")
	if shown := w.must("review", "show", waiting[1].ID); !strings.Contains(shown, "notice") || !strings.Contains(shown, "nothing new") {
		t.Errorf("it is shown as:\n%s", shown)
	}
	w.exitsWith(1, "was resolved as", "review", "resolve", waiting[0].ID, strangers[5].ID, "--outcome", "ignore")
	w.exitsWith(2, "name the entries", "review", "resolve", "--outcome", "ignore")
	w.exitsWith(2, "go with one ID", "review", "resolve", "a", "b", "--operation", "op", "--outcome", "done")
	w.exitsWith(1, "R01's address", "review", "resolve", "--from", robot, "--outcome", "ignore", "--from-now-on")
	if told := w.must("review", "resolve", "--from", "evil@spam.example", "--outcome", "ignore", "--from-now-on", "--reason", "spam"); !strings.Contains(told, "5") {
		t.Errorf("told:\n%s", told)
	}
	w.spam(8, "evil@spam.example", "Buy again.")
	w.spam(9, "third@spam.example", "Buy too.")
	w.until("the mail after the ignored one", func() bool {
		w.json(&strangers, "review", "--strangers")
		return len(strangers) > 0
	})
	if len(strangers) != 1 || strangers[0].From != "third@spam.example" {
		t.Errorf("with the sender ignored there wait %+v", strangers)
	}
	if list := w.must("review", "senders"); !strings.Contains(list, "evil@spam.example") || !strings.Contains(list, "spam") {
		t.Errorf("ignored:\n%s", list)
	}
	w.must("review", "senders", "--heed", "evil@spam.example")
	var senders []api.IgnoredSender
	if w.json(&senders, "review", "senders"); len(senders) != 0 {
		t.Errorf("ignored still: %+v", senders)
	}

	refused := w.post("/api/v1/review/resolve", api.ReviewsDecision{From: "a@b.example", Outcome: "done", By: "olga"})
	if refused.Code != "INVALID" || !slices.ContainsFunc(refused.Problems, func(p api.Problem) bool { return p.Path == "outcome" }) {
		t.Errorf("%s: %+v", filepath.Base(w.dir), refused)
	}

	w.hangs()
}

// silentRelay accepts connections and never answers.
func silentRelay(t *testing.T) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		var held []net.Conn
		for {
			c, err := l.Accept()
			if err != nil {
				break
			}
			held = append(held, c)
		}
		for _, c := range held {
			c.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return l.Addr().String()
}

// hangs waits for the alarm that the relay hangs; nothing was handed to the relay.
func (w *world) hangs() {
	w.t.Helper()
	w.until("the alarm that the relay hangs", func() bool {
		var entries []api.Entry
		w.json(&entries, "log", "--level", "error")
		return slices.ContainsFunc(entries, func(e api.Entry) bool { return e.Event == "alarm" && strings.HasPrefix(e.Message, "relay:") })
	})
	if d := w.domain("unsent.ru"); d.Status != "Registering" {
		w.t.Errorf("the domain is %+v", d)
	}
}
