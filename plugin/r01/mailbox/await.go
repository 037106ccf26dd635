package mailbox

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/emersion/go-imap/v2"
)

// Await waits until a mail with a Message-ID is in the folder, or ctx ends, and returns its bytes. It changes
// nothing: the mail stays for the watcher. The remark says what is odd about the server; "" = nothing.
func Await(ctx context.Context, c Config, messageID string) (raw []byte, remark string, err error) {
	c = c.withDefaults()
	s, err := connect(ctx, c)
	if err != nil {
		return nil, "", fmt.Errorf("await mail on %s: %w", c.Address, err)
	}
	defer s.close()

	if err := s.open(ctx, c.Mailbox, true); err != nil {
		return nil, "", fmt.Errorf("await mail on %s: %w", c.Address, err)
	}

	seen := map[imap.UID]bool{}
	for {
		e, err := s.withID(ctx, messageID, seen)
		if err != nil {
			return nil, "", fmt.Errorf("await mail on %s: %w", c.Address, err)
		}

		if e.body != nil {
			remark, err := s.foundBySearch(ctx, e.uid)
			return e.body, remark, err
		}

		if err := s.wait(ctx, c.Timeouts.BackOff); err != nil {
			return nil, "", fmt.Errorf("await mail on %s: %w", c.Address, err)
		}
	}
}

// mostRecent is how many of the latest mails are searched for one, because searches of headers do not work everywhere.
const mostRecent = 20

// withID returns the mail with a Message-ID, or an entry without a body if there is none. Mails
// that were seen to be others are skipped.
func (s *session) withID(ctx context.Context, messageID string, seen map[imap.UID]bool) (entry, error) {
	uids, err := s.find(ctx, &imap.SearchCriteria{Header: []imap.SearchCriteriaHeaderField{{Key: "Message-Id", Value: messageID}}})
	if err != nil && !refused(err) {
		return entry{}, err
	}

	all, err := s.find(ctx, &imap.SearchCriteria{})
	if err != nil {
		return entry{}, err
	}

	// The latest mails as well, because searches of headers do not work everywhere.
	uids = append(uids, all[max(0, len(all)-mostRecent):]...)
	uids = slices.DeleteFunc(uids, func(uid imap.UID) bool { return seen[uid] })
	if len(uids) == 0 {
		return entry{}, nil
	}

	entries, err := s.list(ctx, uids, false)
	if err != nil {
		return entry{}, err
	}

	for _, uid := range uids {
		if slices.ContainsFunc(entries, func(e entry) bool { return e.uid == uid && e.size > Head }) { // it is longer than ours
			continue
		}

		fetched, err := s.bodies(ctx, []entry{{uid: uid, size: unknown}}, nil, false)
		switch {
		case err != nil:
			return entry{}, err
		case bytes.Contains(fetched[0].body, []byte(messageID)):
			return fetched[0], nil
		}

		// A mail that came empty may come whole the next time.
		seen[uid] = len(fetched[0].body) > 0
	}

	return entry{}, nil
}

// foundBySearch returns a remark if the search that a watcher relies on does not find a new mail.
func (s *session) foundBySearch(ctx context.Context, uid imap.UID) (remark string, err error) {
	found, err := s.find(ctx, &imap.SearchCriteria{NotFlag: []imap.Flag{Done}})
	switch {
	case refused(err):
		return "the server does not search for keywords", nil
	case err != nil:
		return "", err
	case !slices.Contains(found, uid):
		return fmt.Sprintf("the server's search for mails without the keyword %s does not find it", Done), nil
	}
	return "", nil
}
