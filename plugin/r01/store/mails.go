package store

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/registrar"
)

// MailState says what became of a mail.
type MailState string

const (
	MailSent    MailState = "sent"    // we sent it
	MailNew     MailState = "new"     // stored, not yet read
	MailApplied MailState = "applied" // its results are recorded
	MailReview  MailState = "review"  // a person must read it
	MailIgnored MailState = "ignored" // known to mean nothing to us
)

// Mail is what is known of a stored mail, without its bytes.
type Mail struct {
	ID        registrar.MailID
	Out       bool
	Hash      string // of the content; read back, it is the keyed one
	Request   string // "" = none
	At        time.Time
	State     MailState
	Tries     int
	Truncated bool
	// FormerHash is what Hash once was; a mail that was stored then is recognised by it.
	FormerHash string
	Received   time.Time // by the mailbox's server; zero = not told
	DueAt      time.Time // not read again before
	Turn       Turn      // it is read after those of a lower one
	Stranger   bool      // it is of a stranger: cut, and kept for a shorter time
	Size       int       // of its bytes as they are stored
	Heading    Heading   // read back by List only
}

const mailColumns = "id, direction = 'out', hash, coalesce(request, ''), at, state, tries, truncated, received_at, due_at, turn, stranger = 1, length(sealed_raw)"

func scanMail(s sqldb.Scanner) (m Mail, err error) {
	err = s.Scan(&m.ID, &m.Out, &m.Hash, &m.Request, sqldb.At(&m.At), &m.State, &m.Tries, &m.Truncated,
		sqldb.At(&m.Received), sqldb.At(&m.DueAt), &m.Turn, &m.Stranger, &m.Size)
	return m, err
}

// Add is AddAll for one mail. The error is ErrExists if its content is known.
func (t Mails) Add(m Mail, raw []byte) error {
	stored, err := t.AddAll([]Mail{m}, [][]byte{raw})
	if err == nil && !stored[m.ID] {
		err = ErrExists
	}
	return err
}

// AddAll stores mails, sealed, each with its heading, if that is known, and returns which were
// stored. Content that is stored already changes nothing.
func (t Mails) AddAll(mails []Mail, raws [][]byte) (stored map[registrar.MailID]bool, err error) {
	known, err := t.formerly(mails)
	if err != nil {
		return nil, fmt.Errorf("add mails: %w", err)
	}

	var rows [][]any
	for i, m := range mails {
		// The index of hashes can't find this mail: by its present hash it is another one.
		if known[t.tx.keyed(m.FormerHash)] {
			continue
		}
		row, err := t.row(m, raws[i])
		if err != nil {
			return nil, fmt.Errorf("add mails: %w", err)
		}
		rows = append(rows, row)
	}

	stored = make(map[registrar.MailID]bool, len(rows))
	for _, some := range chunks(rows) {
		var places []string
		for i, row := range some {
			places = append(places, "("+placeholders(i*len(row)+1, len(row))+")")
		}
		ids, err := collect(t.tx, scanText, `insert into mails (id, direction, hash, request, at, state, sealed_raw, truncated, received_at,
				sealed_heading, sender, sender_host, turn)
			values `+strings.Join(places, ", ")+" on conflict (hash) do nothing returning id", slices.Concat(some...)...)
		if err != nil {
			return nil, fmt.Errorf("add mails: %w", err)
		}
		// A mail that is not returned was known by its hash.
		for _, id := range ids {
			stored[registrar.MailID(id)] = true
		}
	}
	return stored, nil
}

// formerly lists the former digests of mails under which a mail is stored.
func (t Mails) formerly(mails []Mail) (map[string]bool, error) {
	var hashes []string
	for _, m := range mails {
		if m.FormerHash != "" {
			hashes = append(hashes, t.tx.keyed(m.FormerHash))
		}
	}

	found, err := among(t.tx, scanText, "select hash from mails where hash in", hashes)
	known := make(map[string]bool, len(found))
	for _, hash := range found {
		known[hash] = true
	}
	return known, err
}

// row returns the values of a mail's row.
func (t Mails) row(m Mail, raw []byte) ([]any, error) {
	direction := "in"
	if m.Out {
		direction = "out"
	}

	heading, sender, host, err := t.tx.sealHeading(m.ID, m.Heading)
	if err != nil {
		return nil, err
	}
	if m.Heading == (Heading{}) { // it is told later
		heading = nil
	}

	return []any{m.ID, direction, t.tx.keyed(m.Hash), orNull(m.Request), sqldb.Millis(m.At), m.State, t.tx.sealRaw(m.ID, raw), m.Truncated,
		sqldb.Millis(m.Received), heading, sender, host, cmp.Or(m.Turn, TurnOther)}, nil
}

func (tx *Tx) sealRaw(id registrar.MailID, raw []byte) []byte {
	return tx.box.Seal(raw, "mails|"+string(id))
}

// Get returns a mail.
func (t Mails) Get(id registrar.MailID) (Mail, error) {
	return one(t.tx, scanMail, "select "+mailColumns+" from mails where id = $1", id)
}

// Raw opens the bytes of a mail. The error is ErrRemoved if they were removed.
func (t Mails) Raw(id registrar.MailID) ([]byte, error) {
	sealed, err := one(t.tx, scanBytes, "select sealed_raw from mails where id = $1", id)
	if err != nil {
		return nil, err
	}
	o := t.open(id, sealed)
	return o.Raw, o.Err
}

// New lists mails that are not read yet and are to be read by now, in the order of their turns,
// the oldest of a turn first.
func (t Mails) New(now time.Time, limit int) ([]Mail, error) {
	return collect(t.tx, scanMail, newMailsQuery, sqldb.Millis(now), limit)
}

const newMailsQuery = "select " + mailColumns + " from mails where state = 'new' and (due_at is null or due_at <= $1) order by turn, at, id limit $2"

// ToTryAgain lists mails before a person whose senders are to be tried again by now; of those
// that are due at the same time, the ones of an earlier turn come first.
func (t Mails) ToTryAgain(now time.Time, limit int) ([]Mail, error) {
	return collect(t.tx, scanMail, againQuery, sqldb.Millis(now), limit)
}

const againQuery = "select " + mailColumns + " from mails where due_at is not null and due_at <= $1 and state = 'review' order by due_at, turn, at, id limit $2"

// PutOff has a mail read again later, and does not count this attempt. With the zero time it is not read again.
func (t Mails) PutOff(id registrar.MailID, until time.Time) error {
	return t.tx.exec("update mails set due_at = $1, tries = 0 where id = $2", sqldb.Millis(until), id)
}

// Reopen has a mail that waited for a person read again.
func (t Mails) Reopen(id registrar.MailID) error {
	return t.tx.swap("update mails set state = 'new', tries = 0, due_at = null where id = $1 and state = 'review'", id)
}

// Likeness is how a mail is recognised that comes again through another relay.
type Likeness struct {
	ID   string // digest of its Message-ID, or of what stands for one
	Text string // digest of its text without blanks
}

// Twin is a mail of the same ID that was applied before.
type Twin struct {
	SameText bool
	Request  string // that it was about
}

// Twins lists the twins of a likeness, except the given mail. Only applied mails are twins,
// because anyone can send a mail under the ID that R01's answer will have.
func (t Mails) Twins(but registrar.MailID, l Likeness) ([]Twin, error) {
	text := t.tx.keyed(l.Text)
	return collect(t.tx, func(s sqldb.Scanner) (t Twin, err error) {
		var was string
		err = s.Scan(&was, &t.Request)
		t.SameText = was == text
		return t, err
	}, twinQuery, t.tx.keyed(l.ID), but)
}

const twinQuery = "select same_text, coalesce(request, '') from mails where same_id = $1 and same_id <> '' and id <> $2 and state = 'applied'"

// Opened is a mail to be read: its bytes, or why they can't be opened.
type Opened struct {
	Raw []byte
	Err error
}

// Open counts an attempt to read each of the mails, and opens them. It is committed before the
// attempt, so that a mail that kills its reader is recognised. A mail that is no longer new
// gets ErrMoved, and one whose bytes were removed ErrRemoved.
func (t Mails) Open(ids []registrar.MailID) (map[registrar.MailID]Opened, error) {
	opened := map[registrar.MailID]Opened{}
	for _, id := range ids {
		// A mail that the update does not return is no longer new.
		opened[id] = Opened{Err: ErrMoved}
	}

	for _, some := range chunks(ids) {
		_, err := collect(t.tx, func(s sqldb.Scanner) (id registrar.MailID, err error) {
			var sealed []byte
			if err := s.Scan(&id, &sealed); err != nil {
				return id, err
			}
			opened[id] = t.open(id, sealed)
			return id, nil
		}, "update mails set tries = tries + 1 where id in ("+placeholders(1, len(some))+") and state = 'new' returning id, sealed_raw", anys(some)...)
		if err != nil {
			return nil, fmt.Errorf("open mails: %w", err)
		}
	}

	return opened, nil
}

func (t Mails) open(id registrar.MailID, sealed []byte) (o Opened) {
	if len(sealed) == 0 {
		return Opened{Err: ErrRemoved}
	}
	o.Raw, o.Err = t.tx.box.Open(sealed, "mails|"+string(id))
	return o
}

// Settle records what became of a mail.
func (t Mails) Settle(id registrar.MailID, from, to MailState, request string) error {
	err := t.tx.swap("update mails set state = $1, request = coalesce($2, request) where id = $3 and state = $4",
		to, orNull(request), id, from)
	if err != nil {
		return fmt.Errorf("settle mail %s: %w", id, err)
	}
	return nil
}

// SettleNew is Settle for a mail that was new, and stores its likeness; the zero likeness leaves the stored one.
func (t Mails) SettleNew(id registrar.MailID, to MailState, request string, l Likeness) error {
	if l == (Likeness{}) {
		return t.Settle(id, MailNew, to, request)
	}
	err := t.tx.swap(`update mails set state = $1, request = coalesce($2, request), same_id = $3, same_text = $4
		where id = $5 and state = 'new'`, to, orNull(request), t.tx.keyed(l.ID), t.tx.keyed(l.Text), id)
	if err != nil {
		return fmt.Errorf("settle mail %s: %w", id, err)
	}
	return nil
}

// Has reports whether a mail of an ID was received; id is as in [Likeness].
func (t Mails) Has(id string) (bool, error) {
	found, err := collect(t.tx, scanText, "select same_text from mails where same_id = $1 and same_id <> '' limit 1", t.tx.keyed(id))
	return len(found) > 0, err
}
