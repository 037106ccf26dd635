package kit

import (
	"context"
	"errors"

	"registrar.panel/internal/lazyregexp"
	"registrar.panel/shared/registrar"
)

// The powers of every registrar that is built with the kit.
var (
	_ registrar.BackerUp   = (*Registrar)(nil)
	_ registrar.Eraser     = (*Registrar)(nil)
	_ registrar.KeyChanger = (*Registrar)(nil)
	_ registrar.CodeKeeper = (*Registrar)(nil)
)

// keeper adds the power of a registrar that has its own names for customers, and domains that can be taken
// over.
type keeper struct{ *Registrar }

var _ registrar.HandleKeeper = keeper{}

// whole is a registrar with every power of the kit.
type whole struct {
	keeper
	refresher
}

// powers returns a value with the powers of the registrar that Start will return.
func (p *Plugin) powers(r *Registrar) registrar.Registrar {
	// A power is a method of the type, so there is a type for each set of them.
	switch {
	case p.noHandles && p.noRecords:
		return r
	case p.noHandles:
		return struct {
			*Registrar
			refresher
		}{r, refresher{r}}
	case p.noRecords:
		return keeper{r}
	}
	return whole{keeper{r}, refresher{r}}
}

// goodHandle matches what can be a registrar's name of a customer.
var goodHandle = lazyregexp.New(`^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$`)

// Backup implements registrar.BackerUp.
func (r *Registrar) Backup(ctx context.Context, dir string) error { return r.store.Backup(ctx, dir) }

// Erase implements registrar.Eraser. Orders are emptied as they end, except for the codes that they have
// brought.
func (r *Registrar) Erase(ctx context.Context, q registrar.ErasureQuery) (registrar.Erasure, error) {
	if list := q.Problems(); len(list) > 0 {
		return registrar.Erasure{}, &registrar.Error{Code: registrar.Invalid, Detail: "no customer is named", Problems: list}
	}
	return r.store.Erase(ctx, q)
}

// TransferCode implements registrar.CodeKeeper.
func (r *Registrar) TransferCode(ctx context.Context, id registrar.OperationID) (registrar.AuthCode, error) {
	return r.store.TransferCode(ctx, id)
}

// RotateKeys implements registrar.KeyChanger.
func (r *Registrar) RotateKeys(ctx context.Context) (registrar.Rotation, error) {
	return r.store.RotateKey(ctx)
}

// Handles implements registrar.HandleKeeper.
func (r keeper) Handles(ctx context.Context, customer string) ([]registrar.Handle, error) {
	return r.store.Handles(ctx, customer)
}

// AdoptHandle implements registrar.HandleKeeper. Later orders of the customer carry the handle.
func (r keeper) AdoptHandle(ctx context.Context, customer, handle string) (registrar.Handle, error) {
	var p problems
	p.add(customer == "", "customer", "is required")
	p.add(!goodHandle.MatchString(handle), "handle", "must be 1 to 100 of A-Z a-z 0-9 . _ : -, the first a letter or digit")
	if err := invalid(p); err != nil {
		return registrar.Handle{}, err
	}
	return registrar.Handle{Handle: handle, Customer: customer, State: registrar.HandleRegistered}, r.store.AdoptHandle(ctx, customer, handle)
}

// ImportDomain implements registrar.HandleKeeper. It reads the registrar's own record; if the records can't
// be read, the person's word counts.
func (r keeper) ImportDomain(ctx context.Context, i registrar.Import) (registrar.Domain, error) {
	var p problems
	p.add(!isName(i.Domain) || tldOf(i.Domain, r.worker.adapter.Describe().TLDs) == "", "domain", "must be a name that the registrar serves, in ACE")
	p.add(i.Customer == "", "customer", "is required")
	p.add(i.Handle != "" && !goodHandle.MatchString(i.Handle), "handle", "must be 1 to 100 of A-Z a-z 0-9 . _ : -, the first a letter or digit")
	if err := invalid(p); err != nil {
		return registrar.Domain{}, err
	}

	f, err := r.worker.read(ctx, i.Domain, newMask(r.worker.secrets))
	if errors.Is(err, ErrNoRecord) {
		f, err = Facts{Held: true}, nil
	}
	switch {
	case err != nil:
		return registrar.Domain{}, registrar.Errorf(registrar.Unavailable, "the registrar's record can't be read: %s", err)
	case !f.Held:
		return registrar.Domain{}, registrar.Errorf(registrar.Precondition, "the registrar does not hold %s for us", i.Domain)
	case f.PaidTill.IsZero():
		f.PaidTill = i.PaidTill
	}

	p.add(f.PaidTill.IsZero(), "paid_till", "is required: the registrar does not say it")
	p.add(!i.PaidTill.IsZero() && i.PaidTill != f.PaidTill, "paid_till", "is not what the registrar has, which is "+f.PaidTill.String())
	if err := invalid(p); err != nil {
		return registrar.Domain{}, err
	}

	if i.Handle == "" {
		i.Handle = f.Handle
	}
	// The kit has no schedule of renewals: a person or the host's billing orders them.
	return r.store.Import(ctx, registrar.Domain{Name: i.Domain, Customer: i.Customer, Status: registrar.StatusRegistered, Handle: i.Handle,
		PaidTill: f.PaidTill, Renewal: registrar.RenewManual, Nameservers: f.Nameservers, Registry: f.States}, "operator")
}

// invalid returns the error for problems, or nil if there are none.
func invalid(p problems) error {
	if len(p) == 0 {
		return nil
	}
	return &registrar.Error{Code: registrar.Invalid, Detail: "what is to be taken over has mistakes", Problems: p}
}
