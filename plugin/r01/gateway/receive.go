package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"slices"
	"strings"
	"time"

	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/mailbox"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/message"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// poisonous is how many attempts a mail gets to be read before a person must look.
const poisonous = 3

// Deliver stores fetched mails in one commit. When it returns nil they are safe, or were
// known.
func (g *Gateway) Deliver(ctx context.Context, mails []mailbox.Mail) error {
	stored := make([]registrar.MailID, len(mails))
	at := g.now()
	err := g.store.Write(ctx, func(tx *store.Tx) error {
		for i, m := range mails {
			id := registrar.MailID("in-" + strings.ToLower(g.random()[:16]))
			at := at.Add(time.Duration(i) * time.Millisecond) // they are read in their order
			err := tx.AddMail(store.Mail{ID: id, Hash: message.ContentHash(m.Raw), At: at, State: store.MailNew, Truncated: m.Truncated}, m.Raw)
			switch {
			case errors.Is(err, store.ErrExists):
			case err != nil:
				return err
			default:
				stored[i] = id
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("store mail: %w", err)
	}
	for i, m := range mails {
		if stored[i] == "" {
			g.log.Debug("mail is known", "uid", m.UID)
			continue
		}
		g.log.Info("mail stored", "mail", stored[i], "bytes", len(m.Raw))
	}
	g.toRead.Wake()
	return nil
}

// readLoop reads what was stored.
func (g *Gateway) readLoop(ctx context.Context) {
	for ctx.Err() == nil {
		if err := g.readNew(ctx); err != nil && ctx.Err() == nil {
			g.log.Error("reading mail stopped, will be tried again", "err", err)
		}
		pause(ctx, g.toRead, lookAgain)
	}
}

// readNew reads every new mail once. One that can't be applied now is left for the next
// pass and does not hold up the others.
func (g *Gateway) readNew(ctx context.Context) error {
	const many = 10000
	var mails []store.Mail
	err := g.store.Read(ctx, func(tx *store.Tx) (err error) {
		mails, err = tx.NewMails(many)
		return err
	})
	if err != nil {
		return err
	}
	for _, m := range mails {
		if err := g.read(ctx, m); err != nil {
			g.log.Error("mail could not be applied, will be tried again", "mail", m.ID, "tries", m.Tries+1, "err", err)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// read understands one mail and applies it. The attempt is counted first, so a mail that
// takes the process down with it is put aside after a few restarts.
func (g *Gateway) read(ctx context.Context, m store.Mail) error {
	var raw []byte
	err := g.store.Write(ctx, func(tx *store.Tx) (err error) {
		if err = tx.TryMail(m.ID); err == nil {
			raw, err = tx.MailRaw(m.ID)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("open mail: %w", err)
	}
	if m.Tries >= poisonous {
		return g.write(ctx, func(tx *store.Tx) error {
			return g.setAside(tx, m, letter{}, fmt.Sprintf("it could not be handled in %d attempts", poisonous))
		})
	}
	letter, problem := g.understand(m, raw)
	if problem == "" {
		if problem, err = g.unproved(ctx, m, letter, raw); err != nil {
			return err
		}
	}
	return g.write(ctx, func(tx *store.Tx) error { return g.apply(tx, m, letter, problem) })
}

// unproved tells why a mail's sender is not proved. When the proof can't be had right now
// that is an error, and the mail is read again later, but not for ever. r01-mail 3.10
func (g *Gateway) unproved(ctx context.Context, m store.Mail, l letter, raw []byte) (string, error) {
	if l.Kind == message.Bounce { // bounces come from relays, and are matched by what they return
		return "", nil
	}
	verdict := g.verifier.Verify(ctx, raw)
	switch {
	case verdict.Verified:
		return "", nil
	case verdict.Temporary && m.Tries+1 < poisonous:
		return "", fmt.Errorf("verify sender: %s", verdict.Reason)
	}
	return "its sender is not proved: " + verdict.Reason, nil
}

// letter is a mail with what the rules make of it.
type letter struct {
	message.Message
	results []mailform.Result
}

// understand is everything that needs no store. The problem, if any, is for a person.
func (g *Gateway) understand(m store.Mail, raw []byte) (l letter, problem string) {
	var err error
	if l.Message, err = message.Parse(raw); err != nil {
		return l, "it can't be read: " + err.Error()
	}
	l.results = g.recogniser.Recognise(mailform.Input{From: l.From, Subject: l.Subject, Text: l.Text})
	switch {
	case m.Truncated:
		problem = "it is too large to be read"
	case len(l.Damaged) > 0:
		problem = "it is damaged: " + strings.Join(l.Damaged, ", ")
	}
	return l, problem
}

func sameAddress(a, b string) bool {
	bare := func(s string) string {
		if p, err := mail.ParseAddress(s); err == nil {
			s = p.Address
		}
		return strings.ToLower(s)
	}
	return bare(a) == bare(b)
}

// apply settles one mail, in one transaction with everything it causes.
func (g *Gateway) apply(tx *store.Tx, m store.Mail, l letter, problem string) error {
	if r, err := tx.RequestByMessageID(l.MessageID); err == nil && l.MessageID != "" {
		return g.applyCopy(tx, m, r)
	}
	if from(l.From, g.settings.Callback) && l.Kind != message.Bounce { // a test mail, or a loop
		return tx.SettleMail(m.ID, store.MailNew, store.MailIgnored, "")
	}
	thread, err := g.thread(tx, l)
	if err != nil {
		return err
	}
	switch {
	case l.Kind == message.Bounce:
		return g.applyBounce(tx, m, l)
	case problem != "":
		return g.setAside(tx, m, l, problem)
	case len(l.results) > 0:
		return g.applyResults(tx, m, l, thread)
	case l.Kind == message.AutoReply && thread == nil && !from(l.From, g.settings.Robot):
		return tx.SettleMail(m.ID, store.MailNew, store.MailIgnored, "")
	}
	return g.setAside(tx, m, l, "no rule recognises it")
}

// from tells whether a mail claims just this sender.
func from(senders []string, address string) bool {
	return len(senders) == 1 && sameAddress(senders[0], address)
}

// applyCopy: our own blind copy shows that the relay took the mail. architecture 4.7
func (g *Gateway) applyCopy(tx *store.Tx, m store.Mail, r store.Request) error {
	f := fact{event: lifecycle.CopySeen, actor: byPlugin, evidence: registrar.EvidenceCopy, mail: m.ID}
	if r.State == registrar.Sending || r.State == registrar.Uncertain {
		if err := g.advance(tx, &r, f); err != nil {
			return err
		}
	}
	return tx.SettleMail(m.ID, store.MailNew, store.MailIgnored, r.ID)
}

// applyBounce: a definite failure to reach the robot means that R01 never got it; a delay,
// or a failure to reach our own copy's mailbox, means nothing. r01-mail 3.8
func (g *Gateway) applyBounce(tx *store.Tx, m store.Mail, l letter) error {
	r, err := g.bounced(tx, l)
	if errors.Is(err, store.ErrNotFound) {
		return g.setAside(tx, m, l, "it is a bounce of no request of ours")
	}
	if err != nil {
		return err
	}
	f := fact{event: lifecycle.Bounced, actor: byPlugin, evidence: registrar.EvidenceRelay, mail: m.ID,
		reason: strings.TrimSpace(l.Bounce.Status + " " + l.Bounce.Diagnostic)}
	failed := strings.HasPrefix(l.Bounce.Status, "5")
	switch {
	case failed && len(l.Bounce.Recipients) == 0:
		return g.setAside(tx, m, l, "it is a bounce that does not say whom it could not reach")
	case failed && slices.ContainsFunc(l.Bounce.Recipients, func(a string) bool { return sameAddress(a, g.settings.Robot) }):
		return g.settle(tx, m, l, []outcome{{request: r, fact: f}}, "")
	}
	words, err := g.redact(tx, f.reason, r)
	if err != nil {
		return err
	}
	return errors.Join(g.note(tx, r, f, "the mail relay reports about "+strings.Join(l.Bounce.Recipients, ", ")+": "+words),
		tx.SettleMail(m.ID, store.MailNew, store.MailIgnored, r.ID))
}

func (g *Gateway) bounced(tx *store.Tx, l letter) (store.Request, error) {
	if l.Bounce == nil {
		return store.Request{}, store.ErrNotFound
	}
	if r, err := tx.RequestByMessageID(l.Bounce.OriginalMessageID); err == nil {
		return r, nil
	}
	for _, token := range tokens(l.Subject + "\n" + l.Text + "\n" + l.Quoted) {
		if r, err := tx.RequestByToken(token); err == nil {
			return r, nil
		}
	}
	return store.Request{}, store.ErrNotFound
}

// outcome is one result with the request it belongs to.
type outcome struct {
	request store.Request
	fact    fact
}

// applyResults applies each result to the request it names. One that can't be applied puts
// the mail before a person, and does not hold up the others.
func (g *Gateway) applyResults(tx *store.Tx, m store.Mail, l letter, thread *store.Request) error {
	var outcomes []outcome
	var problem string
	for _, res := range l.results {
		event, ok := lifecycle.EventOf(res.Outcome)
		if !ok {
			if err := g.notice(tx, m, l, res, thread); err != nil {
				return err
			}
			continue
		}
		r, reason, err := g.match(tx, l, res, thread)
		switch {
		case err != nil:
			return err
		case reason != "":
			problem = reason
		default:
			outcomes = append(outcomes, outcome{r, fact{event: event, result: res, actor: byRegistrar,
				evidence: registrar.EvidenceReply, mail: m.ID, reason: reasonOf(res)}})
		}
	}
	if len(outcomes) == 0 && problem == "" {
		return tx.SettleMail(m.ID, store.MailNew, store.MailIgnored, idOf(thread))
	}
	return g.settle(tx, m, l, outcomes, problem)
}

func idOf(r *store.Request) string {
	if r == nil {
		return ""
	}
	return r.ID
}

func reasonOf(res mailform.Result) string {
	if res.Message != "" {
		return res.Message
	}
	return string(res.Outcome)
}

// settle advances each request, or notes a late word on a concluded one. A word that
// contradicts what we hold is for a person, and so is a problem found before. r01-mail 3.9
func (g *Gateway) settle(tx *store.Tx, m store.Mail, l letter, all []outcome, problem string) error {
	for _, o := range all {
		r, err := tx.Request(o.request.ID) // an earlier result may have moved it
		if err != nil {
			return err
		}
		err = g.advance(tx, &r, o.fact)
		var no *lifecycle.NoTransitionError
		switch {
		case err == nil:
		case !errors.As(err, &no):
			return err
		case lifecycle.Late(r.State, o.fact.event):
			if err := g.note(tx, r, o.fact, "late word: "+describe(r, o.fact)); err != nil {
				return err
			}
		default:
			problem = fmt.Sprintf("it says %q of %s, which is %s", o.fact.event, r.Object, r.State)
		}
	}
	if problem != "" {
		return g.setAside(tx, m, l, problem)
	}
	return tx.SettleMail(m.ID, store.MailNew, store.MailApplied, all[0].request.ID)
}

// note puts a word on the timeline that changes nothing.
func (g *Gateway) note(tx *store.Tx, r store.Request, f fact, text string) error {
	c := store.Change{At: g.now(), Message: text, Actor: f.actor, Evidence: f.evidence, Mail: f.mail}
	ops, err := tx.Note(r.ID, c)
	if err != nil {
		return err
	}
	for _, op := range ops {
		if err := g.tell(tx, op.ID, registrar.EventMailIn, c); err != nil {
			return err
		}
	}
	return nil
}

// notice records a word of R01 that asks for nothing.
func (g *Gateway) notice(tx *store.Tx, m store.Mail, l letter, res mailform.Result, thread *store.Request) error {
	if res.Outcome == registrar.ReplyIgnore {
		return nil
	}
	name := res.Domain
	if name == "" && thread != nil && !thread.Kind.AboutClient() {
		name = thread.Object
	}
	text := res.Message
	if text == "" {
		text = l.Subject
	}
	text, err := g.redactNotice(tx, text, name, thread)
	if err != nil {
		return err
	}
	_, err = tx.Emit(registrar.Event{At: g.now(), Type: registrar.EventNotice, Level: registrar.LevelInfo,
		Message: "notice of R01: " + text, Actor: byRegistrar, Name: name, Mail: m.ID})
	return err
}
