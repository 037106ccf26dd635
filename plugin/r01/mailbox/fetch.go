package mailbox

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

const (
	// unknown is the size of a mail for which the server lists none.
	unknown = -1
	// slack is by how much a mail may be longer than listed when several are fetched at once.
	slack = 64 << 10
)

// entry is what the server says about a mail.
type entry struct {
	uid     imap.UID
	size    int64 // as listed; it may be wrong
	date    time.Time
	body    []byte // nil = not fetched, or the server sent none
	handled bool   // it has the flag Done, where flags were asked for
}

// stamp identifies a mail under its UID: servers that rebuild their index reuse UIDs, and some
// give one UID to two mails.
type stamp struct {
	size int64
	date time.Time
}

func (e entry) stamp() stamp { return stamp{e.size, e.date} }

// same compares dates only if both are known.
func (s stamp) same(other stamp) bool {
	return s.size == other.size && (s.date.IsZero() || other.date.IsZero() || s.date.Equal(other.date))
}

// list asks for sizes, and for dates only if they are needed, because some servers have to read
// every mail for them. Mails about which the server says nothing are missing in the result.
func (s *session) list(ctx context.Context, uids []imap.UID, dates bool) ([]entry, error) {
	entries, err := s.describe(ctx, uids, &imap.FetchOptions{UID: true, RFC822Size: true, InternalDate: dates})
	if err != nil {
		return nil, fmt.Errorf("list mails: %w", err)
	}
	return entries, nil
}

// describe fetches short data about mails.
func (s *session) describe(ctx context.Context, uids []imap.UID, what *imap.FetchOptions) (entries []entry, err error) {
	err = s.do(ctx, s.config.Timeouts.Exchange, talk+int64(len(uids))<<10, func() (err error) {
		entries, err = s.fetch(uids, what, 0)
		return err
	})
	return entries, err
}

// bodies fills in the bodies and dates of a batch, or a part of one mail. An entry whose body
// did not come keeps nil. A second mail under the same UID becomes another entry.
func (s *session) bodies(ctx context.Context, batch []entry, part *imap.SectionPartial, dated bool) ([]entry, error) {
	batch = slices.Clone(batch)
	var listed int64
	for _, e := range batch {
		listed += max(e.size, 0)
	}

	room := listed + talk + slack*int64(len(batch))
	switch {
	case part != nil:
		listed, room = part.Size, part.Size+talk
	case len(batch) == 1:
		listed, room = min(listed, s.config.MaxSize), s.config.MaxSize+talk
	}

	// By PEEK, or the server would mark mails as seen that are not stored yet.
	what := &imap.FetchOptions{UID: true, InternalDate: dated, BodySection: []*imap.FetchItemBodySection{{Peek: true, Partial: part}}}
	limit := s.config.Timeouts.Exchange + time.Duration(listed/minRate)*time.Second
	var fetched []entry
	err := s.do(ctx, limit, 2*room, func() (err error) {
		fetched, err = s.fetch(uidsOf(batch), what, room)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("fetch mails: %w", err)
	}

	return merge(batch, fetched), nil
}

// merge assigns what was fetched to what was asked for, in whatever order and pieces it came.
func merge(batch, fetched []entry) []entry {
	asked := len(batch)
	for _, f := range fetched {
		i := slices.IndexFunc(batch[:asked], func(e entry) bool { return e.uid == f.uid })
		// An answer without a UID can only be about the one mail that was asked for.
		if i < 0 && f.uid == 0 && f.body != nil && asked == 1 {
			i = 0
		}

		if i < 0 {
			continue
		}

		e := &batch[i]
		switch {
		case f.body == nil:
		case e.body == nil:
			e.body = f.body
		case !bytes.Equal(e.body, f.body):
			batch = append(batch, entry{uid: e.uid, size: unknown, date: f.date, body: f.body})
			continue
		}

		if !f.date.IsZero() {
			e.date = f.date
		}
	}

	return batch
}

// fetch carries out one FETCH. Its results count only once the server has confirmed the whole
// command. All bodies together may take room bytes.
func (s *session) fetch(uids []imap.UID, what *imap.FetchOptions, room int64) ([]entry, error) {
	s.stray.open(room)
	defer s.stray.close()
	cmd := s.client.Fetch(imap.UIDSetNum(uids...), what)
	var entries []entry
	for m := cmd.Next(); m != nil; m = cmd.Next() {
		e, err := s.read(m, &room)
		if err != nil {
			// The command must not be touched again: the rest of it belongs to the library's
			// reader, which ends with the connection. field-notes 2.2
			s.cut()
			return nil, err
		}
		entries = append(entries, e)
	}
	err := cmd.Close()
	stray, failed := s.stray.take()
	return append(entries, stray...), cmp.Or(err, failed)
}

// stray holds answers that the library does not match with the command: the second one under a
// UID, and those whose UID follows the body or is missing.
type stray struct {
	mu      sync.Mutex
	wanted  bool  // a FETCH is under way
	room    int64 // for bodies
	entries []entry
	err     error
}

func (x *stray) open(room int64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.wanted, x.room, x.entries, x.err = true, room, nil, nil
}

func (x *stray) close() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.wanted, x.room = false, 0
}

func (x *stray) take() ([]entry, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.entries, x.err
}

// add reads one answer. The library continues only when the body has been read, so fetch finds the answer here.
func (x *stray) add(s *session, m *imapclient.FetchMessageData) {
	x.mu.Lock()
	defer x.mu.Unlock()
	e, err := s.read(m, &x.room)
	switch {
	case err != nil:
		x.err = err
		s.cut()
	case x.wanted && (e.uid != 0 || e.body != nil):
		x.entries = append(x.entries, e)
	}
}

func (s *session) read(m *imapclient.FetchMessageData, room *int64) (entry, error) {
	e := entry{size: unknown}
	for item := m.Next(); item != nil; item = m.Next() {
		switch item := item.(type) {
		case imapclient.FetchItemDataUID:
			e.uid = item.UID
		case imapclient.FetchItemDataRFC822Size:
			e.size = item.Size
		case imapclient.FetchItemDataInternalDate:
			e.date = item.Time
		case imapclient.FetchItemDataFlags:
			e.handled = slices.ContainsFunc(item.Flags, func(f imap.Flag) bool { return strings.EqualFold(string(f), string(Done)) })
		case imapclient.FetchItemDataBodySection:
			// Even a body that was not asked for is read: the library blocks until it is.
			body, err := s.readBody(item.Literal, room)
			if err != nil {
				return e, err
			}
			if item.Section.Specifier == imap.PartSpecifierNone && len(item.Section.Part) == 0 {
				e.body = body
			}
		}
	}

	return e, nil
}

// errLarge means that far more of a mail came than was announced.
var errLarge = errors.New("far more than the mail has")

// readBody reads a literal to its announced end. If it returns an error, the literal has
// failed, too, which frees the library's reader.
func (s *session) readBody(literal imap.LiteralReader, room *int64) ([]byte, error) {
	if literal == nil {
		return nil, nil
	}
	if *room -= literal.Size(); *room < 0 {
		s.cut()
		_, _ = io.Copy(io.Discard, literal)
		return nil, fmt.Errorf("the server announced a body of %d bytes, %w", literal.Size(), errLarge)
	}
	body := make([]byte, literal.Size())
	if n, err := io.ReadFull(literal, body); err != nil {
		return nil, fmt.Errorf("the connection ended after %d of %d bytes", n, len(body))
	}
	return body, nil
}

// mark flags mails as handled.
func (s *session) mark(ctx context.Context, uids []imap.UID) error {
	flags := []imap.Flag{imap.FlagSeen}
	if s.keywords {
		flags = append(flags, Done)
	}
	if err := s.flag(ctx, uids, flags...); err != nil {
		return fmt.Errorf("flag handled mails: %w", err)
	}
	for _, uid := range uids {
		s.flagged[uid]++
	}
	return nil
}

func (s *session) flag(ctx context.Context, uids []imap.UID, flags ...imap.Flag) error {
	return s.ask(ctx, func() error {
		return s.client.Store(imap.UIDSetNum(uids...), &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: flags}, nil).Close()
	})
}

// move takes handled mails out of the folder, if the server can do that safely. The library's
// own substitute for MOVE deletes mails whose copy failed. field-notes 2.3
func (s *session) move(ctx context.Context, uids []imap.UID) error {
	if s.config.Processed == "" {
		return nil
	}

	var err error
	switch {
	case s.caps.Has(imap.CapMove):
		err = s.ask(ctx, func() error {
			// The library trusts its own list of capabilities: if MOVE is not in it, the
			// library copies, and deletes without checking.
			if !s.client.Caps().Has(imap.CapMove) {
				return nil
			}
			_, err := s.client.Move(imap.UIDSetNum(uids...), s.config.Processed).Wait()
			return err
		})
	case s.caps.Has(imap.CapUIDPlus):
		err = s.copyAway(ctx, uids)
	}

	if err != nil {
		return fmt.Errorf("move handled mails to %q: %w", s.config.Processed, err)
	}

	return nil
}

// copyAway deletes exactly those mails whose copies the server has named.
func (s *session) copyAway(ctx context.Context, uids []imap.UID) error {
	var copied []imap.UID
	err := s.ask(ctx, func() error {
		d, err := s.client.Copy(imap.UIDSetNum(uids...), s.config.Processed).Wait()
		if err == nil {
			copied, err = expand(d.SourceUIDs)
		}
		return err
	})
	copied = slices.DeleteFunc(copied, func(u imap.UID) bool { return !slices.Contains(uids, u) })
	if err != nil || len(copied) == 0 {
		return err
	}
	if err := s.flag(ctx, copied, imap.FlagDeleted); err != nil {
		return err
	}
	return s.ask(ctx, func() error { return s.client.UIDExpunge(imap.UIDSetNum(copied...)).Close() })
}
