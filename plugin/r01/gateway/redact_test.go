package gateway

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"registrar.panel/internal/testrun"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// told is every word that people may read: the record, the queue, the mails, the rules.
func (g *gate) told() string {
	g.t.Helper()
	var said []string
	var mails []registrar.MailID
	err := g.st.Read(g.t.Context(), func(tx *store.Tx) error {
		events, err := tx.Events(0, 100000)
		for _, e := range events {
			said = append(said, e.Message)
			if e.Mail != "" {
				mails = append(mails, e.Mail)
			}
			if e.Operation != "" {
				op := g.operation(e.Operation)
				said = append(said, op.Error)
				for _, s := range op.History {
					said = append(said, s.Message)
				}
			}
		}
		return err
	})
	if err != nil {
		g.t.Fatal(err)
	}
	list, err := g.Desk.Reviews(g.t.Context())
	if err != nil {
		g.t.Fatal(err)
	}
	for _, r := range list {
		shown, err := g.Review(g.t.Context(), r.ID)
		rule, err2 := g.ReviewRule(g.t.Context(), r.ID)
		if err != nil || err2 != nil {
			g.t.Fatal(err, err2)
		}
		said = append(said, r.Subject, r.Reason, shown.Subject, shown.Text, fmt.Sprint(rule.Name, rule.Settings, rule.Why))
		for _, m := range rule.Matches {
			said = append(said, m.Subject)
		}
	}
	for _, id := range mails {
		m, err := g.Mail(g.t.Context(), id)
		if err != nil {
			g.t.Fatal(err)
		}
		said = append(said, m.Subject, m.Text)
	}
	return strings.Join(said, "\n")
}

// However R01 or a relay spells what it repeats of a registrant, and wherever: in a subject,
// a notice, a bounce, a late word.
func TestNothingPersonalIsTold(t *testing.T) {
	t.Parallel()
	const personal = "4510-123456, СИДОРОВ  Сидор Сидорович, 18 октября 1965, 8 (495) 123-45-67, Sidorov@Example.RU"
	subject := func(mail string) string {
		return strings.Replace(mail, "Subject: answer\n", "Subject: about "+personal+" KEPT\n", 1)
	}
	for name, receive := range map[string]func(g *gate){
		"a mail in review": func(g *gate) { g.receive(subject(g.reply(0, "We can't read this: "+personal+" KEPT"))) },
		"a mail in review, about a client that is registered": func(g *gate) {
			g.receive(g.reply(0, "nic-hdl: "+field(g.t, g.relay.taken[0], "nic-hdl"), "status: TASK_SUCCESS"))
			g.receive(subject(g.reply(0, "We can't read this: "+personal+" KEPT")))
		},
		"a rejection": func(g *gate) {
			g.receive(g.reply(0, "nic-hdl: "+field(g.t, g.relay.taken[0], "nic-hdl"), "status: TASK_FAILURE", "message: "+personal+" KEPT"))
		},
		"a notice": func(g *gate) {
			g.receive(subject(g.reply(0, "No task with ID = 7 found on this agreement for the last 7 days.")))
		},
		"a bounce that is no failure": func(g *gate) {
			g.receive("From: MAILER-DAEMON@relay.example\nTo: callback@panel.example\nSubject: delayed\nMessage-ID: <b@relay.example>\n" +
				"Return-Path: <>\nMIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=B\n\n" +
				"--B\nContent-Type: text/plain\n\nlater\n\n--B\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; relay.example\n\n" +
				"Final-Recipient: rfc822; robot@registrar.example\nAction: delayed\nStatus: 4.4.1\n" +
				"Diagnostic-Code: smtp; passport 4510-123456 of Sidorov@Example.RU KEPT\n\n" +
				"--B\nContent-Type: text/rfc822-headers\n\nMessage-ID: " + header(g.t, g.relay.taken[0], "Message-ID") + "\n\n--B--\n")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGate(t)
			g.submit(registration("o1", "newtime.ru"))
			g.send()
			receive(g)
			told := g.told()
			if !strings.Contains(told, "KEPT") {
				t.Errorf("R01's words are gone:\n%s", told)
			}
			for _, secret := range []string{"123456", "СИДОРОВ", "Сидор", "октября", "123-45-67", "Sidorov@"} {
				if strings.Contains(told, secret) {
					t.Errorf("%q is told:\n%s", secret, told)
				}
			}
		})
	}
}

// What a change of contact data sends is as personal as what is on file; and of a domain
// that is known already, its holder's data are.
func TestNothingPersonalIsToldOfAKnownClient(t *testing.T) {
	t.Parallel()
	g := newGateOfClient(t)
	g.submit(registrar.Order{ID: "u1", Kind: registrar.KindUpdate, Domain: "first.ru", Customer: "c1",
		Registrant: &registrar.Registrant{Kind: registrar.Person, Fields: map[string][]string{"phones": {"+7 495 7654321"}}}})
	g.send()
	g.receive(g.reply(g.last(), "nic-hdl: "+g.status("first.ru").Handle, "status: TASK_FAILURE",
		"message: phone 8 495 765-43-21 of Сидорова С. С. is as bad as 8 495 123-45-67 KEPT"))
	told := g.told()
	if !strings.Contains(told, "KEPT") || strings.Contains(told, "765-43") || strings.Contains(told, "123-45") || strings.Contains(told, "Сидоров") {
		t.Errorf("told:\n%s", told)
	}
}

// Any field of a reply may repeat what is personal, by R01's mistake or a forger's hand: of one that
// is applied, one that is noted late, and one that waits for a person.
func TestNothingPersonalIsToldOfFields(t *testing.T) {
	t.Parallel()
	const personal = "Сидоров Сидор 4510 123456 +7 495 1234567 sidorov@example.ru"
	fields := []string{"task", "action", "domain", "nic-hdl", "status", "message", "state", "paid-till", "payer", "x-note"}
	lines := func(g *gate, field string) []string {
		good := map[string]string{"task": "4711", "action": "NEW", "nic-hdl": fieldOf(g), "status": "TASK_SUCCESS"}
		good[field] = personal
		var all []string
		for _, name := range slices.Concat([]string{"task", "action", "nic-hdl", "status"}, fields) {
			if value := good[name]; value != "" {
				all = append(all, name+": "+value)
				delete(good, name)
			}
		}
		return all
	}
	tries := testrun.Sample(t, 3) // so that both come
	for _, field := range fields {
		for _, late := range []bool{false, true} {
			if !tries() {
				continue
			}
			name := field
			if late {
				name += ", late"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				g := newGate(t)
				g.submit(registration("o1", "newtime.ru"))
				g.send()
				if late {
					g.receive(g.reply(0, "nic-hdl: "+fieldOf(g), "status: TASK_FAILURE", "message: no"))
				}
				before := g.told()
				g.receive(g.reply(0, lines(g, field)...))
				told := g.told()
				if told == before {
					t.Error("the reply left no trace: the test shows nothing")
				}
				for _, secret := range []string{"123456", "Сидоров", "Сидор", "1234567", "sidorov@"} {
					if strings.Contains(told, secret) {
						t.Errorf("%q is told:\n%s", secret, told)
					}
				}
			})
		}
	}
}

func fieldOf(g *gate) string { return field(g.t, g.relay.taken[0], "nic-hdl") }
