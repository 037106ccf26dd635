package mailbox

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/emersion/go-imap/v2"
)

// batches cuts mails into parts that are fetched by one command each. A mail that is large, or may be, is alone.
func (w *Watcher) batches(entries []entry) [][]entry {
	alone := func(e entry) bool { return e.size < 0 || w.inPart(e) }
	var all [][]entry
	var bytes int64
	for i, e := range entries {
		bytes += e.size
		if i == 0 || bytes > fetchBytes || alone(e) || alone(entries[i-1]) || len(all[len(all)-1]) == fetchGroup {
			all, bytes = append(all, nil), e.size
		}
		all[len(all)-1] = append(all[len(all)-1], e)
	}
	return all
}

// inPart reports whether only a part of a mail is fetched, because it is too large, as announced or as seen.
func (w *Watcher) inPart(e entry) bool { return e.size > w.config.MaxSize || w.trouble[e.uid].large }

// batch fetches mails and hands over those that came whole.
//
// A body is whole if it came to the end that the server announced for it, in a command that the server
// confirmed, and if it is as long as listed. Many servers list an estimate, and some nothing: then a body is
// whole if it comes again byte for byte. Mails that did not come at all are fetched again, each by itself.
func (w *Watcher) batch(ctx context.Context, s *session, batch []entry) error {
	if w.inPart(batch[0]) {
		return w.head(ctx, s, batch[0])
	}

	fetched, err := w.bodies(ctx, s, batch, nil)
	if err != nil {
		return err
	}

	var whole, doubtful, missing []entry
	for _, e := range fetched {
		switch {
		case len(e.body) == 0:
			missing = append(missing, e)
		case int64(len(e.body)) == e.size && (len(fetched) == len(batch) || !shared(fetched, e.uid)):
			whole = append(whole, e)
		default:
			doubtful = append(doubtful, e)
		}
	}

	// Whole mails are handed over before more is fetched, because that may break the connection.
	if err := w.deliver(ctx, s, whole, false); err != nil {
		return err
	}
	if err := w.confirm(ctx, s, doubtful); err != nil {
		return err
	}

	return w.again(ctx, s, batch, missing)
}

// shared reports whether two mails share a UID. They are handed over together, because the flag is set for both.
func shared(fetched []entry, uid imap.UID) bool {
	n := 0
	for _, e := range fetched {
		if e.uid == uid {
			n++
		}
	}
	return n > 1
}

// confirm fetches mails again whose length is not the listed one.
func (w *Watcher) confirm(ctx context.Context, s *session, doubtful []entry) error {
	if len(doubtful) == 0 {
		return nil
	}

	// A UID that two mails share is asked for once, and brings both.
	second, err := w.bodies(ctx, s, slices.CompactFunc(bare(doubtful), func(a, b entry) bool { return a.uid == b.uid }), nil)
	if err != nil {
		return err
	}

	var whole, changing []entry
	for _, e := range doubtful {
		if slices.ContainsFunc(second, func(f entry) bool { return f.uid == e.uid && bytes.Equal(f.body, e.body) }) {
			whole = append(whole, e)
		} else {
			changing = append(changing, e)
		}
	}

	s.wrongSizes = s.wrongSizes || slices.ContainsFunc(whole, func(e entry) bool { return int64(len(e.body)) != e.size })
	if err := w.deliver(ctx, s, whole, false); err != nil {
		return err
	}

	return w.changing(ctx, s, doubtful, changing)
}

// changing handles mails that differ from fetch to fetch. If a mail always differs, a person gets what there is of it.
func (w *Watcher) changing(ctx context.Context, s *session, asked, changing []entry) error {
	if len(asked) == 1 && len(changing) == 1 {
		e := changing[0]
		if w.trouble[e.uid].attempts+1 >= attempts {
			// Shorter than Head, which distinguishes it from a mail that is too large.
			e.body = e.body[:min(len(e.body), Head-1)]
			return w.deliver(ctx, s, []entry{e}, true)
		}
		w.miss(e.uid, fmt.Sprintf("the server sends other bytes every time, now %d of %d", len(e.body), e.size), false)
		return nil
	}
	return w.each(ctx, s, changing)
}

// head fetches the beginning of a large mail. If that is the whole mail, the mail is not large.
func (w *Watcher) head(ctx context.Context, s *session, e entry) error {
	size := min(Head, w.config.MaxSize)
	fetched, err := w.bodies(ctx, s, []entry{e}, &imap.SectionPartial{Size: size})
	if err != nil {
		return err
	}
	switch got := fetched[0]; {
	case len(got.body) == 0:
		w.miss(e.uid, "the server sends nothing of it", false)
		return nil
	case int64(len(got.body)) >= size:
		got.body = got.body[:size]
		return w.deliver(ctx, s, []entry{got}, true)
	}
	t := w.trouble[e.uid]
	t.large = false
	w.trouble[e.uid] = t
	return w.confirm(ctx, s, fetched)
}

// again fetches each missing mail by itself.
func (w *Watcher) again(ctx context.Context, s *session, asked, missing []entry) error {
	if len(asked) == 1 && len(missing) == 1 {
		w.miss(missing[0].uid, "the server sends nothing of it", false)
		return nil
	}
	return w.each(ctx, s, missing)
}

func (w *Watcher) each(ctx context.Context, s *session, entries []entry) error {
	for _, e := range bare(entries) {
		if err := w.batch(ctx, s, []entry{e}); err != nil {
			return err
		}
	}
	return nil
}

// bodies fetches mails, or the given part of one. On the last attempt at a mail its date is not
// asked for, because some servers write dates that are invalid.
func (w *Watcher) bodies(ctx context.Context, s *session, batch []entry, part *imap.SectionPartial) ([]entry, error) {
	dated := len(batch) > 1 || w.trouble[batch[0].uid].attempts+1 < attempts
	fetched, err := s.bodies(ctx, batch, part, dated)
	if err != nil {
		return nil, w.blame(ctx, uidsOf(batch), err)
	}
	return fetched, nil
}

// bare returns entries as they were before their bodies were fetched.
func bare(entries []entry) []entry {
	entries = slices.Clone(entries)
	for i := range entries {
		entries[i].body = nil
	}
	return entries
}

func uidsOf(entries []entry) []imap.UID {
	var uids []imap.UID
	for _, e := range entries {
		uids = append(uids, e.uid)
	}
	return uids
}
