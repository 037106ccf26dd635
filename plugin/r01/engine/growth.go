package engine

import (
	"fmt"
	"sync"
	"time"

	"registrar.panel/shared/registrar"
)

const (
	// GrowsBy is more than the work of a day adds to a store, in bytes.
	GrowsBy = 512 << 20
	// LeastFree is the least room that a disk must have.
	LeastFree = 512 << 20

	sampleEvery = time.Hour
)

// Growth watches how large the store is, and whether there is room for it.
type Growth struct {
	measure func() (size, free int64, err error)
	now     func() time.Time

	mu      sync.Mutex
	samples []sized // of the last day, oldest first
	last    registrar.Component
}

type sized struct {
	at   time.Time
	size int64
}

// NewGrowth watches a store whose size measure returns. Nothing is measured before the first call of Component.
func NewGrowth(measure func() (size, free int64, err error), now func() time.Time) *Growth {
	return &Growth{measure: measure, now: now, last: registrar.Component{Name: "store", OK: true, Detail: "not measured yet"}}
}

// Last returns how the store stood when it was last measured. It does no I/O.
func (g *Growth) Last() registrar.Component {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.last
}

// Component measures the store and returns how it stands.
func (g *Growth) Component() registrar.Component {
	// Without the lock, so that Last answers while a slow disk is measured.
	size, free, err := g.measure()
	g.mu.Lock()
	defer g.mu.Unlock()
	if err != nil {
		g.last = registrar.Component{Name: "store", Detail: "it can't be measured: " + err.Error()}
		return g.last
	}
	grown := size - g.dayAgo(size)
	c := registrar.Component{Name: "store", OK: true, Detail: fmt.Sprintf("%s, %s of the disk are free", mebibytes(size), mebibytes(free))}

	// A full disk stops everything, so it is reported first.
	switch {
	case free < LeastFree:
		c.OK, c.Detail = false, fmt.Sprintf("only %s of the disk are free, and when it is full nothing is sent or received: make room", mebibytes(free))
	case grown > GrowsBy:
		c.OK, c.Detail = false, fmt.Sprintf("it has grown by %s within a day, to %s: look for mail that should not come, and at the setting keep.mails", mebibytes(grown), mebibytes(size))
		c.Advice = []registrar.Advice{{Action: registrar.AdviseReadStrangers}, {Action: registrar.AdviseSettings, Parameters: map[string]string{"settings": "keep.mails"}}}
	}
	g.last = c
	return c
}

// dayAgo returns the size of a day ago, or the first one known since, and keeps a sample of now.
func (g *Growth) dayAgo(size int64) int64 {
	now := g.now()
	for len(g.samples) > 0 && now.Sub(g.samples[0].at) > day {
		g.samples = g.samples[1:]
	}
	if n := len(g.samples); n == 0 || now.Sub(g.samples[n-1].at) >= sampleEvery {
		g.samples = append(g.samples, sized{now, size})
	}
	return g.samples[0].size
}

func mebibytes(n int64) string { return fmt.Sprintf("%d MiB", n>>20) }
