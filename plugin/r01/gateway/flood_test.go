package gateway

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/mailauth"
	"registrar.panel/plugin/r01/mailbox"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// junk is a mail of a stranger that has nothing to do with us.
func (g *gate) junk(n int, from, text string) string {
	return fmt.Sprintf("From: %s\nTo: callback@panel.example\nSubject: Cheap offer %d\nDate: %s\nMessage-ID: <junk-%d@spam.example>\n"+
		"MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n%s\n", from, n, g.clock.Format(time.RFC1123Z), n, text)
}

// names is a text of so many bytes that names nothing but domains.
func names(size int) string {
	var b strings.Builder
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, "name%d.ru xn--name%d.su PREFIX_%d_ABCDEF-R01\n", i, i, i)
	}
	return b.String()
}

// store stores mails without reading them.
func (g *gate) keep(mails ...string) {
	g.t.Helper()
	var all []mailbox.Mail
	for _, m := range mails {
		all = append(all, mailbox.Mail{Raw: []byte(strings.ReplaceAll(m, "\n", "\r\n"))})
	}
	if err := g.Deliver(g.t.Context(), all); err != nil {
		g.t.Fatal(err)
	}
}

func (g *gate) page(q registrar.ReviewQuery) registrar.ReviewPage {
	g.t.Helper()
	page, err := g.ReviewPage(g.t.Context(), q)
	if err != nil {
		g.t.Fatal(err)
	}
	return page
}

func (g *gate) strangers() []registrar.Review {
	g.t.Helper()
	return g.page(registrar.ReviewQuery{Strangers: true}).Reviews
}

// alarmsOf lists the events that tell of an alarm with these words.
func (g *gate) alarmsOf(words string) (found []registrar.Event) {
	g.t.Helper()
	events, err := engine.Look(g.t.Context(), g.st, func(tx *store.Tx) ([]registrar.Event, error) { return tx.Events(0, 100000) })
	if err != nil {
		g.t.Fatal(err)
	}
	return slices.DeleteFunc(events, func(e registrar.Event) bool {
		return e.Type != registrar.EventAlarm || !strings.Contains(e.Message, words)
	})
}

// watched tells in which order senders are looked at, and does something before each.
type watched struct {
	order  []string
	before func(n int)
}

func (w *watched) Verify(_ context.Context, raw []byte) mailauth.Verdict {
	if w.before != nil {
		w.before(len(w.order))
	}
	from, _, _ := strings.Cut(strings.TrimPrefix(string(raw), "From: "), "\r\n")
	w.order = append(w.order, from)
	return mailauth.Verdict{Verified: true}
}

func (w *watched) MadeHere([]byte) mailauth.Verdict { return mailauth.Verdict{} }

// What answers a mail of ours is read before all that came earlier and does not; and what claims to be
// R01's before other strangers. One that arrives in the middle of the flood waits for the piece under
// way at most.
func TestAnswersOvertakeTheFlood(t *testing.T) {
	t.Parallel()
	g := newGateOfClient(t)
	first, second := g.submit(registration("o1", "one.ru")), g.submit(registration("o2", "two.ru"))
	g.send()
	one, two := g.reply(g.last()-1, delegated("one.ru")...), g.reply(g.last(), delegated("two.ru")...)

	var flood []string
	for i := range 200 {
		flood = append(flood, g.junk(i, fmt.Sprintf("evil%d@spam.example", i), "buy"))
	}
	for i := range 2 { // large ones, each a piece of its own
		flood = append(flood, g.junk(1000+i, "names@spam.example", names(900<<10)))
	}
	g.keep(flood...)
	g.keep(g.mail("", "Some words of the robot."), one)
	arrives, w := 60, &watched{}
	w.before = func(n int) {
		if n == arrives {
			g.keep(two)
		}
	}
	g.verifier.Verifier = w
	if err := g.ReadNew(t.Context()); err != nil {
		t.Fatal(err)
	}
	g.expect(first.ID, registrar.Succeeded)
	g.expect(second.ID, registrar.Succeeded)

	const robot = "robot@registrar.example"
	if w.order[0] != robot || w.order[1] != robot || strings.HasPrefix(w.order[2], robot) {
		t.Errorf("read in the order %q, want the answer and what claims to be R01's first", w.order[:4])
	}
	const piece = 50
	if at := slices.Index(w.order[2:], robot) + 2; at < arrives || at > arrives+piece {
		t.Errorf("the answer that arrived behind %d mails was read behind %d, want one piece of %d later at most", arrives, at, piece)
	}
	if len(w.order) != len(flood)+3 {
		t.Errorf("%d mails were read, want %d", len(w.order), len(flood)+3)
	}
}

// The mail of strangers waits in a list of its own, cut, tells nothing and raises no alarm; when its time
// is up its text is removed, and it is known all the same.
func TestStrangersWaitApart(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	big := g.junk(1, "evil@spam.example", strings.Repeat("large and of no use. ", 20000))
	g.receive(big)
	g.clock = g.clock.Add(time.Second)
	g.receive(g.junk(2, "other@spam.example", "passport 4510 123456"))
	if got := g.wanted(); len(got) > 0 {
		t.Fatalf("before a person wait %q", got)
	}
	if all := g.alarmsOf(""); len(all) > 0 {
		t.Errorf("alarms: %+v", all)
	}
	events, err := engine.Look(t.Context(), g.st, func(tx *store.Tx) ([]registrar.Event, error) { return tx.Events(0, 10) })
	if err != nil || len(events) > 0 {
		t.Errorf("it is told: %+v, %v", events, err)
	}

	list := g.strangers()
	if len(list) != 2 || list[0].From != "evil@spam.example" || list[0].Subject != "Cheap offer 1" || list[0].Reason == "" || !list[0].Stranger {
		t.Fatalf("strangers: %+v", list)
	}
	raw, err := engine.Look(t.Context(), g.st, func(tx *store.Tx) ([]byte, error) { return tx.Mails.Raw(list[0].Mail) })
	if err != nil || len(raw) != 64<<10 {
		t.Errorf("%d bytes are kept, %v", len(raw), err)
	}

	g.clock = g.clock.Add(14*day - time.Second)
	if err := g.Sweep(t.Context()); err != nil || len(g.strangers()) != 2 {
		t.Errorf("they expired on their last day: %v", err)
	}
	g.clock = g.clock.Add(time.Millisecond)
	if err := g.Sweep(t.Context()); err != nil || len(g.strangers()) != 1 {
		t.Errorf("the first did not expire alone: %v", err)
	}
	g.clock = g.clock.Add(time.Second)
	if err := g.Sweep(t.Context()); err != nil || len(g.strangers()) != 0 {
		t.Errorf("they did not expire: %v", err)
	}
	m, err := g.Mail(t.Context(), list[0].Mail)
	if err != nil || !strings.Contains(m.Text, "is not kept") || m.Subject != "Cheap offer 1" || m.State != registrar.MailIgnored {
		t.Errorf("it is shown as %+v, %v", m, err)
	}
	g.receive(big)
	if len(g.strangers()) != 0 {
		t.Error("it is taken for a new one")
	}
}

// What names something that is under way, reads like R01's or says that it is waits for a person,
// until the day's quota is used up; the rest waits with the strangers, and then is not kept. One
// alarm tells of all that, and the next day begins anew.
func TestQuotas(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	s := testSettings()
	s.Quota = 3
	g.restart(s)
	g.registerClient()
	g.submit(registration("o1", "open.ru"))
	g.send()
	counts := func(desk, strangers, alarms int) {
		t.Helper()
		if d, s, a := len(g.wanted()), len(g.strangers()), len(g.alarmsOf("flood")); d != desk || s != strangers || a != alarms {
			t.Errorf("%d wait for a person, %d with the strangers, %d alarms; want %d, %d, %d", d, s, a, desk, strangers, alarms)
		}
	}
	n := 0
	receive := func(times int, from, text string) {
		for range times {
			n++
			g.receive(g.junk(n, from, text))
		}
	}
	receive(3, "evil@spam.example", "Look at open.ru")
	counts(3, 0, 0)
	receive(4, "evil@spam.example", "Look at open.ru")
	counts(3, 3, 1)
	receive(5, "evil@spam.example", "Nothing of yours.")
	counts(3, 3, 1)
	for i := range 40 { // each a sender of its own: all of them together have ten quotas
		receive(1, fmt.Sprintf("evil%d@spam.example", i), "Nothing of yours.")
	}
	counts(3, 30, 1)
	g.receive(g.reply(g.last(), delegated("open.ru")...)) // what answers us has no quota
	if d := g.status("open.ru"); d.Status != registrar.StatusRegistered {
		t.Errorf("the answer was not applied: %s", d.Status)
	}

	g.clock = g.clock.Add(day)
	if err := g.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if h, err := g.Health(t.Context()); err != nil || slices.ContainsFunc(h, func(c registrar.Component) bool { return c.Name == "strangers" && !c.OK }) {
		t.Errorf("a day later the alarm stands: %+v, %v", h, err)
	}
	receive(3, "evil@spam.example", "Nothing of yours.")
	counts(3, 33, 1)
}

// The lists are pages, in order, each entry once, and no mail is opened for them.
func TestPages(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	var want []string
	for i := range 25 {
		g.clock = g.clock.Add(time.Duration(i%3) * time.Second) // some come at the same time
		g.receive(g.junk(i, fmt.Sprintf("evil%d@spam.example", i), "buy"))
		want = append(want, fmt.Sprintf("Cheap offer %d", i))
	}
	for _, e := range g.strangers() { // whose bytes are gone, as no list may open them
		if err := g.st.Write(t.Context(), func(tx *store.Tx) error { return tx.Mails.Cut(e.Mail, 0) }); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	q := registrar.ReviewQuery{Strangers: true, Size: 10}
	for pages := 1; ; pages++ {
		page := g.page(q)
		for _, e := range page.Reviews {
			got = append(got, e.Subject)
		}
		q.After = page.Reviews[len(page.Reviews)-1].Place()
		if !page.More {
			if pages != 3 {
				t.Errorf("%d pages", pages)
			}
			break
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("listed %q", got)
	}

	var mails []registrar.Mail
	mq := registrar.MailQuery{Size: 10}
	for more := true; more; {
		page, err := g.MailPage(t.Context(), mq)
		if err != nil {
			t.Fatal(err)
		}
		mails, more = append(mails, page.Mails...), page.More
		mq.Before = mails[len(mails)-1].Place()
	}
	sorted := slices.IsSortedFunc(mails, func(a, b registrar.Mail) int { return a.Place().Compare(b.Place()) })
	if len(mails) != 25 || !sorted || !strings.HasPrefix(mails[0].Subject, "Cheap offer 2") || mails[0].State != registrar.MailReview || mails[0].From == "" {
		t.Errorf("%d mails, sorted %v, the newest %+v", len(mails), sorted, mails[0])
	}
}

// Several entries are resolved at once, as they were seen, each by itself; or all of a sender.
func TestResolveSeveral(t *testing.T) {
	t.Parallel()
	g := newGateOfClient(t)
	g.submit(registration("o1", "open.ru"))
	g.send()
	for i := range 4 {
		g.receive(g.junk(i, "hints@spam.example", "Look at open.ru"))
	}
	g.clock = g.clock.Add(time.Second) // so that it is the last of the list
	g.receive(g.mail("", "Words of the robot."))
	for i := range 3 {
		g.receive(g.junk(10+i, fmt.Sprintf("evil%d@spam.example", i), "buy"))
	}
	desk := g.page(registrar.ReviewQuery{}).Reviews
	d := registrar.ReviewsDecision{Outcome: registrar.ReplyIgnore, By: "olga", Note: "spam"}
	d.Reviews = []registrar.SeenReview{{ID: desk[0].ID, Version: desk[0].Version}, {ID: desk[1].ID, Version: "of yesterday"}, {ID: "rv-none", Version: "1"}}
	done, err := g.ResolveReviews(t.Context(), d)
	if err != nil || done.Resolved != 1 || len(done.Refused) != 2 || done.Refused[0].Code != registrar.Conflict || done.Refused[1].Code != registrar.NotFound {
		t.Fatalf("resolved %+v, %v", done, err)
	}
	if e, err := g.Review(t.Context(), desk[0].ID); err != nil || e.Note != "spam" || e.ResolvedBy != "olga" || e.Outcome != registrar.ReplyIgnore {
		t.Errorf("it is %+v, %v", e, err)
	}

	for _, c := range []struct {
		from              string
		resolved          int
		waiting, estrange int
	}{{" Hints@spam.example", 3, 1, 3}, {"hints@spam.example", 0, 1, 3}, {"@spam.example", 3, 1, 0}} {
		done, err := g.ResolveReviews(t.Context(), registrar.ReviewsDecision{From: c.from, Outcome: registrar.ReplyIgnore, By: "olga"})
		if err != nil || done.Resolved != c.resolved || len(g.wanted()) != c.waiting || len(g.strangers()) != c.estrange {
			t.Errorf("%s: %+v, %v; %d and %d wait", c.from, done, err, len(g.wanted()), len(g.strangers()))
		}
	}
	if _, err := g.ResolveReviews(t.Context(), registrar.ReviewsDecision{From: "robot@registrar.example", Outcome: registrar.ReplyDone, By: "olga"}); !errors.Is(err, registrar.Invalid) {
		t.Errorf("what moves operations is decided for many: %v", err)
	}
}

// Such mails are ignored from now on; what answers a mail of ours, or claims to be R01's, is not; and
// the sender can be heeded again.
func TestIgnoreFromNowOn(t *testing.T) {
	t.Parallel()
	g := newGateOfClient(t)
	op := g.submit(registration("o1", "open.ru"))
	g.send()
	g.receive(g.junk(1, "Evil@spam.example", "Look at open.ru"))
	d := registrar.ReviewsDecision{Outcome: registrar.ReplyIgnore, By: "olga", FromNowOn: true}
	seen := g.page(registrar.ReviewQuery{}).Reviews[0]
	d.Reviews = []registrar.SeenReview{{ID: seen.ID, Version: seen.Version}}
	done, err := g.ResolveReviews(t.Context(), d)
	if err != nil || done.Resolved != 1 || !slices.Equal(done.Ignored, []string{"evil@spam.example"}) {
		t.Fatalf("resolved %+v, %v", done, err)
	}
	for i := range 3 {
		g.receive(g.junk(10+i, "evil@spam.example", "Look at open.ru"))
	}
	if len(g.wanted()) != 0 || len(g.strangers()) != 0 {
		t.Errorf("they wait all the same: %q, %+v", g.wanted(), g.strangers())
	}
	answer := strings.Replace(g.reply(g.last(), delegated("open.ru")...), "robot@registrar.example", "evil@spam.example", 1)
	g.receive(answer)
	g.expect(op.ID, registrar.Succeeded)

	for _, from := range []string{"robot@registrar.example", "@registrar.example", "callback@panel.example"} {
		d := registrar.ReviewsDecision{From: from, Outcome: registrar.ReplyIgnore, By: "olga", FromNowOn: true}
		if _, err := g.ResolveReviews(t.Context(), d); !errors.Is(err, registrar.Invalid) {
			t.Errorf("%s is ignored from now on: %v", from, err)
		}
	}
	g.receive(g.mail("", "Words of the robot."))
	seen = g.page(registrar.ReviewQuery{}).Reviews[0]
	d.Reviews = []registrar.SeenReview{{ID: seen.ID, Version: seen.Version}}
	if done, err := g.ResolveReviews(t.Context(), d); err != nil || done.Resolved != 0 || len(done.Ignored) != 0 || len(done.Refused) != 1 {
		t.Errorf("R01 is ignored from now on: %+v, %v", done, err)
	}

	list, err := g.IgnoredSenders(t.Context())
	if err != nil || len(list) != 1 || list[0].Address != "evil@spam.example" || list[0].By != "olga" {
		t.Errorf("ignored are %+v, %v", list, err)
	}
	if err := errors.Join(g.HeedSender(t.Context(), "EVIL@spam.example", "olga")); err != nil {
		t.Error(err)
	}
	if err := g.HeedSender(t.Context(), "evil@spam.example", "olga"); !errors.Is(err, registrar.NotFound) {
		t.Errorf("who is not ignored is heeded: %v", err)
	}
	g.receive(g.junk(20, "evil@spam.example", "buy"))
	if len(g.strangers()) != 1 {
		t.Error("the sender is ignored still")
	}
}

// What is told of mails that an earlier version stored is read once, those that wait first.
func TestOldMailsAreTold(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	err := g.st.Write(t.Context(), func(tx *store.Tx) error { // as an earlier version left them
		for i := range 120 {
			id := registrar.MailID(fmt.Sprint("in-old", i))
			raw := strings.ReplaceAll(g.junk(i, "old@spam.example", "buy"), "\n", "\r\n")
			m := store.Mail{ID: id, Hash: string(id), At: g.clock.Add(-time.Duration(i) * time.Hour), State: store.MailIgnored}
			if i == 119 {
				m.State = store.MailReview
			}
			if err := tx.Mails.Add(m, []byte(raw)); err != nil {
				return err
			}
		}
		return tx.Reviews.Add(store.Review{ID: "rv-old119", Mail: "in-old119", Reason: "no rule recognises it", ReceivedAt: g.clock})
	})
	if err != nil {
		t.Fatal(err)
	}
	if list, err := engine.Look(t.Context(), g.st, func(tx *store.Tx) ([]registrar.MailID, error) { return tx.Mails.Untold(10) }); err != nil || len(list) != 1 || list[0] != "in-old119" {
		t.Errorf("read first: %q, %v", list, err)
	}
	if err := g.TellOld(t.Context()); err != nil {
		t.Fatal(err)
	}
	page, err := g.MailPage(t.Context(), registrar.MailQuery{})
	if err != nil || len(page.Mails) != 120 {
		t.Fatalf("%d mails, %v", len(page.Mails), err)
	}
	for i, m := range page.Mails {
		if m.Subject != fmt.Sprintf("Cheap offer %d", i) || m.From != "old@spam.example" {
			t.Errorf("mail %d is told as %+v", i, m)
		}
	}
	if e := g.page(registrar.ReviewQuery{}).Reviews; len(e) != 1 || e[0].Subject != "Cheap offer 119" {
		t.Errorf("the entry is told as %+v", e)
	}
	done, err := g.ResolveReviews(t.Context(), registrar.ReviewsDecision{From: "old@spam.example", Outcome: registrar.ReplyIgnore, By: "olga"})
	if err != nil || done.Resolved != 1 {
		t.Errorf("it is not found by its sender: %+v, %v", done, err)
	}
}

// BenchmarkAnswerBesideFlood is from the arrival of a real reply to its being applied, beside 8,000
// junk mails and ten of 1 MB of names that came before it and wait to be read.
func BenchmarkAnswerBesideFlood(b *testing.B) {
	g := newGateOfClient(b)
	var worst, all time.Duration
	n := 0
	for b.Loop() {
		n++
		name := fmt.Sprintf("domain%d.ru", n)
		op := g.submit(registration("o"+name, name))
		g.send()
		reply := g.reply(g.last(), delegated(name)...)
		for i := range 10 {
			g.keep(g.junk(n*100000+i, "names@spam.example", fmt.Sprint(n, i, names(1000<<10))))
		}
		for i := 0; i < 8000; i += 1000 {
			var some []string
			for j := range 1000 {
				some = append(some, g.junk(n*100000+1000+i+j, fmt.Sprintf("evil%d@spam.example", i+j), "buy"))
			}
			g.keep(some...)
		}
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan struct{})
		go func() { g.ReadLoop(ctx); close(ended) }()
		start := time.Now()
		g.keep(reply)
		g.succeeds(op.ID)
		took := time.Since(start)
		cancel()
		<-ended
		all, worst = all+took, max(worst, took)
		if err := g.ReadNew(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(all.Milliseconds())/float64(n), "ms/answer")
	b.ReportMetric(float64(worst.Milliseconds()), "ms-at-most")
}
