// Package wake lets goroutines sleep until there is something to look at. A wake-up
// carries no data: the woken goroutine reads the rows, so a wake-up that comes
// twice or too early does no harm. Everything here may be used concurrently.
package wake

import "sync"

// Signal wakes one loop. NewSignal makes one; a nil Signal does nothing.
type Signal chan struct{}

// NewSignal makes a signal.
func NewSignal() Signal { return make(Signal, 1) }

// Wake wakes the loop. Several calls before the loop looks have the effect of one.
func (s Signal) Wake() {
	select {
	case s <- struct{}{}:
	default:
	}
}

// Broadcast wakes all waiting goroutines. The zero Broadcast is ready to use.
type Broadcast struct {
	mu sync.Mutex
	ch chan struct{}
}

// Next returns a channel that closes at the next Wake. A caller that takes it before it looks misses nothing.
func (b *Broadcast) Next() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch == nil {
		b.ch = make(chan struct{})
	}
	return b.ch
}

// Wake wakes all waiting goroutines.
func (b *Broadcast) Wake() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch != nil {
		close(b.ch)
		b.ch = nil
	}
}
