package gateway

import (
	"context"
	"strings"
	"time"

	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/store"
)

// outgoing is one mail to be sent, with the requests it carries: one, or several
// prolongations.
type outgoing struct {
	mark
	requests []store.Request
}

// mark is what all transmissions of a mail share. r01-mail 1.2
type mark struct {
	id        string
	messageID string
	token     string
	createdAt time.Time
}

func (m outgoing) kind() lifecycle.Kind { return m.requests[0].Kind }

func single(r store.Request) outgoing {
	return outgoing{mark{r.ID, r.MessageID, r.Token, r.CreatedAt}, []store.Request{r}}
}

// newMark makes the identity of a mail.
func (g *Gateway) newMark(prefix string) mark {
	token := g.random()[:26]
	_, host, _ := strings.Cut(g.settings.Callback, "@")
	return mark{prefix + strings.ToLower(g.random()[:16]), "<" + token + "@" + host + ">", token, g.now()}
}

// group puts what is due into mails. Renewals that were never sent share mails, as many to
// each as the operator allows. A mail that the relay did not take is sent again as it was
// if all its requests still wait for that; otherwise they go out alone.
func (g *Gateway) group(ctx context.Context, due []store.Request) (mails []outgoing, err error) {
	if due, err = g.stillDue(ctx, due); err != nil {
		return nil, err
	}
	var fresh []store.Request
	batches := map[string][]store.Request{}
	var order []string
	for _, r := range due {
		switch {
		case r.Batch != "":
			if batches[r.Batch] == nil {
				order = append(order, r.Batch)
			}
			batches[r.Batch] = append(batches[r.Batch], r)
		case r.Kind == lifecycle.Prolong && r.Attempt == 0 && g.settings.Batch > 1:
			fresh = append(fresh, r)
		default:
			mails = append(mails, single(r))
		}
	}
	for _, id := range order {
		again, err := g.sameBatch(ctx, id, batches[id])
		if err != nil {
			return nil, err
		}
		mails = append(mails, again...)
	}
	joined, err := g.newBatches(ctx, fresh)
	return append(mails, joined...), err
}

// stillDue withdraws the renewals that must not leave the queue any more.
func (g *Gateway) stillDue(ctx context.Context, due []store.Request) (still []store.Request, err error) {
	var gone []store.Request
	var reasons []string
	err = g.store.Read(ctx, func(tx *store.Tx) error {
		for _, r := range due {
			switch reason, err := g.outdated(tx, r); {
			case err != nil:
				return err
			case reason == "":
				still = append(still, r)
			default:
				gone, reasons = append(gone, r), append(reasons, reason)
			}
		}
		return nil
	})
	if err != nil || len(gone) == 0 {
		return still, err
	}
	return still, g.write(ctx, func(tx *store.Tx) error {
		for i := range gone {
			if err := g.must(tx, &gone[i], queueSays(lifecycle.Withdrawn), fact{actor: byPlugin, reason: reasons[i]}); err != nil {
				return err
			}
			// Should it be due again, nobody has decided against it.
			if err := tx.Unplan(store.Plan{Domain: gone[i].Object, Base: gone[i].Base}); err != nil {
				return err
			}
		}
		return nil
	})
}

// sameBatch is a mail as it was made, or its requests alone if some have left it.
func (g *Gateway) sameBatch(ctx context.Context, id string, requests []store.Request) (mails []outgoing, err error) {
	err = g.store.Write(ctx, func(tx *store.Tx) error {
		b, size, err := tx.Batch(id)
		if err != nil {
			return err
		}
		if size == len(requests) {
			mails = []outgoing{{mark{b.ID, b.MessageID, b.Token, b.CreatedAt}, requests}}
			return nil
		}
		for i := range requests {
			if err := tx.LeaveBatch(&requests[i]); err != nil {
				return err
			}
			mails = append(mails, single(requests[i]))
		}
		return nil
	})
	return mails, err
}

func (g *Gateway) newBatches(ctx context.Context, fresh []store.Request) (mails []outgoing, err error) {
	if len(fresh) == 0 {
		return nil, nil
	}
	err = g.store.Write(ctx, func(tx *store.Tx) error {
		for len(fresh) > 0 {
			n := min(len(fresh), g.settings.Batch)
			m := single(fresh[0])
			if n > 1 {
				m = outgoing{g.newMark("bt-"), fresh[:n]}
				if err := tx.AddBatch(store.Batch{ID: m.id, MessageID: m.messageID, Token: m.token, CreatedAt: m.createdAt}, m.requests); err != nil {
					return err
				}
			}
			mails, fresh = append(mails, m), fresh[n:]
		}
		return nil
	})
	return mails, err
}
