package inbox

import (
	"errors"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/message"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// settle settles one mail, in one transaction with everything it causes, or puts it off.
func (in *Inbox) settle(tx *store.Tx, o *reading) error {
	if !o.until.IsZero() {
		in.log.Info("mail put off: its sender can't be proved now", "mail", o.ID, "until", o.until, "why", o.letter.unproved)
		return tx.Mails.PutOff(o.ID, o.until)
	}
	return in.apply(tx, o.Mail, o.letter, o.problem)
}

// settled records what became of a new mail, and which request it is about, if it is about one only.
func (in *Inbox) settled(tx *store.Tx, m store.Mail, l letter, to store.MailState, about ...store.Request) error {
	// Our own mail gets no likeness: an answer that quotes it would look like a mail we had before.
	var like store.Likeness
	if !l.own {
		like = l.likeness()
	}
	if err := tx.Mails.SettleNew(m.ID, to, engine.Alone(about), like); err != nil || len(about) != 1 {
		return err
	}
	return in.tell(tx, m.ID, l, about)
}

// apply settles one mail. Our own mails are recognised by their Message-ID, because relays may rewrite From.
func (in *Inbox) apply(tx *store.Tx, m store.Mail, l letter, problem string) error {
	if mayBeOurs(l.MessageID) {
		if ours, err := tx.Requests.ByMessageID(l.MessageID); err != nil || len(ours) > 0 {
			return errors.Join(err, in.applyCopy(tx, m, l, ours))
		}
	}

	if from(l.From, in.settings.Callback) && l.Kind != message.Bounce && in.reader.ownMessageID(l.MessageID) { // a test mail, or a loop
		l.own = true
		if in.matcher.isForgotten(l) {
			return in.setAside(tx, m, l, bond{knows: true}, aside{why: lifecycle.NotBound, text: "it is our own copy of a request that was sent after the backup was made"})
		}
		return in.settled(tx, m, l, store.MailIgnored)
	}

	// A mail that was applied before and comes through another relay says nothing new.
	twins, err := tx.Mails.Twins(m.ID, l.likeness())
	if err != nil {
		return err
	}

	if problem == "" && repeats(twins) {
		in.log.Info("mail is known: it came before, with other blanks or through another relay", "mail", m.ID)
		return in.settled(tx, m, l, store.MailIgnored)
	}

	b, err := in.matcher.bind(tx, l)
	if err != nil {
		return err
	}

	switch {
	case l.Kind == message.Bounce:
		return in.applyBounce(tx, m, l, b)
	// An automatic reply that answers no mail of ours needs no person. r01-mail 3.8
	case len(l.results) == 0 && len(b.requests) == 0 && l.automatic() && !in.reader.fromRobot(l):
		return in.settled(tx, m, l, store.MailIgnored)
	case problem != "":
		return in.setAside(tx, m, l, b, problemAside(problem))
	// It has the Message-ID of a mail that was applied to this request, and other words: a person decides.
	// r01-mail 3.7
	case b.answers(twins):
		return in.setAside(tx, m, l, b, aside{why: lifecycle.Repeated, text: "a mail with the same Message-ID came before, and said something else"})
	case b.by == lifecycle.Against:
		return errors.Join(in.tellShared(tx, l, b), in.setAside(tx, m, l, b, aside{why: lifecycle.NotOurs, text: b.against}))
	case len(l.results) > 0:
		return in.applyResults(tx, m, l, b)
	// Results are weighed together with their proof. A mail without results only needs a reason why it waits.
	case l.proof == lifecycle.Missing || l.proof == lifecycle.Unavailable:
		return in.setAside(tx, m, l, b, unprovedAside(l))
	case l.doubt != "":
		return in.setAside(tx, m, l, b, aside{why: lifecycle.NotWhole, text: "nothing of it is applied, for " + l.doubt})
	}

	return in.setAside(tx, m, l, b, problemAside("no rule recognises it"))
}

// applyCopy applies our own blind copy, which shows that the relay took the mail. ARCHITECTURE.md, the durable step
func (in *Inbox) applyCopy(tx *store.Tx, m store.Mail, l letter, ours []store.Request) error {
	e := lifecycle.Evidence{Source: lifecycle.FromCopy, Event: lifecycle.CopySeen, Proof: lifecycle.OwnWord, Binding: lifecycle.ByThread}
	f := engine.Fact{Actor: engine.ByPlugin, Evidence: registrar.EvidenceCopy, Mail: m.ID}
	for i := range ours {
		// In any other state the request is known to have left.
		if r := &ours[i]; r.State == registrar.Sending || r.State == registrar.Uncertain {
			if _, err := in.engine.Weigh(tx, r, e, f); err != nil {
				return err
			}
		}
	}
	l.own = true
	return in.settled(tx, m, l, store.MailIgnored, ours...)
}

// notice records a word of R01 that asks for no action.
func (in *Inbox) notice(tx *store.Tx, m store.Mail, l letter, res mailform.Result, thread []store.Request) error {
	if res.Outcome == registrar.ReplyIgnore {
		return nil
	}

	name := res.Domain
	if name == "" && len(thread) == 1 && !thread[0].Kind.AboutClient() {
		name = thread[0].Object
	}

	text := res.Message
	if text == "" {
		text = l.Subject
	}

	text, err := in.redactNotice(tx, short(text, longestReason), name, thread)
	if err != nil {
		return err
	}

	tx.Emit(registrar.Event{At: in.now(), Type: registrar.EventNotice, Level: registrar.LevelInfo,
		Message: "notice of R01: " + text, Actor: engine.ByRegistrar, Name: name, Mail: m.ID})
	return nil
}

// redactNotice hides what a notice repeats of registrants: of those whose requests it answers,
// or of the registrant who holds the domain that it names.
func (in *Inbox) redactNotice(tx *store.Tx, words, domain string, thread []store.Request) (string, error) {
	if len(thread) > 0 {
		for _, r := range thread {
			var err error
			if words, err = in.redactor.Redact(tx, words, r); err != nil {
				return "", err
			}
		}
		return words, nil
	}
	holder, err := in.redactor.Holder(tx, domain)
	if err != nil {
		return "", err
	}
	return mailform.Redact(words, holder...), nil
}
