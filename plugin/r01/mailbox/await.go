package mailbox

import (
	"context"
	"errors"
	"fmt"

	"github.com/emersion/go-imap/v2"
)

// Await waits until a mail with a Message-ID is in the folder, or ctx ends, and returns its
// bytes. It changes nothing: the mail stays for whoever watches.
func Await(ctx context.Context, c Config, messageID string) ([]byte, error) {
	c = c.withDefaults()
	s, err := connect(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("await mail on %s: %w", c.Address, err)
	}
	defer s.close()
	if err := s.open(ctx, c.Mailbox, true); err != nil {
		return nil, fmt.Errorf("await mail on %s: %w", c.Address, err)
	}
	for {
		raw, err := s.find(ctx, messageID)
		if raw != nil || err != nil {
			return raw, err
		}
		if err := s.wait(ctx, c.Timeouts.BackOff); err != nil {
			return nil, fmt.Errorf("await mail on %s: %w", c.Address, err)
		}
	}
}

// find returns the mail with a Message-ID, nil if there is none.
func (s *session) find(ctx context.Context, messageID string) ([]byte, error) {
	var data *imap.SearchData
	err := s.ask(ctx, func() (err error) {
		data, err = s.client.UIDSearch(&imap.SearchCriteria{
			Header: []imap.SearchCriteriaHeaderField{{Key: "Message-Id", Value: messageID}}}, nil).Wait()
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	uids, err := expand(data.All)
	if err != nil || len(uids) == 0 {
		return nil, err
	}
	found, err := s.list(ctx, uids[:1], false)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	if found[0].size > s.config.MaxSize {
		return nil, errors.New("the mail has grown on its way")
	}
	if found, err = s.bodies(ctx, found, &imap.FetchItemBodySection{Peek: true}); err != nil {
		return nil, err
	}
	return found[0].body, nil
}
