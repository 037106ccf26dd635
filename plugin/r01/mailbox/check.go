package mailbox

import (
	"context"
	"errors"
	"fmt"

	"github.com/emersion/go-imap/v2"
)

// sample is how many mails a check compares with what the server says about them.
const sample = 3

// Check logs in, opens the folders, and checks whether what the server says about the mails
// there can be relied on. It flags, moves and removes nothing. The error says what to change in
// the settings or on the server; the remarks say what is odd, and how it is handled.
func Check(ctx context.Context, c Config) (remarks string, err error) {
	c = c.withDefaults()
	remarks, err = check(ctx, c)
	if errors.Is(err, errDoubtful) { // as a watcher does
		if remarks, err = check(ctx, c); errors.Is(err, errDoubtful) {
			err = fmt.Errorf("%w: %w", errLogin, err)
		}
	}
	if err != nil {
		return "", fmt.Errorf("check mailbox on %s: %w", c.Address, err)
	}
	return remarks, nil
}

func check(ctx context.Context, c Config) (remarks string, err error) {
	s, err := connect(ctx, c)
	if err != nil {
		return "", err
	}
	defer s.close()

	for _, folder := range []string{c.Mailbox, c.Processed} {
		if folder == "" {
			continue
		}
		if err := s.open(ctx, folder, true); err != nil {
			return "", err
		}
	}

	if err := s.open(ctx, c.Mailbox, false); err != nil { // read-only, some servers name no flags
		return "", err
	}
	if _, err := s.search(ctx); err != nil {
		return "", err
	}
	if err := s.measure(ctx); err != nil {
		return "", err
	}

	// Some servers hang up without an answer.
	_ = s.ask(ctx, func() error { return s.client.Logout().Wait() })
	return s.remarks(), nil
}

// measure compares the sizes of the latest mails with what the server lists.
func (s *session) measure(ctx context.Context) error {
	all, err := s.find(ctx, &imap.SearchCriteria{})
	if err != nil || len(all) == 0 {
		return err
	}

	latest := all[max(0, len(all)-sample):]
	entries, err := s.list(ctx, latest, false)
	if err != nil {
		return err
	}

	sizes := map[imap.UID]int64{}
	for _, e := range entries {
		sizes[e.uid] = e.size
	}

	for _, uid := range latest {
		size, listed := sizes[uid]
		// A larger mail would have to be fetched whole to be measured.
		if size > Head {
			continue
		}

		fetched, err := s.bodies(ctx, []entry{{uid: uid, size: size}}, nil, false)
		if errors.Is(err, errLarge) {
			s.wrongSizes = true
			return nil // and the connection is cut
		}

		if err != nil {
			return err
		}

		s.wrongSizes = s.wrongSizes || !listed || int64(len(fetched[0].body)) != size
	}

	return nil
}
