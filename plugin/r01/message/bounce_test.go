package message

import (
	"strings"
	"testing"
)

const robot = "robot@registrar.example"

// delivered is a group of a report on one recipient.
func delivered(lines ...string) string { return strings.Join(lines, "\r\n") }

// What a report for machines says of the robot's mailbox, and why.
func TestFateOfReport(t *testing.T) {
	t.Parallel()

	to := "Final-Recipient: rfc822; " + robot
	for name, c := range map[string]struct {
		group string
		want  Fate
	}{
		"no such address":                 {delivered(to, "Action: failed", "Status: 5.1.1"), Failed},
		"mailbox full":                    {delivered(to, "Action: failed", "Status: 5.2.2", "Diagnostic-Code: smtp; 552 5.2.2 over quota"), Failed},
		"not permitted":                   {delivered(to, "Action: failed", "Status: 5.7.1", "Diagnostic-Code: smtp; 550 5.7.1 blocked"), Failed},
		"given up after days":             {delivered(to, "Action: failed", "Status: 4.4.1", "Diagnostic-Code: X-Postfix; connect: Connection timed out"), Failed},
		"time over":                       {delivered(to, "Action: failed", "Status: 4.4.7"), Failed},
		"a comment":                       {delivered(to, "Action: Failed (given up)", "Status: 5.1.1 (no such user)"), Failed},
		"no status, a code":               {delivered(to, "Action: failed", "Diagnostic-Code: smtp; 550 no such user"), Failed},
		"status of nothing, a code":       {delivered(to, "Action: failed", "Status: 5.0.0", "Diagnostic-Code: smtp; 554 no"), Failed},
		"rewritten":                       {delivered("Original-Recipient: rfc822;"+robot, "Final-Recipient: rfc822; q@in.registrar.example", "Action: failed", "Status: 5.1.1"), Failed},
		"other case":                      {delivered("Final-Recipient: RFC822; <ROBOT@Registrar.example>", "Action: FAILED", "Status: 5.1.1"), Failed},
		"delayed":                         {delivered(to, "Action: delayed", "Status: 4.4.1"), Delayed},
		"delayed, no status":              {delivered(to, "Action: delayed"), Delayed},
		"delivered":                       {delivered(to, "Action: delivered", "Status: 2.0.0"), Delivered},
		"relayed":                         {delivered(to, "Action: relayed"), Delivered},
		"its program died":                {delivered(to, "Action: failed", "Status: 5.3.0", "Diagnostic-Code: x-unix; command died with signal 9"), Doubtful},
		"its program, another status":     {delivered(to, "Action: failed", "Status: 5.2.0", "Diagnostic-Code: x-unix; exit status 75"), Doubtful},
		"its program, an address status":  {delivered(to, "Action: failed", "Status: 5.1.1", "Diagnostic-Code: x-unix; user unknown"), Doubtful},
		"its mail system":                 {delivered(to, "Action: failed", "Status: 5.3.5"), Doubtful},
		"lost at the end":                 {delivered(to, "Action: failed", "Status: 4.4.2", "Diagnostic-Code: X-Postfix; lost connection while sending end of data -- message may be sent more than once"), Doubtful},
		"refused at the end":              {delivered(to, "Action: failed", "Status: 5.7.1", "Diagnostic-Code: smtp; 550 5.7.1 refused (in reply to end of DATA command)"), Doubtful},
		"lost on the way":                 {delivered(to, "Action: failed", "Status: 4.4.2", "Diagnostic-Code: X-Postfix; lost connection"), Doubtful},
		"pipe":                            {delivered(to, "Action: failed", "Status: 5.4.6", "Diagnostic-Code: x-exim; pipe to |/usr/bin/robot failed"), Doubtful},
		"failed, and a status of success": {delivered(to, "Action: failed", "Status: 2.0.0"), Unread},
		"delayed for good":                {delivered(to, "Action: delayed", "Status: 5.1.1"), Unread},
		"delivered, and not":              {delivered(to, "Action: delivered", "Status: 5.1.1"), Unread},
		"an action we do not know":        {delivered(to, "Action: pondered", "Status: 5.1.1"), Unread},
		"no action":                       {delivered(to, "Status: 5.1.1"), Unread},
		"nothing but that it failed":      {delivered(to, "Action: failed"), Unread},
		"failed, and not whom":            {delivered("Action: failed", "Status: 5.1.1"), Unread},
	} {
		m, err := Parse(report("Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; relay.example\r\n\r\n" + c.group))
		if err != nil || m.Bounce == nil {
			t.Fatalf("%s: %v", name, err)
		}
		if d, told := m.Bounce.About(robot); !told || d.Fate != c.want {
			t.Errorf("%s: %s (%+v), want %s", name, d.Fate, d, c.want)
		}
	}

	m, err := Parse(report("Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; relay.example\r\n\r\nFinal-Recipient: rfc822; bcc@panel.example\r\nAction: failed\r\nStatus: 5.1.1"))
	if err != nil {
		t.Fatal(err)
	}

	if _, told := m.Bounce.About(robot); told {
		t.Error("what is said of our own copy is taken for the robot's")
	}
}

// What a report for people says, with a delay or a failure by words and a code, or nothing
// that is certain.
func TestFateInWords(t *testing.T) {
	t.Parallel()

	const returned = "\n\nMessage-ID: <a@panel.example>\nFrom: callback@panel.example\nTo: robot@registrar.example\nSubject: Request [ABCDEFGHIJKLMNOPQRSTUVWXYZ]\n"
	for name, c := range map[string]struct {
		subject, text string
		want          Fate
	}{
		"qmail":               {"failure notice", "I'm afraid I wasn't able to deliver your message. I've given up.\n\n<robot@registrar.example>:\nRemote host said: 550 no such mailbox", Failed},
		"a status":            {"Undelivered Mail", "It could not be delivered:\nrobot@registrar.example: 550 5.1.1 unknown", Failed},
		"Russian":             {"Ваше письмо не доставлено", "Письмо не доставлено:\nrobot@registrar.example\n550 нет такого адреса", Failed},
		"no code":             {"Mail delivery failed", "The error is permanent:\n robot@registrar.example\n all MX records point to nowhere", Unread},
		"two addresses":       {"Mail delivery failed", "permanent error:\n robot@registrar.example, b@registrar.example: 550 no", Unread},
		"its program":         {"Undelivered Mail", "It could not be delivered:\nrobot@registrar.example: 550 command died with status 75", Doubtful},
		"a status of program": {"Undelivered Mail", "It could not be delivered:\nrobot@registrar.example: 554 5.3.0 error", Doubtful},
		"delayed, an address": {"Warning: message 1tF delayed 24 hours", "It has not reached this address yet:\n robot@registrar.example\n host mx [5.45.207.88]: timed out", Delayed},
		"delayed, Russian":    {"Доставка задерживается", "Сервер пока не принял письмо, попытки будут продолжены:\nrobot@registrar.example", Delayed},
		"delayed, for good":   {"Delayed mail", "Delivery to robot@registrar.example is delayed: 550 5.1.1 unknown", Unread},
		"both":                {"Delayed", "It was delayed and now has failed permanently: robot@registrar.example 550", Unread},
		"neither":             {"About your mail", "robot@registrar.example says hello", Unread},
	} {
		raw := mailOf("Return-Path: <>", "From: MAILER-DAEMON@relay.example", "Subject: "+c.subject, "Content-Type: text/plain; charset=utf-8", "", strings.ReplaceAll(c.text+returned, "\n", "\r\n"))
		m, err := Parse(raw)
		if err != nil || m.Bounce == nil {
			t.Fatalf("%s: %v", name, err)
		}

		if d, _ := m.Bounce.About(robot); d.Fate != c.want {
			t.Errorf("%s: %+v, want %s", name, d, c.want)
		}
		if m.Bounce.Original.MessageID != "<a@panel.example>" || !strings.Contains(m.Bounce.Original.Subject, "[ABCDEFGHIJKLMNOPQRSTUVWXYZ]") {
			t.Errorf("%s: it gives back %+v", name, m.Bounce.Original)
		}
	}
}

// Automatic replies that say so in a field, or only in their subject; and mail that does not.
func TestAutomaticReplies(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]Kind{
		"Subject: Автоответ: Меня нет в офисе": AutoReply, "Subject: Автоматический ответ: Request": AutoReply, "Subject: Out of office: Request": AutoReply,
		"Subject: Out of the Office Re: x": AutoReply, "Subject: Automatic reply: Request": AutoReply, "Subject: Auto: Re: Request": AutoReply, "Subject: Autoreply": AutoReply,
		"Subject: Re: Автоответ": AutoReply, "Subject: Нет на месте": AutoReply, "Subject: Abwesenheitsnotiz: x": AutoReply, "Subject: Réponse automatique : x": AutoReply,
		"Subject: Risposta automatica": AutoReply, "X-Autorespond: x": AutoReply, "Precedence: auto-reply": AutoReply, "X-Mail-Autoreply: x": AutoReply,
		"Subject: Re: Request": Ordinary, "Subject: Автоматическая регистрация": Ordinary, "Subject: Domain out of order": Ordinary, "Subject: Autumn": Ordinary, "Precedence: list": Ordinary,
		"X-Auto-Response-Suppress: All": Ordinary, "X-Failed-Recipients: a@b.example": Bounce,
	} {
		if m, err := Parse([]byte("From: ann@elsewhere.example\r\n" + header + "\r\n\r\nx")); err != nil || m.Kind != want {
			t.Errorf("%s: %s, want %s (%v)", header, m.Kind, want, err)
		}
	}
}
