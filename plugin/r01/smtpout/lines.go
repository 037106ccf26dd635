package smtpout

import (
	"context"
	"sync"
)

// Lines submits mails to one relay, several at a time, each on a [Line] that is kept for the
// mails that follow. It is safe for concurrent use, and never has more connections than
// there were calls of Submit at a time.
type Lines struct {
	config   Config
	progress *progress

	mu   sync.Mutex
	free []*Line
}

// NewLines makes lines. They connect only when there is something to submit.
func NewLines(c Config) *Lines { return &Lines{config: c, progress: newProgress()} }

// Submit transmits one mail, as Sender.Submit does.
func (l *Lines) Submit(ctx context.Context, m Mail, claim func(context.Context) error) Result {
	line := l.take()
	defer l.put(line)
	return line.Submit(ctx, m, claim)
}

// take prefers the line that was used last: its connection is the least likely to be dead.
func (l *Lines) take() *Line {
	l.mu.Lock()
	defer l.mu.Unlock()
	last := len(l.free) - 1
	if last < 0 {
		return &Line{config: l.config, progress: l.progress}
	}
	line := l.free[last]
	l.free = l.free[:last]
	return line
}

func (l *Lines) put(line *Line) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.free = append(l.free, line)
}

// Rest ends the connections that nothing is submitted on. The next mails make others.
func (l *Lines) Rest() {
	l.mu.Lock()
	idle := l.free
	l.free = nil
	l.mu.Unlock()
	for _, line := range idle {
		line.Rest()
	}
}
