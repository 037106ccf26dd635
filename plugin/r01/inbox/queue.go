package inbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// ReviewPage lists mails that wait, by the headings that were stored when they were read: it opens no mail.
func (dk *Desk) ReviewPage(ctx context.Context, q registrar.ReviewQuery) (page registrar.ReviewPage, err error) {
	size := registrar.PageSize(q.Size)
	err = dk.store.Read(ctx, func(tx *store.Tx) error {
		// One entry more than a page has, to know whether another page follows.
		entries, err := tx.Reviews.Waiting(q.Strangers, store.Place{ReceivedAt: q.After.ReceivedAt, ID: q.After.ID}, size+1)
		if err != nil {
			return err
		}

		if page.More = len(entries) > size; page.More {
			entries = entries[:size]
		}

		for _, e := range entries {
			shown, err := dk.told(tx, e)
			if err != nil {
				return err
			}
			page.Reviews = append(page.Reviews, shown)
		}

		return nil
	})

	return page, err
}

// told returns an entry as a list shows it.
func (dk *Desk) told(tx *store.Tx, e store.Review) (registrar.Review, error) {
	shown, err := entry(tx, e)
	if err != nil {
		return shown, err
	}
	h, err := tx.Mails.Heading(e.Mail)
	if errors.Is(err, store.ErrNotFound) { // an earlier version stored it a moment ago
		err = nil
	}
	shown.From, shown.Subject = h.From, h.Subject
	return shown, err
}

// MailPage lists mails, the newest first.
func (dk *Desk) MailPage(ctx context.Context, q registrar.MailQuery) (page registrar.MailPage, err error) {
	size := registrar.PageSize(q.Size)
	err = dk.store.Read(ctx, func(tx *store.Tx) error {
		mails, err := tx.Mails.List(q.Before.At, q.Before.ID, size+1)
		if err != nil {
			return err
		}
		if page.More = len(mails) > size; page.More {
			mails = mails[:size]
		}
		for _, m := range mails {
			page.Mails = append(page.Mails, listed(m, m.Heading))
		}
		return nil
	})
	return page, err
}

// listed returns a mail without its text.
func listed(m store.Mail, h store.Heading) registrar.Mail {
	return registrar.Mail{ID: m.ID, At: m.At, Out: m.Out, From: h.From, To: h.To, Subject: h.Subject, State: registrar.MailState(m.State)}
}

func (dk *Desk) listed(tx *store.Tx, m store.Mail) (registrar.Mail, error) {
	h, err := tx.Mails.Heading(m.ID)
	if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	return listed(m, h), err
}

// resolvedAtOnce is how many entries are resolved in one transaction.
const resolvedAtOnce = 100

// ResolveReviews applies one reading to many mails: those that the person saw, or all waiting
// mails of one sender. It moves no operation.
func (dk *Desk) ResolveReviews(ctx context.Context, d registrar.ReviewsDecision) (done registrar.ReviewsResolved, err error) {
	d.From = strings.ToLower(strings.TrimSpace(d.From))
	if err := registrar.InvalidDecision(append(d.Problems(), dk.ownSender(d)...)); err != nil {
		return done, err
	}
	if d.From != "" {
		return dk.resolveFrom(ctx, d)
	}

	// What is committed stays resolved, and is reported even if a later part fails.
	for seen := range slices.Chunk(d.Reviews, resolvedAtOnce) {
		part := registrar.ReviewsResolved{}
		err := dk.engine.Write(ctx, func(tx *store.Tx) error {
			part = registrar.ReviewsResolved{}
			return dk.resolveSeen(tx, d, seen, &part)
		})
		if err != nil {
			return done, err
		}
		done.Add(part)
	}

	return done, nil
}

// ownSender refuses to have R01's own mails, or ours, ignored.
func (dk *Desk) ownSender(d registrar.ReviewsDecision) []registrar.Problem {
	if d.From == "" || !d.FromNowOn || !dk.isOwn(d.From) {
		return nil
	}
	return []registrar.Problem{{Path: "from", Message: "names R01's address, or ours: what comes from there can't be ignored"}}
}

// isOwn reports whether R01 or we write from an address, or from a domain if it begins with @.
func (dk *Desk) isOwn(address string) bool {
	s := dk.settings
	return slices.ContainsFunc(slices.Concat([]string{s.Robot, s.Callback, s.BCC}, s.RepliesFrom), func(own string) bool {
		own = bare(own)
		return own != "" && (own == address || strings.HasPrefix(address, "@") && strings.HasSuffix(own, address))
	})
}

// resolveSeen resolves entries one by one: an entry that can't be resolved is reported, and the others are resolved.
func (dk *Desk) resolveSeen(tx *store.Tx, d registrar.ReviewsDecision, all []registrar.SeenReview, done *registrar.ReviewsResolved) error {
	for _, seen := range all {
		ignored := len(done.Ignored)
		// In a part of its own, so that an entry that has moved on keeps no other from being resolved.
		err := tx.Part(func() error { return dk.resolveOne(tx, d, seen, done) })
		var refused *registrar.Error
		switch err = engine.Fault(err, "review "+string(seen.ID)); {
		case err == nil:
			done.Resolved++
		case errors.As(err, &refused):
			done.Ignored = done.Ignored[:ignored]
			done.Refused = append(done.Refused, registrar.RefusedReview{ID: seen.ID, Code: refused.Code, Reason: refused.Error()})
		default:
			return err
		}
	}
	dk.tellResolved(tx, d, *done)
	return nil
}

func (dk *Desk) resolveOne(tx *store.Tx, d registrar.ReviewsDecision, seen registrar.SeenReview, done *registrar.ReviewsResolved) error {
	e, err := tx.Reviews.Get(seen.ID)
	if err != nil {
		return err
	}

	one := registrar.ReviewDecision{Review: seen.ID, Version: seen.Version, Outcome: d.Outcome, By: d.By, Note: d.Note}
	shown, err := entry(tx, e)
	if err == nil {
		err = shown.CheckVersion(one.Version)
	}

	if err != nil {
		return err
	}
	if !e.ResolvedAt.IsZero() {
		return registrar.Errorf(registrar.Precondition, "review %s was resolved by %s", e.ID, e.ResolvedBy)
	}

	if d.FromNowOn {
		if err := dk.ignoreSenderOf(tx, d, e.Mail, done); err != nil {
			return err
		}
	}

	return dk.close(tx, e, d.Outcome, d.By, d.Note, store.MailIgnored)
}

// ignoreSenderOf has the sender of a mail ignored from now on.
func (dk *Desk) ignoreSenderOf(tx *store.Tx, d registrar.ReviewsDecision, id registrar.MailID, done *registrar.ReviewsResolved) error {
	h, err := tx.Mails.Heading(id)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	address := strings.ToLower(h.From)
	switch {
	case strings.Count(address, "@") != 1:
		return registrar.Errorf(registrar.Precondition, "its mail names no sender, or several: such mails can't be ignored by their sender")
	// A forged sender must not have R01's own mails ignored.
	case dk.isOwn(address):
		return registrar.Errorf(registrar.Precondition, "its mail claims to be R01's, or ours: what comes from there can't be ignored")
	case slices.Contains(done.Ignored, address):
		return nil
	}
	done.Ignored = append(done.Ignored, address)
	return dk.ignore(tx, d, address)
}

func (dk *Desk) ignore(tx *store.Tx, d registrar.ReviewsDecision, address string) error {
	return tx.Mails.Ignore(store.IgnoredSender{Address: address, Since: dk.now(), Actor: d.By, Note: d.Note})
}

// resolveFrom resolves all waiting mails of one sender, a piece at a time.
func (dk *Desk) resolveFrom(ctx context.Context, d registrar.ReviewsDecision) (done registrar.ReviewsResolved, err error) {
	if d.FromNowOn {
		done.Ignored = []string{d.From}
	}

	for n := resolvedAtOnce; n == resolvedAtOnce; done.Resolved += n {
		err := dk.engine.Write(ctx, func(tx *store.Tx) error {
			// The first piece's commit records it; repeating it in later ones changes nothing.
			if d.FromNowOn {
				if err := dk.ignore(tx, d, d.From); err != nil {
					return err
				}
			}

			entries, err := tx.Reviews.From(d.From, resolvedAtOnce)
			if err != nil {
				return err
			}

			for _, e := range entries {
				if err := dk.close(tx, e, d.Outcome, d.By, d.Note, store.MailIgnored); err != nil {
					return err
				}
			}

			n = len(entries)
			dk.tellResolved(tx, d, registrar.ReviewsResolved{Resolved: n})
			return nil
		})
		if err != nil {
			return done, err
		}
	}

	return done, nil
}

// tellResolved reports a resolved piece in one line.
func (dk *Desk) tellResolved(tx *store.Tx, d registrar.ReviewsDecision, done registrar.ReviewsResolved) {
	if done.Resolved == 0 {
		return
	}
	text := fmt.Sprintf("%d mails in review were read as %q", done.Resolved, d.Outcome)
	if d.FromNowOn {
		text += ", and such mails are ignored from now on"
	}
	tx.Emit(registrar.Event{At: dk.now(), Type: registrar.EventReview, Level: registrar.LevelInfo, Message: noted(text, d.Note), Actor: d.By})
}

// IgnoredSenders lists the senders whose unproved mails are ignored.
func (dk *Desk) IgnoredSenders(ctx context.Context) (list []registrar.IgnoredSender, err error) {
	err = dk.store.Read(ctx, func(tx *store.Tx) error {
		all, err := tx.Mails.Ignored()
		for _, s := range all {
			list = append(list, registrar.IgnoredSender{Address: s.Address, Since: s.Since, By: s.Actor, Note: s.Note})
		}
		return err
	})
	return list, err
}

// HeedSender ends the ignoring of a sender.
func (dk *Desk) HeedSender(ctx context.Context, address, by string) error {
	address = strings.ToLower(strings.TrimSpace(address))
	err := dk.engine.Write(ctx, func(tx *store.Tx) error {
		if err := tx.Mails.Heed(address); err != nil {
			return err
		}
		tx.Emit(registrar.Event{At: dk.now(), Type: registrar.EventReview, Level: registrar.LevelInfo,
			Message: "the mails of a sender are heeded again", Actor: by})
		return nil
	})
	return engine.Fault(err, "ignored sender "+mailform.Mask(address))
}
