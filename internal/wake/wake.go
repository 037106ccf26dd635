// Package wake lets goroutines sleep until there is something to look at. A wake-up carries
// nothing: who is woken looks at the rows, and so a wake-up that came twice or too early
// does no harm. All of it may be used concurrently.
package wake

import "sync"

// Signal wakes one loop. Make it with NewSignal; a nil Signal does nothing.
type Signal chan struct{}

// NewSignal makes a signal.
func NewSignal() Signal { return make(Signal, 1) }

// Wake wakes the loop. Doing it again before the loop looks is the same as once.
func (s Signal) Wake() {
	select {
	case s <- struct{}{}:
	default:
	}
}

// Broadcast wakes all goroutines that wait. The zero Broadcast is ready.
type Broadcast struct {
	mu sync.Mutex
	ch chan struct{}
}

// Next returns a channel that closes at the next Wake. Take it before looking, and nothing
// slips in between.
func (b *Broadcast) Next() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch == nil {
		b.ch = make(chan struct{})
	}
	return b.ch
}

// Wake wakes all who wait.
func (b *Broadcast) Wake() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch != nil {
		close(b.ch)
		b.ch = nil
	}
}
