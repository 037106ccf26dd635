package switchboard

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"registrar.panel/shared/registrar"
	"registrar.panel/shared/registrar/registrartest"
)

var noon = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)

// queue is a registrar that lists its mails in pages.
type queue struct {
	registrar.Service
	name    string
	reviews []registrar.Review
}

// queued is one with an entry at each of these minutes.
func queued(name string, minutes ...int) *queue {
	q := &queue{name: name}
	for _, m := range minutes {
		q.reviews = append(q.reviews, registrar.Review{ID: registrar.ReviewID(fmt.Sprint(name, m)), ReceivedAt: noon.Add(time.Duration(m) * time.Minute)})
	}
	return q
}

func (q *queue) ReviewPage(_ context.Context, asked registrar.ReviewQuery) (page registrar.ReviewPage, err error) {
	rest := slices.DeleteFunc(slices.Clone(q.reviews), func(r registrar.Review) bool { return r.Place().Compare(asked.After) <= 0 })
	page.Reviews, page.More = rest[:min(len(rest), asked.Size)], len(rest) > asked.Size
	return page, nil
}

func (q *queue) ResolveReviews(_ context.Context, d registrar.ReviewsDecision) (done registrar.ReviewsResolved, err error) {
	for _, seen := range d.Reviews {
		at := slices.IndexFunc(q.reviews, func(r registrar.Review) bool { return r.ID == seen.ID })
		switch {
		case at < 0:
			done.Refused = append(done.Refused, registrar.RefusedReview{ID: seen.ID, Code: registrar.NotFound})
		case seen.Version != "1":
			done.Refused = append(done.Refused, registrar.RefusedReview{ID: seen.ID, Code: registrar.Conflict})
		default:
			done.Resolved++
		}
	}
	return done, nil
}

// old is a registrar of before there were pages.
type old struct {
	registrartest.Powerless
	*queue
}

func (o old) Reviews(context.Context) ([]registrar.Review, error) { return o.reviews, nil }

func (o old) ReviewPage(ctx context.Context, q registrar.ReviewQuery) (registrar.ReviewPage, error) {
	return o.Powerless.ReviewPage(ctx, q)
}

func (o old) ResolveReviews(ctx context.Context, d registrar.ReviewsDecision) (registrar.ReviewsResolved, error) {
	return o.Powerless.ResolveReviews(ctx, d)
}

func (o old) ResolveReview(_ context.Context, d registrar.ReviewDecision) (r registrar.Review, err error) {
	if d.Review == "breaks" {
		return r, errors.New("the connection is cut")
	}
	if !slices.ContainsFunc(o.reviews, func(r registrar.Review) bool { return r.ID == d.Review }) {
		err = registrar.Errorf(registrar.NotFound, "no such entry")
	}
	return r, err
}

// The pages of several registrars are one list in the order of time, each entry once; one that lists
// all its entries at once takes part in it.
func TestPagesOfSeveral(t *testing.T) {
	t.Parallel()
	b := boardOf(plugins{"a": queued("a", 0, 3, 3, 9), "b": queued("b", 1, 3, 4), "c": old{queue: queued("c", 2, 8)}}, "a", "b", "c")
	var got []string
	q := registrar.ReviewQuery{Size: 2}
	for more := true; more; {
		var page Several[registrar.Review]
		var err error
		if page, more, err = b.ReviewPage(t.Context(), q); err != nil || len(page.List) > 2 {
			t.Fatalf("%d entries, %v", len(page.List), err)
		}
		for _, e := range page.List {
			got = append(got, string(e.Value.ID))
			q.After = e.Value.Place()
		}
	}
	if want := []string{"a0", "b1", "c2", "a3", "b3", "b4", "c8", "a9"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if page, more, err := b.ReviewPage(t.Context(), registrar.ReviewQuery{Strangers: true}); err != nil || more || len(page.List) != 7 {
		t.Errorf("of strangers: %d, %t, %v", len(page.List), more, err)
	}
}

// A decision on many reaches each registrar; an entry is refused by the word of who has it.
func TestResolveOfSeveral(t *testing.T) {
	t.Parallel()
	b := boardOf(plugins{"a": queued("a", 0), "b": queued("b", 1), "c": old{queue: queued("c", 2)}}, "a", "b", "c")
	d := registrar.ReviewsDecision{Reviews: []registrar.SeenReview{{ID: "a0", Version: "1"}, {ID: "b1", Version: "0"}, {ID: "c2", Version: "1"}, {ID: "d", Version: "1"}},
		Outcome: registrar.ReplyIgnore, By: "olga"}
	done, absent, err := b.ResolveReviews(t.Context(), d)
	if err != nil || len(absent) > 0 || done.Resolved != 2 || len(done.Refused) != 2 ||
		done.Refused[0].Code != registrar.Conflict || done.Refused[0].ID != "b1" || done.Refused[1].Code != registrar.NotFound {
		t.Errorf("%+v, %v, %v", done, absent, err)
	}
}

// strict finds each decision wrong.
type strict struct{ *queue }

func (strict) ResolveReviews(context.Context, registrar.ReviewsDecision) (done registrar.ReviewsResolved, err error) {
	return done, registrar.InvalidDecision([]registrar.Problem{{Path: "note", Message: "is needed here"}})
}

// What some registrars have resolved is told, whatever becomes of the rest: the person would decide it again.
func TestResolvedIsToldWhateverTheOthersSay(t *testing.T) {
	t.Parallel()
	decide := func(b *Board, ids ...registrar.ReviewID) (registrar.ReviewsResolved, []Absent, error) {
		d := registrar.ReviewsDecision{Outcome: registrar.ReplyIgnore, By: "olga"}
		for _, id := range ids {
			d.Reviews = append(d.Reviews, registrar.SeenReview{ID: id, Version: "1"})
		}
		return b.ResolveReviews(t.Context(), d)
	}

	done, absent, err := decide(boardOf(plugins{"a": queued("a", 0), "b": strict{queued("b", 1)}}, "a", "b"), "a0")
	if err != nil || done.Resolved != 1 || len(absent) != 1 || absent[0].Registrar != "b" || !strings.Contains(absent[0].Reason, "is needed here") {
		t.Errorf("one finds it wrong: %+v, %+v, %v", done, absent, err)
	}
	if _, _, err := decide(boardOf(plugins{"a": strict{queued("a")}, "b": strict{queued("b")}}, "a", "b"), "a0"); !errors.Is(err, registrar.Invalid) {
		t.Errorf("all find it wrong: %v", err)
	}

	c := boardOf(plugins{"c": old{queue: queued("c", 2, 3)}}, "c")
	done, _, err = decide(c, "c2", "breaks", "c3")
	if err != nil || done.Resolved != 1 || len(done.Refused) != 2 || done.Refused[0].ID != "breaks" || done.Refused[1].ID != "c3" || done.Refused[1].Code != registrar.Unavailable {
		t.Errorf("the second of three breaks: %+v, %v", done, err)
	}
	if _, _, err := decide(c, "breaks", "c3"); err == nil {
		t.Error("the first breaks, and nothing is resolved: no error")
	}
}
