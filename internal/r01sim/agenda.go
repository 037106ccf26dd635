package r01sim

import (
	"context"
	"slices"
	"sort"
	"sync"
	"time"
)

// agenda is the list of the robot's tasks and their times. One goroutine
// runs them all, in order of time; equal times keep the order of arrival.
type agenda struct {
	mu    sync.Mutex
	items []item
	wake  chan struct{}
}

type item struct {
	due time.Time
	do  func()
}

func newAgenda() *agenda { return &agenda{wake: make(chan struct{}, 1)} }

// after adds a task that is due after a delay. It never blocks.
func (a *agenda) after(delay time.Duration, do func()) {
	a.mu.Lock()
	due := time.Now().Add(delay)
	at := sort.Search(len(a.items), func(i int) bool { return a.items[i].due.After(due) })
	a.items = slices.Insert(a.items, at, item{due, do})
	a.mu.Unlock()
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// run works through the agenda until ctx ends, and forgets the rest.
func (a *agenda) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		do, wait := a.next()
		if do != nil {
			do()
			continue
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
		case <-a.wake:
		case <-timer.C:
		}
	}
}

// next takes the task that is due, or returns how long to wait for one.
func (a *agenda) next() (do func(), wait time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.items) == 0 {
		return nil, time.Hour // a task that is added ends the wait
	}
	if wait := time.Until(a.items[0].due); wait > 0 {
		return nil, wait
	}
	do = a.items[0].do
	a.items = slices.Delete(a.items, 0, 1)
	return do, 0
}
