package gateway

import (
	"context"
	"errors"
	"fmt"

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
	stored, ids := make([]registrar.MailID, len(mails)), g.mailIDs(len(mails))
	err := g.store.Write(ctx, func(tx *store.Tx) error {
		for i, m := range mails {
			err := tx.AddMail(store.Mail{ID: ids[i], Hash: message.ContentHash(m.Raw), FormerHash: message.FormerHash(m.Raw), At: g.now(), State: store.MailNew,
				Truncated: m.Truncated, Received: m.InternalDate}, m.Raw)
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
		if err := errors.Join(g.proveAgain(ctx), g.readNew(ctx)); err != nil && ctx.Err() == nil {
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
		mails, err = tx.NewMails(g.now(), many)
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
	until   time.Time // put off till then; zero = not
	err     error     // why it can't be applied now
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
			g.prepare(ctx, o)
		}
	}
	err = g.write(ctx, func(tx *store.Tx) error {
		for i := range all {
			if o := &all[i]; o.err == nil {
				o.err = tx.Part(func() error { return g.settle(tx, o) })
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

// prepare is everything about a mail that needs no transaction. The sender of what says of
// itself that it is automatic and asks for nothing of ours is nobody's business.
func (g *Gateway) prepare(ctx context.Context, o *opened) {
	if o.Tries >= poisonous {
		o.problem = fmt.Sprintf("it could not be handled in %d attempts", poisonous)
		return
	}
	if o.letter, o.problem = g.understand(o.Mail, o.raw); o.problem == "" && !g.idle(o.letter) {
		g.prove(ctx, o)
	}
}

// idle reports whether a mail is automatic, of a stranger, and names nothing that could be
// ours. r01-mail 3.8
func (g *Gateway) idle(l letter) bool {
	return l.Kind != message.Bounce && l.automatic() && len(l.results) == 0 && l.doubt == "" && len(l.InReplyTo)+len(l.References) == 0 &&
		len(tokens(l.Subject+"\n"+l.Text)) == 0 && !g.fromRobot(l)
}

// settle settles one mail, in one transaction with everything it causes, or puts it off.
func (g *Gateway) settle(tx *store.Tx, o *opened) error {
	if !o.until.IsZero() {
		g.log.Info("mail put off: its sender can't be proved now", "mail", o.ID, "until", o.until, "why", o.letter.unproved)
		return tx.PutOffMail(o.ID, o.until)
	}
	return g.apply(tx, o.Mail, o.letter, o.problem)
}

// apply settles one mail. What is ours is known by the Message-ID: others rewrite From.
func (g *Gateway) apply(tx *store.Tx, m store.Mail, l letter, problem string) error {
	if ours, err := tx.RequestsByMessageID(l.MessageID); err != nil || len(ours) > 0 {
		return errors.Join(err, g.applyCopy(tx, m, ours))
	}
	if from(l.From, g.settings.Callback) && l.Kind != message.Bounce && g.ownMessageID(l.MessageID) { // a test mail, or a loop
		if g.isForgotten(l) {
			return g.setAside(tx, m, l, aside{why: lifecycle.NotBound, text: "it is our own copy of a request that was sent after the backup was made"})
		}
		return tx.SettleMail(m.ID, store.MailNew, store.MailIgnored, "")
	}
	twins, err := tx.KnowMail(m.ID, l.likeness())
	if err != nil {
		return err
	}
	if problem == "" && repeats(twins) {
		g.log.Info("mail is known: it came before, with other blanks or through another relay", "mail", m.ID)
		return tx.SettleMail(m.ID, store.MailNew, store.MailIgnored, "")
	}
	b, err := g.bind(tx, l)
	if err != nil {
		return err
	}
	switch {
	case l.Kind == message.Bounce:
		return g.applyBounce(tx, m, l)
	case len(l.results) == 0 && len(b.requests) == 0 && l.automatic() && !g.fromRobot(l):
		return tx.SettleMail(m.ID, store.MailNew, store.MailIgnored, "")
	case problem != "":
		return g.setAside(tx, m, l, problemAside(problem))
	case b.answers(twins):
		return g.setAside(tx, m, l, aside{why: lifecycle.Repeated, text: "a mail with the same Message-ID came before, and said something else"})
	case b.by == lifecycle.Against:
		return g.setAside(tx, m, l, aside{why: lifecycle.NotOurs, text: b.against})
	case len(l.results) > 0:
		return g.applyResults(tx, m, l, b)
	case l.proof == lifecycle.Missing || l.proof == lifecycle.Unavailable:
		return g.setAside(tx, m, l, unprovedAside(l))
	case l.doubt != "":
		return g.setAside(tx, m, l, aside{why: lifecycle.NotWhole, text: "nothing of it is applied, for " + l.doubt})
	}
	return g.setAside(tx, m, l, problemAside("no rule recognises it"))
}

// applyCopy: our own blind copy shows that the relay took the mail. architecture 4.7
func (g *Gateway) applyCopy(tx *store.Tx, m store.Mail, ours []store.Request) error {
	e := lifecycle.Evidence{Source: lifecycle.FromCopy, Event: lifecycle.CopySeen, Proof: lifecycle.OwnWord, Binding: lifecycle.ByThread}
	f := fact{actor: byPlugin, evidence: registrar.EvidenceCopy, mail: m.ID}
	for i := range ours {
		if r := &ours[i]; r.State == registrar.Sending || r.State == registrar.Uncertain {
			if _, err := g.weigh(tx, r, e, f); err != nil {
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
