package store

import (
	"fmt"
	"time"

	"registrar.panel/internal/sqldb"
)

// Batch is one mail that carries several requests. r01-mail 2.7
type Batch struct {
	ID        string
	MessageID string
	Token     string
	CreatedAt time.Time
}

// AddBatch makes a mail of queued requests. Their rows name it only once it is claimed or put
// off; until then the requests may still go out in another mail.
func (t Requests) AddBatch(b Batch, requests []Request) error {
	err := t.tx.exec("insert into batches (id, message_id, token, created_at) values ($1, $2, $3, $4)",
		b.ID, b.MessageID, b.Token, sqldb.Millis(b.CreatedAt))
	if err != nil {
		return fmt.Errorf("add batch: %w", err)
	}

	err = insert(t.tx, "batched (batch, request)", requests, func(r Request) ([]any, error) { return []any{b.ID, r.ID}, nil })
	if err != nil {
		return fmt.Errorf("add requests to batch: %w", err)
	}

	// In memory only: their rows name the mail once it is claimed or put off.
	for i := range requests {
		requests[i].Batch = b.ID
	}
	return nil
}

// LeaveBatch lets a queued request be sent alone from now on. The mail that it was to go out
// in, or did, is remembered, because a reply to that mail is still about this request.
func (t Requests) LeaveBatch(r *Request) error {
	if err := t.tx.swap("update requests set batch = null where id = $1 and state = 'Queued' and version = $2", r.ID, r.version); err != nil {
		return fmt.Errorf("leave batch: %w", err)
	}
	r.Batch = ""
	return nil
}

// Batch returns a batch and how many requests it was made of.
func (t Requests) Batch(id string) (b Batch, size int, err error) {
	b, err = one(t.tx, func(s sqldb.Scanner) (b Batch, err error) {
		err = s.Scan(&b.ID, &b.MessageID, &b.Token, sqldb.At(&b.CreatedAt), &size)
		return b, err
	}, "select id, message_id, token, created_at, (select count(*) from batched where batch = $1) from batches where id = $1", id)
	return b, size, err
}
