package smtpout

import (
	"context"
	"sync"
)

// Pool submits mails to one relay, several at a time, each on a [Conn] that is kept for the
// mails that follow. It is safe for concurrent use, and never has more connections than
// there were calls of Submit at a time.
type Pool struct {
	config   Config
	progress *progress

	mu   sync.Mutex
	free []*Conn
}

// NewPool returns a Pool, which connects when there is something to submit.
func NewPool(c Config) *Pool { return &Pool{config: c, progress: newProgress()} }

// Submit transmits one mail, as Sender.Submit does.
func (p *Pool) Submit(ctx context.Context, m Mail, claim func(context.Context) error) Result {
	conn := p.take()
	defer p.put(conn)
	return conn.Submit(ctx, m, claim)
}

// take prefers the connection that was used last, which is the least likely to be dead.
func (p *Pool) take() *Conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := len(p.free) - 1
	if last < 0 {
		return &Conn{config: p.config, progress: p.progress}
	}
	conn := p.free[last]
	p.free = p.free[:last]
	return conn
}

func (p *Pool) put(conn *Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = append(p.free, conn)
}

// Rest ends the connections that are not in use. The next mails make others.
func (p *Pool) Rest() {
	p.mu.Lock()
	idle := p.free
	p.free = nil
	p.mu.Unlock()
	// Without the lock, because ending each connection may take a second.
	for _, conn := range idle {
		conn.Rest()
	}
}
