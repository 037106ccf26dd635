package kit

import (
	"context"
	"errors"

	"registrar.panel/plugin/kit/internal/store"
	"registrar.panel/shared/registrar"
)

// refresher adds Refresh, for a registrar whose records can be read.
type refresher struct{ of *Registrar }

var _ registrar.Refresher = refresher{}

// Refresh implements registrar.Refresher: it reads the registrar's record, and keeps what it says about a
// domain that is held and has no open operation; an expiry only moves forward. If the registrar does not hold
// the domain any more, nothing changes here: a person has to find out.
func (f refresher) Refresh(ctx context.Context, name string) (registrar.Domain, error) {
	r := f.of
	if d, err := r.store.Domain(ctx, name); err != nil {
		return d, err
	}

	said, err := r.worker.read(ctx, name, newMask(r.worker.secrets))
	switch {
	case errors.Is(err, ErrNoRecord):
		return registrar.Domain{}, registrar.Errorf(registrar.Unavailable, "%s", ErrNoRecord)
	case err != nil:
		return registrar.Domain{}, registrar.Errorf(registrar.Unavailable, "the registrar's record can't be read: %s", err)
	case !said.Held:
		return r.store.Domain(ctx, name)
	}
	return r.store.Refresh(ctx, name, store.Change{PaidTill: said.PaidTill, Nameservers: said.Nameservers, Handle: said.Handle, States: said.States})
}
