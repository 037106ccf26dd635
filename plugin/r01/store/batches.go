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

// AddBatch puts queued requests into one mail. ErrMoved when one of them is not as the
// caller read it.
func (t Requests) AddBatch(b Batch, requests []Request) error {
	err := t.tx.exec("insert into batches (id, message_id, token, created_at) values ($1, $2, $3, $4)",
		b.ID, b.MessageID, b.Token, sqldb.Millis(b.CreatedAt))
	if err != nil {
		return fmt.Errorf("add batch: %w", err)
	}
	for i := range requests {
		r := &requests[i]
		if err := t.tx.swap("update requests set batch = $1 where id = $2 and state = 'Queued' and version = $3", b.ID, r.ID, r.version); err != nil {
			return fmt.Errorf("add request %s to batch: %w", r.ID, err)
		}
		if err := t.tx.exec("insert into batched (batch, request) values ($1, $2)", b.ID, r.ID); err != nil {
			return fmt.Errorf("add request %s to batch: %w", r.ID, err)
		}
		r.Batch = b.ID
	}
	return nil
}

// LeaveBatch lets a queued request be sent alone from now on. The mail it was to go out in,
// or did, is remembered: a reply to that is still about this request.
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
