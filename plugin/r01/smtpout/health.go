package smtpout

import (
	"fmt"
	"sync"
	"time"

	"registrar.panel/shared/registrar"
)

// patience is how long a step may last before Health reports it. The relay may take minutes for
// most steps, but a person wants to know earlier.
const patience = 30 * time.Second

// progress holds the step that each transaction is at.
type progress struct {
	now func() time.Time

	mu    sync.Mutex
	steps map[*transaction]begun
}

type begun struct {
	stage Stage
	at    time.Time
}

func newProgress() *progress { return &progress{now: time.Now, steps: map[*transaction]begun{}} }

func (p *progress) begin(t *transaction, s Stage) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.steps[t] = begun{s, p.now()}
}

func (p *progress) end(t *transaction) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.steps, t)
}

// slowest returns the step that has lasted longest.
func (p *progress) slowest() (stage Stage, lasted time.Duration, transactions int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, b := range p.steps {
		// The claim is a commit of ours, so its time is no silence of the relay.
		if d := p.now().Sub(b.at); d > lasted && b.stage != StageClaim {
			stage, lasted = b.stage, d
		}
	}
	return stage, lasted, len(p.steps)
}

// Health reports whether the relay answers for the mails that are being sent now. It does no I/O.
func (p *Pool) Health() registrar.Component {
	c := registrar.Component{Name: "relay", OK: true, Detail: "nothing is being sent"}
	stage, lasted, n := p.progress.slowest()
	switch {
	case n == 0:
	case lasted < patience:
		c.Detail = fmt.Sprintf("%d mails are being sent", n)
	case stage == StageDot:
		c.OK = false
		c.Detail = fmt.Sprintf("%s has been silent for %s since it got a whole mail: whether it took it is not known before it answers, or for good if it does not: look at its queue and log",
			p.config.Address, lasted.Round(time.Second))
	default:
		c.OK = false
		c.Detail = fmt.Sprintf("%s has been silent for %s at step %s: mails wait, and none is lost: look whether it works",
			p.config.Address, lasted.Round(time.Second), stage)
	}
	return c
}
