package switchboard

import (
	"context"
	"errors"
	"slices"

	"registrar.panel/shared/registrar"
)

// ReviewPage lists mails that wait, oldest first, of all registrars together; more reports whether
// entries wait after the last one.
func (b *Board) ReviewPage(ctx context.Context, q registrar.ReviewQuery) (all Several[registrar.Review], more bool, err error) {
	q.Size = registrar.PageSize(q.Size)

	pages, err := each(ctx, b, func(ctx context.Context, r registrar.Service) ([]part[registrar.Review], error) {
		page, err := r.ReviewPage(ctx, q)
		if errors.Is(err, registrar.Unsupported) {
			page, err = wholeQueue(ctx, r, q)
		}
		return answer(part[registrar.Review]{page.Reviews, page.More}, err)
	})

	all, more = merged(pages, q.Size, func(a, b registrar.Review) int { return a.Place().Compare(b.Place()) })
	return all, more, err
}

// part is one registrar's page of a list.
type part[T any] struct {
	list []T
	more bool // there are entries after the last one
}

// merged returns one page of what registrars answered, in order.
func merged[T any](pages Several[part[T]], size int, order func(a, b T) int) (all Several[T], more bool) {
	all.Absent = pages.Absent
	// Each registrar was asked for a whole page, so the first entries overall are among these.
	for _, p := range pages.List {
		more = more || p.Value.more
		for _, v := range p.Value.list {
			all.List = append(all.List, Item[T]{p.Registrar, v})
		}
	}

	slices.SortStableFunc(all.List, func(a, b Item[T]) int { return order(a.Value, b.Value) })
	if len(all.List) > size {
		all.List, more = all.List[:size], true
	}
	return all, more
}

// answer returns one registrar's answer as a list, or none.
func answer[T any](v T, err error) ([]T, error) {
	if err != nil {
		return nil, err
	}
	return []T{v}, nil
}

// wholeQueue returns a page for a registrar that lists all its entries at once, none of them of strangers.
func wholeQueue(ctx context.Context, r registrar.Service, q registrar.ReviewQuery) (page registrar.ReviewPage, err error) {
	if q.Strangers {
		return page, nil
	}
	entries, err := r.Reviews(ctx)
	if err != nil {
		return page, err
	}
	// The page is cut here as a registrar with pages of its own would cut it.
	entries = slices.DeleteFunc(entries, func(e registrar.Review) bool { return e.Place().Compare(q.After) <= 0 })
	slices.SortStableFunc(entries, func(a, b registrar.Review) int { return a.Place().Compare(b.Place()) })
	page.Reviews, page.More = entries[:min(len(entries), q.Size)], len(entries) > q.Size
	return page, nil
}

// MailPage lists stored mails, the newest first, of all registrars together.
func (b *Board) MailPage(ctx context.Context, q registrar.MailQuery) (all Several[registrar.Mail], more bool, err error) {
	q.Size = registrar.PageSize(q.Size)
	pages, err := each(ctx, b, func(ctx context.Context, r registrar.Service) ([]part[registrar.Mail], error) {
		page, err := r.MailPage(ctx, q)
		return answer(part[registrar.Mail]{page.Mails, page.More}, err)
	})
	all, more = merged(pages, q.Size, func(a, b registrar.Mail) int { return a.Place().Compare(b.Place()) })
	return all, more, err
}

// ResolveReviews passes one reading of many mails on to the registrars that have them. An entry is
// refused if no registrar takes it. A decision that no registrar takes is an error; if some have
// resolved entries that is returned, whatever the others say.
func (b *Board) ResolveReviews(ctx context.Context, d registrar.ReviewsDecision) (done registrar.ReviewsResolved, absent []Absent, err error) {
	answers := askAll(ctx, b, b.names, func(ctx context.Context, r registrar.Service) (registrar.ReviewsResolved, error) {
		part, err := r.ResolveReviews(ctx, d)
		// It resolves one at a time. A sender to ignore from now on is more than that, and is left unsupported.
		if errors.Is(err, registrar.Unsupported) && len(d.Reviews) > 0 && !d.FromNowOn {
			return oneByOne(ctx, r, d)
		}
		return part, err
	})

	var parts []registrar.ReviewsResolved
	var wrong error
	for _, a := range answers {
		switch {
		case a.err == nil:
			parts = append(parts, a.value)
		case errors.Is(a.err, registrar.Unsupported):
		default:
			if errors.Is(a.err, registrar.Invalid) {
				wrong = a.err
			}
			b.log.Warn("a registrar is missing from a decision", "registrar", a.name, "err", a.err)
			absent, err = append(absent, Absent{a.name, Reason(a.err)}), a.err
		}
	}

	switch {
	case len(parts) > 0:
		return combined(d, parts), absent, ctx.Err()
	case wrong != nil:
		return done, nil, wrong
	case err != nil:
		return done, nil, err
	}

	return done, nil, registrar.Errorf(registrar.Unsupported, "no registrar has mails to resolve")
}

// combined returns the result of a decision by all registrars that took it.
func combined(d registrar.ReviewsDecision, parts []registrar.ReviewsResolved) (done registrar.ReviewsResolved) {
	refusals := map[registrar.ReviewID][]registrar.RefusedReview{}
	for _, part := range parts {
		for _, r := range part.Refused {
			refusals[r.ID] = append(refusals[r.ID], r)
		}
		part.Refused = nil
		done.Add(part)
	}

	for _, seen := range d.Reviews {
		// An entry is one registrar's, and all the others refuse it as unknown. It is refused only if none took it.
		if by := refusals[seen.ID]; len(by) == len(parts) {
			slices.SortStableFunc(by, func(a, b registrar.RefusedReview) int { return known(b) - known(a) })
			done.Refused = append(done.Refused, by[0])
		}
	}
	return done
}

// known returns 1 for the answer of a registrar that has the entry.
func known(r registrar.RefusedReview) int {
	if r.Code == registrar.NotFound {
		return 0
	}
	return 1
}

// oneByOne resolves entries with a registrar that resolves one at a time.
func oneByOne(ctx context.Context, r registrar.Service, d registrar.ReviewsDecision) (done registrar.ReviewsResolved, err error) {
	for i, seen := range d.Reviews {
		_, err := r.ResolveReview(ctx, registrar.ReviewDecision{Review: seen.ID, Version: seen.Version, Outcome: d.Outcome, By: d.By, Note: d.Note})
		var refused *registrar.Error
		switch {
		case err == nil:
			done.Resolved++
		case errors.Is(err, registrar.Unsupported):
			return done, err
		// An entry that is refused because it was decided meanwhile does not stop the others.
		case errors.As(err, &refused):
			done.Refused = append(done.Refused, registrar.RefusedReview{ID: seen.ID, Code: refused.Code, Reason: refused.Error()})
		case done.Resolved == 0:
			return done, err
		// Those before it are resolved, and the answer has to say so.
		default:
			for _, left := range d.Reviews[i:] {
				done.Refused = append(done.Refused, registrar.RefusedReview{ID: left.ID, Code: registrar.Unavailable, Reason: err.Error()})
			}
			return done, nil
		}
	}
	return done, nil
}

// IgnoredSenders lists the senders whose unproved mails are ignored.
func (b *Board) IgnoredSenders(ctx context.Context) (Several[registrar.IgnoredSender], error) {
	return each(ctx, b, func(ctx context.Context, r registrar.Service) ([]registrar.IgnoredSender, error) {
		return r.IgnoredSenders(ctx)
	})
}

// HeedSender has the mails of a sender read again, by every registrar that ignores them.
func (b *Board) HeedSender(ctx context.Context, address, by string) error {
	answers := askAll(ctx, b, b.names, func(ctx context.Context, r registrar.Service) (struct{}, error) {
		return struct{}{}, r.HeedSender(ctx, address, by)
	})

	// Several registrars may ignore the same sender. It is a mistake only if none does.
	var none error = registrar.Errorf(registrar.NotFound, "no registrar ignores that sender")
	for _, a := range answers {
		switch {
		case a.err == nil:
			none = nil
		case !errors.Is(a.err, registrar.NotFound) && !errors.Is(a.err, registrar.Unsupported):
			return a.err
		}
	}
	return none
}
