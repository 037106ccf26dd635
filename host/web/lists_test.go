package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"registrar.panel/host/access"
	"registrar.panel/host/orders"
	"registrar.panel/host/switchboard"
	"registrar.panel/host/web/api"
	"registrar.panel/shared/registrar"
)

var nextLink = regexp.MustCompile(`^<(/[^>]+)>; rel="next"$`)

// follow reads a list page by page, as its Link headers say, and returns what id finds in each.
func follow[T any](b *bench, path string, id func(T) string) (all []string) {
	b.t.Helper()
	for pages := 0; path != ""; pages++ {
		w := b.call("GET", path, "")
		var page []T
		b.decode(w, http.StatusOK, &page)
		for _, v := range page {
			all = append(all, id(v))
		}
		link := w.Header().Get("Link")
		path = ""
		if found := nextLink.FindStringSubmatch(link); found != nil {
			path = found[1]
		} else if link != "" {
			b.t.Fatalf("Link: %s", link)
		}
		if pages > 20 {
			b.t.Fatal("the list does not end")
		}
	}
	return all
}

// Every list is read to its end by its Link headers, and what it is narrowed to stays.
func TestListsGoOn(t *testing.T) {
	t.Parallel()
	b := newBench(t, "")
	b.registered()
	for i := range 5 {
		b.placed(fmt.Sprintf(`{"kind":"register","domain":"n%d.ru","customer":"c%d","reference":"bill"}`, i, i%2))
		b.call("POST", "/api/v1/tokens", fmt.Sprintf(`{"name":"t%d","rights":["look"]}`, i))
	}
	domain := func(d api.Domain) string { return d.Name }
	order := func(o api.Order) string { return o.Domain }
	for path, list := range map[string]struct {
		read func(path string) []string
		want []string
	}{
		"domains?limit=2":                        {func(p string) []string { return follow(b, p, domain) }, []string{"example.ru", "n0.ru", "n1.ru", "n2.ru", "n3.ru", "n4.ru"}},
		"domains?limit=2&q=n&sort=-name":         {func(p string) []string { return follow(b, p, domain) }, []string{"n4.ru", "n3.ru", "n2.ru", "n1.ru", "n0.ru"}},
		"domains?limit=1&customer=c1":            {func(p string) []string { return follow(b, p, domain) }, []string{"example.ru", "n1.ru", "n3.ru"}},
		"orders?limit=2":                         {func(p string) []string { return follow(b, p, order) }, []string{"n0.ru", "n1.ru", "n2.ru", "n3.ru", "n4.ru"}},
		"orders?limit=1&q=c1":                    {func(p string) []string { return follow(b, p, order) }, []string{"n1.ru", "n3.ru"}},
		"orders?limit=3&reference=bill":          {func(p string) []string { return follow(b, p, order) }, []string{"n0.ru", "n1.ru", "n2.ru", "n3.ru", "n4.ru"}},
		"orders?limit=3&reference=none":          {func(p string) []string { return follow(b, p, order) }, nil},
		"operations?limit=1":                     {func(p string) []string { return follow(b, p, func(o api.OpenOperation) string { return o.ID }) }, []string{"op-1"}},
		"review?limit=1":                         {func(p string) []string { return follow(b, p, func(v api.Review) string { return v.ID }) }, []string{"rv-1", "rv-2"}},
		"tokens?limit=2":                         {func(p string) []string { return follow(b, p, func(v api.Token) string { return v.Name }) }, []string{"t0", "t1", "t2", "t3", "t4"}},
		"log?after=0&limit=4&event=order-placed": {func(p string) []string { return follow(b, p, func(e api.Entry) string { return *e.Domain }) }, []string{"n0.ru", "n1.ru", "n2.ru", "n3.ru", "n4.ru"}},
		"log?limit=2":                            {func(p string) []string { return follow(b, p, func(e api.Entry) string { return *e.Domain }) }, []string{"n3.ru", "n4.ru"}},
		"attention?limit=1":                      {func(p string) []string { return follow(b, p, func(a api.Attention) string { return a.Kind }) }, []string{"review", "review", "plugin", "plugin", "domain"}},
	} {
		got := list.read("/api/v1/" + path)
		if strings.HasPrefix(path, "attention") {
			slices.Sort(got)
			slices.Sort(list.want)
		}
		if !slices.Equal(got, list.want) {
			t.Errorf("%s: %v, want %v", path, got, list.want)
		}
	}
}

// What needs a person comes with the command that helps.
func TestAttention(t *testing.T) {
	t.Parallel()
	b := newBench(t, "")
	b.registered()
	var all []api.Attention
	b.decode(b.call("GET", "/api/v1/attention", ""), http.StatusOK, &all)
	commands := map[string]bool{}
	for _, a := range all {
		if a.What == "" || a.Why == "" || len(a.Actions) == 0 {
			t.Errorf("%+v says too little", a)
		}
		for _, act := range a.Actions {
			commands[act.Command] = true
			if act.Code == "" {
				t.Errorf("%q has no code", act.Does)
			}
		}
		if a.State == nil && !strings.HasPrefix(a.Kind, "review") {
			t.Errorf("%+v has no state", a)
		}
	}
	for _, want := range []string{"panel review show rv-1", "panel review resolve rv-2 --outcome O", "panel plugins", "panel domain show example.ru"} {
		if !commands[want] {
			t.Errorf("no entry proposes %q: %v", want, commands)
		}
	}
	var status api.Status
	b.decode(b.call("GET", "/api/v1/status", ""), http.StatusOK, &status)
	var due []api.DueDay
	if b.decode(b.call("GET", "/api/v1/renewals/due", ""), http.StatusOK, &due); len(due) != 0 {
		t.Errorf("due are %+v", due)
	}
	if status.Attention != len(all) || status.Domains["Registered"] != 1 || len(status.Plugins) != 2 || status.Due.Days60 != 0 {
		t.Errorf("%+v of %d", status, len(all))
	}
}

// Of many mails the first have an entry each, and the others one together.
func TestAttentionToManyMails(t *testing.T) {
	t.Parallel()
	mails := make([]switchboard.Item[registrar.Review], countedReviews)
	for i := range mails {
		mails[i].Value = registrar.Review{ID: registrar.ReviewID(fmt.Sprint("rv-", i)), ReceivedAt: now.Add(time.Duration(i) * time.Minute)}
	}

	for _, c := range []struct {
		waiting int
		more    bool
		entries int
		last    string // "" = it is that of a mail
	}{
		{0, false, 0, ""},
		{1, false, 1, ""},
		{shownReviews, false, shownReviews, ""},
		{shownReviews + 1, false, shownReviews + 1, "1 further mails wait to be read"},
		{countedReviews, false, shownReviews + 1, "180 further mails wait to be read"},
		{countedReviews, true, shownReviews + 1, "more than 180 further mails wait to be read"},
	} {
		got := reviewsNeed(mails[:c.waiting], c.more)
		if len(got) != c.entries {
			t.Errorf("%d mails have %d entries, want %d", c.waiting, len(got), c.entries)
			continue
		}
		if c.last == "" {
			continue
		}
		if last := got[len(got)-1]; last.Kind != "reviews" || last.What != c.last || !last.Since.Equal(now.Add(shownReviews*time.Minute)) {
			t.Errorf("%d mails (more: %v): the last entry is %+v", c.waiting, c.more, last)
		}
	}
}

// A domain with a failed order that is paid asks for a decision about the order.
func TestAttentionToFailedOrders(t *testing.T) {
	t.Parallel()
	d := orders.Domain{Domain: registrar.Domain{Name: "example.ru", Status: registrar.StatusRegistered, Alarms: []registrar.Alarm{{Key: "operation:op-1", Message: "renewal failed"}}}}
	for _, c := range []struct {
		own  bool
		want []string
	}{
		{false, []string{"panel order retry o-1", "panel order refund o-1", "panel domain show example.ru"}},
		{true, []string{"panel order retry o-1", "panel order dismiss o-1", "panel domain show example.ru"}},
	} {
		o := orders.Order{ID: "o-1", Kind: registrar.KindRenew, Domain: d.Name, Own: c.own, Standing: orders.Standing{Reason: "no funds"}}
		n := domainNeeds(d, o)
		var commands []string
		for _, a := range n.Actions {
			commands = append(commands, a.Command)
		}
		if n.Kind != "order" || *n.Order != "o-1" || n.Severity != mustAct || n.Why != "no funds" || !slices.Equal(commands, c.want) {
			t.Errorf("%+v", n)
		}
	}
	if n := domainNeeds(d, orders.Order{}); n.Kind != "domain" || n.Order != nil || n.Why != "renewal failed" {
		t.Errorf("%+v", n)
	}
}

// A request that is named by a key is carried out once, for each caller.
func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	b := newBench(t, "")
	keyed := header("Idempotency-Key", `"8e03978e-40d5"`)
	ask := func(body string, edit ...func(*http.Request)) (*httptest.ResponseRecorder, string) {
		w := b.call("POST", "/api/v1/orders", body, edit...)
		var o struct{ ID string }
		if w.Code == http.StatusOK {
			b.decode(w, http.StatusOK, &o)
		}
		return w, o.ID
	}
	first, id := ask(newOrder, keyed)
	again, same := ask(newOrder, keyed)
	if id == "" || same != id || first.Header().Get("Idempotent-Replayed") != "" || again.Header().Get("Idempotent-Replayed") != "true" {
		t.Errorf("%s, then %s; %v", id, same, again.Header())
	}
	other, _ := ask(strings.Replace(newOrder, `"c1"`, `"c2"`, 1), keyed)
	if e := b.refused(other, http.StatusConflict, "CONFLICT"); e.Order == nil || *e.Order != id {
		t.Errorf("other contents: %+v", e)
	}
	if e := b.refused(first2(ask(newOrder)), http.StatusConflict, "PRECONDITION"); e.Order == nil || *e.Order != id {
		t.Errorf("without a key: %+v", e)
	}
	b.refused(first2(ask(strings.Replace(newOrder, `{`, `{"id":"x",`, 1), keyed)), http.StatusUnprocessableEntity, "INVALID")
	b.peer = &access.Caller{Name: "shop", Rights: access.Rights()}
	if _, shops := ask(strings.Replace(newOrder, "Пример.РФ", "shop.ru", 1), keyed); shops == "" || shops == id {
		t.Errorf("another caller's request is order %q, and ours %s", shops, id)
	}
}

func first2[A, B any](a A, _ B) A { return a }

// Mistakes in a request's JSON are told in the words of JSON, not of this program.
func TestNoGoTypesInProblems(t *testing.T) {
	t.Parallel()
	b := newBench(t, "")
	for body, says := range map[string]string{
		`{"nameservers":["ns1.a.ru"]}`:              `nameservers: must be an object: {"host": "ns1.example.ru", "ips": []}, and is a string`,
		`{"nameservers":"ns1.a.ru"}`:                "nameservers: must be a list, and is a string",
		`{"nameservers":[{"host":7}]}`:              "nameservers.host: must be a string, and is a number",
		`{"own":"yes"}`:                             "own: must be true or false, and is a string",
		`{"domain":["a.ru"]}`:                       "domain: must be a string, and is a list",
		`{"contact":7}`:                             "a contact must be a JSON object",
		`{"nameservers":[{"host":"a","ip":["1"]}]}`: `there is no key "ip" here`,
		`7`:    "must be an object, and is a number",
		`{"a"`: "EOF",
	} {
		e := b.refused(b.call("POST", "/api/v1/orders", body), http.StatusBadRequest, "BAD_REQUEST")
		if !strings.Contains(e.Message, says) || strings.Contains(e.Message, "api.") || strings.Contains(e.Message, "Go ") {
			t.Errorf("%s: %q, want %q", body, e.Message, says)
		}
	}
}

// What a webhook did not take is listed, and sent again when a person says so.
func TestDeadLetters(t *testing.T) {
	t.Parallel()
	b := newBench(t, "")
	hooks := b.book.Webhooks()
	d, _, err := hooks.Claim(t.Context(), "shop", "here", now)
	if err != nil {
		t.Fatal(err)
	}
	b.placed(newOrder)
	entries, err := hooks.Next(t.Context(), d.Told, 10)
	if err != nil || len(entries) != 1 {
		t.Fatalf("%v, %v", entries, err)
	}
	d.Attempts, d.Error = 3, "it answered 500"
	if err := hooks.Bury(t.Context(), d, entries[0]); err != nil {
		t.Fatal(err)
	}
	var all []api.Webhook
	b.decode(b.call("GET", "/api/v1/webhooks", ""), http.StatusOK, &all)
	if len(all) != 1 || all[0].Name != "shop" || all[0].Dead != 1 {
		t.Errorf("%+v", all)
	}
	var dead []api.DeadLetter
	b.decode(b.call("GET", "/api/v1/webhooks/shop/dead?limit=1", ""), http.StatusOK, &dead)
	if len(dead) != 1 || dead[0].Entry.Event != "order-placed" || dead[0].Error != "it answered 500" {
		t.Errorf("%+v", dead)
	}
	again := fmt.Sprintf("/api/v1/webhooks/shop/dead/%d/retry", dead[0].Entry.ID)
	b.decode(b.call("POST", again, "{}"), http.StatusOK, &dead[0])
	b.fake.refuse = func(string) error { return registrar.Errorf(registrar.Unavailable, "it answered 500") }
	b.refused(b.call("POST", again, "{}"), http.StatusServiceUnavailable, "UNAVAILABLE")
	b.fake.refuse = func(string) error { return errors.New("the disk is full") } // it was taken, and only the record failed
	b.refused(b.call("POST", again, "{}"), http.StatusInternalServerError, "INTERNAL")
	b.refused(b.call("POST", "/api/v1/webhooks/shop/dead/7777/retry", "{}"), http.StatusNotFound, "NOT_FOUND")
	b.refused(b.call("POST", "/api/v1/webhooks/shop/dead/x/retry", "{}"), http.StatusUnprocessableEntity, "INVALID")
}
