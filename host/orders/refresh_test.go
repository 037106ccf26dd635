package orders

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"registrar.panel/shared/registrar"
)

// asking is a registrar that counts how often it asks the registry, and is held up.
type asking struct {
	*fake
	asked   atomic.Int32
	proceed chan struct{}
}

func (a *asking) Refresh(_ context.Context, name string) (registrar.Domain, error) {
	a.asked.Add(1)
	<-a.proceed
	if name == "silent.ru" {
		return registrar.Domain{}, registrar.Errorf(registrar.Unavailable, "the registry is silent")
	}
	return registrar.Domain{Name: name, Customer: "c1", Status: registrar.StatusRegistered, PaidTill: inDays(400)}, nil
}

// However many ask at a time, or a moment later, the registry is asked once.
func TestRefreshAsksOnce(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	a := &asking{fake: b.fake, proceed: make(chan struct{})}
	b.registrars.set("r01", a)
	b.shelve(held("here.ru", "c1", inDays(10)), held("silent.ru", "c1", inDays(10)))
	f := NewRefresher(b.Service)

	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Refresh(gone, "here.ru"); err == nil {
		t.Error("a caller who is gone got an answer")
	}

	var together sync.WaitGroup
	for range 5 {
		together.Go(func() {
			if d, err := f.Refresh(t.Context(), "HERE.ru"); err != nil || d.PaidTill != inDays(400) || d.Registrar != "r01" {
				t.Errorf("answered with %+v, %v", d, err)
			}
		})
	}
	close(a.proceed)
	together.Wait()
	if d, err := f.Refresh(t.Context(), "here.ru"); err != nil || d.PaidTill != inDays(400) || a.asked.Load() > 1 {
		t.Errorf("a moment later: %+v, %v, asked %d times", d, err, a.asked.Load())
	}

	for range 2 {
		if _, err := f.Refresh(t.Context(), "silent.ru"); registrar.CodeOf(err) != registrar.Unavailable {
			t.Errorf("a silent registry: %v", err)
		}
	}
	if a.asked.Load() != 2 {
		t.Errorf("asked %d times about two domains", a.asked.Load())
	}

	f.asked["here.ru"].at = f.asked["here.ru"].at.Add(-askedAgain)
	if _, err := f.Refresh(t.Context(), "here.ru"); err != nil || a.asked.Load() != 3 {
		t.Errorf("later it is asked again: %v, %d times", err, a.asked.Load())
	}
	if _, err := f.Refresh(t.Context(), "nowhere.ru"); registrar.CodeOf(err) != registrar.NotFound {
		t.Errorf("a domain that is not here: %v", err)
	}
}
