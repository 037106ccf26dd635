package switchboard

import (
	"context"
	"slices"
	"sync"

	"registrar.panel/host/input"
	"registrar.panel/shared/registrar"
)

// Form returns what an order for a zone must contain, and what its registrar offers. The zone may
// be typed in any form; a kind that the registrar does not offer is a mistake.
func (b *Board) Form(ctx context.Context, q registrar.FormQuery) (form registrar.Form, offer registrar.KindOffer, err error) {
	ace, err := input.Zone(q.TLD)
	if err != nil {
		return form, offer, err
	}
	name, ok := b.route(ace)
	if !ok {
		return form, offer, input.Mistake("tld", "no registrar serves ."+q.TLD)
	}
	r, err := b.Registrar(name)
	if err != nil {
		return form, offer, err
	}

	d, err := r.Describe(ctx)
	if err != nil {
		return form, offer, err
	}
	if err := input.Mistakes(d.Unoffered(registrar.Order{Kind: q.Kind, Domain: ace})); err != nil {
		return form, offer, err
	}
	offer, _ = d.Offered(ace, q.Kind)
	// Every plugin takes a form without a role for the registrant's.
	if q.Role == registrar.RoleRegistrant {
		q.Role = ""
	}
	if taken := func(c registrar.ContactOffer) bool { return c.Role == q.Role }; q.Role != "" && !slices.ContainsFunc(offer.Contacts, taken) {
		return form, offer, input.Mistake("role", "is none that registrar "+name+" takes a contact for")
	}

	q.TLD = ace
	form, err = r.Form(ctx, q)
	form.Role = q.Role
	return form, offer, err
}

// Reads reports whether the registrar of a zone reads a field of orders.
func (b *Board) Reads(ctx context.Context, zone, field string) bool {
	name, ok := b.route(zone)
	if !ok {
		return false
	}
	r, err := b.Registrar(name)
	if err != nil {
		return false
	}
	d, err := r.Describe(ctx)
	return err == nil && slices.Contains(d.OrderFields, field)
}

// Check asks the registrars about these names, side by side, and completes the answers. If a
// registrar does not answer, the availability of its names is unknown, and the call is no error.
func (b *Board) Check(ctx context.Context, open map[string][]*registrar.Availability) {
	var asked sync.WaitGroup
	for name, list := range open {
		asked.Go(func() { b.ask(ctx, name, list) })
	}
	asked.Wait()
}

// ask completes these answers by one registrar's word, as far as it gets in its time.
func (b *Board) ask(ctx context.Context, name string, list []*registrar.Availability) {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	r, err := b.Registrar(name)
	// One name a call, so that what is answered in time counts. After a fault none of the others is asked: each would only wait.
	for _, a := range list {
		var said []registrar.Availability
		if err == nil {
			said, err = r.Check(ctx, []string{a.Name})
		}
		if err != nil || len(said) != 1 || said[0].Name != a.Name {
			a.Status, a.Reason, a.Detail = registrar.AvailabilityUnknown, registrar.ReasonNoAnswer, "registrar "+name+" does not answer"
			continue
		}
		*a = said[0]
	}
}

// RunRenewals makes a renewal pass with every registrar that renews by schedule.
func (b *Board) RunRenewals(ctx context.Context, dryRun bool) (Several[registrar.RenewalStep], error) {
	return each(ctx, b, func(ctx context.Context, r registrar.Service) ([]registrar.RenewalStep, error) {
		return r.RunRenewals(ctx, dryRun)
	})
}

// Handles lists the handles known for a customer.
func (b *Board) Handles(ctx context.Context, typed string) (Several[registrar.Handle], error) {
	customer, err := input.Customer(typed)
	if err != nil {
		return Several[registrar.Handle]{}, err
	}
	return each(ctx, b, func(ctx context.Context, r registrar.Service) ([]registrar.Handle, error) {
		return r.Handles(ctx, customer)
	})
}

// AdoptHandle records that a customer has a handle already. The name of the registrar may be empty
// if only one works with handles.
func (b *Board) AdoptHandle(ctx context.Context, name, typed, handle string) (Item[registrar.Handle], error) {
	customer, err := input.Customer(typed)
	if err != nil {
		return Item[registrar.Handle]{}, err
	}
	if handle, err = input.Handle(handle); err != nil {
		return Item[registrar.Handle]{}, err
	}

	// Only now, so that a mistake in what was typed is reported even while a registrar is down.
	name, err = b.chosen(ctx, name, registrar.CapHandles)
	if err != nil {
		return Item[registrar.Handle]{}, err
	}
	r, err := b.Registrar(name)
	if err != nil {
		return Item[registrar.Handle]{}, err
	}
	h, err := r.AdoptHandle(ctx, customer, handle)
	return Item[registrar.Handle]{name, h}, err
}
