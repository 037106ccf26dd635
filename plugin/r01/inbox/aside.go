package inbox

import (
	"errors"
	"fmt"
	"strings"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// aside is the reason why a mail waits for a person.
type aside struct {
	why     lifecycle.Reason
	text    string         // for people
	request *store.Request // that it seems to be about; nil = it is not known
	alarm   bool           // a person should know at once: it takes back what we hold
}

// unprovedAside is the reason of a mail whose sender is not proved.
func unprovedAside(l letter) aside {
	why := lifecycle.NoProof
	if l.proof == lifecycle.Unavailable {
		why = lifecycle.ProofLater
	}
	return aside{why: why, text: "its sender is not proved: " + l.unproved}
}

// asideOf says in words why evidence was not applied.
func (mt *Matcher) asideOf(v lifecycle.Verdict, l letter, f finding, doubt string) aside {
	r, res := f.request, f.result
	a := aside{why: v.Reason(), request: &r, alarm: v.Alarm()}
	name := mailform.Unicode(r.Object)
	switch v.Reason() {
	case lifecycle.NotWhole:
		a.text = "nothing of it is applied, for " + doubt
	case lifecycle.NoProof, lifecycle.ProofLater:
		a.text = "its sender is not proved: " + l.unproved
	case lifecycle.NotAbout:
		if a.text = f.other; a.text == "" {
			a.text = "it names client " + res.Handle + ", who is another client of ours"
		}
	case lifecycle.TooOld:
		a.text = fmt.Sprintf("it was written on %s, before the request about %s was sent: it can't answer it", l.made.UTC().Format("2006-01-02 15:04 MST"), name)
	case lifecycle.HintOnly:
		a.text = fmt.Sprintf("it answers no mail of ours and repeats no token, so that it is about the %s is a guess", engine.NounOf(r))
	case lifecycle.HandleOnly:
		a.text = "it names client " + res.Handle + " in place of " + r.Object + ", and answers no mail of ours"
	case lifecycle.NotMoved:
		a.text = fmt.Sprintf("it says that %s is done, paid till %s: as it was before", name, res.PaidTill)
		if r.Kind == lifecycle.Prolong {
			a.text = fmt.Sprintf("it says that %s is renewed and paid till %s, and it was paid till %s before", name, res.PaidTill, r.Base)
		}
	case lifecycle.Implausible:
		a.text = fmt.Sprintf("it says that %s is paid till %s, which this request can't lead to", name, res.PaidTill)
	case lifecycle.Contradicts:
		a.text = fmt.Sprintf("it says %q of %s, which is %s", f.evidence.Event, name, r.State)
		if f.evidence.OtherHandle {
			a.text += fmt.Sprintf(", and names client %s in place of %s", res.Handle, r.Object)
		} else if !res.PaidTill.IsZero() {
			a.text += ", and names paid-till " + res.PaidTill.String()
		}
	default:
		a.text = "it is not tied to a request of ours"
	}

	return a
}

// problemAside is the reason of a mail in which nothing is understood.
func problemAside(text string) aside { return aside{why: lifecycle.Unread, text: text} }

// askSoon has the registry asked about a request at the next opportunity.
func (in *Inbox) askSoon(r store.Request) {
	if !r.Kind.AboutClient() && !r.State.Final() {
		in.asker.AskAtOnce(r.Object)
	}
}

// setAside puts a mail before a person, or into the list of strangers. It moves no operation. r01-mail 3.8
func (in *Inbox) setAside(tx *store.Tx, m store.Mail, l letter, b bond, a aside) error {
	sure, err := in.matcher.sure(tx, l, b)
	if err != nil {
		return err
	}

	possible, err := candidates(tx, l, sure, a.request)
	if err != nil {
		return err
	}

	where, err := in.placeOf(tx, m, l, visitor{bond: b, returned: len(b.requests) == 0 && len(sure) > 0, hints: len(possible) > 0})
	if err != nil {
		return err
	}

	// The bytes are deleted and the row is kept, so that the mail is known if it is fetched again.
	if where == nowhere {
		return errors.Join(tx.Mails.Cut(m.ID, 0), in.settled(tx, m, l, store.MailIgnored))
	}

	entry, about, err := in.enter(tx, m, a, possible, where)
	if err != nil {
		return err
	}

	if err := in.settled(tx, m, l, store.MailReview, sure...); err != nil {
		return err
	}
	if err := in.tell(tx, m.ID, l, about); err != nil {
		return err
	}

	// A person may look at it now; meanwhile the proof of its sender is tried again. r01-mail 3.10
	if a.why == lifecycle.ProofLater {
		if err := tx.Mails.PutOff(m.ID, in.now().Add(in.reader.proofPause(m))); err != nil {
			return err
		}
	}

	// Neither alarm nor event: anyone can write to us. r01-mail 3.8
	if where == store.Strangers {
		in.log.Debug("mail of a stranger is kept for a while", "mail", m.ID, "review", entry.ID, "why", a.why)
		return tx.Mails.Cut(m.ID, strangersBytes)
	}

	in.log.Warn("mail waits for review", "mail", m.ID, "review", entry.ID, "why", a.why)
	return in.tellWaiting(tx, entry, a.alarm)
}

// enter makes the review entry of a mail, and returns the requests that the mail may be about.
func (in *Inbox) enter(tx *store.Tx, m store.Mail, a aside, possible []registrar.OperationID, where store.List) (entry store.Review, about []store.Request, err error) {
	if about, err = requestsOf(tx, possible); err != nil {
		return entry, nil, err
	}
	reason, err := in.redactor.Redact(tx, mailform.Mask(short(a.text, longestReason)), about...)
	if err != nil {
		return entry, nil, err
	}
	entry = store.Review{ID: reviewOf(m.ID), Mail: m.ID, Reason: reason, Candidates: possible, ReceivedAt: m.At, Why: a.why, Stranger: where == store.Strangers}
	if a.request != nil {
		entry.Request = a.request.ID
	}
	return entry, about, tx.Reviews.Add(entry)
}

// tellWaiting reports a mail that a person must see.
func (in *Inbox) tellWaiting(tx *store.Tx, entry store.Review, alarm bool) error {
	names, err := engine.NamesOf(tx, entry.Candidates)
	if err != nil {
		return err
	}
	for _, name := range names {
		tx.Emit(registrar.Event{At: in.now(), Type: registrar.EventReview, Level: registrar.LevelWarning,
			Message: "a mail waits for review: " + entry.Reason, Actor: engine.ByPlugin, Name: name, Mail: entry.Mail, Review: entry.ID})
		if alarm && name != "" {
			if err := in.alarms.Raise(tx, engine.ContradictionAlarm(entry.ID), name, "a late mail takes back what is recorded, and waits for review: "+entry.Reason); err != nil {
				return err
			}
		}
	}
	return in.alarms.Raise(tx, engine.ReviewAlarm, "", "mails wait in the review queue")
}

// reviewOf returns the ID of a mail's entry.
func reviewOf(m registrar.MailID) registrar.ReviewID {
	return registrar.ReviewID("rv-" + strings.TrimPrefix(string(m), "in-"))
}
