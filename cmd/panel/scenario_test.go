package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/text/encoding/charmap"

	"registrar.panel/internal/r01sim"
)

// The main job: an unpaid order sends nothing; paying registers the client,
// then the domain; the same customer's next domain is requested at once.
func TestRegisterNewAndKnownPerson(t *testing.T) {
	everywhere(t, registerNewAndKnownPerson)
}

func TestRegisterUnderTheRaceDetector(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.watch()
	registerNewAndKnownPerson(t, w)
}

func registerNewAndKnownPerson(t *testing.T, w *world) {
	contact := w.write("person.json", person)
	w.serve()

	id := w.order("newtime.ru", "c1", contact)
	if d := w.domain("newtime.ru"); d.Status != "Pending" {
		t.Errorf("before payment the domain is %s", d.Status)
	}
	preview := w.must("preview", id)
	if !strings.Contains(preview, "#[PERSON TEMPLATE]#") {
		t.Errorf("the preview shows no client request:\n%s", preview)
	}
	for _, hidden := range []string{mailPassword, "4510 123456", "18.10.1965"} {
		if strings.Contains(preview, hidden) {
			t.Errorf("the preview shows %q", hidden)
		}
	}
	if n := len(w.sim.History()); n != 0 {
		t.Fatalf("%d mails left before payment", n)
	}
	w.must("order", "pay", id)
	w.must("order", "pay", id) // paying twice changes nothing
	d := w.reach("newtime.ru", "Registered")
	if d.PaidTill == nil || d.Handle == nil || !strings.HasPrefix(*d.Handle, "MYCO_7_") || d.Operation != nil {
		t.Errorf("registered as %+v", d)
	}
	if clients, domains := w.requests("MYCO_"), w.requests("newtime.ru"); clients != 1 || domains != 1 {
		t.Errorf("R01 got %d client and %d domain requests, want one of each", clients, domains)
	}

	w.buy("second.su", "c1", contact)
	second := w.reach("second.su", "Registered")
	if *second.Handle != *d.Handle {
		t.Errorf("the same customer got handles %s and %s", *d.Handle, *second.Handle)
	}
	if n := len(w.sim.History()); n != 3 {
		t.Errorf("R01 got %d mails, want 3: the known customer needs no second client request", n)
	}
	checkWire(t, w.sim.History())
}

// checkWire checks the bytes that arrived over SMTP. r01-mail 1
func checkWire(t *testing.T, history []r01sim.Entry) {
	t.Helper()
	for _, e := range history {
		head, body, ok := bytes.Cut(e.Raw, []byte("\r\n\r\n"))
		if !ok {
			t.Fatalf("a mail without a body:\n%s", e.Raw)
		}
		for _, line := range []string{"From: <" + callback + ">", "Content-Transfer-Encoding: 8bit", "Content-Type: text/plain; charset="} {
			if !bytes.Contains(head, []byte(line)) {
				t.Errorf("no header %q in:\n%s", line, head)
			}
		}
		if bytes.Contains(bytes.ToLower(head), []byte("utf-8")) || bytes.Contains(head, []byte("multipart")) {
			t.Errorf("a header R01 does not read:\n%s", head)
		}
		if bytes.Contains(e.Raw, []byte("?")) && !bytes.Contains(e.Raw, []byte("=?")) {
			t.Errorf("a question mark stands in a request:\n%q", body)
		}
		if !bytes.HasPrefix(body, []byte("action: NEW\r\n")) || !bytes.HasSuffix(bytes.TrimRight(body, "\r\n"), []byte("#[TEMPLATES END]#")) {
			t.Errorf("the body is not framed as R01 wants:\n%q", body)
		}
		if strings.HasPrefix(e.Objects[0], "MYCO_") {
			want, err := charmap.KOI8R.NewEncoder().String("person-r: Сидоров Сидор Сидорович\r\n")
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Contains(body, []byte(want)) {
				t.Errorf("the Russian name is not there in raw koi8-r:\n%q", body)
			}
		}
	}
}

func TestRegisterOrganization(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		contact := w.write("org.json", organization)
		w.serve()
		w.buy("пример.рф", "c2", contact)
		d := w.reach("xn--e1afmkfd.xn--p1ai", "Registered")
		if !strings.HasSuffix(*d.Handle, "-ORG-R01") {
			t.Errorf("an organization got the handle %s", *d.Handle)
		}
		if d.Unicode != "пример.рф" {
			t.Errorf("shown as %q", d.Unicode)
		}
		if !strings.Contains(strings.ToLower(string(w.sim.History()[1].Raw)), "domain: xn--e1afmkfd.xn--p1ai\r\n") {
			t.Errorf("the name is not in ACE on the wire:\n%s", w.sim.History()[1].Raw)
		}
	})
}

// Two orders at once for one new customer lead to one client request and two domain requests.
func TestTwoOrdersShareOneClientRequest(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		contact := w.write("person.json", person)
		w.serve()
		w.sim.Hold() // R01 does not answer until both are under way
		w.buy("one.ru", "c1", contact)
		w.buy("two.ru", "c1", contact)
		w.stands("one.ru", "Sent")
		w.stands("two.ru", "Sent")
		w.until("R01 to have the client request", func() bool { return len(w.sim.History()) > 0 })
		if n := len(w.sim.History()); n != 1 {
			t.Errorf("%d mails while the client is being registered, want 1", n)
		}
		w.sim.Release(0)
		w.reach("one.ru", "Registered")
		w.reach("two.ru", "Registered")
		if c, a, b := w.requests("MYCO_"), w.requests("one.ru"), w.requests("two.ru"); c != 1 || a != 1 || b != 1 {
			t.Errorf("R01 got %d client requests, %d for one.ru, %d for two.ru", c, a, b)
		}
	})
}

func TestOwnOrderNeedsNoPayment(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		contact := w.write("person.json", person)
		w.serve()
		cancelled := w.order("cancelled.ru", "c1", contact)
		w.must("order", "cancel", cancelled)
		if _, _, code := w.run("order", "pay", cancelled); code != 1 {
			t.Errorf("paying a cancelled order: exit %d", code)
		}
		w.order("own.ru", "provider", contact, "--own")
		w.reach("own.ru", "Registered")
		if n := w.requests("cancelled.ru"); n != 0 {
			t.Errorf("%d requests for a cancelled order", n)
		}
	})
}

// A rejected request makes the domain Error, and the Action Log says why in R01's words.
func TestRejectedOrder(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		contact := w.write("person.json", person)
		w.serve()
		if err := w.sim.AddDomain(r01sim.Domain{Name: "taken.ru", PaidTill: paidTill(t, "2027-05-01"), Registrar: "OTHER-RU"}); err != nil {
			t.Fatal(err)
		}
		w.buy("taken.ru", "c1", contact)
		w.reach("taken.ru", "Error")
		var entries []logView
		w.json(&entries, "log", "--domain", "taken.ru")
		const words = "Domain taken.ru is already registered."
		if !slices.ContainsFunc(entries, func(e logView) bool {
			return e.Level != nil && *e.Level == "error" && strings.Contains(*e.Message, words)
		}) {
			t.Errorf("no error entry says %q: %s", words, w.must("log", "--domain", "taken.ru"))
		}
		w.buy("free.ru", "c1", contact) // and the next order is not held up
		w.reach("free.ru", "Registered")
	})
}

// A wrong password stops the queue with an alarm; the right one starts it again, and nothing was lost or sent twice.
func TestWrongPasswordStopsTheQueue(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		contact := w.write("person.json", person)
		w.serve()
		w.sim.SetPassword("changed-at-R01")
		w.buy("first.ru", "c1", contact)
		if held := w.alarms("first.ru", "NeedsAction"); held.Status != "Registering" {
			t.Errorf("held as %s", held.Status)
		}
		w.buy("next.ru", "c2", strings.Replace(contact, "person", "person", 1))
		w.stands("next.ru", "Queued")
		w.until("panel plugins to tell of the pause", func() bool { return strings.Contains(w.must("plugins"), "password") })
		if n := len(w.sim.History()); n != 1 {
			t.Errorf("%d mails went out, want the queue to stand after 1", n)
		}
		w.stop(syscall.SIGTERM)
		w.write("mail.secret", "changed-at-R01\n")
		w.serve()
		w.reach("first.ru", "Registered")
		w.reach("next.ru", "Registered")
		if n := w.requests("first.ru"); n != 1 {
			t.Errorf("%d requests for first.ru", n)
		}
	})
}

// A mail that is not recognised waits for a person and changes nothing.
func TestUnrecognisedMailWaitsForReview(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		contact := w.write("person.json", person)
		w.serve()
		w.buy("known.ru", "c1", contact)
		w.reach("known.ru", "Registered")
		w.buy("garbled-1.ru", "c1", contact)
		var reviews []struct {
			ID, Reason string
			Candidates []string
		}
		w.until("a mail in review", func() bool {
			w.json(&reviews, "review")
			return len(reviews) > 0
		})
		d := w.stands("garbled-1.ru", "Accepted")
		if d.Status != "Registering" {
			t.Errorf("an unrecognised mail changed the domain: %+v", d)
		}
		if !slices.Contains(reviews[0].Candidates, d.Operation.ID) {
			t.Errorf("the review does not name operation %s: %+v", d.Operation.ID, reviews[0])
		}
		shown := w.must("review", "show", reviews[0].ID)
		if strings.Contains(shown, mailPassword) {
			t.Error("the review shows the password")
		}
		if _, stderr, code := w.run("review", "resolve", reviews[0].ID, "--outcome", "nonsense", "--by", "olga"); code == 0 {
			t.Errorf("an unknown outcome was taken: %s", stderr)
		}
		w.must("review", "resolve", reviews[0].ID, "--outcome", "done", "--operation", d.Operation.ID, "--by", "olga")
		w.reach("garbled-1.ru", "Registered")
		if timeline := w.must("domain", "show", "garbled-1.ru"); !strings.Contains(timeline, "olga") {
			t.Errorf("the timeline does not name who decided:\n%s", timeline)
		}
	})
}

// Registered but not delegated is not Registered. r01-mail 3.1
func TestUndelegatedNeedsAction(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		contact := w.write("person.json", person)
		w.serve()
		w.buy("undelegated-1.ru", "c1", contact)
		d := w.alarms("undelegated-1.ru", "NeedsAction")
		if d.Status != "Registering" {
			t.Errorf("registered but not delegated shows %+v", d)
		}
		if _, _, code := w.run("operation", "resolve", d.Operation.ID, "--outcome", "resend", "--by", "olga"); code != 1 {
			t.Errorf("resending what R01 has registered: exit %d, want 1", code)
		}
		w.must("operation", "resolve", d.Operation.ID, "--outcome", "done", "--by", "olga")
		w.reach("undelegated-1.ru", "Registered")
	})
}

// If every reply comes twice, it is applied once, and the second needs no person.
func TestDoubledReplies(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		contact := w.write("person.json", person)
		w.serve()
		w.buy("twice-1.ru", "c1", contact)
		w.reach("twice-1.ru", "Registered")
		w.buy("after.ru", "c1", contact)
		w.reach("after.ru", "Registered")
		var reviews []struct{ Reason string }
		w.json(&reviews, "review")
		if len(reviews) != 0 {
			t.Errorf("doubled replies went to review: %+v", reviews)
		}
		if n := w.requests("twice-1.ru"); n != 1 {
			t.Errorf("%d requests for twice-1.ru", n)
		}
	})
}

// Replies come in every layout, language, charset and encoding that R01 might
// use. Some answer no mail and repeat no subject. Because no sender is proved
// here, these are only hints, and the registry's record concludes the order.
func TestEveryWayToWriteAReply(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		contact := w.write("person.json", person)
		w.asksRegistry()
		w.serve()
		n := 0
		for _, layout := range []r01sim.Layout{r01sim.LayoutLines, r01sim.LayoutProse} {
			for _, language := range []r01sim.Language{r01sim.English, r01sim.Russian} {
				for _, charset := range []string{"koi8-r", "windows-1251", "utf-8"} {
					for _, encoding := range []string{"8bit", "quoted-printable", "base64"} {
						n++
						policy := w.sim.Policy()
						policy.Layout, policy.Language, policy.Charset, policy.Encoding = layout, language, charset, encoding
						policy.Threaded, policy.KeepSubject = n%2 == 0, n%3 != 0
						policy.Quote = []r01sim.Quotation{r01sim.QuoteNone, r01sim.QuotePrefixed, r01sim.QuoteTail}[n%3]
						if err := w.sim.SetPolicy(policy); err != nil {
							t.Fatal(err)
						}
						name := fmt.Sprintf("style%d.ru", n)
						w.buy(name, fmt.Sprint("c", n), contact)
						if d := w.reach(name, "Registered"); d.PaidTill == nil {
							t.Errorf("%s %s %s %s: no paid-till was read", layout, language, charset, encoding)
						}
					}
				}
			}
		}
		var reviews []struct{ Reason, Subject string }
		w.until("the registry's record to close what only hinted", func() bool {
			w.json(&reviews, "review")
			return len(reviews) == 0
		})
		if got := len(w.sim.History()); got != 2*n {
			t.Errorf("R01 got %d requests for %d new customers, want %d", got, n, 2*n)
		}
	})
}
