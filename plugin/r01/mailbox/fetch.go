package mailbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

const (
	// maxFound bounds a search result; the library expands any range a server names.
	maxFound = 1 << 20
	// head is how much is fetched of a mail that is too large.
	head = 256 << 10
)

// entry is what the server says of a mail.
type entry struct {
	uid  imap.UID
	size int64
	date time.Time
	body []byte // nil = not fetched, or the server sent none
}

// search returns the UIDs that are not marked Done, in order; all where no mark is kept.
func (s *session) search(ctx context.Context) ([]imap.UID, error) {
	criteria := &imap.SearchCriteria{}
	if s.keywords {
		criteria.NotFlag = []imap.Flag{Done}
	}
	var data *imap.SearchData
	err := s.do(ctx, s.config.Timeouts.Exchange, 16<<20, func() (err error) {
		data, err = s.client.UIDSearch(criteria, nil).Wait()
		return err
	})
	if refused(err) && s.keywords { // some servers search for less than they keep
		s.keywords = false
		return s.search(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	return expand(data.All)
}

// expand lists a set. Those of a sane server are small and closed.
func expand(all imap.NumSet) ([]imap.UID, error) {
	set, ok := all.(imap.UIDSet)
	if !ok {
		return nil, nil
	}
	var n int64
	for _, r := range set {
		if r.Start == 0 || r.Stop < r.Start {
			return nil, errors.New("search: the server's answer is not a list of UIDs")
		}
		if n += int64(r.Stop-r.Start) + 1; n > maxFound {
			return nil, fmt.Errorf("search: more than %d mails wait", maxFound)
		}
	}
	uids, _ := set.Nums()
	slices.Sort(uids)
	return slices.Compact(uids), nil
}

// list asks for sizes, and for dates only if they are needed: some servers have to look at
// every mail for them. Mails the server says nothing of are absent.
func (s *session) list(ctx context.Context, uids []imap.UID, dates bool) ([]entry, error) {
	var entries []entry
	limit := s.config.Timeouts.Exchange
	err := s.do(ctx, limit, talk+int64(len(uids))<<10, func() (err error) {
		entries, err = s.fetch(uids, &imap.FetchOptions{UID: true, RFC822Size: true, InternalDate: dates}, 0)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list mails: %w", err)
	}
	slices.SortFunc(entries, func(a, b entry) int { return int(int64(a.uid) - int64(b.uid)) })
	return entries, nil
}

// bodies fills in the bodies and dates of a batch, or of one large mail the head. An entry
// whose body did not come keeps nil.
func (s *session) bodies(ctx context.Context, batch []entry, section *imap.FetchItemBodySection) ([]entry, error) {
	batch = slices.Clone(batch)
	var bytes int64
	for _, e := range batch {
		bytes += e.size
	}
	if section.Partial != nil {
		bytes = section.Partial.Size
	}
	limit := s.config.Timeouts.Exchange + time.Duration(bytes/minRate)*time.Second
	room := bytes + talk // a server may announce a mail smaller than it is
	var fetched []entry
	err := s.do(ctx, limit, 2*room, func() (err error) {
		fetched, err = s.fetch(uidsOf(batch), &imap.FetchOptions{UID: true, InternalDate: true, BodySection: []*imap.FetchItemBodySection{section}}, room)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("fetch mails: %w", err)
	}
	for _, f := range fetched {
		if i := slices.IndexFunc(batch, func(e entry) bool { return e.uid == f.uid }); i >= 0 {
			batch[i].body = f.body
			if !f.date.IsZero() {
				batch[i].date = f.date
			}
		}
	}
	return batch, nil
}

// fetch carries out one FETCH. Nothing of it counts until the server has confirmed the
// whole command. Bodies may take room bytes together.
func (s *session) fetch(uids []imap.UID, what *imap.FetchOptions, room int64) ([]entry, error) {
	cmd := s.client.Fetch(imap.UIDSetNum(uids...), what)
	var entries []entry
	for m := cmd.Next(); m != nil; m = cmd.Next() {
		e, err := s.read(m, &room)
		if err != nil {
			// The command must not be touched again: its remains belong to the library's
			// reader, which ends with the connection. mail-stack 3.3
			s.cut()
			return nil, err
		}
		entries = append(entries, e)
	}
	return entries, cmd.Close()
}

func (s *session) read(m *imapclient.FetchMessageData, room *int64) (entry, error) {
	e := entry{size: -1}
	for item := m.Next(); item != nil; item = m.Next() {
		switch item := item.(type) {
		case imapclient.FetchItemDataUID:
			e.uid = item.UID
		case imapclient.FetchItemDataRFC822Size:
			e.size = item.Size
		case imapclient.FetchItemDataInternalDate:
			e.date = item.Time
		case imapclient.FetchItemDataBodySection:
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

// readBody reads a literal to its announced end. On an error the literal has failed, too,
// which is what frees the library's reader.
func (s *session) readBody(literal imap.LiteralReader, room *int64) ([]byte, error) {
	if literal == nil {
		return nil, nil
	}
	if *room -= literal.Size(); *room < 0 {
		s.cut()
		_, _ = io.Copy(io.Discard, literal)
		return nil, fmt.Errorf("the server announced a body of %d bytes, far more than the mail has", literal.Size())
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
	return nil
}

func (s *session) flag(ctx context.Context, uids []imap.UID, flags ...imap.Flag) error {
	return s.ask(ctx, func() error {
		return s.client.Store(imap.UIDSetNum(uids...), &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: flags}, nil).Close()
	})
}

// move takes handled mails out of the folder, where the server can do that without risk.
// The library's own substitute for MOVE deletes mails whose copy failed. mail-stack 3.4
func (s *session) move(ctx context.Context, uids []imap.UID) error {
	if s.config.Processed == "" {
		return nil
	}
	var err error
	switch {
	case s.caps.Has(imap.CapMove):
		err = s.ask(ctx, func() error {
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

// copyAway deletes exactly the mails whose copies the server has named.
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
