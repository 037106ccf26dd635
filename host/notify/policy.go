package notify

import (
	"fmt"
	"slices"
	"time"

	"registrar.panel/host/orders"
)

// Policy says when people are told.
type Policy struct {
	After  time.Duration // how long something must stand, or be over, before it is reported
	Gather time.Duration // between two messages
	Repeat time.Duration // of what still stands
	Digest int           // the minute of the day; negative = there is none
	Quiet  [2]int        // minutes of the day: from the first to the second nothing is sent; negative = never quiet
	Zone   *time.Location
}

// Message is what people are told at once.
type Message struct {
	ID string // stays the same when the message is sent again
	At time.Time

	New      []Item // stand, and were not reported before
	Standing []Item // were reported before and still stand
	Over     []Item // were reported, and stand no longer
	More     bool   // others stand that are not listed
	Apart    int    // how many stand that a person acknowledged before they were reported

	Digest  bool
	Summary []string // of the digest

	TestBy string // who has asked for this test; "" = it is no test
}

// AllClear reports whether something is over and nothing is left that needs a person.
func (m Message) AllClear() bool {
	return len(m.Over) > 0 && len(m.New)+len(m.Standing)+m.Apart == 0 && !m.More
}

// memory is since when something is so.
type memory map[string]time.Time

// note adds what is new, and forgets what is no longer so.
func (m memory) note(items []Item, now time.Time) {
	there := map[string]bool{}
	for _, i := range items {
		there[i.Key] = true
		if _, known := m[i.Key]; !known {
			m[i.Key] = now
		}
	}
	for key := range m {
		if !there[key] {
			delete(m, key)
		}
	}
}

// gone lists what was reported and stands no longer, as far as that is known.
func gone(told []orders.Notice, now Attention) (over []Item) {
	if now.More {
		return nil // it may be among what is not listed
	}
	for _, t := range told {
		stands := slices.ContainsFunc(now.Items, func(i Item) bool { return i.Key == t.Item })
		if !stands && !slices.ContainsFunc(now.Absent, func(name string) bool { return isOf(t.Item, name) }) {
			over = append(over, Item{Key: t.Item, Severity: t.Severity, Since: t.Since, What: t.What})
		}
	}
	return over
}

// situation is what a decision is based on.
type situation struct {
	now    time.Time
	stands Attention
	told   []orders.Notice
	last   orders.NoticeChannel
	since  memory // since when items stand that don't say it themselves
	over   memory // since when others are gone
}

// decide returns what to report, and the state of the channel after that; nil = nothing now.
func (p Policy) decide(s situation) (*Message, orders.NoticeChannel) {
	next := s.last
	// New items wait, and are reported together when that is permitted.
	if p.quietAt(s.now) || s.now.Sub(s.last.ToldAt) < p.Gather {
		return nil, next
	}

	m := &Message{At: s.now, More: s.stands.More, Digest: p.digestDue(s)}
	repeat := m.Digest
	for _, i := range s.stands.Items {
		t, known := find(s.told, i.Key)
		switch {
		// An item that has become an error since it was reported is reported as new.
		case known && (t.Severity == i.Severity || i.Severity != Error):
			m.Standing = append(m.Standing, i)
			repeat = repeat || !i.Seen && s.now.Sub(t.ToldAt) >= p.Repeat
		case i.Seen:
			m.Apart++
		case s.now.Sub(begun(i, s)) >= p.After:
			m.New = append(m.New, i)
		}
	}
	for _, i := range gone(s.told, s.stands) {
		if s.now.Sub(s.over[i.Key]) >= p.After {
			m.Over = append(m.Over, i)
		}
	}

	if len(m.New)+len(m.Over) == 0 && !repeat {
		return nil, next
	}
	// The number is part of the message's ID, and only the record uses it up; see tell.
	next.Number++
	next.ToldAt = s.now
	if m.Digest {
		next.DigestOn = s.now.In(p.Zone).Format(time.DateOnly)
	}
	m.ID = fmt.Sprintf("%d-%d", s.last.BegunAt.UnixMilli(), next.Number)
	return m, next
}

// begun returns since when an item stands.
func begun(i Item, s situation) time.Time {
	// A beginning in the future, by a wrong clock, would keep the item from being reported.
	if !i.Since.IsZero() && i.Since.Before(s.now) {
		return i.Since
	}
	if at, ok := s.since[i.Key]; ok {
		return at
	}
	return s.now
}

func find(told []orders.Notice, key string) (orders.Notice, bool) {
	if i := slices.IndexFunc(told, func(t orders.Notice) bool { return t.Item == key }); i >= 0 {
		return told[i], true
	}
	return orders.Notice{}, false
}

func (p Policy) digestDue(s situation) bool {
	local := s.now.In(p.Zone)
	return p.Digest >= 0 && s.last.DigestOn < local.Format(time.DateOnly) && minute(local) >= p.Digest
}

func (p Policy) quietAt(now time.Time) bool {
	from, till, at := p.Quiet[0], p.Quiet[1], minute(now.In(p.Zone))
	switch {
	case from < 0 || from == till:
		return false
	case from < till:
		return from <= at && at < till
	}
	return at >= from || at < till
}

func minute(local time.Time) int { return local.Hour()*60 + local.Minute() }

// notices returns what the book keeps of a message: everything in it that stands. If one thing is repeated, all are.
func (m Message) notices(now time.Time) (all []orders.Notice) {
	for _, i := range slices.Concat(m.New, m.Standing) {
		all = append(all, orders.Notice{Item: i.Key, Severity: i.Severity, What: i.What, Since: i.Since, ToldAt: now})
	}
	return all
}

func keys(items []Item) (all []string) {
	for _, i := range items {
		all = append(all, i.Key)
	}
	return all
}
