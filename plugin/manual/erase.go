package manual

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/registrar"
)

// Erase implements registrar.Eraser: contact and transfer code of what is finished go.
func (r *Registrar) Erase(ctx context.Context, q registrar.ErasureQuery) (registrar.Erasure, error) {
	if problems := q.Problems(); len(problems) > 0 {
		return registrar.Erasure{}, &registrar.Error{Code: registrar.Invalid, Detail: "no customer is named", Problems: problems}
	}
	return r.book.erase(ctx, q)
}

// RotateKeys implements registrar.KeyChanger.
func (r *Registrar) RotateKeys(ctx context.Context) (registrar.Rotation, error) {
	n, err := r.book.db.RotateKey(ctx, r.book.box, sealedOrders)
	if errors.Is(err, sqldb.ErrShared) {
		return registrar.Rotation{}, registrar.Errorf(registrar.Unsupported, "%s", sqldb.ErrShared)
	}
	if errors.Is(err, sqldb.ErrBusy) {
		return registrar.Rotation{}, registrar.Errorf(registrar.Unavailable, "%s", sqldb.ErrBusy)
	}
	return registrar.Rotation{Key: r.book.box.Name(), Sealed: n}, err
}

// erase looks at all operations first, and then again at each whose order it empties, so that
// others don't wait long.
func (b *book) erase(ctx context.Context, q registrar.ErasureQuery) (done registrar.Erasure, err error) {
	var all []row
	err = b.db.Read(ctx, func(tx *sql.Tx) (err error) {
		all, err = sqldb.Collect(ctx, tx, b.scanRow, "select "+columns+" from operations order by number")
		return err
	})
	if err != nil {
		return done, fmt.Errorf("read operations: %w", err)
	}

	var emptied int64
	for _, r := range all {
		if q.Customer != "" && r.order.Customer != q.Customer || r.order.erased() || !q.Before.IsZero() && !r.State.Final() {
			continue
		}

		err := b.db.Write(ctx, func(tx *sql.Tx) error {
			why, err := b.emptyOrder(ctx, tx, b.numberOf(r.ID), q.Before)
			switch {
			case err == nil && why == "":
				emptied++
			case err == nil && q.Customer != "":
				done.Kept = append(done.Kept, registrar.Kept{What: "the order to " + string(r.Kind) + " " + r.Domain, Why: why})
			}
			return err
		})
		if err != nil {
			return done, fmt.Errorf("erase order %s: %w", r.Order, err)
		}
	}

	if emptied > 0 {
		done.Removed = []registrar.Removed{{What: "orders' contacts", Count: emptied}}
	}
	if err := b.db.Purge(ctx); err != nil {
		return done, registrar.Errorf(registrar.Unavailable, "the data were removed and may still lie in the files: %v", err)
	}

	return done, nil
}

// emptyOrder removes contact and code from an order, or returns why they must stay.
func (b *book) emptyOrder(ctx context.Context, tx *sql.Tx, number int64, before time.Time) (why string, err error) {
	r, err := b.find(ctx, tx, "number = $1", number)
	if err != nil {
		return "", err
	}

	d, err := b.readDomain(ctx, tx, r.Domain)
	if err != nil && !errors.Is(err, registrar.NotFound) {
		return "", err
	}

	switch {
	case !r.State.Final():
		return fmt.Sprintf("operation %s is %s", r.ID, r.State), nil
	case d.Status.Held():
		return "the domain is " + string(d.Status), nil
	case !before.IsZero() && !r.FinishedAt.Before(before):
		return "it was finished " + r.FinishedAt.UTC().Format(time.DateOnly), nil
	}

	kept := r.order
	kept.Registrant, kept.Code, kept.Erased = nil, "", true

	text, err := json.Marshal(kept)
	if err != nil {
		return "", err
	}

	_, err = tx.ExecContext(ctx, "update operations set sealed_order = $1 where number = $2", b.box.Seal(text, "order|"+string(r.Order)), number)
	return "", err
}

// erased reports whether there is nothing personal in an order, or not any more.
func (o storedOrder) erased() bool { return o.Erased || o.Registrant == nil && o.Code == "" }
