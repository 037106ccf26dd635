package store

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"registrar.panel/internal/sqldb"
	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/shared/registrar"
)

// Review is an entry of the review queue.
type Review struct {
	ID         registrar.ReviewID
	Mail       registrar.MailID
	Reason     string
	Candidates []registrar.OperationID
	ReceivedAt time.Time
	ResolvedAt time.Time
	ResolvedBy string
	Outcome    registrar.ReplyOutcome
	Why        lifecycle.Reason // "" = of before it was kept
	Request    string           // that it seems to be about; "" = none
	Closed     string           // how it was closed, if by no person
	Stranger   bool             // it waits in the list of strangers, and raises no alarm
	Note       string           // why a person resolved it so; "" = not said
}

const reviewColumns = "id, mail, reason, candidates, received_at, resolved_at, resolved_by, outcome, why, request, closed, stranger = 1, note"

func scanReview(s sqldb.Scanner) (r Review, err error) {
	var candidates string
	err = s.Scan(&r.ID, &r.Mail, &r.Reason, &candidates, sqldb.At(&r.ReceivedAt), sqldb.At(&r.ResolvedAt), &r.ResolvedBy, &r.Outcome,
		&r.Why, &r.Request, &r.Closed, &r.Stranger, &r.Note)
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal([]byte(candidates), &r.Candidates)
}

// Add puts a mail into the review queue, or back into it.
func (t Reviews) Add(r Review) error {
	candidates, err := json.Marshal(append([]registrar.OperationID{}, r.Candidates...))
	if err != nil {
		return fmt.Errorf("add review: %w", err)
	}
	err = t.tx.exec(`insert into reviews (id, mail, reason, candidates, received_at, why, request, stranger)
			values ($1, $2, $3, $4, $5, $6, $7, $8)
		on conflict (id) do update set reason = excluded.reason, candidates = excluded.candidates, why = excluded.why, request = excluded.request,
			resolved_at = null, resolved_by = '', outcome = '', closed = '', stranger = excluded.stranger, note = ''`,
		r.ID, r.Mail, r.Reason, string(candidates), sqldb.Millis(r.ReceivedAt), r.Why, r.Request, r.Stranger)
	if err != nil {
		return fmt.Errorf("add review: %w", err)
	}
	return nil
}

// Get returns an entry.
func (t Reviews) Get(id registrar.ReviewID) (Review, error) {
	return one(t.tx, scanReview, "select "+reviewColumns+" from reviews where id = $1", id)
}

// Place is where a list of entries continues: behind this entry. The zero place is the beginning.
type Place struct {
	ReceivedAt time.Time
	ID         registrar.ReviewID
}

// Waiting lists waiting entries behind a place, oldest first: those that a person must see, or those of strangers.
func (t Reviews) Waiting(strangers bool, after Place, limit int) ([]Review, error) {
	return collect(t.tx, scanReview, waitingQuery, strangers, after.ReceivedAt.UnixMilli(), after.ID, limit)
}

const waitingQuery = "select " + reviewColumns + ` from reviews where resolved_at is null and stranger = $1 and (received_at, id) > ($2, $3)
	order by received_at, id limit $4`

// AnyWaits reports whether any entry that a person must see waits.
func (t Reviews) AnyWaits() (bool, error) {
	first, err := t.Waiting(false, Place{}, 1)
	return len(first) > 0, err
}

// CountWaiting counts the waiting entries that a person must see.
func (t Reviews) CountWaiting() (int, error) {
	return one(t.tx, scanInt, "select count(*) from reviews where resolved_at is null and stranger = $1", false)
}

// From lists waiting entries, of either list, whose mails are from an address, or from any
// address of a domain if it begins with @.
func (t Reviews) From(address string, limit int) ([]Review, error) {
	query := fromAddressQuery
	if strings.HasPrefix(address, "@") {
		query = fromHostQuery
	}
	return collect(t.tx, scanReview, query, t.tx.senderDigest(address), limit)
}

const (
	fromAddressQuery = "select " + reviewColumns + ` from reviews where resolved_at is null
		and mail in (select id from mails where sender = $1 and state = 'review') order by received_at, id limit $2`
	fromHostQuery = "select " + reviewColumns + ` from reviews where resolved_at is null
		and mail in (select id from mails where sender_host = $1 and state = 'review') order by received_at, id limit $2`
)

// Version is the version of an entry: a digest of what a person sees of it, and of how far its
// candidates have come. A count would not do, because an entry may be closed and opened again.
func (t Reviews) Version(r Review) (registrar.Version, error) {
	seen := sha256.New()
	fmt.Fprintf(seen, "%q %q %q %d %q %q", r.Reason, r.Why, r.Closed, r.ResolvedAt.UnixMilli(), r.ResolvedBy, r.Outcome)
	for _, id := range r.Candidates {
		steps, err := one(t.tx, scanNumber, "select coalesce(max(number), 0) from steps where operation = $1", id)
		if err != nil {
			return "", fmt.Errorf("read version of review %s: %w", r.ID, err)
		}
		fmt.Fprintf(seen, " %q %d", id, steps)
	}
	return registrar.Version(hex.EncodeToString(seen.Sum(nil)[:6])), nil
}

// Of lists the waiting entries that seem to be about a request.
func (t Reviews) Of(request string) ([]Review, error) {
	return collect(t.tx, scanReview, reviewsOfQuery, request)
}

const reviewsOfQuery = "select " + reviewColumns + " from reviews where request = $1 and request <> '' and resolved_at is null order by received_at, id"

// Resolve takes an entry out of the queue.
func (t Reviews) Resolve(r Review) error {
	err := t.tx.swap("update reviews set resolved_at = $1, resolved_by = $2, outcome = $3, closed = $4, note = $5 where id = $6 and resolved_at is null",
		sqldb.Millis(r.ResolvedAt), r.ResolvedBy, r.Outcome, r.Closed, r.Note, r.ID)
	if err != nil {
		return fmt.Errorf("resolve review %s: %w", r.ID, err)
	}
	return nil
}
