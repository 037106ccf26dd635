package console

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"registrar.panel/host/web/api"
	"registrar.panel/shared/registrar"
)

func (c *Console) routeMails() {
	queue, one := screen{"review.html", look, showReviews}, screen{"reviewed.html", look, showReview}
	c.page("GET /review", queue)
	c.act("POST /review", money, resolveMany, queue)
	c.page("GET /review/senders", screen{"senders.html", look, showSenders})
	c.act("POST /review/senders", money, heedSender, screen{"senders.html", look, showSenders})
	c.page("GET /review/{id}", one)
	c.act("POST /review/{id}", money, resolveReview, one)
	c.page("GET /mails", screen{"mails.html", look, showMails})
	c.page("GET /mails/{id}", screen{"mail.html", look, showMail})
}

// reviewViews are the lists in which mails wait.
var reviewViews = []view{{"ours", nil}, {"strangers", map[string]string{"strangers": "1"}}}

// queue is a part of the mails that wait, grouped by sender and by the look of their subjects.
type queue struct {
	list[api.Review]
	Strangers bool
	Views     []chosen
	Groups    []group
	Ended     []group // of mails about operations that have ended meanwhile
}

// group is mails of one sender whose subjects differ only in numbers.
type group struct {
	From, Shape string
	Mails       []api.Review
}

func showReviews(v *visit) (any, error) {
	rows, err := listOf[api.Review](v, api.Path("review"), []string{"strangers"}, nil)
	q := queue{list: rows, Strangers: rows.Asked.Get("strangers") == "1"}
	var open, ended []api.Review
	final := map[string]bool{}
	for _, m := range rows.Rows {
		if v.over(m, final) {
			ended = append(ended, m)
			continue
		}
		open = append(open, m)
	}
	q.Groups, q.Ended = groups(open), groups(ended)
	q.Views = append(countedViews(v.views("/review", reviewViews, "strangers"), v.waiting(q)), chosen{Code: "senders", To: "/review/senders"})
	return q, err
}

// waiting returns how many mails wait in each list, as far as that is known: in a list that is
// shown as a whole, and in that of mails which a person must see if all registrars report it. Mails
// of strangers are many, and no registrar counts them.
func (v *visit) waiting(q queue) map[string]int {
	counts := map[string]int{}
	if n, told := v.toldWaiting(); told {
		counts["ours"] = n
	}
	// Nothing is behind the rows, before them, or missing from them.
	if q.Next == "" && q.First == "" && len(q.Missing) == 0 {
		shown := reviewViews[0].Code
		if q.Strangers {
			shown = reviewViews[1].Code
		}
		counts[shown] = len(q.Rows)
	}
	return counts
}

// toldWaiting returns how many mails a person must see, if each registrar that has such mails reports it.
func (v *visit) toldWaiting() (n int, told bool) {
	plugins, err := v.plugins()
	for _, p := range plugins {
		waiting := standingOf(p).Says.Waiting
		if waiting == nil && slices.Contains(p.Capabilities, string(registrar.CapReviews)) {
			return 0, false
		}
		n, told = n+count(waiting), told || waiting != nil
	}
	return n, told && err == nil
}

// over reports whether all operations that a mail may be about have ended; final caches the answer for each.
func (v *visit) over(m api.Review, final map[string]bool) bool {
	for _, id := range m.Candidates {
		// Many mails are about the same operation, so each operation is asked for only once.
		if _, known := final[id]; !known {
			op, err := get[api.Operation](v, api.Path("operations", id), nil)
			final[id] = err == nil && registrar.OperationState(op.State).Final()
		}
		if !final[id] {
			return false
		}
	}
	return len(m.Candidates) > 0
}

// groups puts similar mails together, in the order in which the first of each group came.
func groups(mails []api.Review) (all []group) {
	for _, m := range mails {
		shape := shapeOf(m.Subject)
		at := slices.IndexFunc(all, func(g group) bool { return g.From == m.From && g.Shape == shape })
		if at < 0 {
			at, all = len(all), append(all, group{From: m.From, Shape: shape})
		}
		all[at].Mails = append(all[at].Mails, m)
	}
	return all
}

// shapeOf returns a subject with its digits replaced.
func shapeOf(subject string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return '#'
		}
		return r
	}, subject)
}

// resolveMany reads the ticked mails, or all of one sender, in the same way. Each tick names the version that was seen.
func resolveMany(v *visit) (done, error) {
	in := api.ReviewsDecision{From: strings.TrimSpace(v.PostFormValue("from")), Outcome: v.PostFormValue("outcome"),
		Reason: strings.TrimSpace(v.PostFormValue("reason")), FromNowOn: v.PostFormValue("from_now_on") != ""}
	if in.From == "" {
		for _, tick := range v.PostForm["review"] {
			id, version, _ := strings.Cut(tick, " ")
			in.Reviews = append(in.Reviews, api.SeenReview{ID: id, Version: version})
		}
		if len(in.Reviews) == 0 {
			return done{}, nothingTicked(v)
		}
	}

	came, err := post[api.ReviewsResolved](v, api.Path("review", "resolve"), in)
	if err != nil {
		return done{}, err
	}
	note := told("done.reviews", "Count", strconv.Itoa(came.Resolved), "Outcome", v.lang.Word("outcome", in.Outcome))
	if n := len(came.Refused); n > 0 {
		note = told("done.reviews-some", "Count", strconv.Itoa(came.Resolved), "Left", strconv.Itoa(n), "Reason", v.lang.phrases.Line(came.Refused[0].Reason))
	}
	return done{"/review", note}, nil
}

func showSenders(v *visit) (any, error) {
	return listOf[api.IgnoredSender](v, api.Path("review", "senders"), nil, url.Values{"limit": {""}})
}

func heedSender(v *visit) (done, error) {
	heeded, err := post[api.Sender](v, api.Path("review", "senders", "heed"), api.Sender{Address: v.PostFormValue("address")})
	return done{"/review/senders", told("done.heeded", "Address", heeded.Address)}, err
}

// reviewPage is a mail that waits, with the operations it may be about and the readings to choose from.
type reviewPage struct {
	api.Review
	Candidates []api.Operation
	Outcomes   []verdict
	Raw        string
	Rule       *api.Rule
	Chosen     string
	About      string // the operation that was chosen
}

func showReview(v *visit) (any, error) {
	r, err := get[api.Review](v, api.Path("review", v.PathValue("id")), nil)
	if err != nil {
		return nil, err
	}
	p := reviewPage{Review: r, Chosen: v.PostFormValue("outcome"), About: or(v.PostFormValue("operation"), v.URL.Query().Get("operation"))}
	p.About, _, _ = strings.Cut(p.About, " ")

	about := slices.Clone(r.Candidates)
	if p.About != "" && !slices.Contains(about, p.About) {
		about = append(about, p.About)
	}
	// An operation that can't be read is left out: the mail can be read without it.
	for _, id := range about {
		if op, err := get[api.Operation](v, api.Path("operations", id), nil); err == nil {
			p.Candidates = append(p.Candidates, op)
		}
	}
	for _, o := range registrar.ReplyOutcomes() {
		p.Outcomes = append(p.Outcomes, verdict{string(o), "reads." + string(o)})
	}

	switch v.URL.Query().Get("show") {
	case "raw":
		p.Raw, err = v.console.client.RawMail(v.Context(), r.Mail)
	case "rule":
		rule, failed := get[api.Rule](v, api.Path("review", r.ID, "rule"), nil)
		p.Rule, err = &rule, failed
	}
	return p, err
}

// resolveReview passes a reading on, with the versions of the mail and of the operation that were seen.
func resolveReview(v *visit) (done, error) {
	id, outcome := v.PathValue("id"), v.PostFormValue("outcome")
	if outcome == "" {
		return done{}, &api.Error{Code: string(registrar.Invalid), Message: v.lang.Text("failure.no-outcome")}
	}
	operation, version, _ := strings.Cut(v.PostFormValue("operation"), " ")
	if outcome == string(registrar.ReplyIgnore) || outcome == string(registrar.ReplyNotice) {
		operation, version = "", "" // the reading concerns no operation
	}
	_, err := post[api.Review](v, api.Path("review", id, "resolve"), api.ReviewDecision{Version: v.PostFormValue("version"), Outcome: outcome,
		Operation: operation, OperationVersion: version, Reason: strings.TrimSpace(v.PostFormValue("reason"))})
	if operation != "" {
		return done{address("operations", operation), told("done.review", "Outcome", v.lang.Word("outcome", outcome))}, err
	}
	return done{"/review", told("done.review", "Outcome", v.lang.Word("outcome", outcome))}, err
}

// mailList is a part of the stored mails, or with a domain the entries of the Action Log that mention mails about it.
type mailList struct {
	list[api.MailEntry]
	Told []api.Entry
}

func showMails(v *visit) (any, error) {
	if v.URL.Query().Get("domain") != "" {
		return v.mailsAbout()
	}
	rows, err := listOf[api.MailEntry](v, api.Path("mails"), nil, nil)
	return mailList{list: rows}, err
}

// mailsAbout finds the mails about a domain in its part of the Action Log. An index leads to them
// there, and no mail is opened: mails in the stores of registrars are sealed.
func (v *visit) mailsAbout() (mailList, error) {
	found, err := v.logged("domain")
	l := mailList{list: list[api.MailEntry]{Next: found.Next, First: found.First, Asked: found.Asked}}
	for _, e := range found.Rows {
		if e.Mail != nil {
			l.Told = append(l.Told, e)
		}
	}
	return l, err
}

// How many mails a page has folded under the steps of a story, and how much of each it shows.
const (
	mostFolded = 8
	mostOfMail = 4000
)

// folded reads the first mails of a story, by ID. It leaves out mails that do not exist or can't be fetched.
func (v *visit) folded(ids []*string) map[string]string {
	texts := map[string]string{}
	for _, id := range ids {
		if _, had := texts[text(id)]; id == nil || had || len(texts) == mostFolded {
			continue
		}
		if m, err := get[api.Mail](v, api.Path("mails", *id), nil); err == nil {
			texts[*id] = beginning(m.Text, mostOfMail)
		}
	}
	return texts
}

// beginning returns a text, cut off between two characters if it is long.
func beginning(text string, most int) string {
	for i := range text {
		if i >= most {
			return text[:i] + "…"
		}
	}
	return text
}

// mailPage is a stored mail, masked: decoded, or as it came.
type mailPage struct {
	api.Mail
	Raw string
}

func showMail(v *visit) (any, error) {
	m, err := get[api.Mail](v, api.Path("mails", v.PathValue("id")), nil)
	if err != nil {
		return nil, err
	}
	p := mailPage{Mail: m}
	if v.URL.Query().Get("show") == "raw" {
		p.Raw, err = v.console.client.RawMail(v.Context(), m.ID)
	}
	return p, err
}
