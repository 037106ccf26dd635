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
	// strangersBytes is what is kept of a stranger's mail.
	strangersBytes = 64 << 10
	// KeepStrangers is how long such a mail waits, and Quota how many of one sender do a day, where
	// the settings do not say.
	KeepStrangers = engine.KeepStrangers
	Quota         = 100
	// crowd is how many quotas all senders have together, and what claims to be of R01 has.
	crowd = 10
)

// nowhere is where a mail waits that is not kept.
const nowhere store.List = ""

// visitor is what is known of a mail that is put aside.
type visitor struct {
	bond     bond
	returned bool // it returns a mail of ours
	hints    bool // it names something that is under way
}

// placeOf is the list that a mail waits in. A sender that proves to be R01, or to know a mail of ours, is
// put before a person, and so is what may well be R01's: it says so, reads so or names what is under
// way, as far as the day's quota goes. All else is a stranger's. r01-mail 3.8
func (in *Inbox) placeOf(tx *store.Tx, m store.Mail, l letter, v visitor) (store.List, error) {
	switch before, err := tx.Reviews.Get(reviewOf(m.ID)); {
	case err == nil && before.Stranger: // it was read before, and counted
		return store.Strangers, nil
	case err == nil:
		return store.Desk, nil
	case !errors.Is(err, store.ErrNotFound):
		return nowhere, err
	}

	if m.Tries >= Poisonous || v.bond.knows || v.returned || l.proof == lifecycle.Proved || l.proof == lifecycle.OwnWord || in.reader.ofOurs(l) {
		return store.Desk, nil
	}

	claims := in.reader.fromRobot(l)
	if !claims {
		// By a person's word a sender is ignored, but never what says that it is R01.
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

// fits counts an unproved mail, and reports whether the day's quota has room for it. The first one
// that does not fit raises the alarm.
func (in *Inbox) fits(tx *store.Tx, list store.List, sender string, claims bool) (bool, error) {
	quota := cmp.Or(in.settings.Quota, Quota)
	all := quota * crowd

	// What says that it is R01 has a quota of its own: a flood under any other name leaves that alone.
	if claims {
		quota = all
	}

	n, err := tx.Visit(list, cmp.Or(sender, noSender), in.now())
	if err != nil {
		return false, err
	}

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

// overrunAt is when the day's quota had no room the last time.
const overrunAt = "quota-overrun"

func (in *Inbox) overrun(tx *store.Tx) error {
	quota := cmp.Or(in.settings.Quota, Quota)
	if err := tx.SetTime(overrunAt, in.now()); err != nil {
		return err
	}
	return in.alarms.Raise(tx, engine.QuotaAlarm, "", fmt.Sprintf("a flood of unproved mail: a day's quota is %d of one sender and %d of all (replies.quota); more goes to the list of strangers, then is not kept. "+
		"What answers our mails is read first, as ever", quota, quota*crowd))
}

// calm clears the alarm when a day has passed since.
func (in *Inbox) calm(tx *store.Tx) error {
	last, err := tx.Time(overrunAt)
	if err != nil || last.IsZero() || in.now().Sub(last) < 24*time.Hour {
		return err
	}
	return errors.Join(tx.ForgetVisits(in.now()), tx.SetSetting(overrunAt, ""), in.alarms.Clear(tx, engine.QuotaAlarm, ""))
}

// expire takes entries of strangers out of their list that no person has resolved in time.
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
