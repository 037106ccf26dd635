package gateway

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"registrar.panel/internal/testrun"
	"registrar.panel/plugin/r01/inbox"
	"registrar.panel/plugin/r01/mailauth"
	"registrar.panel/plugin/r01/mailbox"
	"registrar.panel/plugin/r01/registry"
	"registrar.panel/shared/registrar"
	"registrar.panel/shared/secret"
)

// rawMail is a mail that answers nothing.
func rawMail(date, id, text string) string {
	return "From: robot@registrar.example\nTo: callback@panel.example\nSubject: R01 notice\nDate: " + date + "\nMessage-ID: <" + id + "@registrar.example>\n" +
		"MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n" + text
}

// wanted lists the reasons for which mails wait.
func (g *gate) wanted() (reasons []string) {
	g.t.Helper()
	list, err := g.Desk.Reviews(g.t.Context())
	if err != nil {
		g.t.Fatal(err)
	}
	for _, e := range list {
		reasons = append(reasons, e.Reason)
	}
	return reasons
}

// waits demands that one mail waits, and for what.
func (g *gate) waits(says string) {
	g.t.Helper()
	if reasons := g.wanted(); len(reasons) != 1 || !strings.Contains(reasons[0], says) {
		g.t.Errorf("waiting: %q, want one that says %q", reasons, says)
	}
}

// renews is a renewal that R01 has been sent, its sender asked for proof or not.
func (g *gate) renews(id, name string) registrar.Operation {
	g.t.Helper()
	op := g.submit(registrar.Order{ID: registrar.OrderID(id), Kind: registrar.KindRenew, Domain: name, Customer: "c1", PaidTill: g.status(name).PaidTill})
	g.send()
	return g.expect(op.ID, registrar.Sent)
}

// Last year's mail, again, byte for byte or with a blank at a line's end, or by a sender whose
// signature is right: it was written before this year's request. r01-mail 3.7
func TestReplayOfLastYear(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"Domain old.ru has been prolonged.\n", "action: PROLONG\ndomain: old.ru\nstatus: TASK_SUCCESS\n", "Домен old.ru продлён.\n"} {
		for _, proof := range []bool{true, false} {
			g := newGate(t)
			g.settings.Proof = proof
			g.own("old.ru", 30, registrar.RenewAuto)
			first := g.renews("y1", "old.ru")
			answer := strings.Replace(rawMail(g.clock.Format(time.RFC1123Z), "year1", text), "Subject: R01 notice", "Subject: Re: "+header(t, g.relay.taken[0], "Subject"), 1)
			g.receive(answer)
			g.expect(first.ID, registrar.Succeeded)
			was := g.status("old.ru").PaidTill
			g.clock = g.clock.AddDate(1, 0, 0)
			second := g.renews("y2", "old.ru")
			g.receive(answer)
			g.receive(strings.TrimSuffix(answer, "\n") + " \n")
			g.receive(strings.Replace(answer, "<year1@", "<another@", 1))
			g.receive(regexp.MustCompile(`Subject: .*`).ReplaceAllString(answer, "Subject: R01 notice"))
			if op := g.operation(second.ID); op.State != registrar.Sent || g.status("old.ru").PaidTill != was {
				t.Errorf("%q, proof %v: last year's mail made this year's renewal %s", text, proof, op.State)
			}
		}
	}
}

// An answer of before the request does not answer it, whatever it is bound by.
func TestOlderThanTheRequest(t *testing.T) {
	t.Parallel()
	for _, where := range []string{"Date", "INTERNALDATE"} {
		g := newGateOfClient(t)
		op := g.submit(registration("o1", "two.ru"))
		g.send()
		raw := g.reply(g.last(), delegated("two.ru")...)
		m := mailbox.Mail{InternalDate: g.clock}
		if where == "Date" {
			raw = regexp.MustCompile(`Date: .*`).ReplaceAllString(raw, "Date: "+g.clock.AddDate(-2, 0, 0).Format(time.RFC1123Z))
		} else {
			m.InternalDate = g.clock.AddDate(0, 0, -1)
		}
		m.Raw = []byte(strings.ReplaceAll(raw, "\n", "\r\n"))
		if err := errors.Join(g.Deliver(t.Context(), []mailbox.Mail{m}), g.ReadNew(t.Context())); err != nil {
			t.Fatal(err)
		}
		g.expect(op.ID, registrar.Sent)
		g.waits("before the request")
	}
}

// An old refusal does not open the way to a second payment.
func TestReplayedRefusal(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.own("old.ru", 30, registrar.RenewAuto)
	first := g.renews("y1", "old.ru")
	refusal := g.reply(0, "action: PROLONG", "domain: old.ru", "status: TASK_FAILURE", "message: The domain is locked.")
	g.receive(refusal)
	g.expect(first.ID, registrar.Failed)
	second := g.renews("y1b", "old.ru")
	g.receive(strings.TrimSuffix(refusal, "\n") + " \n")
	g.receive(strings.Replace(refusal, "<", "<x", 1))
	g.receive(rawMail(g.clock.Format(time.RFC1123Z), "z", "domain: old.ru\nstatus: TASK_FAILURE\nmessage: The domain is locked.\n"))
	g.expect(second.ID, registrar.Sent)
	if n := g.paidFor("old.ru"); n != 2 {
		t.Errorf("R01 got %d PROLONG", n)
	}
}

// Any doubt within a mail applies nothing of it. r01-mail 3.8
func TestContradictionAppliesNothing(t *testing.T) {
	t.Parallel()
	for name, lines := range map[string][]string{
		"failure of the same task":            {"task: 5", "domain: two.ru", "status: TASK_SUCCESS", "state: REGISTERED, DELEGATED", "", "task: 5", "status: TASK_FAILURE", "message: refused"},
		"failure of nothing named":            {"domain: two.ru", "status: TASK_SUCCESS", "state: REGISTERED, DELEGATED", "", "status: TASK_FAILURE", "message: refused"},
		"failure before":                      {"task: 5", "status: TASK_FAILURE", "message: refused", "", "task: 5", "domain: two.ru", "status: TASK_SUCCESS", "state: REGISTERED, DELEGATED"},
		"two expiries":                        {"domain: two.ru", "status: TASK_SUCCESS", "state: REGISTERED, DELEGATED", "paid-till: 2027.11.24", "", "domain: two.ru", "status: TASK_SUCCESS", "state: REGISTERED, DELEGATED", "paid-till: 2027.11.25"},
		"another domain beside it":            {"domain: two.ru", "status: TASK_SUCCESS", "state: REGISTERED, DELEGATED", "", "domain: three.ru", "status: TASK_FAILURE", "message: refused"},
		"a client beside it":                  {"domain: two.ru", "status: TASK_SUCCESS", "state: REGISTERED, DELEGATED", "", "nic-hdl: MYCO_1_X-R01", "status: TASK_SUCCESS"},
		"queued, and done":                    {"domain: two.ru", "status: TASK_QUEUED", "", "domain: two.ru", "status: TASK_SUCCESS", "state: REGISTERED, DELEGATED"},
		"a name in the place of R01's task":   {"task: Сидоров", "domain: two.ru", "status: TASK_SUCCESS", "state: REGISTERED, DELEGATED"},
		"no funds and a bad password":         {"domain: two.ru", "status: TASK_FAILURE", "message: Not enough funds", "", "status: TASK_FAILURE", "message: Invalid password"},
		"a success and a bad password":        {"domain: two.ru", "status: TASK_SUCCESS", "state: REGISTERED, DELEGATED", "", "status: TASK_FAILURE", "message: Invalid password"},
		"a bad password, and a later success": {"status: TASK_FAILURE", "message: Invalid password", "", "domain: two.ru", "status: TASK_SUCCESS", "state: REGISTERED, DELEGATED"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGateOfClient(t)
			op := g.submit(registration("o2", "two.ru"))
			g.send()
			g.receive(g.reply(g.last(), lines...))
			if s := g.operation(op.ID).State; s != registrar.Sent || len(g.wanted()) != 1 {
				t.Errorf("it is %s; waiting: %q", s, g.wanted())
			}
			other := g.submit(registration("o3", "other.ru"))
			g.send()
			g.expect(other.ID, registrar.Sent) // nothing is paused
		})
	}
}

// Nothing personal comes through R01's number of a request. r01-mail 3.3
func TestPersonalDataInTask(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	op := g.submit(registration("o1", "newtime.ru"))
	g.send()
	g.receive(g.reply(0, "task: Сидоров Сидор Сидорович 4510 123456", "nic-hdl: "+field(t, g.relay.taken[0], "nic-hdl"), "status: TASK_QUEUED"))
	told := strings.Join(g.wanted(), "\n")
	for _, s := range g.operation(op.ID).History {
		told += "\n" + s.Message
	}
	for _, e := range g.events(registrar.EventReview, "newtime.ru") {
		told += "\n" + e.Message
	}
	if strings.Contains(told, "4510") || strings.Contains(told, "Сидор") {
		t.Errorf("told: %s", told)
	}
}

// A success is believed with the expiry it should lead to, and with no other; of a renewal that
// names none, R01's bound word is enough. r01-mail 2.6, 4.1
func TestExpiryMustBePlausible(t *testing.T) {
	t.Parallel()
	tries := testrun.Sample(t, 7)
	for _, c := range []struct {
		line  string // "" = none is named
		moved int    // days by which it is from a year later; else the day
		want  registrar.OperationState
	}{
		{"", 0, registrar.Succeeded},
		{"year", 0, registrar.Succeeded},
		{"year", 1, registrar.Succeeded},
		{"year", -2, registrar.Succeeded},
		{"year", 30, registrar.Sent},
		{"year", -30, registrar.Sent},
		{"year", 365, registrar.Sent},
		{"year", -365, registrar.Sent}, // the expiry of before
		{"year", -364, registrar.Sent}, // a day later
		{"year", 65000, registrar.Sent},
	} {
		for _, state := range []string{"", "state: REGISTERED, DELEGATED", "state: REGISTERED, NOT DELEGATED"} {
			for _, action := range []string{"", "action: PROLONG"} {
				if !tries() {
					continue
				}
				g := newGate(t)
				till := g.own("far.ru", 30, registrar.RenewAuto)
				op := g.renews("y1", "far.ru")
				lines := []string{"domain: far.ru", "status: TASK_SUCCESS"}
				for _, l := range []string{action, state} {
					if l != "" {
						lines = append(lines, l)
					}
				}
				if c.line != "" {
					lines = append(lines, "paid-till: "+till.AddYears(1).AddDays(c.moved).String())
				}
				g.receive(g.reply(0, lines...))
				if got := g.operation(op.ID).State; got != c.want {
					t.Errorf("%q: %s, want %s; waiting %q", lines, got, c.want, g.wanted())
				}
				if known := g.status("far.ru").PaidTill; c.want == registrar.Sent && known != till {
					t.Errorf("%q: paid till %s", lines, known)
				}
			}
		}
	}
}

// R01's refusal for want of money, or of a right password, sends a paid request again by itself
// only if it answered our token, and R01 was not seen queuing it. r01-mail 4.5
func TestWhatARefusalReleases(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		before func(g *gate, n int) // what R01 said first
		again  int                  // how often R01 gets it in the end
	}{
		{"refused", func(*gate, int) {}, 2},
		{"queued, and refused", func(g *gate, n int) { g.receive(g.reply(n, "task: 11", "domain: one.ru", "status: TASK_QUEUED")) }, 1},
		{"queued without a number, and refused", func(g *gate, n int) { g.receive(g.reply(n, "domain: one.ru", "status: TASK_QUEUED")) }, 1},
	} {
		for _, reason := range []string{"Not enough funds on the account.", "Invalid password"} {
			for _, late := range []bool{false, true} { // R01's mails overtake each other
				t.Run(fmt.Sprintf("%s, %s late %v", c.name, reason, late), func(t *testing.T) {
					t.Parallel()
					g := newGateOfClient(t)
					one := g.submit(registration("o2", "one.ru"))
					g.send()
					n, refusal := g.last(), ""
					two := g.submit(registration("o3", "two.ru"))
					g.send()
					refusal = g.reply(n, "domain: one.ru", "status: TASK_FAILURE", "message: "+reason)
					if late {
						g.receive(refusal)
						c.before(g, n)
					} else {
						c.before(g, n)
						g.receive(refusal)
					}
					g.expect(one.ID, registrar.NeedsAction)
					g.receive(g.reply(g.sentFor("two.ru"), delegated("two.ru")...)) // there is money, it seems
					g.expect(two.ID, registrar.Succeeded)
					mended := testSettings()
					mended.Password = secret.New("another")
					g.restart(mended)
					g.send()
					if got := g.paidFor("one.ru"); got != c.again {
						t.Errorf("R01 got it %d times, want %d", got, c.again)
					}
					if c.again == 1 {
						g.decide(one.ID, registrar.VerdictResend)
						g.send()
						g.expect(one.ID, registrar.Sent)
					}
				})
			}
		}
	}
}

// What was sent again while its fate was not known is released by no refusal: it may be that of
// either transmission.
func TestRefusalOfOneOfTwoTransmissions(t *testing.T) {
	t.Parallel()
	g := newGateOfClient(t)
	op := g.submit(registration("o2", "one.ru"))
	g.relay.fail = noAnswerTaken
	g.send()
	g.relay.fail = nil
	g.expect(op.ID, registrar.Uncertain)
	if _, err := g.Resolve(t.Context(), registrar.Decision{Operation: op.ID, Verdict: registrar.VerdictResend, By: "olga", Note: "R01 has not got it"}); err != nil {
		t.Fatal(err)
	}
	g.send()
	g.receive(g.reply(g.last(), "domain: one.ru", "status: TASK_FAILURE", "message: Not enough funds"))
	g.expect(op.ID, registrar.NeedsAction)
	two := g.submit(registration("o3", "two.ru"))
	g.decide2("one.ru", registrar.VerdictFailed)
	g.send()
	g.receive(g.reply(g.sentFor("two.ru"), delegated("two.ru")...))
	g.expect(two.ID, registrar.Succeeded)
	g.send()
	if n := g.paidFor("one.ru"); n != 2 {
		t.Errorf("R01 got it %d times", n)
	}
}

// A bounce proves nothing by its token where proof is asked for, and is believed of our own
// mail server. r01-mail 3.8
func TestBounceNeedsProof(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		asked bool
		judge mailauth.Verdict
		own   bool
		want  registrar.OperationState
	}{
		{"the token alone is believed", false, mailauth.Verdict{Verified: true}, false, registrar.Failed},
		{"unproved", true, mailauth.Verdict{Reason: "it is not signed"}, false, registrar.Sent},
		{"not to be proved now", true, mailauth.Verdict{Temporary: true, Reason: "DNS"}, false, registrar.Sent},
		{"our own relay's word", true, mailauth.Verdict{Reason: "it is not signed"}, true, registrar.Failed},
	} {
		g := newGateOfClient(t)
		op := g.submit(registration("o2", "two.ru"))
		g.send()
		g.settings.Proof, g.judge, g.ownRelay = c.asked, c.judge, c.own
		g.receive("From: MAILER-DAEMON@attacker.example\nTo: callback@panel.example\nSubject: Undelivered [" + inbox.Tokens(header(t, g.relay.taken[2], "Subject"))[0] +
			"]\nReturn-Path: <>\nMessage-ID: <b@x>\nMIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n" +
			"--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\nFinal-Recipient: rfc822; robot@registrar.example\nAction: failed\nStatus: 5.1.1\n\n--b--\n")
		if got := g.operation(op.ID).State; got != c.want {
			t.Errorf("%s: %s, want %s; waiting %q", c.name, got, c.want, g.wanted())
		}
		if c.want == registrar.Sent && !c.judge.Temporary && len(g.wanted()) != 1 {
			t.Errorf("%s: waiting %q", c.name, g.wanted())
		}
	}
}

// A robot that neither threads nor repeats subjects: its mail waits, the registry is asked at
// once, and its record concludes and closes the entry. r01-mail 3.7
func TestHintHasTheRegistryAsked(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	w, _ := g.withRegistry()
	g.registerClient()
	op := g.submit(registration("o1", "hint.ru"))
	g.send()
	g.look()
	asked := len(w.asked)
	g.clock = g.clock.Add(time.Second)
	w.held["hint.ru"] = g.ordered("hint.ru")
	g.receive(g.mail("", "domain: hint.ru", "status: TASK_SUCCESS", "state: REGISTERED, DELEGATED"))
	g.expect(op.ID, registrar.Sent)
	g.waits("is a guess")
	g.clock = g.clock.Add(time.Second)
	if _, err := g.AskAround(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(w.asked) != asked+1 || w.asked[asked] != "hint.ru" {
		t.Errorf("asked %q, want hint.ru at once", w.asked[asked:])
	}
	g.expect(op.ID, registrar.Succeeded)
	if left := g.wanted(); len(left) != 0 {
		t.Errorf("still waiting: %q", left)
	}
	closed := slices.ContainsFunc(g.events(registrar.EventReview, "hint.ru"), func(e registrar.Event) bool {
		return strings.Contains(e.Message, "whois shows the registration of hint.ru carried out")
	})
	if !closed {
		t.Errorf("nothing tells why it was closed: %+v", g.events(registrar.EventReview, "hint.ru"))
	}
}

// An answer to another request is not believed of any sender. r01-mail 3.7
func TestProofAgainst(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(g *gate, raw string) string{
		"a foreign thread": func(g *gate, raw string) string {
			return regexp.MustCompile(`In-Reply-To: .*`).ReplaceAllString(raw, "In-Reply-To: <theirs@other.example>")
		},
		"a foreign token": func(g *gate, raw string) string {
			return strings.Replace(raw, "Subject: answer", "Subject: Re: New domain ["+strings.Repeat("A", 26)+"]", 1)
		},
		"another recipient": func(g *gate, raw string) string {
			return strings.Replace(raw, "To: callback@panel.example", "To: domains@other.example", 1)
		},
		"the thread of another request, and this one's token": func(g *gate, raw string) string {
			raw = strings.Replace(raw, "Subject: answer", "Subject: Re: "+header(g.t, g.relay.taken[g.last()], "Subject"), 1)
			return regexp.MustCompile(`In-Reply-To: .*`).ReplaceAllString(raw, "In-Reply-To: "+header(g.t, g.relay.taken[0], "Message-ID"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGateOfClient(t)
			g.settings.Proof = true
			op := g.submit(registration("o1", "two.ru"))
			g.send()
			g.receive(change(g, g.reply(g.last(), delegated("two.ru")...)))
			g.expect(op.ID, registrar.Sent)
			if len(g.wanted()) != 1 {
				t.Errorf("waiting: %q", g.wanted())
			}
		})
	}
}

// A blind copy, a list and a forwarded address do not name us in To, and are ours all the same.
func TestRecipientsOfOurs(t *testing.T) {
	t.Parallel()
	for name, to := range map[string]string{
		"undisclosed": "To: undisclosed-recipients:;", "nobody": "X-To: x", "a copy": "To: domains@other.example\nCc: Callback@Panel.example",
		"handed on": "To: domains@other.example\nDelivered-To: callback@panel.example", "a note": "To: callback+r01@panel.example",
	} {
		g := newGateOfClient(t)
		op := g.submit(registration("o1", "two.ru"))
		g.send()
		g.receive(strings.Replace(g.reply(g.last(), delegated("two.ru")...), "To: callback@panel.example", to, 1))
		if s := g.operation(op.ID).State; s != registrar.Succeeded {
			t.Errorf("%s: %s, waiting %q", name, s, g.wanted())
		}
	}
}

// Our own fresh handle binds the request that made it. Another handle needs our thread or
// token, and never is that of another client of ours. r01-mail 2.8, 3.7
func TestHandles(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		bound  bool
		handle func(g *gate) string
		want   string // the handle that the domain is asked for; "" = it is not asked for
	}{
		{"ours, unbound, with its task", false, func(g *gate) string {
			own := field(g.t, g.relay.taken[0], "nic-hdl")
			g.receive(g.mail("", "task: 4711", "nic-hdl: "+own, "status: TASK_QUEUED"))
			return own + "\ntask: 4711"
		}, "own"},
		{"another, unbound, with its task", false, func(g *gate) string {
			g.receive(g.mail("", "task: 4711", "nic-hdl: "+field(g.t, g.relay.taken[0], "nic-hdl"), "status: TASK_QUEUED"))
			return "RENAMED_9-R01\ntask: 4711"
		}, ""},
		{"ours, unbound", false, func(g *gate) string { return field(g.t, g.relay.taken[0], "nic-hdl") }, "own"},
		{"ours, bound", true, func(g *gate) string { return field(g.t, g.relay.taken[0], "nic-hdl") }, "own"},
		{"another, bound", true, func(*gate) string { return "RENAMED_9-R01" }, "RENAMED_9-R01"},
		{"another, unbound", false, func(*gate) string { return "RENAMED_9-R01" }, ""},
		{"another client's, bound", true, func(*gate) string { return "OLD_5-R01" }, ""},
		{"an organization's, bound", true, func(*gate) string { return "RENAMED_9-ORG-R01" }, ""},
	} {
		g := newGate(t)
		if _, err := g.AdoptHandle(t.Context(), "c7", "OLD_5-R01"); err != nil {
			t.Fatal(err)
		}
		g.submit(registration("o1", "newtime.ru"))
		g.send()
		lines := []string{"nic-hdl: " + c.handle(g), "status: TASK_SUCCESS"}
		if c.bound {
			g.receive(g.reply(0, lines...))
		} else {
			g.receive(g.mail("", lines...))
		}
		g.send()
		got := ""
		if len(g.relay.taken) > 1 {
			got = field(t, g.relay.taken[1], "admin-o")
		}
		if want := strings.Replace(c.want, "own", field(t, g.relay.taken[0], "nic-hdl"), 1); got != want {
			t.Errorf("%s: the domain is asked for with %q, want %q; waiting %q", c.name, got, want, g.wanted())
		}
	}
}

// A guessed task never hands a domain over, whatever is guessed with it.
func TestGuessedTask(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	op := g.submit(registration("o1", "newtime.ru"))
	g.send()
	g.receive(g.reply(0, "task: 4711", "nic-hdl: "+field(t, g.relay.taken[0], "nic-hdl"), "status: TASK_QUEUED"))
	for _, lines := range [][]string{
		{"task: 4711", "nic-hdl: EVIL_1-R01", "status: TASK_SUCCESS"}, {"task: 4711", "status: TASK_FAILURE", "message: cancelled"},
		{"task: 4711", "status: TASK_FAILURE", "message: Invalid password"},
	} {
		g.receive(g.mail("", lines...))
		g.expect(op.ID, registrar.Accepted)
	}
	g.send()
	if len(g.relay.taken) != 1 || len(g.wanted()) != 3 {
		t.Errorf("%d mails left; waiting %q", len(g.relay.taken), g.wanted())
	}
}

// A late word that is better is recorded, one that takes back is an alarm and waits, and one
// that tells what is known is only written down. r01-mail 3.9
func TestLateWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		lines func(till registrar.Date) []string
		moves int  // days by which paid-till moves
		waits bool // for a person, with an alarm
	}{
		{"known", func(till registrar.Date) []string {
			return []string{"status: TASK_SUCCESS", "paid-till: " + till.String()}
		}, 0, false},
		{"without a date", func(registrar.Date) []string { return []string{"status: TASK_SUCCESS"} }, 0, false},
		{"queued", func(registrar.Date) []string { return []string{"status: TASK_QUEUED"} }, 0, false},
		{"a later expiry", func(till registrar.Date) []string {
			return []string{"status: TASK_SUCCESS", "paid-till: " + till.AddDays(2).String()}
		}, 2, false},
		{"the expiry of before", func(till registrar.Date) []string {
			return []string{"status: TASK_SUCCESS", "paid-till: " + till.AddYears(-1).String()}
		}, 0, true},
		{"an expiry that can't be", func(till registrar.Date) []string {
			return []string{"status: TASK_SUCCESS", "paid-till: " + till.AddYears(1).String()}
		}, 0, true},
		{"a refusal", func(registrar.Date) []string {
			return []string{"status: TASK_FAILURE", "message: The domain is locked."}
		}, 0, true},
		{"no funds", func(registrar.Date) []string { return []string{"status: TASK_FAILURE", "message: Not enough funds"} }, 0, true},
	} {
		g := newGate(t)
		g.own("late.ru", 30, registrar.RenewAuto)
		op := g.renews("r1", "late.ru")
		g.receive(g.reply(0, "action: PROLONG", "domain: late.ru", "status: TASK_SUCCESS"))
		g.expect(op.ID, registrar.Succeeded)
		till := g.status("late.ru").PaidTill
		g.clock = g.clock.Add(time.Hour)
		g.receive(g.reply(0, append([]string{"action: PROLONG", "domain: late.ru"}, c.lines(till)...)...))
		g.expect(op.ID, registrar.Succeeded)
		d := g.status("late.ru")
		if d.PaidTill != till.AddDays(c.moves) {
			t.Errorf("%s: paid till %s, before %s", c.name, d.PaidTill, till)
		}
		if waits := len(g.wanted()) == 1; waits != c.waits || (len(d.Alarms) == 1) != c.waits {
			t.Errorf("%s: waiting %q, alarms %+v", c.name, g.wanted(), d.Alarms)
		}
		if list, err := g.Desk.Reviews(t.Context()); err != nil || len(list) == 1 {
			if _, err := g.ResolveReview(t.Context(), registrar.ReviewDecision{Review: list[0].ID, Outcome: registrar.ReplyIgnore, By: "olga"}); err != nil {
				t.Fatal(err)
			}
		}
		if d := g.status("late.ru"); len(d.Alarms) != 0 {
			t.Errorf("%s: alarms after the decision: %+v", c.name, d.Alarms)
		}
	}
}

// A robot without Message-IDs answers two requests within one second: the mails differ in what
// they answer alone.
func TestTwinsAreTwoMails(t *testing.T) {
	t.Parallel()
	g := newGateOfClient(t)
	a, b := g.submit(registration("o1", "aa.ru")), g.submit(registration("o2", "bb.ru"))
	g.send()
	for i := len(g.relay.taken) - 2; i < len(g.relay.taken); i++ {
		g.receive("From: robot@registrar.example\nTo: callback@panel.example\nSubject: R01: result\nDate: Tue, 24 Nov 2026 12:00:00 +0300\nIn-Reply-To: " +
			header(t, g.relay.taken[i], "Message-ID") + "\nContent-Type: text/plain; charset=utf-8\n\nYour request has been queued.\n")
	}
	g.expect(a.ID, registrar.Accepted)
	g.expect(b.ID, registrar.Accepted)
}

// The same Message-ID with another text waits; with other blanks it is known.
func TestRepeatedMessageID(t *testing.T) {
	t.Parallel()
	g := newGateOfClient(t)
	op := g.submit(registration("o1", "two.ru"))
	g.send()
	queued := g.reply(g.last(), "domain: two.ru", "status: TASK_QUEUED")
	g.receive(queued)
	g.receive(strings.Replace(queued, "domain: two.ru", "domain:  two.ru ", 1))
	if len(g.wanted()) != 0 {
		t.Errorf("waiting: %q", g.wanted())
	}
	g.receive(strings.Replace(queued, "TASK_QUEUED", "TASK_SUCCESS\nstate: REGISTERED, DELEGATED", 1))
	g.expect(op.ID, registrar.Accepted)
	g.waits("same Message-ID")
}

// A day of difference in what whois prints is no year. r01-mail 4.3, 4.6
func TestOneDayIsNoRenewal(t *testing.T) {
	t.Parallel()
	for _, moved := range []int{0, 1, 2, -1} {
		g := newGate(t)
		w, _ := g.withRegistry()
		till := g.own("newtime.ru", 40, registrar.RenewAuto)
		w.held["newtime.ru"] = registry.Record{Name: "newtime.ru", Registrar: "R01-RU", Delegated: true,
			PaidTill: till.AddDays(moved), Created: g.clock.AddDate(-3, 0, 0), Nameservers: []registrar.Nameserver{}}
		op := g.renews("r1", "newtime.ru")
		g.look()
		g.expect(op.ID, registrar.Sent)
		g.renew()
		if n := g.paidFor("newtime.ru"); n != 1 {
			t.Errorf("moved by %d: %d PROLONG mails for one year", moved, n)
		}
	}
}

// Strangers' automatic mail that answers nothing needs no person, also where a proof is asked
// for that can't be had. r01-mail 3.8
func TestStrangersAutomaticMail(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.settings.Proof, g.settings.RepliesFrom = true, []string{"robot@registrar.example"}
	g.judge = mailauth.Verdict{Temporary: true, Reason: "DNS"}
	for _, head := range []string{"Auto-Submitted: auto-replied\nSubject: answer", "Subject: Автоответ: в отпуске", "Subject: Automatic reply: away", "Precedence: auto_reply\nSubject: x"} {
		g.receive(strings.Replace(strings.Replace(g.mail("", "I am away until Monday."), "robot@registrar.example", "ann@elsewhere.example", 1), "Subject: answer", head, 1))
	}
	g.reads(2 * inbox.ProofWithin)
	if len(g.wanted()) != 0 {
		t.Errorf("waiting: %q", g.wanted())
	}
}
