package orders

import (
	"context"
	"sync"
	"time"
)

// askedAgain is how long an answer counts for further questions about the same domain: a button is
// pressed twice, and registries ban clients that ask too often.
const askedAgain = 10 * time.Second

// Refresher has registrars ask the registry about single domains when a person wants to know. A
// question that is repeated at the same time, or a moment later, is asked once.
type Refresher struct {
	book *Service

	mu    sync.Mutex
	asked map[string]*refreshing // by domain
}

// refreshing is a question that was asked, and its answer once done is closed.
type refreshing struct {
	done   chan struct{}
	at     time.Time // of the answer
	domain Domain
	err    error
}

// NewRefresher makes a refresher for the domains of a book.
func NewRefresher(book *Service) *Refresher {
	return &Refresher{book: book, asked: map[string]*refreshing{}}
}

// Refresh asks about a domain of the list, and returns its registrar's record after that.
// Unsupported means that the registrar has no registry to ask.
func (f *Refresher) Refresh(ctx context.Context, name string) (Domain, error) {
	r, d, err := f.book.keeper(ctx, name)
	if err != nil {
		return d, err
	}

	one, first := f.join(d.Name)
	if first {
		go func() { // the answer is for all who wait, even if the first one leaves; the board bounds the call
			said, err := r.Refresh(context.WithoutCancel(ctx), d.Name)
			f.conclude(one, Domain{Registrar: d.Registrar, Domain: said, Standing: d.Standing}, err)
		}()
	}

	select {
	case <-one.done:
		return one.domain, one.err
	case <-ctx.Done():
		return d, ctx.Err()
	}
}

// join finds the question about a domain that is under way or was just answered, or begins a new one.
func (f *Refresher) join(name string) (one *refreshing, first bool) {
	now := f.book.now()
	f.mu.Lock()
	defer f.mu.Unlock()

	// Old answers make room. An answer from the future is old, too: the clock was put back.
	for other, r := range f.asked {
		if age := now.Sub(r.at); !r.at.IsZero() && (age >= askedAgain || age < 0) {
			delete(f.asked, other)
		}
	}
	if known, ok := f.asked[name]; ok {
		return known, false
	}

	one = &refreshing{done: make(chan struct{})}
	f.asked[name] = one
	return one, true
}

func (f *Refresher) conclude(one *refreshing, d Domain, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	one.domain, one.err, one.at = d, err, f.book.now()
	close(one.done)
}
