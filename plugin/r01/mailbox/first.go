package mailbox

import (
	"context"
	"slices"

	"github.com/emersion/go-imap/v2"
)

// crowd is how many mails are fetched between two searches for mails that may answer ours, and
// how many must wait for such a search to be worth it.
const crowd = 500

// Answers describes mails that may answer ours. Such mails are handed over first when many
// wait; nothing else depends on it.
type Answers struct {
	From   []string // whom answers are from
	Thread string   // what the Message-ID of every mail of ours ends with
}

// criteria finds mails above a UID that have any of these marks; nil when nothing is known about answers.
func (a Answers) criteria(above imap.UID) *imap.SearchCriteria {
	var each []imap.SearchCriteria
	add := func(field, value string) {
		each = append(each, imap.SearchCriteria{Header: []imap.SearchCriteriaHeaderField{{Key: field, Value: value}}})
	}
	for _, address := range a.From {
		add("From", address)
	}

	if a.Thread != "" {
		add("In-Reply-To", a.Thread)
		add("References", a.Thread)
	}

	if len(each) == 0 {
		return nil
	}

	all := each[0]
	for _, c := range each[1:] {
		all = imap.SearchCriteria{Or: [][2]imap.SearchCriteria{{all, c}}}
	}

	var rest imap.UIDSet
	// 0 is "*", which finds the last mail even if it is not above. RFC 3501 6.4.8
	rest.AddRange(above+1, 0)
	all.UID = []imap.UIDSet{rest}
	return &all
}

// overtaking lets mails that may answer ours be handed over before others.
type overtaking struct {
	passed map[imap.UID]bool // in this pass
	looked imap.UID          // the answers up to here were looked for
	exists uint32            // mails in the folder at that time
}

// first lists mails that may answer ours and did not have their turn in this pass, if so many
// wait that it matters. It also finds mails that arrive meanwhile.
func (w *Watcher) first(ctx context.Context, s *session, o *overtaking, waiting int) ([]imap.UID, error) {
	// While few mails wait a search costs more than it saves, and without a new mail it finds nothing new.
	if w.unsearchable || waiting <= crowd || o.exists == s.exists() {
		return nil, nil
	}

	criteria := w.config.Answers.criteria(o.looked)
	if criteria == nil {
		return nil, nil
	}

	// A server whose keyword search misses mails is not asked by keyword: answers would be missed, too.
	if s.keywords && !s.count.blind {
		criteria.NotFlag = []imap.Flag{Done}
	}

	// Counted before the search, so that a mail that comes during it causes the next search.
	exists := s.exists()
	found, err := s.find(ctx, criteria)
	if err != nil {
		w.unsearchable = true // else a server that can't would be asked again after each connection
		if refused(err) {
			return nil, nil
		}
		return nil, err
	}

	o.exists = exists
	if n := len(found); n > 0 {
		o.looked = max(o.looked, found[n-1])
	}

	return slices.DeleteFunc(found, func(uid imap.UID) bool {
		_, troubled := w.trouble[uid]
		return o.passed[uid] || troubled || len(w.handled[uid]) > 0
	}), nil
}

// unseen counts the found mails that were not handed over before.
func (w *Watcher) unseen(found []imap.UID) (n int) {
	for _, uid := range found {
		if len(w.handled[uid]) == 0 {
			n++
		}
	}
	return n
}
