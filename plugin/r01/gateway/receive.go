package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"slices"
	"strings"

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
	for _, m := range mails {
		g.heardOf(byMailServer, m.InternalDate)
	}
	stored, ids := make([]registrar.MailID, len(mails)), g.mailIDs(len(mails))
	err := g.store.Write(ctx, func(tx *store.Tx) error {
		for i, m := range mails {
			err := tx.AddMail(store.Mail{ID: ids[i], Hash: message.ContentHash(m.Raw), At: g.now(), State: store.MailNew, Truncated: m.Truncated}, m.Raw)
			switch {
			case errors.Is(err, store.ErrExists):
			case err != nil:
				return err
			default:
				stored[i] = ids[i]
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

// mailIDs makes IDs in ascending order: mails that were stored at the same time are read as
// they arrived.
func (g *Gateway) mailIDs(n int) []registrar.MailID {
	ids := make([]registrar.MailID, n)
	for i := range ids {
		ids[i] = registrar.MailID("in-" + strings.ToLower(g.random()[:16]))
	}
	slices.Sort(ids)
	return ids
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

// together is how many mails are read between two commits.
const together = 50

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
	for len(mails) > 0 && ctx.Err() == nil {
		n := batch(mails)
		if err := g.read(ctx, mails[:n]); err != nil {
			return err
		}
		mails = mails[n:]
	}
	return ctx.Err()
}

// batch tells how many mails of a list are read together. One that has been tried before is
// read alone: it may be what took the process down, and no other shall be blamed for it.
func batch(mails []store.Mail) (n int) {
	for n < min(len(mails), together) && mails[n].Tries == 0 {
		n++
	}
	return max(n, 1)
}

// opened is a mail on its way from the store to what it causes.
type opened struct {
	store.Mail
	raw     []byte
	letter  letter
	problem string
	err     error // why it can't be applied now
}

// read understands mails and applies them. The attempts are counted first, so a mail that
// takes the process down with it is put aside after a few restarts.
func (g *Gateway) read(ctx context.Context, mails []store.Mail) error {
	all := make([]opened, len(mails))
	err := g.store.Write(ctx, func(tx *store.Tx) error {
		for i, m := range mails {
			all[i] = opened{Mail: m}
			if all[i].err = tx.TryMail(m.ID); all[i].err == nil {
				all[i].raw, all[i].err = tx.MailRaw(m.ID)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("open mails: %w", err)
	}
	for i := range all {
		if o := &all[i]; o.err == nil {
			o.err = g.prepare(ctx, o)
		}
	}
	err = g.write(ctx, func(tx *store.Tx) error {
		for i := range all {
			if o := &all[i]; o.err == nil {
				o.err = tx.Part(func() error { return g.apply(tx, o.Mail, o.letter, o.problem) })
			}
		}
		return g.holdUntouched(tx)
	})
	if err != nil {
		return fmt.Errorf("apply mails: %w", err)
	}
	for _, o := range all {
		if o.err != nil {
			g.log.Error("mail could not be applied, will be tried again", "mail", o.ID, "tries", o.Tries+1, "err", o.err)
		}
	}
	return nil
}

// prepare is everything about a mail that needs no transaction.
func (g *Gateway) prepare(ctx context.Context, o *opened) (err error) {
	if o.Tries >= poisonous {
		o.problem = fmt.Sprintf("it could not be handled in %d attempts", poisonous)
		return nil
	}
	if o.letter, o.problem = g.understand(o.Mail, o.raw); o.problem == "" {
		o.problem, err = g.unproved(ctx, o.Mail, o.letter, o.raw)
	}
	return err
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
	if ours, err := tx.RequestsByMessageID(l.MessageID); err != nil || len(ours) > 0 {
		return errors.Join(err, g.applyCopy(tx, m, ours))
	}
	if from(l.From, g.settings.Callback) && l.Kind != message.Bounce { // a test mail, or a loop
		if g.isForgotten(l) {
			return g.setAside(tx, m, l, "it is our own copy of a request that was sent after the backup was made")
		}
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
func (g *Gateway) applyCopy(tx *store.Tx, m store.Mail, ours []store.Request) error {
	f := fact{event: lifecycle.CopySeen, actor: byPlugin, evidence: registrar.EvidenceCopy, mail: m.ID}
	for i := range ours {
		if r := &ours[i]; r.State == registrar.Sending || r.State == registrar.Uncertain {
			if err := g.advance(tx, r, f); err != nil {
				return err
			}
		}
	}
	return tx.SettleMail(m.ID, store.MailNew, store.MailIgnored, alone(ours))
}

// alone is the request a mail is about; "" when it is about several.
func alone(requests []store.Request) string {
	if len(requests) == 1 {
		return requests[0].ID
	}
	return ""
}

// applyBounce: a definite failure to reach the robot means that R01 never got it; a delay,
// or a failure to reach our own copy's mailbox, means nothing. r01-mail 3.8
func (g *Gateway) applyBounce(tx *store.Tx, m store.Mail, l letter) error {
	ours, err := g.bounced(tx, l)
	if err != nil {
		return err
	}
	if len(ours) == 0 {
		return g.setAside(tx, m, l, "it is a bounce of no request of ours")
	}
	f := fact{event: lifecycle.Bounced, actor: byPlugin, evidence: registrar.EvidenceRelay, mail: m.ID,
		reason: strings.TrimSpace(l.Bounce.Status + " " + l.Bounce.Diagnostic)}
	failed := strings.HasPrefix(l.Bounce.Status, "5")
	switch {
	case failed && len(l.Bounce.Recipients) == 0:
		return g.setAside(tx, m, l, "it is a bounce that does not say whom it could not reach")
	case failed && slices.ContainsFunc(l.Bounce.Recipients, func(a string) bool { return sameAddress(a, g.settings.Robot) }):
		var all []outcome
		for _, r := range ours {
			all = append(all, outcome{request: r, fact: f})
		}
		return g.settle(tx, m, l, all, "")
	}
	for _, r := range ours {
		words, err := g.redact(tx, f.reason, r)
		if err != nil {
			return err
		}
		if err := g.note(tx, r, f, "the mail relay reports about "+strings.Join(l.Bounce.Recipients, ", ")+": "+words); err != nil {
			return err
		}
	}
	return tx.SettleMail(m.ID, store.MailNew, store.MailIgnored, alone(ours))
}

func (g *Gateway) bounced(tx *store.Tx, l letter) ([]store.Request, error) {
	if l.Bounce == nil {
		return nil, nil
	}
	if found, err := tx.RequestsByMessageID(l.Bounce.OriginalMessageID); err != nil || len(found) > 0 {
		return found, err
	}
	for _, token := range tokens(l.Subject + "\n" + l.Text + "\n" + l.Quoted) {
		if found, err := tx.RequestsByToken(token); err != nil || len(found) > 0 {
			return found, err
		}
	}
	return nil, nil
}

// outcome is one result with the request it belongs to.
type outcome struct {
	request store.Request
	fact    fact
}

// applyResults applies each result to the request it names. One that can't be applied puts
// the mail before a person, and does not hold up the others.
func (g *Gateway) applyResults(tx *store.Tx, m store.Mail, l letter, thread []store.Request) error {
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
		f := fact{event: event, result: res, actor: byRegistrar, evidence: registrar.EvidenceReply, mail: m.ID, reason: reasonOf(res)}
		if aboutAll(event, res) && len(thread) > 1 {
			for _, r := range thread {
				outcomes = append(outcomes, outcome{r, f})
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
			outcomes = append(outcomes, outcome{r, f})
		}
	}
	if len(outcomes) == 0 && problem == "" {
		return tx.SettleMail(m.ID, store.MailNew, store.MailIgnored, alone(thread))
	}
	return g.settle(tx, m, l, outcomes, problem)
}

// aboutAll tells whether a result that names nothing is about the whole mail it answers: R01
// reads and authorizes a mail as one. Money and refusals are a domain's own.
func aboutAll(e lifecycle.Event, res mailform.Result) bool {
	return res.Domain == "" && res.Handle == "" && res.Task == "" && (e == lifecycle.Queuing || e == lifecycle.Unauth)
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
		if err := g.tell(tx, op, registrar.EventMailIn, c); err != nil {
			return err
		}
	}
	return nil
}

// notice records a word of R01 that asks for nothing.
func (g *Gateway) notice(tx *store.Tx, m store.Mail, l letter, res mailform.Result, thread []store.Request) error {
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
	text, err := g.redactNotice(tx, text, name, thread)
	if err != nil {
		return err
	}
	tx.Emit(registrar.Event{At: g.now(), Type: registrar.EventNotice, Level: registrar.LevelInfo,
		Message: "notice of R01: " + text, Actor: byRegistrar, Name: name, Mail: m.ID})
	return nil
}
