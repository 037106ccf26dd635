package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"

	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/registrar"
)

// Erase removes personal data of finished business from the files, and lists for a customer what stays. The
// transaction that ends an order empties it, and masked contacts are removed with their domain, so what is
// left to remove are the transfer codes that orders have brought, and remains in the files.
func (s *Store) Erase(ctx context.Context, q registrar.ErasureQuery) (done registrar.Erasure, err error) {
	if q.Customer != "" {
		if done.Kept, err = s.kept(ctx, q.Customer); err != nil {
			return done, fmt.Errorf("list what stays: %w", err)
		}
	}

	n, err := s.forgetCodes(ctx, q)
	if err != nil {
		return done, fmt.Errorf("remove transfer codes: %w", err)
	}
	if n > 0 {
		done.Removed = []registrar.Removed{{What: "transfer codes", Count: n}}
	}
	// Purged even if nothing was removed now, because what the ends of orders have emptied is still in the
	// files. If it fails the rows are empty anyway, so the host need only ask again.
	if err := s.db.Purge(ctx); err != nil {
		return done, registrar.Errorf(registrar.Unavailable, "what was removed may still lie in the files: %v", err)
	}
	return done, nil
}

func (s *Store) forgetCodes(ctx context.Context, q registrar.ErasureQuery) (n int64, err error) {
	before := int64(math.MaxInt64)
	if !q.Before.IsZero() {
		before = q.Before.UnixMilli()
	}
	err = s.db.Write(ctx, func(tx *sql.Tx) error {
		n, err = sqldb.Changed(ctx, tx, `update operations set sealed_order = $1 where kind = 'auth-code' and state = 'Succeeded' and sealed_order <> $1
			and ($2 = '' or customer = $2) and finished_at < $3`, []byte{}, q.Customer, before)
		return err
	})
	return n, err
}

func (s *Store) kept(ctx context.Context, customer string) (list []registrar.Kept, err error) {
	err = s.db.Read(ctx, func(tx *sql.Tx) error {
		open, err := sqldb.Collect(ctx, tx, s.scan, "select "+columns+" from operations where customer = $1 and finished_at is null order by number", customer)
		if err != nil {
			return err
		}
		for _, t := range open {
			list = append(list, registrar.Kept{What: "the order to " + string(t.Kind) + " " + t.Domain, Why: fmt.Sprintf("operation %s is %s", t.ID, t.State)})
		}

		domains, err := sqldb.Collect(ctx, tx, sqldb.JSON[registrar.Domain], "select record from domains where customer = $1 order by name", customer)
		if err != nil {
			return err
		}
		for _, d := range domains {
			if d.Status.Held() {
				list = append(list, registrar.Kept{What: "the customer and the masked contacts of " + d.Name, Why: "it is " + string(d.Status)})
			}
		}
		return nil
	})
	return list, err
}

// RotateKey exchanges the key, and returns the name of the new one and how many values were sealed again.
func (s *Store) RotateKey(ctx context.Context) (registrar.Rotation, error) {
	n, err := s.db.RotateKey(ctx, s.box, sealedOrders, sealedContacts)
	if errors.Is(err, sqldb.ErrShared) {
		return registrar.Rotation{}, registrar.Errorf(registrar.Unsupported, "%s", sqldb.ErrShared)
	}
	if errors.Is(err, sqldb.ErrBusy) {
		return registrar.Rotation{}, registrar.Errorf(registrar.Unavailable, "%s", sqldb.ErrBusy)
	}
	return registrar.Rotation{Key: s.box.Name(), Sealed: n}, err
}
