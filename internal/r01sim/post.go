package r01sim

import (
	"slices"
	"sync"
)

// post keeps answers while the robot is told to hold them.
type post struct {
	deliver func(raw []byte) // must not block

	mu      sync.Mutex
	holding bool
	passes  int // answers that may still leave while the robot holds answers
	held    []*letter
}

type letter struct {
	raw []byte
}

// send lets an answer leave, or keeps it.
func (p *post) send(raw []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.holding && p.passes == 0 {
		p.held = append(p.held, &letter{raw})
		return
	}
	if p.holding {
		p.passes--
	}
	p.deliver(raw)
}

// keep holds one answer in any case. The function that it returns lets the answer leave, if it has not left by then.
func (p *post) keep(raw []byte) (letGo func()) {
	l := &letter{raw}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held = append(p.held, l)
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if i := slices.Index(p.held, l); i >= 0 {
			p.held = slices.Delete(p.held, i, i+1)
			p.deliver(l.raw)
		}
	}
}

func (p *post) hold() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.holding = true
}

// release lets the next n answers leave, including those still to come. With n = 0 all leave, and the holding ends.
func (p *post) release(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n == 0 {
		p.holding, p.passes = false, 0
		n = len(p.held)
	}
	now := min(n, len(p.held))
	for _, l := range p.held[:now] {
		p.deliver(l.raw)
	}
	p.held = slices.Delete(p.held, 0, now)
	if p.holding {
		p.passes += n - now
	}
}

func (p *post) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.held)
}
