package orders

import (
	"context"
	"errors"
	"fmt"

	"registrar.panel/host/switchboard"
	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/registrar"
)

// RotateKeys exchanges the key of the book and those of all registrars, or continues an exchange
// that was interrupted. Those who did not exchange a key are among the absent.
func (d *Data) RotateKeys(ctx context.Context, by string) (done []switchboard.Item[registrar.Rotation], absent []switchboard.Absent, err error) {
	sealed, err := d.db.RotateKey(ctx, d.box, sealedOrders)
	switch {
	case errors.Is(err, sqldb.ErrShared):
		absent = append(absent, switchboard.Absent{Registrar: byPanel, Reason: sqldb.ErrShared.Error()})
	case errors.Is(err, sqldb.ErrBusy):
		absent = append(absent, switchboard.Absent{Registrar: byPanel, Reason: sqldb.ErrBusy.Error()})
	case err != nil:
		return nil, nil, fmt.Errorf("exchange the panel's key: %w", err)
	default:
		done = append(done, switchboard.Item[registrar.Rotation]{Registrar: byPanel, Value: registrar.Rotation{Key: d.box.Name(), Sealed: sealed}})
		if err := d.decided(ctx, Entry{Actor: by, Message: "the panel's key was exchanged"}); err != nil {
			return done, nil, err
		}
	}

	// The registrars exchange theirs even if the panel's own has to stay.
	for _, a := range d.board.RotateKeys(ctx) {
		if a.Err != nil {
			absent = append(absent, switchboard.Absent{Registrar: a.Registrar, Reason: switchboard.Reason(a.Err)})
			continue
		}
		done = append(done, switchboard.Item[registrar.Rotation]{Registrar: a.Registrar, Value: a.Value})
		// One by one: what was exchanged stays so, even if the next entry can't be written.
		if err := d.decided(ctx, Entry{Registrar: a.Registrar, Actor: by, Message: fmt.Sprintf("the key of registrar %s was exchanged", a.Registrar)}); err != nil {
			return done, absent, err
		}
	}

	return done, absent, ctx.Err()
}
