package access

import (
	"context"
	"sync"
	"time"
)

// Guesses slows down attempts to guess a credential: the more wrong ones came from an address, the longer the
// answer to the next wrong one is delayed. The right one is answered at once, so guessing keeps no user out.
type Guesses struct {
	now func() time.Time

	mu      sync.Mutex
	from    map[string]guesser
	waiting int
}

type guesser struct {
	failures int
	last     time.Time
}

// Limits of guessing.
const (
	firstDelay   = 250 * time.Millisecond
	longestDelay = 8 * time.Second
	forgotten    = 15 * time.Minute
	mostGuessers = 4096
	mostWaiting  = 64
)

// NewGuesses makes a counter; now may be nil.
func NewGuesses(now func() time.Time) *Guesses {
	if now == nil {
		now = time.Now
	}
	return &Guesses{now: now, from: map[string]guesser{}}
}

// Wrong counts a wrong credential and waits. It returns false if so many guesses wait already that
// this one has to be refused at once; count is how many came from that address.
func (g *Guesses) Wrong(ctx context.Context, address string) (count int, ok bool) {
	count, delay, ok := g.count(address)
	if !ok {
		return count, false
	}
	// A guesser who hangs up ends the wait, but the guess is counted.
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	g.mu.Lock()
	g.waiting--
	g.mu.Unlock()
	return count, true
}

func (g *Guesses) count(address string) (count int, delay time.Duration, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()

	now := g.now()
	who := g.from[address]
	if now.Sub(who.last) >= forgotten {
		who = guesser{}
	}

	who.failures, who.last = who.failures+1, now

	// The table must not grow with the number of attackers.
	if len(g.from) >= mostGuessers {
		clear(g.from) // many addresses at once: all start again, and are slowed by their number
	}

	g.from[address] = who
	if g.waiting >= mostWaiting {
		return who.failures, 0, false
	}

	g.waiting++
	delay = firstDelay << min(max(0, who.failures-3), 10)
	return who.failures, min(delay, longestDelay), true
}
