package inbox

import (
	"context"
	"fmt"
	"slices"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// How much is read between two commits. Mails that answer none of ours are read in small
// pieces, so that an answer which arrives meanwhile has its turn soon.
const (
	answersAtOnce = 250
	othersAtOnce  = 50
	bytesAnswer   = 16 << 20
	bytesOther    = 1 << 20
)

// ReadNew reads every new mail once, in the order of their turns: a mail that arrives meanwhile
// and answers a mail of ours overtakes those that wait. A mail that can't be applied now is
// left for the next pass and does not hold up the others.
func (in *Inbox) ReadNew(ctx context.Context) error {
	tried := map[registrar.MailID]bool{}
	for ctx.Err() == nil {
		waiting, err := engine.Look(ctx, in.store, func(tx *store.Tx) ([]store.Mail, error) {
			// Mails that were left are still new, and must leave room for others.
			return tx.Mails.New(in.now(), answersAtOnce+len(tried))
		})
		if err != nil {
			return err
		}

		waiting = slices.DeleteFunc(waiting, func(m store.Mail) bool { return tried[m.ID] })
		if len(waiting) == 0 {
			return nil
		}

		left, err := in.read(ctx, waiting[:batch(waiting)])
		if err != nil {
			return err
		}

		for _, id := range left {
			tried[id] = true
		}
	}

	return ctx.Err()
}

// batch returns how many mails of a list are read together. A mail that has been tried before
// is read alone: it may have taken the process down, and no other must be blamed for that.
func batch(mails []store.Mail) (n int) {
	most, room := othersAtOnce, bytesOther
	if mails[0].Turn == store.TurnAnswer {
		most, room = answersAtOnce, bytesAnswer
	}
	for n < min(len(mails), most) && mails[n].Tries == 0 && mails[n].Turn == mails[0].Turn {
		if room -= mails[n].Size; room < 0 {
			break
		}
		n++
	}
	return max(n, 1)
}

// read understands mails, applies them, and lists those that are still new.
func (in *Inbox) read(ctx context.Context, mails []store.Mail) (left []registrar.MailID, err error) {
	all, err := in.open(ctx, mails)
	if err != nil {
		return nil, err
	}

	// Before the transaction, because reading mails takes processor time, and a proof may need DNS.
	for i := range all {
		if o := &all[i]; o.err == nil {
			in.reader.prepare(ctx, o)
		}
	}

	if err := in.lookUp(ctx, all); err != nil {
		return nil, fmt.Errorf("look up what mails name: %w", err)
	}

	err = in.engine.Write(ctx, func(tx *store.Tx) error {
		in.settleAll(tx, all)
		// In the same commit: while a restored store is not reconciled, new requests in the queue are held.
		return in.recovery.HoldUntouched(tx)
	})
	if err != nil {
		return nil, fmt.Errorf("apply mails: %w", err)
	}

	for _, o := range all {
		if o.err != nil {
			in.log.Error("mail could not be applied, will be tried again", "mail", o.ID, "tries", o.Tries+1, "err", o.err)
		}
		if o.err != nil || !o.until.IsZero() {
			left = append(left, o.ID)
		}
	}

	return left, nil
}

// open counts the attempts and opens the mails, in a commit of its own, so that a mail that
// takes the process down is put aside after a few restarts.
func (in *Inbox) open(ctx context.Context, mails []store.Mail) ([]reading, error) {
	ids := make([]registrar.MailID, len(mails))
	for i, m := range mails {
		ids[i] = m.ID
	}

	var opened map[registrar.MailID]store.Opened
	err := in.store.Write(ctx, func(tx *store.Tx) (err error) {
		opened, err = tx.Mails.Open(ids)
		return err
	})
	if err != nil {
		return nil, err
	}

	all := make([]reading, len(mails))
	for i, m := range mails {
		all[i] = reading{Mail: m, raw: opened[m.ID].Raw, err: opened[m.ID].Err}
	}
	return all, nil
}

// settleAll settles mails in one step. If that fails, which is rare, the step is undone and the
// mails are settled one by one, so that a mail that can't be applied takes no other along.
func (in *Inbox) settleAll(tx *store.Tx, all []reading) {
	failed := tx.Part(func() error {
		for i := range all {
			if o := &all[i]; o.err == nil {
				if err := in.settle(tx, o); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if failed == nil {
		return
	}

	in.log.Debug("mails could not be applied together, will be one by one", "mails", len(all), "err", failed)
	for i := range all {
		if o := &all[i]; o.err == nil {
			o.err = tx.Part(func() error { return in.settle(tx, o) })
		}
	}
}

// lookUp finds the requests that mails name, before anything is written: at most twenty names of each mail.
func (in *Inbox) lookUp(ctx context.Context, all []reading) error {
	var names []string
	for _, o := range all {
		names = append(names, o.letter.names...)
	}
	if len(names) == 0 {
		return nil
	}

	open, err := engine.Look(ctx, in.store, func(tx *store.Tx) (map[string][]string, error) { return tx.Requests.OpenAbout(names) })
	for i := range all {
		l := &all[i].letter
		for _, name := range l.names {
			l.named = append(l.named, open[name]...)
		}
	}
	return err
}
