package console

import (
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/template/parse"
	"time"

	"registrar.panel/host/access"
	"registrar.panel/host/orders"
	"registrar.panel/host/supervisor"
	"registrar.panel/host/web/api"
	"registrar.panel/host/wording"
	"registrar.panel/shared/registrar"
)

// codes are those of the catalogues.
func codes(t *testing.T) map[string]bool {
	t.Helper()
	text, err := os.ReadFile("../wording/texts/en.json")
	if err != nil {
		t.Fatal(err)
	}
	var raw map[string]any
	if err := json.Unmarshal(text, &raw); err != nil {
		t.Fatal(err)
	}
	all := map[string]bool{}
	for code := range raw {
		all[code] = true
	}
	return all
}

// Pages and program use codes that there are, and every word of a few has its texts.
func TestCodesHaveTexts(t *testing.T) {
	t.Parallel()

	known := codes(t)
	used := map[string]bool{}
	need := func(code, where string) {
		used[code] = true
		if _, there := known[code]; !there {
			t.Errorf("%s uses the code %q, which the catalogues lack", where, code)
		}
	}

	for family, values := range families() {
		for _, v := range values {
			need(family+"."+v, family)
		}
	}
	pages := New(Options{}).languages()[0].templates().Templates()
	for _, page := range pages {
		if page.Tree != nil {
			codesIn(page.Tree.Root, func(code string) { need(code, page.Name()) })
		}
	}
	for code := range codesOfProgram(t) {
		need(code, "the program")
	}

	for code := range known {
		if family, _, _ := strings.Cut(code, "."); !used[code] && !slices.Contains([]string{"part", "advice", "nav", "actor", "capability", "headline", "event", "span", wording.Panel, wording.CommandLine, wording.Labels, wording.Digest, wording.FileLanguage, "notify"}, family) {
			t.Errorf("nothing uses the code %q", code)
		}
	}
	if len(used) < 400 {
		t.Errorf("only %d codes were found; does the test still look?", len(used))
	}
}

// families are the words of which there are a few, by the beginning of their codes.
func families() map[string][]string {
	effects := []string{}
	for _, v := range registrar.Verdicts() {
		for _, k := range registrar.OperationKinds() {
			effects = append(effects, string(v)+"."+string(k))
		}
	}
	var codes, shown []string
	for code := range refusals {
		codes = append(codes, "failure."+code)
	}
	codes = append(codes, "failure.INTERNAL")
	for _, v := range slices.Concat(orderViews, operationViews, logLevels, reviewViews) {
		shown = append(shown, v.Code)
	}
	shown = append(shown, "senders")
	return map[string][]string{
		"status": texts(registrar.DomainStatuses()), "explained": texts(registrar.DomainStatuses()),
		"state": texts(registrar.OperationStates()), "state-explained": texts(registrar.OperationStates()),
		"kind": texts(registrar.OperationKinds()), "kind-explained": texts(registrar.OperationKinds()[4:]), "verdict": texts(registrar.Verdicts()), "effect": effects,
		"outcome": texts(registrar.ReplyOutcomes()), "reads": texts(registrar.ReplyOutcomes()), "ended": texts(registrar.Outcomes()),
		"payment": texts(orders.States()), "today.orders": texts(orders.States()), "renewal": texts(registrar.RenewalModes()), "registrant": texts(registrar.RegistrantKinds()),
		"handle": texts(registrar.HandleStates()), "availability": texts(registrar.AvailabilityStatuses()), "reason": texts(registrar.AvailabilityReasons()), "level": texts(registrar.Levels()),
		"event": texts(orders.EntryTypes()), "step": texts(registrar.RenewalActions()), "plugin": texts(supervisor.States()), "plugin-explained": texts(supervisor.States()),
		"right": texts(access.Rights()), "right-explained": texts(access.Rights()), "right-needed": texts(access.Rights()), "capability": texts(registrar.Capabilities()),
		"headline": codes, "advice": codes, "view": shown, "yesno": {"true", "false"},
		"evidence": texts([]registrar.EvidenceKind{registrar.EvidenceReply, registrar.EvidenceRelay, registrar.EvidenceCopy, registrar.EvidenceRegistry, registrar.EvidencePerson}),
		"mail":     texts([]registrar.MailState{registrar.MailSent, registrar.MailNew, registrar.MailApplied, registrar.MailReview, registrar.MailIgnored}),
		"taken":    {"import", "known", "refused"},
		"advised":  texts(registrar.AdviceActions()), "contact-role": texts(registrar.ContactRoles()),
		"deed":   {"done", "failed", "resend", "resolve", "retry", "refund", "dismiss", "upgrade", "auto", "manual", "refresh", "cancel"},
		"will":   {"auto", "manual", "refresh", "retry", "dismiss", "cancel"},
		"remind": reminders,
		"sort":   {"name", "paid_till", "-paid_till"},
	}
}

func texts[T ~string](in []T) (out []string) {
	for _, v := range in {
		out = append(out, string(v))
	}
	return out
}

// codesIn finds the codes that a page names.
func codesIn(n parse.Node, found func(code string)) {
	switch n := n.(type) {
	case *parse.ListNode:
		if n == nil {
			return
		}
		for _, one := range n.Nodes {
			codesIn(one, found)
		}
	case *parse.ActionNode:
		codesIn(n.Pipe, found)
	case *parse.TemplateNode:
		codesIn(n.Pipe, found)
	case *parse.IfNode:
		codesInBranch(&n.BranchNode, found)
	case *parse.RangeNode:
		codesInBranch(&n.BranchNode, found)
	case *parse.WithNode:
		codesInBranch(&n.BranchNode, found)
	case *parse.PipeNode:
		if n == nil {
			return
		}
		for _, c := range n.Cmds {
			codesInCommand(c, found)
		}
	}
}

func codesInBranch(n *parse.BranchNode, found func(code string)) {
	codesIn(n.Pipe, found)
	codesIn(n.List, found)
	codesIn(n.ElseList, found)
}

func codesInCommand(c *parse.CommandNode, found func(code string)) {
	for _, arg := range c.Args {
		codesIn(arg, found)
	}
	if len(c.Args) < 2 {
		return
	}
	name, is := c.Args[0].(*parse.IdentifierNode)
	code, said := c.Args[1].(*parse.StringNode)
	if is && said && slices.Contains([]string{"t", "n", "press"}, name.Ident) {
		found(code.Text)
	}
}

var inProgram = regexp.MustCompile(`(?:told|[tT]ext|[cC]ount|changed|giveUp)\((?:[^()"]*|"\w+", )"([a-zA-Z-]+\.[a-zA-Z.-]+)"(?:, "(done\.[a-z-]+)")?`)

func codesOfProgram(t *testing.T) map[string]bool {
	t.Helper()
	all := map[string]bool{"done.ended-before": true}
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		for _, m := range inProgram.FindAllStringSubmatch(string(text), -1) {
			for _, code := range m[1:] {
				if code != "" {
					all[code] = true
				}
			}
		}
	}
	return all
}

func TestTimesInBothLanguages(t *testing.T) {
	t.Parallel()

	c := New(Options{Zone: moscow, Now: func() time.Time { return now }})
	en, ru := c.languages()[0], c.languages()[1]
	for _, x := range []struct{ got, want string }{
		{en.ago(now.Add(-90 * time.Minute)), "1 hour"}, {ru.ago(now.Add(-30 * time.Second)), "меньше минуты"}, {ru.ago(now.Add(-50 * time.Hour)), "2 дня"},
		{en.left(ptr("2026-03-01")), "today"}, {en.left(ptr("2026-02-27")), "2 days ago"}, {ru.left(ptr("2026-03-03")), "через 2 дня"}, {en.left(nil), ""},
		{en.at(now).Zone, "2026-03-01 15:04"}, {en.at(now).UTC, "2026-03-01 12:04:05 UTC"},
	} {
		if x.got != x.want {
			t.Errorf("%q, want %q", x.got, x.want)
		}
	}
}

// A time in a sentence is shown as every other, in the panel's zone.
func TestTimesInSentences(t *testing.T) {
	t.Parallel()

	said := New(Options{Zone: moscow}).languages()[0].say("seen at 2026-03-01T12:04:05Z, and paid till 2026-03-01")
	if len(said) != 3 || said[0].Text != "seen at " || said[1].At == nil || said[1].At.Zone != "2026-03-01 15:04" || said[2].Text != ", and paid till 2026-03-01" {
		t.Errorf("it is said %+v", said)
	}
}

func ptr(text string) *string { return &text }

// The choice of a person counts more than what the browser asks for.
func TestLanguageIsChosen(t *testing.T) {
	t.Parallel()

	c := New(Options{})
	for _, x := range []struct{ accept, cookie, want string }{
		{"", "", "en"}, {"ru", "", "ru"}, {"ru-RU,ru;q=0.9,en;q=0.8", "", "ru"}, {"en-GB,ru;q=0.5", "", "en"}, {"fr", "", "en"}, {"ru", "en", "en"}, {"", "ru", "ru"}, {"ru", "odd", "ru"}, {"\x00;;", "", "en"},
	} {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
		r.Header.Set("Accept-Language", x.accept)
		if x.cookie != "" {
			r.Header.Set("Cookie", languageCookie+"="+x.cookie)
		}
		if got := c.choose(r).Name; got != x.want {
			t.Errorf("%q with the choice %q: %s, want %s", x.accept, x.cookie, got, x.want)
		}
	}
}

// A page leads to itself and to no other site.
func TestGoingBackStaysHere(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{"/domains?q=a": "/domains?q=a", "": "/", "//evil.example/": "/", "https://evil.example/": "/", `/\evil.example`: "/", "domains": "/", "javascript:alert(1)": "/"} {
		if got := local(given); got != want {
			t.Errorf("%q leads to %q, want %q", given, got, want)
		}
	}
}

// What a registrar advises is worded with what it names; what has no words here is left out.
func TestAdvised(t *testing.T) {
	t.Parallel()

	given := []api.Advice{{Action: "settings", Parameters: map[string]string{"settings": "password", "more": "x"}}, {Action: "dance"},
		{Action: "import", Parameters: map[string]string{"paid_till": "2027-11-24"}}, {Action: "import"}}
	for name, want := range map[string][]string{
		"en": {"password in plugin.hcl", "paid till 2027-11-24.", "page Import."},
		"ru": {"password в plugin.hcl", "оплачен до 2027-11-24.", "странице «Импорт»."},
	} {
		for _, l := range New(Options{}).languages() {
			if l.Name != name {
				continue
			}
			lines := l.advised(given)
			if len(lines) != len(want) {
				t.Fatalf("%s: %q", name, lines)
			}
			for i, part := range want {
				if !strings.Contains(lines[i], part) {
					t.Errorf("%s: %q does not say %q", name, lines[i], part)
				}
			}
		}
	}
}

var marked = regexp.MustCompile(`<span lang="en">[^<]*</span>`)

// A Russian page marks what is not Russian, for those who hear it read.
func TestEnglishIsMarked(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	b.registered()
	b.header.Set("Accept-Language", "ru")
	if page := b.get("/operations/op-1"); !marked.MatchString(page) {
		t.Errorf("nothing is marked:\n%s", page)
	}
	b.header.Set("Accept-Language", "en")
	if page := b.get("/operations/op-1"); marked.MatchString(page) {
		t.Error("the English page marks English")
	}
}
