package inbox

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/message"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// Foresight reports what would become of mails.
type Foresight struct {
	engine   *engine.Engine
	matcher  *Matcher
	reader   *Reader
	settings *engine.Settings
	store    Store // nil = it is supposed that requests wait for what a mail answers
	now      func() time.Time
}

// NewForesight composes a foresight.
func NewForesight(s *engine.Settings, en *engine.Engine, m *Matcher, st Store, now func() time.Time) *Foresight {
	return &Foresight{engine: en, matcher: m, reader: m.reader, settings: s, store: st, now: now}
}

// Recognise reports how a captured mail would be understood and what would become of it, by the
// same weighing as for a mail from the mailbox. It changes nothing. Without a store it assumes
// that the request which the mail seems to be about waits for an answer.
func (fs *Foresight) Recognise(ctx context.Context, raw []byte) (registrar.Recognition, error) {
	o := reading{Mail: store.Mail{At: fs.now()}, raw: bytes.Clone(raw)}
	fs.reader.prepare(ctx, &o)
	rec := recognition(o)
	if fs.store == nil {
		fs.suppose(&rec, o)
		return rec, nil
	}
	rec.Stored = true
	err := fs.store.Read(ctx, func(tx *store.Tx) error { return fs.foresee(tx, &rec, o) })
	return rec, engine.Fault(err, "captured mail")
}

// recognition returns what a mail says about itself.
func recognition(o reading) registrar.Recognition {
	l := o.letter
	rec := registrar.Recognition{Subject: mailform.Mask(l.Subject), Kind: string(l.Kind), Doubt: l.doubt, Proof: registrar.Proof(l.proof), ProofDetail: l.unproved}
	if len(l.From) > 0 {
		rec.From = l.From[0]
	}
	switch {
	case o.problem != "":
		rec.Kind = "unreadable: " + o.problem
	case len(l.results) > 0: // robots say of their replies that no person wrote them
		rec.Kind = string(message.Ordinary)
	}
	for _, r := range l.results {
		rec.Results = append(rec.Results, registrar.RecognisedResult{Rule: r.Rule, Outcome: r.Outcome, Domain: r.Domain,
			Handle: r.Handle, Task: r.Task, Message: mailform.Mask(r.Message), State: r.State, PaidTill: r.PaidTill})
	}
	return rec
}

// foresee reports what apply would do.
func (fs *Foresight) foresee(tx *store.Tx, rec *registrar.Recognition, o reading) error {
	l := o.letter
	ours, err := tx.Requests.ByMessageID(l.MessageID)
	if err != nil {
		return err
	}

	// The empty ID leaves no mail out: a mail that was applied before is reported as a repetition.
	twins, err := tx.Mails.Twins("", l.likeness())
	if err != nil {
		return err
	}

	b, err := fs.matcher.bind(tx, l)
	if err != nil {
		return err
	}

	if rec.Bindings, err = fs.bindings(tx, l, b); err != nil {
		return err
	}

	// The same questions as in apply, in the same order, or the forecast would be wrong.
	switch {
	case len(ours) > 0:
		rec.Fate, rec.Reason = registrar.FateIgnore, "it is our own copy of a request"
		for _, r := range ours {
			if r.State == registrar.Sending || r.State == registrar.Uncertain {
				rec.Fate, rec.Reason = registrar.FateApply, "it is our own copy of the "+engine.NounOf(r)+", so that was sent"
			}
		}
	case fs.reader.ofOurs(l) && fs.matcher.isForgotten(l):
		waits(rec, "it is our own copy of a request that was sent after the backup was made")
	case fs.reader.ofOurs(l):
		rec.Fate, rec.Reason = registrar.FateIgnore, "we sent it ourselves"
	case o.problem == "" && repeats(twins):
		rec.Fate, rec.Reason = registrar.FateIgnore, "it is known: it came before"
	case l.Kind == message.Bounce:
		return fs.foreseeBounce(tx, rec, l)
	default:
		return fs.foreseeReply(tx, rec, o, b, twins)
	}

	return nil
}

func (fs *Foresight) foreseeReply(tx *store.Tx, rec *registrar.Recognition, o reading, b bond, twins []store.Twin) error {
	l := o.letter
	switch {
	case len(l.results) == 0 && len(b.requests) == 0 && l.automatic() && !fs.reader.fromRobot(l):
		rec.Fate, rec.Reason = registrar.FateIgnore, "it is automatic, and asks for nothing of ours"
	case o.problem != "":
		waits(rec, o.problem)
	case b.answers(twins):
		waits(rec, "a mail with the same Message-ID came before, and said something else")
	case b.by == lifecycle.Against:
		waits(rec, b.against)
	case len(l.results) == 0:
		fs.waitsUnread(rec, l)
	default:
		found, _, a, err := fs.matcher.matchAll(tx, l, b)
		if err != nil {
			return err
		}
		fs.foretell(rec, l, found, a)
	}

	return nil
}

func waits(rec *registrar.Recognition, why string) {
	rec.Fate, rec.Reason = registrar.FateWait, why
}

// waitsUnread reports a mail without results.
func (fs *Foresight) waitsUnread(rec *registrar.Recognition, l letter) {
	switch {
	case l.proof == lifecycle.Missing || l.proof == lifecycle.Unavailable:
		waits(rec, unprovedAside(l).text)
	case l.doubt != "":
		waits(rec, "nothing of it is applied, for "+l.doubt)
	default:
		waits(rec, "no rule recognises it")
	}
}

// foretell reports what would become of results.
func (fs *Foresight) foretell(rec *registrar.Recognition, l letter, found []finding, a aside) {
	if a.text == "" {
		a = fs.matcher.judgeAll(l, found)
	}
	if a.text != "" {
		waits(rec, a.text)
		return
	}
	rec.Fate = registrar.FateNote
	rec.Reason = "it asks for nothing"
	for _, f := range found {
		v := fs.engine.Verdict(f.request, f.evidence)
		if d, applies := v.Decision(); applies {
			rec.Fate, rec.Reason = registrar.FateApply, fmt.Sprintf("the %s becomes %s", engine.NounOf(f.request), d.State())
			return
		}
		rec.Reason = "a late word about the " + engine.NounOf(f.request)
	}
}

func (fs *Foresight) foreseeBounce(tx *store.Tx, rec *registrar.Recognition, l letter) error {
	ours, err := fs.matcher.bounced(tx, l)
	if err != nil {
		return err
	}

	if len(ours) == 0 {
		waits(rec, "it is a bounce of no request of ours")
		return nil
	}

	// A report is tied by the mail that it returns, not by what it answers.
	rec.Bindings = nil
	for _, r := range ours {
		some, err := operationsBound(tx, registrar.BindingThread, r.MessageID, r)
		if err != nil {
			return err
		}
		rec.Bindings = append(rec.Bindings, some...)
	}

	rec.Fate, rec.Reason = registrar.FateNote, "the report changes nothing"
	for _, r := range ours {
		e, err := fs.matcher.bounceSays(tx, l, r)
		if err != nil {
			return err
		}

		switch v := fs.engine.Verdict(r, e); v.Action() {
		case lifecycle.Wait:
			waits(rec, bounceAside(v, l, r).text)
			return nil
		case lifecycle.Apply:
			rec.Fate, rec.Reason = registrar.FateApply, "the "+engine.NounOf(r)+" came back: R01 never got it"
		}
	}

	return nil
}
