package outbox

import (
	"context"
	"fmt"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/renewal/policy"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/plugin/r01/term"
)

// delivery is one mail to be sent, with the requests it carries: one, or several
// prolongations.
type delivery struct {
	engine.Identity
	requests []store.Request
}

func (m delivery) kind() lifecycle.Kind { return m.requests[0].Kind }

func single(r store.Request) delivery {
	return delivery{engine.Identity{ID: r.ID, MessageID: r.MessageID, Token: r.Token, CreatedAt: r.CreatedAt}, []store.Request{r}}
}

// group puts due requests into mails. Renewals that were never sent share mails, as many to
// each as the operator allows. A mail that the relay did not take is sent again unchanged if
// all its requests still wait for that; otherwise they go out alone.
func (q *Queue) group(ctx context.Context, due []store.Request) (mails []delivery, err error) {
	if due, err = q.stillDue(ctx, due); err != nil {
		return nil, err
	}

	var fresh []store.Request
	// Batches go out in the order in which they fell due, which a map does not keep.
	batches := map[string][]store.Request{}
	var order []string
	for _, r := range due {
		switch {
		case r.Batch != "": // R01 may have the mail that it was in, and knows that by its Message-ID
			if batches[r.Batch] == nil {
				order = append(order, r.Batch)
			}
			batches[r.Batch] = append(batches[r.Batch], r)
		case r.Kind == lifecycle.Prolong && r.Attempt == 0 && q.settings.Batch > 1:
			fresh = append(fresh, r)
		default:
			mails = append(mails, single(r))
		}
	}

	for _, id := range order {
		again, err := q.sameBatch(ctx, id, batches[id])
		if err != nil {
			return nil, err
		}
		mails = append(mails, again...)
	}

	joined, err := q.newBatches(ctx, fresh)
	return append(mails, joined...), err
}

// stillDue withdraws renewals that must not leave the queue any more.
func (q *Queue) stillDue(ctx context.Context, due []store.Request) (still []store.Request, err error) {
	var gone []store.Request
	var reasons []string
	// A reading transaction first: most rounds withdraw nothing, and then need no turn to write.
	err = q.store.Read(ctx, func(tx *store.Tx) error {
		all, err := q.outdated(tx, due)
		if err != nil {
			return err
		}
		for i, r := range due {
			if all[i] == "" {
				still = append(still, r)
			} else {
				gone, reasons = append(gone, r), append(reasons, all[i])
			}
		}

		return nil
	})
	if err != nil || len(gone) == 0 {
		return still, err
	}

	return still, q.engine.Write(ctx, func(tx *store.Tx) error {
		for i := range gone {
			if err := q.engine.Must(tx, &gone[i], engine.QueueSays(lifecycle.Withdrawn), engine.Fact{Actor: engine.ByPlugin, Reason: reasons[i]}); err != nil {
				return err
			}
			// The plan is dropped, so that nothing stands against the renewal if it is due again.
			if err := tx.Renewals.Unplan(store.Plan{Domain: gone[i].Object, Base: gone[i].Base}); err != nil {
				return err
			}
		}

		return nil
	})
}

// sameBatch returns a mail as it was made, or its requests alone if some have left it.
func (q *Queue) sameBatch(ctx context.Context, id string, requests []store.Request) (mails []delivery, err error) {
	err = q.store.Write(ctx, func(tx *store.Tx) error {
		b, size, err := tx.Requests.Batch(id)
		if err != nil {
			return err
		}

		if size == len(requests) {
			mails = []delivery{{engine.Identity{ID: b.ID, MessageID: b.MessageID, Token: b.Token, CreatedAt: b.CreatedAt}, requests}}
			return nil
		}

		// A mail with fewer requests would be another mail under the same Message-ID.
		for i := range requests {
			if err := tx.Requests.LeaveBatch(&requests[i]); err != nil {
				return err
			}
			mails = append(mails, single(requests[i]))
		}

		return nil
	})

	return mails, err
}

func (q *Queue) newBatches(ctx context.Context, fresh []store.Request) (mails []delivery, err error) {
	if len(fresh) == 0 {
		return nil, nil
	}

	err = q.store.Write(ctx, func(tx *store.Tx) error {
		for len(fresh) > 0 {
			n := min(len(fresh), q.settings.Batch)
			m := single(fresh[0])
			// A request alone in its mail has its own Message-ID and token, and needs no row for the mail.
			if n > 1 {
				m = delivery{q.engine.NewIdentity("bt-"), fresh[:n]}
				if err := tx.Requests.AddBatch(store.Batch{ID: m.ID, MessageID: m.MessageID, Token: m.Token, CreatedAt: m.CreatedAt}, m.requests); err != nil {
					return err
				}
			}
			mails, fresh = append(mails, m), fresh[n:]
		}

		return nil
	})

	return mails, err
}

// outdated returns why renewals that wait in the queue must not leave it any more: the expiry has
// moved without them, or R01 no longer takes them. "" = the request may leave, or is no renewal.
func (q *Queue) outdated(tx *store.Tx, requests []store.Request) ([]string, error) {
	var names []string
	for _, r := range requests {
		if r.Kind == lifecycle.Prolong {
			names = append(names, r.Object)
		}
	}
	records, err := tx.Domains.Records(names)
	if err != nil {
		return nil, err
	}

	// R01 takes a renewal until thirty days after paid-till: a later one would only be refused. r01-mail 4.1
	open := policy.Open(policy.Today(q.now()))
	reasons := make([]string, len(requests))
	for i, r := range requests {
		if r.Kind != lifecycle.Prolong {
			continue
		}
		d, known := records[r.Object]
		switch {
		case !known:
			return nil, fmt.Errorf("domain %s: %w", r.Object, store.ErrNotFound)
		case !term.SameYear(d.PaidTill, r.Base): // a day that is only written in another way is the same expiry
			reasons[i] = fmt.Sprintf("the domain is paid till %s by now, and this was to renew it from %s", d.PaidTill, r.Base)
		case !d.Status.Held():
			reasons[i] = fmt.Sprintf("the domain is %s", d.Status)
		case !open.Holds(r.Base):
			reasons[i] = "R01 takes it no longer"
		}
	}
	return reasons, nil
}
