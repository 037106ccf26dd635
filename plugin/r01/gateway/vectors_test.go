package gateway

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"registrar.panel/internal/testrun"
	"registrar.panel/plugin/r01/inbox"
	"registrar.panel/plugin/r01/mailauth"
	"registrar.panel/plugin/r01/mailbox"
	"registrar.panel/shared/registrar"
)

// Mails as they come in the real world, each of a kind of its own, and what must become of an
// open request about newtime.ru by them. testdata/mails/README.md says what the columns mean.
// r01-mail 3
func TestMailVectors(t *testing.T) {
	t.Parallel()
	table, err := os.ReadFile(filepath.Join("testdata", "mails", "expect.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	tries := testrun.Sample(t, 6)
	listed := map[string]bool{}
	for line := range strings.Lines(string(table)) {
		columns := strings.Split(strings.TrimSpace(line), "\t")
		if len(columns) != 5 {
			t.Fatalf("line %q has %d columns, want 5", line, len(columns))
		}
		file, scene, expected, about := columns[0], columns[1], columns[2], columns[4]
		listed[file] = true
		if !tries() {
			continue
		}
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			raw, err := os.ReadFile(filepath.Join("testdata", "mails", file))
			if err != nil {
				t.Fatal(err)
			}
			v := newVector(t, scene)
			v.arrive(raw)
			if got := v.outcome(); !slices.ContainsFunc(strings.Split(expected, "|"), got.is) {
				t.Errorf("%s: %s, want %s", about, got, expected)
			}
		})
	}
	files, err := filepath.Glob(filepath.Join("testdata", "mails", "*.eml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !listed[filepath.Base(f)] {
			t.Errorf("%s is not in expect.tsv", f)
		}
	}
}

// vector is one open request, and the mail about it.
type vector struct {
	*gate
	op registrar.Operation
}

const vectorDomain = "newtime.ru"

// newVector sets a scene: the request that is open, and what is asked of a reply's sender.
func newVector(t *testing.T, scene string) *vector {
	t.Helper()
	v := &vector{}
	scene, asks, _ := strings.Cut(scene, "+")
	switch scene {
	case "domain":
		v.gate = newGateOfClient(t)
		v.op = v.submit(registration("o1", vectorDomain))
	case "prolong":
		v.gate = newGate(t)
		v.own(vectorDomain, 40, registrar.RenewAuto)
		v.op = v.submit(registrar.Order{ID: "o1", Kind: registrar.KindRenew, Domain: vectorDomain, Customer: "c1", PaidTill: v.status(vectorDomain).PaidTill})
	default:
		t.Fatalf("there is no scene %q", scene)
	}
	v.send()
	v.expect(v.op.ID, registrar.Sent)
	c := mailauth.Config{Method: mailauth.None}
	if asks != "" {
		c.From = []string{v.settings.Robot}
		v.settings.RepliesFrom = c.From
	}
	if asks == "ar" {
		c.Method, c.AuthServID = mailauth.AuthenticationResults, "mx.panel.example"
		v.settings.Proof = true
	}
	v.verifier.Verifier = mailauth.New(c, nil)
	return v
}

// arrive fills a mail in and has it read.
func (v *vector) arrive(raw []byte) {
	v.t.Helper()
	request := v.relay.taken[v.last()]
	id, subject := header(v.t, request, "Message-ID"), header(v.t, request, "Subject")
	token := inbox.Tokens(subject)[0]
	v.clock = v.clock.Add(time.Minute)
	today := registrar.DateOf(v.clock.In(time.UTC))
	dots := func(d registrar.Date) string { return strings.ReplaceAll(d.String(), "-", ".") }
	renewed := v.status(vectorDomain).PaidTill.AddYears(1)
	text := strings.NewReplacer(
		"@MID@", id, "@BAREMID@", strings.Trim(id, "<>"), "@TOKEN@", token,
		"@B64TOKEN@", base64.RawStdEncoding.EncodeToString([]byte("Re: Request ["+token+"]")),
		"@DATE@", v.clock.Format(time.RFC1123Z), "@TILL@", dots(today.AddYears(1)), "@TILLZ@", today.AddYears(1).AddDays(-1).String()+"T21:00:00Z",
		"@RENEWED@", fmt.Sprintf("%02d.%02d.%d", renewed.Day, renewed.Month, renewed.Year),
		"{MESSAGE_ID}", id, "{TOKEN}", token, "{DOMAIN}", vectorDomain, "{TASK}", "4711",
	).Replace(string(raw))
	foreseen := v.foresees([]byte(text))
	if err := v.Deliver(v.t.Context(), []mailbox.Mail{{Raw: []byte(text), InternalDate: v.clock}}); err != nil {
		v.t.Fatal(err)
	}
	if err := v.ReadNew(v.t.Context()); err != nil {
		v.t.Fatal(err)
	}
	v.check()
	v.comesTrue(foreseen)
}

// outcome is what became of the request, and what a person is shown.
type outcome struct {
	state  registrar.OperationState
	review bool
	shown  string
}

func (v *vector) outcome() outcome {
	v.t.Helper()
	o := outcome{state: v.operation(v.op.ID).State}
	list, err := v.Desk.Reviews(v.t.Context())
	if err != nil {
		v.t.Fatal(err)
	}
	for _, e := range list {
		whole, err := v.Review(v.t.Context(), e.ID)
		if err != nil {
			v.t.Fatal(err)
		}
		o.review = true
		o.shown += e.Reason + "\n" + whole.Subject + "\n" + whole.Text
	}
	return o
}

// is reports whether it is what a vector expects: a state, "+review" when the mail waits too;
// or "review" alone, with "~WORD" that is shown, when nothing moved.
func (o outcome) is(expected string) bool {
	state, waits, _ := strings.Cut(expected, "+")
	word := ""
	if before, after, found := strings.Cut(state, "~"); found {
		state, word = before, after
	}
	if state == "review" {
		return o.state == registrar.Sent && o.review && strings.Contains(o.shown, word)
	}
	want := strings.ToLower(strings.ReplaceAll(state, "_", ""))
	return strings.ToLower(string(o.state)) == want && o.review == (waits == "review")
}

func (o outcome) String() string {
	text := strings.ToLower(string(o.state))
	if o.review {
		text += "+review: " + strings.TrimSpace(o.shown)
	}
	return text
}

// Mails that must move nothing: of strangers who guess, replay, quote and contradict. With the
// example's settings, and where a proof is asked for that they lack. r01-mail 3.7, 3.8, 3.10
func TestHostileMails(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("testdata", "hostile", "*.eml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no mails: %v", err)
	}
	tries := testrun.Sample(t, 7)
	for _, file := range files {
		for _, scene := range []string{"domain", "prolong"} {
			for _, asked := range []bool{false, true} {
				if strings.HasPrefix(filepath.Base(file), "14-") && !asked {
					continue // a bounce that knows the token is believed where no proof is asked for
				}
				if !tries() {
					continue
				}
				t.Run(fmt.Sprintf("%s %s asked %v", filepath.Base(file), scene, asked), func(t *testing.T) {
					t.Parallel()
					raw, err := os.ReadFile(file)
					if err != nil {
						t.Fatal(err)
					}
					v := newVector(t, scene)
					v.settings.Proof = asked
					v.verifier.Verifier = verdict(func() mailauth.Verdict { return v.judge })
					v.judge = mailauth.Verdict{Verified: !asked, Reason: "it is not signed"}
					v.arrive(raw)
					if got := v.outcome(); !got.is("sent+review") {
						t.Errorf("%s", got)
					}
					v.paysAndSends()
				})
			}
		}
	}
}

// paysAndSends has another paid request succeed and everything sent that is due: nothing of it
// may send the vector's request again, and nothing is paused.
func (v *vector) paysAndSends() {
	v.t.Helper()
	before := v.paidFor(vectorDomain)
	other := v.submit(registration("other", "other.ru"))
	v.send()
	if state := v.operation(other.ID).State; state != registrar.Sent {
		v.t.Errorf("the queue stands: another order is %s", state)
	}
	if n := v.paidFor(vectorDomain); n != before {
		v.t.Errorf("R01 got the request %d times more", n-before)
	}
}
