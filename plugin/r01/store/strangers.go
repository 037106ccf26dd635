package store

import (
	"errors"
	"fmt"
	"time"

	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/registrar"
)

// Cut marks a mail as a stranger's, and leaves no more than most bytes of it.
func (t Mails) Cut(id registrar.MailID, most int) error {
	rest := []byte{}
	if most > 0 {
		raw, err := t.Raw(id)
		if err != nil && !errors.Is(err, ErrRemoved) {
			return fmt.Errorf("cut mail: %w", err)
		}
		if raw = raw[:min(len(raw), most)]; len(raw) > 0 {
			rest = t.tx.sealRaw(id, raw)
		}
	}
	if err := t.tx.exec("update mails set sealed_raw = $1, stranger = 1 where id = $2", rest, id); err != nil {
		return fmt.Errorf("cut mail %s: %w", id, err)
	}
	return nil
}

// Expired lists entries of strangers that came before an instant.
func (t Reviews) Expired(before time.Time, limit int) ([]Review, error) {
	return collect(t.tx, scanReview, expiredQuery, sqldb.Millis(before), limit)
}

const expiredQuery = "select " + reviewColumns + ` from reviews where resolved_at is null and stranger = 1 and received_at < $1
	order by received_at, id limit $2`

// RemoveStrangers removes the bytes of at most limit mails of strangers that are older than an
// instant and no longer wait, and returns how many. The rows of the mails stay.
func (t Mails) RemoveStrangers(before time.Time, limit int) (int64, error) {
	n, err := sqldb.Changed(t.tx.ctx, t.tx.sql, `update mails set sealed_raw = $1 where id in (
		select id from mails where stranger = 1 and length(sealed_raw) > 0 and at < $2 and state not in ('new', 'review') order by at limit $3)`,
		[]byte{}, sqldb.Millis(before), limit)
	return n, translate(err)
}

// List is one of the two lists in which mails wait.
type List string

const (
	Desk      List = "desk"      // a person must see them
	Strangers List = "strangers" // a person may see them, until they expire
)

// Lists lists both of them.
func Lists() []List { return []List{Desk, Strangers} }

// Everyone stands for all senders together.
const Everyone = ""

// Visit counts an unproved mail of a sender for a list and a day, and returns how many there are now.
func (tx *Tx) Visit(l List, sender string, at time.Time) (int, error) {
	if sender != Everyone {
		sender = tx.senderDigest(sender)
	}
	n, err := one(tx, scanInt, `insert into visits (day, list, sender, mails) values ($1, $2, $3, 1)
		on conflict (day, list, sender) do update set mails = visits.mails + 1 returning mails`, dayNumber(at), l, sender)
	if err != nil {
		return 0, fmt.Errorf("count visit: %w", err)
	}
	return n, nil
}

// ForgetVisits drops the counts of days before the given one.
func (tx *Tx) ForgetVisits(today time.Time) error {
	return tx.exec("delete from visits where day < $1", dayNumber(today))
}

func dayNumber(at time.Time) int64 { return at.Unix() / (24 * 60 * 60) }

// IgnoredSender is a sender whose unproved mails a person has had ignored from now on.
type IgnoredSender struct {
	Address string // or @ and a domain
	Since   time.Time
	Actor   string
	Note    string
}

// Ignore has the unproved mails of a sender ignored from now on.
func (t Mails) Ignore(s IgnoredSender) error {
	digest := t.tx.senderDigest(s.Address)
	err := t.tx.exec(`insert into ignored_senders (sender, sealed_address, since, actor, note) values ($1, $2, $3, $4, $5)
		on conflict (sender) do nothing`, digest, t.tx.box.Seal([]byte(s.Address), ignoredContext(digest)), sqldb.Millis(s.Since), s.Actor, s.Note)
	if err != nil {
		return fmt.Errorf("ignore a sender: %w", err)
	}
	return nil
}

func ignoredContext(digest string) string { return "ignored_senders|" + digest }

// Heed ends the ignoring of a sender. The error is ErrNotFound if the sender is not ignored.
func (t Mails) Heed(address string) error {
	n, err := sqldb.Changed(t.tx.ctx, t.tx.sql, "delete from ignored_senders where sender = $1", t.tx.senderDigest(address))
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return translate(err)
}

// IsIgnored reports whether a person has had the unproved mails of a sender ignored.
func (t Mails) IsIgnored(h Heading) (bool, error) {
	address := h.sender()
	if address == "" {
		return false, nil
	}
	n, err := one(t.tx, scanInt, "select count(*) from ignored_senders where sender in ($1, $2)", t.tx.senderDigest(address), t.tx.senderDigest(hostOf(address)))
	if err != nil {
		return false, fmt.Errorf("look for ignored sender: %w", err)
	}
	return n > 0, nil
}

// Ignored lists the senders whose mails are ignored, in the order in which they were ignored.
func (t Mails) Ignored() ([]IgnoredSender, error) {
	return collect(t.tx, func(s sqldb.Scanner) (i IgnoredSender, err error) {
		var digest string
		var sealed []byte
		if err := s.Scan(&digest, &sealed, sqldb.At(&i.Since), &i.Actor, &i.Note); err != nil {
			return i, err
		}
		address, err := t.tx.box.Open(sealed, ignoredContext(digest))
		i.Address = string(address)
		return i, err
	}, "select sender, sealed_address, since, actor, note from ignored_senders order by since, sender")
}
