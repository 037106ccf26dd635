package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/registrar"
)

// Turn is the order in which mails are read: the lowest comes first.
type Turn int

const (
	TurnAnswer Turn = iota + 1 // it answers a mail of ours
	TurnRobot                  // it says that R01 sent it
	TurnOther                  // any other
)

// Turns lists every turn.
func Turns() []Turn { return []Turn{TurnAnswer, TurnRobot, TurnOther} }

// Heading is what lists show of a mail without opening it.
type Heading struct {
	From    string `json:"from"`
	To      string `json:"to"`
	Subject string `json:"subject"`
}

// sender is the one address that a mail comes from; "" = none, or several.
func (h Heading) sender() string {
	if strings.Count(h.From, "@") != 1 {
		return ""
	}
	return strings.ToLower(h.From)
}

// SetHeading stores the heading of a mail.
func (t Mails) SetHeading(id registrar.MailID, h Heading) error {
	sealed, sender, host, err := t.tx.sealHeading(id, h)
	if err != nil {
		return err
	}
	err = t.tx.exec("update mails set sealed_heading = $1, sender = $2, sender_host = $3 where id = $4", sealed, sender, host, id)
	if err != nil {
		return fmt.Errorf("set heading of mail %s: %w", id, err)
	}
	return nil
}

// sealHeading seals a heading and digests its sender.
func (tx *Tx) sealHeading(id registrar.MailID, h Heading) (sealed []byte, sender, host string, err error) {
	text, err := json.Marshal(h)
	if err != nil {
		return nil, "", "", fmt.Errorf("write heading of mail %s: %w", id, err)
	}
	if address := h.sender(); address != "" {
		sender, host = tx.senderDigest(address), tx.senderDigest(hostOf(address))
	}
	return tx.box.Seal(text, headingContext(id)), sender, host, nil
}

func headingContext(id registrar.MailID) string { return "mails|heading|" + string(id) }

// senderDigest is the digest by which an address, or @ and a domain, is looked up, so that no
// address is stored in plain text.
func (tx *Tx) senderDigest(address string) string {
	return tx.box.Fingerprint("sender", strings.ToLower(address))
}

// hostOf is the domain of an address, with the @ before it.
func hostOf(address string) string { return address[strings.LastIndex(address, "@"):] }

// Heading returns the heading of a mail. The error is ErrNotFound if none was stored yet.
func (t Mails) Heading(id registrar.MailID) (h Heading, err error) {
	sealed, err := one(t.tx, scanBytes, "select sealed_heading from mails where id = $1", id)
	if err != nil {
		return h, err
	}
	return t.tx.openHeading(id, sealed)
}

func (tx *Tx) openHeading(id registrar.MailID, sealed []byte) (h Heading, err error) {
	if len(sealed) == 0 {
		return h, ErrNotFound
	}
	text, err := tx.box.Open(sealed, headingContext(id))
	if err != nil {
		return h, fmt.Errorf("open heading of mail %s: %w", id, err)
	}
	if err := json.Unmarshal(text, &h); err != nil {
		return h, fmt.Errorf("read heading of mail %s: %w", id, err)
	}
	return h, nil
}

// Untold lists mails whose headings are not stored, those that wait for a person first.
func (t Mails) Untold(limit int) ([]registrar.MailID, error) {
	scan := func(s sqldb.Scanner) (id registrar.MailID, err error) {
		err = s.Scan(&id)
		return id, err
	}
	waiting, err := collect(t.tx, scan, "select id from mails where sealed_heading is null and state = 'review' order by at limit $1", limit)
	if err != nil || len(waiting) > 0 {
		return waiting, err
	}
	return collect(t.tx, scan, untoldQuery, limit)
}

const untoldQuery = "select id from mails where sealed_heading is null order by at desc limit $1"

// List lists mails, the newest first, that are older than the last one of the page before; the
// zero time begins with the newest.
func (t Mails) List(before time.Time, id registrar.MailID, limit int) ([]Mail, error) {
	query, args := "select "+mailColumns+", sealed_heading from mails order by at desc, id desc limit $1", []any{limit}
	if !before.IsZero() {
		query, args = mailListQuery, []any{sqldb.Millis(before), id, limit}
	}
	return collect(t.tx, func(s sqldb.Scanner) (m Mail, err error) {
		var sealed []byte
		if m, err = scanMail(longer{s, []any{&sealed}}); err != nil {
			return m, err
		}
		m.Heading, err = t.tx.openHeading(m.ID, sealed)
		return m, notFoundIsNone(err)
	}, query, args...)
}

// ListReceived lists the newest received mails, without their headings.
func (t Mails) ListReceived(limit int) ([]Mail, error) {
	return collect(t.tx, scanMail, "select "+mailColumns+" from mails where direction = 'in' order by at desc, id desc limit $1", limit)
}

const mailListQuery = "select " + mailColumns + ", sealed_heading from mails where (at, id) < ($1, $2) order by at desc, id desc limit $3"

// notFoundIsNone returns the error, or nil if it is ErrNotFound.
func notFoundIsNone(err error) error {
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// longer is a row of which more columns are scanned than its scanner knows.
type longer struct {
	sqldb.Scanner
	more []any
}

// Scan implements [sqldb.Scanner].
func (l longer) Scan(into ...any) error { return l.Scanner.Scan(append(into, l.more...)...) }
