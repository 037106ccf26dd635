package r01sim

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// asked is a request with a token of its own.
func asked(t *testing.T, token, action string, templates ...string) []byte {
	head := replaceAll(testHead, "Subject: New client [t1]", "Subject: Request ["+token+"]", "<t1@panel.example>", "<"+token+"@panel.example>")
	return koi8(t, head+replaceAll(testAuthorization, "NEW", action)+strings.Join(templates, "\n")+testEnd)
}

const (
	liedServer = "mx.panel.example"
	secretName = "MYCO_2_99001-R01" // of a client that is not registered yet
)

// eavesdropped is R01 with one request that is over and four that are open; their tokens are
// over, fresh, renewed, changed and client.
func eavesdropped(t *testing.T, do func(t *testing.T, s *Simulator)) {
	t.Helper()
	o := testOptions()
	o.AuthServID = liedServer
	inBubble(t, o, func(t *testing.T, s *Simulator) {
		overheard(t, s)
		do(t, s)
	})
}

func overheard(t *testing.T, s *Simulator) {
	t.Helper()

	domain := func(name string) string { return strings.ReplaceAll(testDomain, "newtime.ru", name) }
	ask(s, asked(t, "over", "NEW", testPerson, domain("old.ru")))
	wait(time.Second)

	if err := s.AddDomain(Domain{Name: "prolonged.ru", PaidTill: s.today().AddDays(20), Handle: "MYCO_1_48213-R01"}); err != nil {
		t.Fatal(err)
	}

	s.Hold()
	ask(s, asked(t, "fresh", "NEW", domain("new.ru")))
	ask(s, asked(t, "renewed", "PROLONG", "#[DOMAIN TEMPLATE]#\ndomain: prolonged.ru\n"))
	ask(s, asked(t, "changed", "UPDATE", domain("old.ru")))
	ask(s, asked(t, "client", "NEW", strings.ReplaceAll(testPerson, "MYCO_1_48213-R01", secretName)))
	wait(time.Second)

	for _, e := range s.History() {
		if e.Verdict != VerdictQueued {
			t.Fatalf("%s is %s %v", e.Subject, e.Verdict, e.Reasons)
		}
	}

	if n := len(s.Lies()); n != 0 {
		t.Fatalf("%d lies, told of itself", n)
	}
}

var openObjects = map[string]string{"fresh": "new.ru", "renewed": "prolonged.ru", "changed": "old.ru", "client": secretName}

// eachLie tells every kind about every open request that it suits, a few times.
func eachLie(t *testing.T, s *Simulator, do func(token string, l Lie, a answerMail)) {
	t.Helper()

	told := map[LieKind]bool{}
	for _, kind := range LieKinds(LieGroups()...) {
		for token, object := range openObjects {
			for range 12 {
				before := len(s.liar.told)

				if s.TellLie(kind, object) != nil {
					continue
				}

				all := s.liar.told
				if len(all) != before+1 {
					t.Fatalf("%s: %d lies", kind, len(all)-before)
				}

				l := all[before]
				if l.Kind != kind || l.Object != object || l.Request != "<"+token+"@panel.example>" {
					t.Fatalf("%s about %s is recorded as %s, %s, %s", kind, object, l.Kind, l.Object, l.Request)
				}

				told[kind] = true
				do(token, l, parseAnswer(t, l.Raw))
			}
		}
	}

	for _, kind := range LieKinds(LieGroups()...) {
		if !told[kind] {
			t.Errorf("%s suits no request", kind)
		}
	}
}

// A stranger's mail holds nothing that an open request is known by. The other groups name the
// request as R01 would.
func TestLies_know(t *testing.T) {
	t.Parallel()

	eavesdropped(t, func(t *testing.T, s *Simulator) {
		eachLie(t, s, func(token string, l Lie, a answerMail) {
			subject, err := a.header.Text("Subject")
			if err != nil {
				t.Fatal(err)
			}

			all := string(l.Raw) + subject + a.text
			bound := strings.Contains(subject, "["+token+"]") || strings.Contains(a.header.Get("In-Reply-To"), "<"+token+"@") ||
				l.Kind == "leaked-bounce" && strings.Contains(a.text, "Message-ID: <"+token+"@panel.example>")
			if bound != (l.Group != LieOfStranger) {
				t.Errorf("%s about %s, bound: %v:\n%s", l.Kind, token, bound, l.Raw)
			}

			if l.Group != LieOfStranger {
				return
			}

			for _, secret := range []string{"<fresh@", "<renewed@", "<changed@", "<client@", "[fresh]", "[renewed]", "[changed]", "[client]", secretName} {
				if strings.Contains(all, secret) {
					t.Errorf("%s tells %s:\n%s", l.Kind, secret, l.Raw)
				}
			}
		})
	})
}

// The liar can't prove that it is R01, except by what R01 has signed.
func TestLies_proveNothing(t *testing.T) {
	t.Parallel()

	eavesdropped(t, func(t *testing.T, s *Simulator) {
		pass := "Authentication-Results: mx.panel.example; dkim=pass header.d=registrar.example\r\n"
		for _, raw := range s.Sent() {
			if !bytes.HasPrefix(raw, []byte(pass)) {
				t.Errorf("an answer of R01 is not proved:\n%s", raw)
			}
		}

		eachLie(t, s, func(_ string, l Lie, a answerMail) {
			proved := bytes.HasPrefix(l.Raw, []byte(pass))
			if want := l.Kind == "replay" || l.Kind == "replay-blanks"; proved != want {
				t.Errorf("%s is proved: %v:\n%s", l.Kind, proved, l.Raw)
			}
			if !strings.HasPrefix(a.header.Get("Authentication-Results"), liedServer) {
				t.Errorf("%s: nothing of the receiving server on top:\n%s", l.Kind, l.Raw)
			}
		})
	})
}

// What a lie says is in its record.
func TestLies_claim(t *testing.T) {
	t.Parallel()

	facts := map[LieKind]Fact{"success-lines": FactDone, "success-prose": FactDone, "refusal": FactRejected, "no-funds": FactNoFunds, "auth-failed": FactAuthFailed,
		"queued": FactQueued, "taken-over": FactDone, "bounce": FactBounced, "many-names": FactDone, "forged-proof": FactDone, "impossible-date": FactDone,
		"leaked-success": FactDone, "leaked-refusal": FactRejected, "leaked-no-funds": FactNoFunds, "leaked-auth-failed": FactAuthFailed,
		"leaked-queued": FactQueued, "leaked-bounce": FactBounced, "leaked-proof": FactDone, "quoted-forward": FactDone, "passport-task": FactQueued}

	eavesdropped(t, func(t *testing.T, s *Simulator) {
		eachLie(t, s, func(_ string, l Lie, _ answerMail) {
			switch want, known := facts[l.Kind]; {
			case l.Kind == "out-of-office":
				if len(l.Claims) > 0 {
					t.Errorf("%s claims %+v", l.Kind, l.Claims)
				}
			case len(l.Claims) == 0 || l.MessageID == "" || l.Date.IsZero():
				t.Errorf("%s is recorded without claim, Message-ID or date: %+v", l.Kind, l)
			case known && l.Claims[0].Fact != want:
				t.Errorf("%s claims %s", l.Kind, l.Claims[0].Fact)
			}
		})
	})
}

// lyingOptions tell every kind of themselves, three for each request.
func lyingOptions(seed uint64) Options {
	o := testOptions()
	o.Seed, o.Policy = seed, Chaos()
	o.Lies, o.LieRate = LieKinds(LieGroups()...), 3
	return o
}

// lived plays the same requests to R01 and returns what it sent and what was lied.
func lived(t *testing.T, o Options) (sent [][]byte, lies []Lie) {
	inBubble(t, o, func(t *testing.T, s *Simulator) {
		withRegistrant(t, s)
		for i := range 30 {
			ask(s, newDomain(t, fmt.Sprintf("d%d.ru", i)))
			wait(300 * time.Millisecond)
		}
		wait(time.Hour)
		sent, lies = s.Sent(), s.Lies()
	})
	return sent, lies
}

// The same seed tells the same lies of the same requests; another seed tells others.
func TestLiar_seed(t *testing.T) {
	t.Parallel()

	raws := func(lies []Lie) (all []string) {
		for _, l := range lies {
			all = append(all, string(l.Kind)+" "+l.At.String()+"\n"+string(l.Raw))
		}
		return all
	}

	_, first := lived(t, lyingOptions(7))
	_, again := lived(t, lyingOptions(7))
	_, other := lived(t, lyingOptions(8))
	if !slices.Equal(raws(first), raws(again)) {
		t.Error("the same seed told other lies")
	}
	if slices.Equal(raws(first), raws(other)) {
		t.Error("another seed told the same lies")
	}

	kinds := map[LieKind]bool{}
	for _, l := range first {
		kinds[l.Kind] = true
	}

	if len(first) < 60 || len(first) > 90 || len(kinds) < 25 {
		t.Errorf("30 requests at a rate of 3 brought %d lies of %d kinds", len(first), len(kinds))
	}
}

// The robot answers as it does without the liar; lies are in the mailbox, and not among what
// it sent.
func TestLiar_besideTheRobot(t *testing.T) {
	t.Parallel()
	honest := lyingOptions(7)
	honest.Lies = nil
	alone, none := lived(t, honest)
	beside, lies := lived(t, lyingOptions(7))
	if len(none) > 0 {
		t.Errorf("%d lies without a liar", len(none))
	}
	if !slices.EqualFunc(alone, beside, bytes.Equal) {
		t.Errorf("the robot sent %d mails alone and %d beside the liar, or others", len(alone), len(beside))
	}
	if len(lies) == 0 {
		t.Error("no lies")
	}
}

func TestLiar_delivers(t *testing.T) {
	t.Parallel()

	s := start(t, testOptions())
	mustSubmit(t, s, requestFor(t, testPerson, testDomain))
	answers(t, s, 4)
	mustCall(t, s, "POST", "/lies?kind=leaked-no-funds&object=newtime.ru", "", new(struct{}))
	var lies []Lie
	mustCall(t, s, "GET", "/lies", "", &lies)
	if len(lies) != 1 || lies[0].Claims[0].Fact != FactNoFunds || lies[0].Claims[0].Object != "newtime.ru" {
		t.Fatalf("lies %+v", lies)
	}

	c := mailboxClient(t, s)
	eventually(t, "the lie in the mailbox", func() bool {
		return slices.ContainsFunc(fetchAll(t, c), func(raw []byte) bool { return bytes.Equal(raw, lies[0].Raw) })
	})

	if n := len(s.Sent()); n != 4 {
		t.Errorf("%d mails count as sent", n)
	}

	for _, path := range []string{"/lies?kind=white&object=newtime.ru", "/lies?kind=refusal&object=unknown.ru", "/lies?kind=leaked-handle&object=newtime.ru"} {
		if status, answer := call(t, s, "POST", path, ""); status != 400 {
			t.Errorf("%s: %d %s", path, status, answer)
		}
	}
}

func TestCommand_liar(t *testing.T) {
	t.Parallel()

	none := []LieKind(nil)
	for _, row := range []struct {
		args []string
		want []LieKind
	}{
		{nil, none},
		{[]string{"--liar=false"}, none},
		{[]string{"--liar"}, LieKinds(LieOfStranger, LieTwisted)},
		{[]string{"--liar=all"}, LieKinds(LieGroups()...)},
		{[]string{"--liar=leaked"}, LieKinds(LieLeaked)},
		{[]string{"--liar=replay, refusal,refusal"}, []LieKind{"refusal", "replay"}},
	} {
		o, err := parseOptions(row.args, noEnvironment, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(row.want)
		if !slices.Equal(o.Lies, row.want) || o.LieRate != 1 {
			t.Errorf("%v tells %v at a rate of %v", row.args, o.Lies, o.LieRate)
		}
	}

	for args, says := range map[string]string{"--liar=white": `"white" is neither a kind nor a group`, "--liar-rate=x": "liar-rate"} {
		if _, err := parseOptions([]string{args}, noEnvironment, io.Discard); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", args, err)
		}
	}

	var help bytes.Buffer
	Command(t.Context(), []string{"-h"}, noEnvironment, io.Discard, &help)
	for _, kind := range LieKinds(LieGroups()...) {
		if !strings.Contains(help.String(), "  "+string(kind)+" ") {
			t.Errorf("-h does not name %s", kind)
		}
	}
}

// The table in the README is the table of the code.
func TestLies_readme(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, l := range lieTable() {
		want = append(want, fmt.Sprintf("| `%s` | %s | %s |", l.kind, l.group, l.says))
	}
	got := regexp.MustCompile("(?m)^\\| `[a-z-]+` \\| (stranger|twisted|leaked) \\|.*$").FindAllString(string(readme), -1)
	if !slices.Equal(got, want) {
		t.Errorf("README has\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
