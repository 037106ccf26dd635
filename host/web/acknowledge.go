package web

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"registrar.panel/host/orders"
	"registrar.panel/host/switchboard"
	"registrar.panel/host/web/api"
	"registrar.panel/shared/registrar"
)

// The prefixes of the IDs of entries of the attention list, and the ID of the entry for mails without their own.
const (
	ofDomain    = "domain:"
	ofPlugin    = "plugin:"
	ofReview    = "review:"
	ofAllOthers = "reviews"
)

// marked gives an entry its ID, and a digest of what a person sees of it: when that changes, it is
// another entry. Numbers in words do not count, because they grow while everything else stays as it is.
func marked(n api.Attention, id string, seen ...string) api.Attention {
	n.ID = id
	all := append([]string{n.Kind, n.Severity, text(n.State), text(n.Operation), text(n.Version), text(n.Order)}, seen...)
	sum := sha256.Sum256([]byte(strings.Join(all, "\x00")))
	n.Seen = hex.EncodeToString(sum[:8])
	return n
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// instantOf returns an instant as a part of what was seen.
func instantOf(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// withoutNumbers returns a text without its digits.
func withoutNumbers(text string) string {
	return strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return -1
		}
		return r
	}, text)
}

// The ways to narrow a list of entries.
const (
	onlyNew  = "0"
	onlySeen = "1"
	every    = "any"
)

// markedDomain marks the entry of a domain. An alarm that was raised anew, or has other words, makes it another entry.
func markedDomain(d orders.Domain, n api.Attention) api.Attention {
	seen := []string{}
	for _, a := range d.Alarms {
		seen = append(seen, a.Key+" "+instantOf(a.Since)+" "+withoutNumbers(a.Message))
	}
	slices.Sort(seen)
	if n.Order != nil && n.Since != nil {
		seen = append(seen, instantOf(*n.Since))
	}
	return marked(n, ofDomain+d.Name, seen...)
}

// sighted is what people have seen of everything that needs a person, in its present state.
type sighted struct {
	known   map[string]orders.Acknowledgement // by ID
	entries []api.Attention                   // that are acknowledged
	names   []string                          // of their domains
	over    []string                          // IDs of things that were acknowledged, and are over or have changed

	waiting    []switchboard.Item[registrar.Review] // mails that are not acknowledged
	allWaiting []switchboard.Item[registrar.Review] // up to the number that is counted
	more       bool                                 // further mails wait
	absent     []switchboard.Absent
}

// sighted checks everything that was acknowledged.
func (l lists) sighted(ctx context.Context) (s sighted, err error) {
	all, err := l.book.Lists().Acknowledgements().All(ctx)
	if err != nil {
		return s, err
	}
	waiting, more, err := l.board.ReviewPage(ctx, registrar.ReviewQuery{Size: countedReviews})
	if err != nil {
		return s, err
	}
	s.known, s.allWaiting, s.more, s.absent = map[string]orders.Acknowledgement{}, waiting.List, more, waiting.Absent

	var names []string
	for _, a := range all {
		s.known[a.Item] = a
		if name, ok := strings.CutPrefix(a.Item, ofDomain); ok {
			names = append(names, name)
		}
	}

	// Only acknowledged entries are looked up, because the list itself may have an entry for each domain.
	stands, err := l.entries(ctx, names)
	if err != nil {
		return s, err
	}

	// Filtered before the entry of the others is made, which counts only mails that are not acknowledged.
	s.waiting = slices.DeleteFunc(slices.Clone(s.allWaiting), func(v switchboard.Item[registrar.Review]) bool { return s.of(reviewNeeds(v)) != nil })
	stands = append(stands, list(s.allWaiting, reviewNeeds)...)
	stands = append(stands, othersNeed(s.waiting, s.more)...)

	s.entries = s.marked(stands, onlySeen)
	// Sorted by ID, which is also the mark from which such a list goes on.
	slices.SortFunc(s.entries, func(a, b api.Attention) int { return strings.Compare(a.ID, b.ID) })
	for _, n := range s.entries {
		if strings.HasPrefix(n.ID, ofDomain) {
			s.names = append(s.names, *n.Domain)
		}
	}
	s.over = over(all, s.entries, !s.more && len(s.absent) == 0)
	return s, nil
}

// entries returns those of some domains, and of all plugins.
func (l lists) entries(ctx context.Context, names []string) ([]api.Attention, error) {
	found, err := l.book.Lists().Acknowledgements().Needing(ctx, names)
	if err != nil {
		return nil, err
	}
	domains, err := l.domainsNeed(ctx, found)
	return append(domains, list(slices.DeleteFunc(l.plugins.Statuses(), healthy), pluginNeeds)...), err
}

// over lists what was acknowledged and is over or has changed. It is known that a mail does not
// wait any more only if every registrar has answered with all its mails that wait.
func over(all []orders.Acknowledgement, stands []api.Attention, allMails bool) (items []string) {
	for _, a := range all {
		known := allMails || !strings.HasPrefix(a.Item, ofReview)
		if known && !slices.ContainsFunc(stands, func(n api.Attention) bool { return n.ID == a.Item }) {
			items = append(items, a.Item)
		}
	}
	return items
}

// of returns who has seen an entry; nil = it was not acknowledged, or it has changed since.
func (s sighted) of(n api.Attention) *api.Acknowledgement {
	a, was := s.known[n.ID]
	if !was || a.Seen != n.Seen {
		return nil
	}
	return &api.Acknowledgement{By: a.By, For: known(a.For), Note: known(a.Note), At: a.At.UTC(), Until: knownTime(a.Until)}
}

// marked adds to entries who has seen them, and narrows the list.
func (s sighted) marked(all []api.Attention, which string) (left []api.Attention) {
	for _, n := range all {
		n.Acknowledged = s.of(n)
		if which == every || (which == onlySeen) == (n.Acknowledged != nil) {
			left = append(left, n)
		}
	}
	return left
}

// mostEntries is how many entries one call may name.
const mostEntries = 200

// acknowledge records that a person has seen entries, each as it was shown.
func (l lists) acknowledge(r *http.Request, in api.Acknowledge) (api.Acknowledged, error) {
	until, err := untilIn(in.Until, l.book.Now())
	if err = errors.Join(checkFor(in.By), err); err != nil {
		return api.Acknowledged{}, err
	}
	if len(in.Entries) == 0 || len(in.Entries) > mostEntries {
		return api.Acknowledged{}, mistake("entries", "must name 1 to %d entries of GET /api/v1/attention, each with its id and seen", mostEntries)
	}

	stands, seen, err := l.named(r.Context(), in.Entries)
	if err != nil {
		return api.Acknowledged{}, err
	}
	done := api.Acknowledged{Refused: []api.RefusedEntry{}}
	var all []orders.Acknowledgement
	for _, e := range in.Entries {
		n, there := stands[e.ID]
		switch {
		case !there:
			done.Refused = append(done.Refused, api.RefusedEntry{ID: e.ID, Code: string(registrar.NotFound), Reason: "it needs no person now"})
		// The person has seen what was shown, but not the change since then.
		case n.Seen != e.Seen:
			done.Refused = append(done.Refused, api.RefusedEntry{ID: e.ID, Code: string(registrar.Conflict), Reason: "it has changed since it was shown: look again"})
		default:
			all = append(all, orders.Acknowledgement{Item: n.ID, Seen: n.Seen, What: said(n), By: caller(r).Name, For: forWhom(r, in.By), Note: strings.TrimSpace(in.Reason), Until: until,
				Registrar: text(n.Registrar), Domain: text(n.Domain)})
		}
	}
	done.Acknowledged = len(all)

	// What is over or has changed was just looked at, and would otherwise be kept without end. It is dropped first,
	// because an entry that has changed may be among those that are acknowledged now.
	if err := l.book.Lists().Acknowledgements().Forget(r.Context(), seen.over); err != nil {
		return api.Acknowledged{}, err
	}
	return done, l.book.Lists().Acknowledgements().Keep(r.Context(), all)
}

// named finds entries in their present state.
func (l lists) named(ctx context.Context, entries []api.SeenEntry) (map[string]api.Attention, sighted, error) {
	seen, err := l.sighted(ctx)
	if err != nil {
		return nil, seen, err
	}
	var names []string
	for _, e := range entries {
		if name, ok := strings.CutPrefix(e.ID, ofDomain); ok {
			names = append(names, name)
		}
	}
	stands, err := l.entries(ctx, names)
	stands = slices.Concat(stands, list(seen.allWaiting, reviewNeeds), othersNeed(seen.waiting, seen.more))

	byID := map[string]api.Attention{}
	for _, n := range stands {
		byID[n.ID] = n
	}
	return byID, seen, err
}

// said returns an entry in a few words, without the words of mails.
func said(n api.Attention) string {
	if n.Review != nil {
		return "review entry " + *n.Review
	}
	return n.What
}

// takeBack has entries shown again.
func (l lists) takeBack(r *http.Request, in api.TakeBack) (api.TakenBack, error) {
	if err := checkFor(in.By); err != nil {
		return api.TakenBack{}, err
	}
	if len(in.IDs) == 0 || len(in.IDs) > mostEntries {
		return api.TakenBack{}, mistake("ids", "must name 1 to %d entries of GET /api/v1/attention?acknowledged=1", mostEntries)
	}

	seen, err := l.sighted(r.Context())
	if err != nil {
		return api.TakenBack{}, err
	}
	var all []orders.Acknowledgement
	for _, id := range in.IDs {
		a := orders.Acknowledgement{Item: id, By: caller(r).Name, For: forWhom(r, in.By)}
		// An entry that is over by now is still taken back, and the log has it without registrar and domain.
		if at := slices.IndexFunc(seen.entries, func(n api.Attention) bool { return n.ID == id }); at >= 0 {
			a.Registrar, a.Domain = text(seen.entries[at].Registrar), text(seen.entries[at].Domain)
		}
		all = append(all, a)
	}
	changed, err := l.book.Lists().Acknowledgements().TakeBack(r.Context(), all)
	return api.TakenBack{Changed: changed}, err
}

// untilIn reads when an entry is to be shown again; "" = when it changes.
func untilIn(given string, now time.Time) (time.Time, error) {
	given = strings.TrimSpace(given)
	if given == "" {
		return time.Time{}, nil
	}
	if n, ok := wholeDays(given); ok {
		return now.AddDate(0, 0, n), nil
	}
	if in, err := time.ParseDuration(given); err == nil && in > 0 {
		return now.Add(in), nil
	}
	if at, err := time.Parse(time.RFC3339, given); err == nil {
		return at, nil
	}
	if d, err := registrar.ParseDate(given); err == nil {
		return d.In(time.UTC), nil
	}
	return time.Time{}, mistake("until", "must be an instant such as 2026-12-01T08:00:00Z, a day, or a time from now such as 4h or 3d")
}
