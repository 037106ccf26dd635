package mailbox

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
)

// recount is how long a search for mails without Done is believed while nothing contradicts it.
const recount = 10 * time.Minute

// maxFound bounds a search result, because the library expands any range that a server names.
const maxFound = 1 << 20

// count is what a session knows about how far the server's searches can be believed.
type count struct {
	at      time.Time // of the last count; zero = none
	exists  uint32    // what the server said then that the folder has
	done    map[imap.UID]struct{}
	missing int  // mails not marked Done that a search for such mails did not find
	blind   bool // so its searches are not believed
}

// search returns the UIDs of mails without Done, in order; of all mails if the server keeps no
// mark, or was seen to miss a mail.
func (s *session) search(ctx context.Context) ([]imap.UID, error) {
	if !s.keywords {
		return s.find(ctx, &imap.SearchCriteria{})
	}

	if s.count.blind {
		// The keyword search can't be trusted here, so the flags that were read decide what is done.
		all, err := s.find(ctx, &imap.SearchCriteria{})
		return slices.DeleteFunc(all, s.count.isDone), err
	}

	found, err := s.find(ctx, &imap.SearchCriteria{NotFlag: []imap.Flag{Done}})
	if refused(err) { // some servers search for less than they keep
		s.keywords = false
		return s.search(ctx)
	}

	if err != nil || !s.mustCount(found) {
		return found, err
	}

	missed, err := s.recount(ctx, found)
	if err != nil {
		return nil, fmt.Errorf("count mails: %w", err)
	}

	found = append(found, missed...)
	slices.Sort(found)
	return slices.Compact(found), nil
}

// mustCount reports whether the result of a search is to be compared with the folder: at first,
// now and then, and when the folder has changed and a search finds nothing.
func (s *session) mustCount(found []imap.UID) bool {
	return s.count.at.IsZero() || time.Since(s.count.at) >= recount || len(found) == 0 && s.exists() != s.count.exists
}

func (s *session) exists() uint32 {
	if m := s.client.Mailbox(); m != nil {
		return m.NumMessages
	}
	return 0
}

// recount returns the mails that are there, were not found, and do not have the mark. One such
// mail is enough to believe no such search any more.
func (s *session) recount(ctx context.Context, found []imap.UID) ([]imap.UID, error) {
	// Counted before the search, so that a mail that comes during it is counted the next time.
	exists := s.exists()
	all, err := s.find(ctx, &imap.SearchCriteria{})
	if err != nil {
		return nil, err
	}

	var unexplained []imap.UID
	for _, uid := range all {
		if _, ok := slices.BinarySearch(found, uid); !ok && !s.count.isDone(uid) {
			unexplained = append(unexplained, uid)
		}
	}

	done, err := s.marked(ctx, unexplained)
	if err != nil {
		return nil, err
	}

	c := &s.count
	c.at, c.exists = time.Now(), exists
	maps.Copy(c.done, done)

	missed := slices.DeleteFunc(unexplained, c.isDone)
	if len(missed) == 0 {
		return nil, nil
	}

	again, err := s.find(ctx, &imap.SearchCriteria{NotFlag: []imap.Flag{Done}}) // some may have come meanwhile
	if err != nil {
		return nil, err
	}
	lost := slices.DeleteFunc(slices.Clone(missed), func(uid imap.UID) bool {
		_, found := slices.BinarySearch(again, uid)
		return found
	})
	if len(lost) > 0 {
		c.blind, c.missing = true, len(lost)
	}
	return missed, nil
}

func (c *count) isDone(uid imap.UID) bool {
	_, ok := c.done[uid]
	return ok
}

// marked returns those of the mails that have the mark, by their flags. A mail whose flags the
// server does not list has no mark.
func (s *session) marked(ctx context.Context, uids []imap.UID) (map[imap.UID]struct{}, error) {
	done := map[imap.UID]struct{}{}
	for group := range slices.Chunk(uids, listGroup) {
		entries, err := s.describe(ctx, group, &imap.FetchOptions{UID: true, Flags: true})
		if refused(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if e.handled {
				done[e.uid] = struct{}{}
			}
		}
	}
	return done, nil
}

// find carries out one search.
func (s *session) find(ctx context.Context, criteria *imap.SearchCriteria) ([]imap.UID, error) {
	var data *imap.SearchData
	err := s.do(ctx, s.config.Timeouts.Exchange, 16<<20, func() (err error) {
		data, err = s.client.UIDSearch(criteria, nil).Wait()
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	return expand(data.All)
}

// keeps reports whether delivered mails that are found again are to be marked again. A server
// may lose a mark once, when another process reads the folder at that moment. A server that
// loses the mark of a mail each time in this session does not keep marks.
func (s *session) keeps(found []imap.UID) bool {
	if !s.keywords || len(found) == 0 {
		return false
	}
	for _, uid := range found {
		if s.flagged[uid] >= attempts {
			s.keywords, s.forgets = false, true
		}
	}
	return s.keywords
}

// remarks are what people should know about a server although everything works with it.
func (s *session) remarks() string {
	var list []string
	if s.count.blind {
		list = append(list, fmt.Sprintf("its search for mails without the keyword %s does not find %d of them, so all mails are looked at in each pass: %s", Done, s.count.missing, tidy))
	}
	switch {
	case s.forgets:
		list = append(list, fmt.Sprintf("it forgets the keyword %s, so all mails are read again after a restart: %s", Done, tidy))
	case !s.keywords && !s.config.All && s.config.Processed == "":
		list = append(list, fmt.Sprintf("it keeps no keyword %s, so all mails are read again after a restart: %s", Done, tidy))
	}
	if s.wrongSizes {
		list = append(list, "it lists mails with wrong sizes (RFC822.SIZE), so each is fetched twice")
	}
	return strings.Join(list, "; ")
}

// tidy is the advice about a server that does not remember which mails were handled.
const tidy = "set imap.processed to a folder that handled mails are moved to, or keep the folder small"

// expand lists the UIDs of a set. The sets of a sane server are small and closed.
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
