package inbox

import (
	"fmt"
	"strings"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/message"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// applyBounce reads a report on the delivery of a mail of ours. If the mail was refused before
// the robot had it, then R01 never got it, provided that the reporter is proved. A delay, or a
// failure to reach the mailbox of our own copy, means nothing; every other report is for a
// person. A report is applied to all requests that went out in the mail, or to none. r01-mail 3.8
func (in *Inbox) applyBounce(tx *store.Tx, m store.Mail, l letter, b bond) error {
	ours, err := in.matcher.bounced(tx, l)
	if err != nil {
		return err
	}

	if len(ours) == 0 {
		return in.setAside(tx, m, l, b, aside{why: lifecycle.NotBound, text: "it is a bounce of no request of ours"})
	}

	_, words := in.reader.fateIn(l)
	// Every request is weighed first: the report is applied to all that went out in the mail, or to none.
	said := make([]lifecycle.Evidence, len(ours))
	for i, r := range ours {
		if said[i], err = in.matcher.bounceSays(tx, l, r); err != nil {
			return err
		}
		if v := in.engine.Verdict(r, said[i]); v.Action() == lifecycle.Wait {
			return in.waitForBounce(tx, m, l, b, r, v)
		}
	}

	settled, f := store.MailIgnored, engine.Fact{Actor: engine.ByPlugin, Evidence: registrar.EvidenceRelay, Mail: m.ID, Reason: words}
	for i := range ours {
		v, err := in.engine.Weigh(tx, &ours[i], said[i], f)
		switch {
		case err != nil:
			return err
		case v.Action() == lifecycle.Apply:
			settled = store.MailApplied
		default:
			if err := in.noteBounce(tx, ours[i], l, f); err != nil {
				return err
			}
		}
	}

	return in.settled(tx, m, l, settled, ours...)
}

// bounceSays returns a report as evidence for a request.
func (mt *Matcher) bounceSays(tx *store.Tx, l letter, r store.Request) (e lifecycle.Evidence, err error) {
	fate, _ := mt.reader.fateIn(l)
	e = lifecycle.Evidence{Source: lifecycle.FromBounce, Event: lifecycle.Bounced, Proof: l.proof, Binding: lifecycle.ByThread,
		Object: lifecycle.SameObject, Fate: fate}
	e.Made, err = l.moment(tx, r)
	return e, err
}

func (in *Inbox) waitForBounce(tx *store.Tx, m store.Mail, l letter, b bond, r store.Request, v lifecycle.Verdict) error {
	if v.Ask() && !r.State.Final() {
		in.askSoon(r)
	}
	return in.setAside(tx, m, l, b, bounceAside(v, l, r))
}

// bounceAside says in words why a report was not applied.
func bounceAside(v lifecycle.Verdict, l letter, r store.Request) aside {
	a := aside{why: v.Reason(), request: &r, alarm: v.Alarm()}
	about := "it is a report on the delivery of the " + engine.NounOf(r)
	switch v.Reason() {
	case lifecycle.NoProof:
		a.text = about + ", and that it comes from a relay of ours is not proved"
		if l.unproved != "" {
			a.text += ": " + l.unproved
		}
	case lifecycle.TooOld:
		a.text = about + " from before it was sent last"
	case lifecycle.StillRuns:
		a.text = about + ", which R01 may be carrying out all the same"
	case lifecycle.Contradicts:
		a.text = fmt.Sprintf("%s, which is %s", about, r.State)
	default:
		a.text = about + " that is not understood, or says that the mail may have arrived"
	}

	return a
}

// noteBounce records a report that changes nothing.
func (in *Inbox) noteBounce(tx *store.Tx, r store.Request, l letter, f engine.Fact) error {
	text := "the mail relay reports about " + strings.Join(l.Bounce.Recipients(), ", ")
	words, err := in.redactor.Redact(tx, f.Reason, r)
	if err != nil {
		return err
	}
	if words != "" {
		text += ": " + words
	}
	return in.timeline.Note(tx, r, f, text)
}

// bounced finds the requests that went out in the mail that a report returns.
func (mt *Matcher) bounced(tx *store.Tx, l letter) ([]store.Request, error) {
	if l.Bounce == nil {
		return nil, nil
	}
	if found, err := tx.Requests.ByMessageID(l.Bounce.Original.MessageID); err != nil || len(found) > 0 {
		return found, err
	}
	for _, token := range Tokens(l.Subject + "\n" + l.Text + "\n" + l.Quoted + "\n" + l.Bounce.Original.Subject) {
		if found, err := tx.Requests.ByToken(token); err != nil || len(found) > 0 {
			return found, err
		}
	}
	return nil, nil
}

// fates translates the words of a report.
var fates = map[message.Fate]lifecycle.Fate{
	message.Failed: lifecycle.Returned, message.Delayed: lifecycle.Delayed, message.Doubtful: lifecycle.Doubtful,
	message.Delivered: lifecycle.Delivered, message.Unread: lifecycle.Untold,
}

// fateIn returns what, by a report, became of our mail to the robot, and the words of the report.
func (rr *Reader) fateIn(l letter) (lifecycle.Fate, string) {
	d, told := l.Bounce.About(bare(rr.settings.Robot))
	words := strings.TrimSpace(d.Status + " " + d.Diagnostic)
	if !told {
		return lifecycle.NotRobot, words
	}
	return fates[d.Fate], words
}
