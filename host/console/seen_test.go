package console

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"registrar.panel/host/access"
)

// entriesIn are the entries of Today, each as it was shown, by ID.
func entriesIn(page string) map[string]string {
	all := map[string]string{}
	for _, found := range regexp.MustCompile(`name="entry" value="(([0-9a-f]+) ([^"]+))"`).FindAllStringSubmatch(page, -1) {
		all[found[3]] = found[1]
	}
	return all
}

// What one of the staff has seen is shown apart to all, with the name, and comes back when it is taken back.
func TestEntriesAreAcknowledged(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.registered()
	shown := entriesIn(b.get("/"))
	if len(shown) != 5 || shown["domain:example.ru"] == "" || shown["review:rv-1"] == "" {
		t.Fatalf("Today has the ticks %v", shown)
	}

	address, page := b.post("/acknowledge", url.Values{"entry": {shown["domain:example.ru"], shown["plugin:manual"]}, "until": {"morning"}, "reason": {hostile}})
	if address != "/" {
		t.Errorf("it goes on at %s", address)
	}
	sees(t, page, "Shown apart: 2.", "Needs a person (3)", "Seen, and shown apart: 2", "Seen by olga", "until <time datetime=\"2026-03-02T06:00:00Z\"", "&lt;script&gt;", "Change example.ru: Needs action")
	left := entriesIn(page)
	if len(left) != 3 || left["domain:example.ru"] != "" {
		t.Errorf("left are %v", left)
	}

	b.person = access.Caller{Name: "trainee", Rights: []access.Right{access.Look}}
	page = b.get("/")
	sees(t, page, "Seen by olga", "Change example.ru: Needs action")
	if strings.Contains(page, "take-back") || len(entriesIn(page)) != 0 {
		t.Errorf("who may only look may take it back:\n%s", page)
	}
	sees(t, b.get("/seen"), "Seen by olga", "Change example.ru: Needs action")

	b.person = access.Caller{Name: "boris", Rights: []access.Right{access.Look, access.Order}}
	_, page = b.post("/acknowledge/take-back", url.Values{"id": {"domain:example.ru"}})
	sees(t, page, "It is shown in the list again.", "Needs a person (4)")
	if _, page = b.post("/acknowledge/take-back", url.Values{"id": {"domain:example.ru"}}); !strings.Contains(page, "nothing has changed") {
		t.Errorf("a second click says\n%s", page)
	}
	b.header.Set("Accept-Language", "ru")
	sees(t, b.get("/log"), "просмотрено, показывается отдельно", "показано снова")
}

// What has changed since it was shown stays in the list; nothing ticked, and a time that there is not, are
// mistakes that the page tells.
func TestEntriesThatChanged(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.registered()
	shown := entriesIn(b.get("/"))
	_, page := b.post("/acknowledge", url.Values{"entry": {shown["plugin:r01"], "00 domain:example.ru", "nonsense"}, "until": {"change"}})
	sees(t, page, "Shown apart: 1. As before: 2; the first one because: it has changed since it was shown", "Needs a person (4)", "until it changes")
	for text, form := range map[string]url.Values{
		"Nothing is ticked":   {"until": {"change"}},
		"There is no such ti": {"until": {"never"}, "entry": {shown["plugin:manual"]}},
		"reason":              {"until": {"4h"}, "entry": {shown["plugin:manual"]}, "reason": {"a\x07b"}},
	} {
		w := b.call("POST", "/acknowledge", form)
		if w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), text) {
			t.Errorf("%v: status %d, without %q", form, w.Code, text)
		}
	}
	if left := entriesIn(b.get("/")); left["plugin:manual"] == "" {
		t.Errorf("after mistakes %v are left", left)
	}
}
