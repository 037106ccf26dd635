package web

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"registrar.panel/host/supervisor"
	"registrar.panel/host/web/api"
	"registrar.panel/shared/registrar"
)

// needs lists what needs a person, by ID.
func (b *bench) needs(query string) map[string]api.Attention {
	b.t.Helper()
	var all []api.Attention
	b.decode(b.call("GET", "/api/v1/attention"+query, ""), http.StatusOK, &all)
	byID := map[string]api.Attention{}
	for _, n := range all {
		if byID[n.ID].ID != "" || n.ID == "" || n.Seen == "" {
			b.t.Errorf("an entry has no ID of its own: %+v", n)
		}
		byID[n.ID] = n
	}
	return byID
}

// acknowledges says that entries were seen as they are shown.
func (b *bench) acknowledges(until string, entries ...api.Attention) api.Acknowledged {
	b.t.Helper()
	in := api.Acknowledge{Until: until, Reason: "the customer is asked", By: "ann"}
	for _, n := range entries {
		in.Entries = append(in.Entries, api.SeenEntry{ID: n.ID, Seen: n.Seen})
	}
	body, err := json.Marshal(in)
	if err != nil {
		b.t.Fatal(err)
	}
	var done api.Acknowledged
	b.decode(b.call("POST", "/api/v1/attention/acknowledge", string(body)), http.StatusOK, &done)
	return done
}

// counts are how many entries the panel counts: open, and acknowledged.
func (b *bench) counts() [2]int {
	b.t.Helper()
	var s api.Status
	b.decode(b.call("GET", "/api/v1/status", ""), http.StatusOK, &s)
	return [2]int{s.Attention, s.Acknowledged}
}

// tells is the next event about example.ru.
func (b *bench) tells(change func(*registrar.Domain)) {
	b.t.Helper()
	next := b.fake.events[len(b.fake.events)-1]
	d := *next.Domain
	d.Alarms, next.Domain = slices.Clone(d.Alarms), &d
	change(&d)
	next.Cursor++
	b.fake.events = append(b.fake.events, next)
	if err := b.book.Follow(b.t.Context(), "r01", b.fake); err == nil || !strings.Contains(err.Error(), "its events ended") {
		b.t.Fatalf("follow: %v", err)
	}
}

// What was seen is shown apart, with who has seen it, to all; nothing is hidden.
func TestAcknowledge(t *testing.T) {
	t.Parallel()
	b := newBench(t, "")
	b.registered()
	before := b.needs("")
	ids := []string{"domain:example.ru", "plugin:manual", "plugin:r01", "review:rv-1", "review:rv-2"}
	for _, id := range ids {
		if before[id].ID != id || before[id].Acknowledged != nil {
			t.Fatalf("there is no %s in %+v", id, before)
		}
	}
	if counts := b.counts(); counts != [2]int{5, 0} {
		t.Errorf("%v are counted", counts)
	}

	if done := b.acknowledges("3d", before["domain:example.ru"], before["plugin:manual"], before["review:rv-1"]); done.Acknowledged != 3 || len(done.Refused) != 0 {
		t.Fatalf("%+v", done)
	}
	left, apart, all := b.needs(""), b.needs("?acknowledged=1"), b.needs("?acknowledged=any")
	if len(left) != 2 || left["plugin:r01"].ID == "" || left["review:rv-2"].ID == "" {
		t.Errorf("left are %+v", left)
	}
	if len(apart) != 3 || len(all) != 5 || all["domain:example.ru"].Acknowledged == nil {
		t.Errorf("apart are %+v, in all %+v", apart, all)
	}
	by := apart["domain:example.ru"].Acknowledged
	if by.By != "olga" || by.For == nil || *by.For != "ann" || by.Note == nil || *by.Note != "the customer is asked" || by.Until == nil || !by.Until.Equal(b.book.Now().AddDate(0, 0, 3)) {
		t.Errorf("it is acknowledged by %+v", by)
	}
	if counts := b.counts(); counts != [2]int{2, 3} {
		t.Errorf("%v are counted", counts)
	}

	var back api.TakenBack
	b.decode(b.call("POST", "/api/v1/attention/take-back", `{"ids":["domain:example.ru","domain:unheard.ru"],"by":"ann"}`), http.StatusOK, &back)
	if left = b.needs(""); back.Changed != 1 || left["domain:example.ru"].ID == "" || len(left) != 3 {
		t.Errorf("%d are taken back, and %+v are left", back.Changed, left)
	}

	var log []api.Entry
	b.decode(b.call("GET", "/api/v1/log?event=decision&actor=olga", ""), http.StatusOK, &log)
	said := ""
	for _, e := range log {
		said += e.Message + "\n"
	}
	for _, want := range []string{"example.ru is Registered: seen and shown apart until ", "review entry rv-1: seen", "example.ru is Registered: shown again (on behalf of"} {
		if !strings.Contains(said, want) {
			t.Errorf("the log does not say %q:\n%s", want, said)
		}
	}
	if strings.Contains(said, hostile) {
		t.Errorf("the log has the words of a mail:\n%s", said)
	}
}

// What comes anew, gets worse or is another thing now is shown again; numbers that grow are no change.
func TestAcknowledgedShowsAgain(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		change func(*registrar.Domain)
		again  bool
	}{
		"the same":         {func(*registrar.Domain) {}, false},
		"a day later":      {func(d *registrar.Domain) { d.Alarms[0].Message = "no answer for 3 days" }, false},
		"other words":      {func(d *registrar.Domain) { d.Alarms[0].Message = "it will be deleted" }, true},
		"raised anew":      {func(d *registrar.Domain) { d.Alarms[0].Since = now.Add(time.Minute) }, true},
		"another alarm":    {func(d *registrar.Domain) { d.Alarms = append(d.Alarms, registrar.Alarm{Key: "funds", Since: now}) }, true},
		"it is worse":      {func(d *registrar.Domain) { d.Status = registrar.StatusError }, true},
		"a person must do": {func(d *registrar.Domain) { d.Operation.State, d.Operation.Version = registrar.NeedsAction, "4" }, true},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, "")
			b.registered()
			b.tells(func(d *registrar.Domain) { d.Alarms[0].Message = "no answer for 2 days" })
			b.acknowledges("", b.needs("")["domain:example.ru"])
			if n := b.needs("")["domain:example.ru"]; n.ID != "" {
				t.Fatalf("it is shown at once: %+v", n)
			}
			b.tells(c.change)
			if n := b.needs("")["domain:example.ru"]; (n.ID != "") != c.again || n.Acknowledged != nil {
				t.Errorf("it is shown again as %+v, want %t", n, c.again)
			}
			if n := b.needs("?acknowledged=1")["domain:example.ru"]; (n.ID == "") != c.again {
				t.Errorf("it is shown apart as %+v, want %t", n, !c.again)
			}
			if c.again {
				b.acknowledges("", b.needs("")["domain:example.ru"])
				if n := b.needs("?acknowledged=1")["domain:example.ru"]; n.ID == "" {
					t.Error("what was acknowledged anew is not shown apart")
				}
			}
		})
	}
}

// An alarm that was over and is raised anew is shown again, and what is over is forgotten with the next.
func TestAcknowledgedIsOver(t *testing.T) {
	t.Parallel()
	b := newBench(t, "")
	b.registered()
	b.acknowledges("", b.needs("")["domain:example.ru"])
	b.tells(func(d *registrar.Domain) { d.Alarms = nil })
	if len(b.needs("?acknowledged=1")) != 0 {
		t.Error("what is over is shown as acknowledged")
	}
	b.acknowledges("", b.needs("")["plugin:r01"])
	kept, err := b.book.Lists().Acknowledgements().All(t.Context())
	if err != nil || len(kept) != 1 || kept[0].Item != "plugin:r01" {
		t.Errorf("kept are %+v, %v", kept, err)
	}
	b.tells(func(d *registrar.Domain) {
		d.Alarms = []registrar.Alarm{{Key: "silence", Since: now.Add(time.Hour), Message: hostile}}
	})
	if n := b.needs("")["domain:example.ru"]; n.ID == "" {
		t.Error("an alarm that was raised anew is not shown")
	}
}

// A mail that was acknowledged is forgotten once it is resolved, or such mails would fill the room that there is; but
// not while its registrar can't say whether it waits.
func TestAcknowledgedMailIsOver(t *testing.T) {
	t.Parallel()
	b := newBench(t, "")
	b.acknowledges("", b.needs("")["review:rv-1"], b.needs("")["review:rv-2"])
	kept := func() (items []string) {
		b.acknowledges("", b.needs("?acknowledged=any")["plugin:r01"])
		all, err := b.book.Lists().Acknowledgements().All(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range all {
			items = append(items, a.Item)
		}
		return items
	}

	b.fake.resolved = []registrar.ReviewID{"rv-1"}
	b.fake.refuse = func(call string) error {
		if call == "reviews" {
			return registrar.Errorf(registrar.Unavailable, "it is down")
		}
		return nil
	}
	if items := kept(); !slices.Contains(items, "review:rv-1") {
		t.Errorf("while the registrar is silent, kept are %q", items)
	}
	b.fake.refuse = nil
	if items := kept(); !slices.Equal(items, []string{"plugin:r01", "review:rv-2"}) {
		t.Errorf("kept are %q", items)
	}
}

// A plugin that is in another state, and mails beyond those that were seen, are shown again.
func TestAcknowledgedPluginChanges(t *testing.T) {
	t.Parallel()
	b := newBench(t, "")
	b.acknowledges("", b.needs("")["plugin:manual"])
	b.fake.statuses = []supervisor.Status{{Name: "manual", State: supervisor.Disabled, Since: now, Error: "it ended"}}
	if n := b.needs("")["plugin:manual"]; n.Severity != mustAct {
		t.Errorf("a plugin that is off now is shown as %+v", n)
	}
}

// A list that is read page by page has each entry once, whatever of it is acknowledged.
func TestAcknowledgedPages(t *testing.T) {
	t.Parallel()
	b := newBench(t, "")
	b.registered()
	event := b.fake.events[0]
	for i := range 5 {
		d := *event.Domain
		d.Name = string(rune('a'+i)) + ".ru"
		event.Cursor, event.Name, event.Domain = event.Cursor+1, d.Name, &d
		b.fake.events = append(b.fake.events, event)
	}
	b.tells(func(*registrar.Domain) {})
	before := b.needs("")
	b.acknowledges("", before["domain:a.ru"], before["domain:b.ru"], before["domain:d.ru"])
	for query, want := range map[string][]string{
		"?limit=2":                {"domain:c.ru", "domain:e.ru", "domain:example.ru"},
		"?limit=2&acknowledged=1": {"domain:a.ru", "domain:b.ru", "domain:d.ru"},
	} {
		var got []string
		for _, id := range follow(b, "/api/v1/attention"+query, func(n api.Attention) string { return n.ID }) {
			if strings.HasPrefix(id, "domain:") {
				got = append(got, id)
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", query, got, want)
		}
	}
}

// What has changed or is over can't be acknowledged, and says so; others of the same call are.
func TestAcknowledgeIsJudged(t *testing.T) {
	t.Parallel()
	b := newBench(t, "")
	b.registered()
	before := b.needs("")
	other := before["domain:example.ru"]
	other.Seen = "0000000000000000"
	done := b.acknowledges("4h", other, api.Attention{ID: "domain:unheard.ru", Seen: "x"}, before["plugin:r01"])
	if done.Acknowledged != 1 || len(done.Refused) != 2 || done.Refused[0].Code != "CONFLICT" || done.Refused[1].Code != "NOT_FOUND" {
		t.Errorf("%+v", done)
	}

	seen, err := json.Marshal(api.SeenEntry{ID: "plugin:r01", Seen: before["plugin:r01"].Seen})
	if err != nil {
		t.Fatal(err)
	}
	one := `{"entries":[` + string(seen) + `],"by":"ann",`
	for body, problem := range map[string]string{
		one + `"until":"yesterday"}`:            "until",
		one + `"until":"-2h"}`:                  "until",
		one + `"until":"2026-02-01"}`:           "until",
		one + `"until":"40000d"}`:               "until",
		one + `"reason":"a\u0007b","until":""}`: "reason",
		`{"entries":[],"by":"ann","until":""}`:  "entries",
	} {
		var failure api.Failure
		b.decode(b.call("POST", "/api/v1/attention/acknowledge", body), http.StatusUnprocessableEntity, &failure)
		if p := failure.Error.Problems; len(p) != 1 || p[0].Path != problem {
			t.Errorf("%s: %+v", body, failure)
		}
	}
	var failure api.Failure
	b.decode(b.call("POST", "/api/v1/attention/take-back", `{"ids":[],"by":"ann"}`), http.StatusUnprocessableEntity, &failure)
	b.decode(b.call("GET", "/api/v1/attention?acknowledged=maybe", ""), http.StatusUnprocessableEntity, &failure)
}
