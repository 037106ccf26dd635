package inbox

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/store"
)

const (
	// strangersBytes is how much of a stranger's mail is kept.
	strangersBytes = 64 << 10
	// KeepStrangers is how long such a mail waits, and Quota how many mails of one sender wait
	// a day, unless the settings say otherwise.
	KeepStrangers = engine.KeepStrangers
	Quota         = 100
	// crowd is how many quotas all senders together have, and also the mails that claim to be R01's.
	crowd = 10
)

// nowhere is the list of a mail that is not kept.
const nowhere store.List = ""

// visitor is what is known about a mail that is put aside.
type visitor struct {
	bond     bond
	returned bool // it returns a mail of ours
	hints    bool // it names something that is under way
}

// placeOf returns the list that a mail waits in. A mail goes before a person if its sender proves to be
// R01, or knows a mail of ours. So does a mail that may well be R01's, because it says so, reads so or
// names what is under way, as far as the day's quota goes. Every other mail is a stranger's. r01-mail 3.8
func (in *Inbox) placeOf(tx *store.Tx, m store.Mail, l letter, v visitor) (store.List, error) {
	switch before, err := tx.Reviews.Get(reviewOf(m.ID)); {
	case err == nil && before.Stranger: // it was read before, and counted
		return store.Strangers, nil
	case err == nil:
		return store.Desk, nil
	case !errors.Is(err, store.ErrNotFound):
		return nowhere, err
	}

	// No quota applies to mails that are proved or answer a mail of ours: a person sees each of them.
	if m.Tries >= Poisonous || v.bond.knows || v.returned || l.proof == lifecycle.Proved || l.proof == lifecycle.OwnWord || in.reader.ofOurs(l) {
		return store.Desk, nil
	}

	claims := in.reader.fromRobot(l)
	if !claims {
		// A person can have a sender ignored, but not mails that claim to be R01's.
		if ignored, err := tx.Mails.IsIgnored(heading(l.Header)); err != nil || ignored {
			return nowhere, err
		}
	}

	sender := strings.ToLower(strings.Join(l.From, ", "))
	if claims || v.hints || len(l.results) > 0 || sender == "" {
		if fits, err := in.fits(tx, store.Desk, sender, claims); err != nil || fits {
			return store.Desk, err
		}
	}

	if fits, err := in.fits(tx, store.Strangers, sender, claims); err != nil || !fits {
		return nowhere, err
	}

	return store.Strangers, nil
}

// fits counts an unproved mail, and reports whether the day's quota has room for it. The first
// mail that does not fit raises the alarm.
func (in *Inbox) fits(tx *store.Tx, list store.List, sender string, claims bool) (bool, error) {
	quota := cmp.Or(in.settings.Quota, Quota)
	all := quota * crowd

	// Mails that claim to be R01's have a quota of their own, which a flood under any other name does not use up.
	if claims {
		quota = all
	}

	n, err := tx.Visit(list, cmp.Or(sender, noSender), in.now())
	if err != nil {
		return false, err
	}

	// One sender's flood must not take the room of the others.
	if n <= quota && !claims {
		together, err := tx.Visit(list, store.Everyone, in.now())
		if err != nil {
			return false, err
		}
		if together > all {
			n = quota + 1
		}
	}

	if n <= quota {
		return true, nil
	}

	return false, in.overrun(tx)
}

// noSender stands for mails that name no sender.
const noSender = "-"

// overrunAt is when the day's quota last had no room.
const overrunAt = "quota-overrun"

func (in *Inbox) overrun(tx *store.Tx) error {
	quota := cmp.Or(in.settings.Quota, Quota)
	if err := tx.SetTime(overrunAt, in.now()); err != nil {
		return err
	}
	return in.alarms.Raise(tx, engine.QuotaAlarm, "", fmt.Sprintf("a flood of unproved mail: a day's quota is %d of one sender and %d of all (replies.quota); more goes to the list of strangers, then is not kept. "+
		"What answers our mails is read first, as ever", quota, quota*crowd))
}

// calm clears the alarm when a day has passed since the last overrun.
func (in *Inbox) calm(tx *store.Tx) error {
	last, err := tx.Time(overrunAt)
	if err != nil || last.IsZero() || in.now().Sub(last) < 24*time.Hour {
		return err
	}
	return errors.Join(tx.ForgetVisits(in.now()), tx.SetSetting(overrunAt, ""), in.alarms.Clear(tx, engine.QuotaAlarm, ""))
}

// expire takes entries of strangers that no person has resolved in time out of their list.
func (in *Inbox) expire(tx *store.Tx, before time.Time, limit int) (int, error) {
	entries, err := tx.Reviews.Expired(before, limit)
	if err != nil {
		return 0, err
	}
	for _, e := range entries {
		if err := in.reviews.CloseReview(tx, e, engine.ByPlugin, "it is of a stranger and has waited as long as keep.strangers says"); err != nil {
			return 0, err
		}
		if err := tx.Mails.Settle(e.Mail, store.MailReview, store.MailIgnored, ""); err != nil {
			return 0, err
		}
	}
	return len(entries), nil
}
