package supervisor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"registrar.panel/host/input"
	"registrar.panel/shared/logline"
	"registrar.panel/shared/registrar"
)

// plugin is one plugin through all its processes. It is owned by one goroutine, run.
type plugin struct {
	name    string
	spec    Spec // of the process at work, or of the next one; only run uses it
	timing  Timing
	log     *slog.Logger
	session func(context.Context, string, registrar.Service) error
	jitter  func() float64
	reread  func(name string) (Spec, error)
	tell    func(ctx context.Context, name string, reason error)
	told    string // why it is disabled, as last reported; only run uses it

	successors chan *successor // from upgrade to run
	next       *successor      // accepted, not yet at work; only run uses it
	upgrading  chan struct{}   // held by the only upgrade under way
	ended      chan struct{}   // closed when run has returned
	launches   atomic.Uint32   // so that two processes never share a directory

	settled chan struct{} // closed when the plugin has been at work once, or is disabled
	failure error         // why it was disabled then; set before settled is closed

	mu      sync.Mutex
	status  Status
	current registrar.Service // while State.Serves
	retryAt time.Time         // while in back-off
}

func newPlugin(spec Spec, o Options) *plugin {
	return &plugin{
		name: spec.Name, spec: spec, timing: o.Timing.filled(), log: o.Logger.With(logline.Module, spec.Name), session: o.Session, jitter: o.Jitter, reread: o.Reread, tell: o.Told,
		successors: make(chan *successor), upgrading: make(chan struct{}, 1), ended: make(chan struct{}),
		settled: make(chan struct{}), status: Status{Name: spec.Name, Plugin: spec.plugin(), State: Stopped, Since: time.Now()},
	}
}

// Status returns the state of the plugin.
func (p *plugin) Status() Status {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.status
}

func (p *plugin) registrar() (registrar.Service, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch s := p.status; {
	case s.State.Serves():
		return p.current, nil
	case s.State == Draining:
		return nil, registrar.Errorf(registrar.Draining, "registrar %s is stopping", s.Name)
	default:
		err := registrar.Errorf(registrar.Unavailable, "registrar %s is %s", s.Name, s.State)
		if s.Error != "" {
			err.Detail += ": " + s.Error
		}
		// Asking again is in vain until the plugin is tried again.
		err.RetryAfter = max(0, time.Until(p.retryAt))
		return nil, err
	}
}

// run keeps the plugin at work until ctx ends.
func (p *plugin) run(ctx context.Context) {
	// Deferred calls run backwards: an accepted upgrade gets its answer, the state is reported, and only then the others
	// that wait hear that the plugin has ended.
	defer close(p.ended)
	defer p.enter(Stopped, nil)
	defer p.discardNext()

	b := breaker{timing: p.timing, jitter: p.jitter}
	for ctx.Err() == nil {
		began := time.Now()
		err := p.life(ctx)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			continue // it made way for its successor
		}

		state, pause := b.failed(time.Now(), time.Since(began), err)
		p.waitBeforeRestart(ctx, state, pause, err)

		if isPermanent(err) {
			p.renew()
		}
	}
}

// waitBeforeRestart blocks until the next attempt, or until an upgrade is ready.
func (p *plugin) waitBeforeRestart(ctx context.Context, state State, pause time.Duration, err error) {
	p.mu.Lock()
	// Set before the state, so that a caller whom the state refuses is told when to come again.
	p.retryAt = time.Now().Add(pause)
	p.mu.Unlock()
	p.enter(state, err)
	if state == Disabled {
		p.alarm(ctx, err)
	}
	select {
	case <-ctx.Done():
	case p.next = <-p.successors:
	case <-time.After(pause):
		p.mu.Lock()
		p.status.Restarts++
		p.mu.Unlock()
	}
}

// renew reads the specification from the configuration again, which may have been repaired.
func (p *plugin) renew() {
	if p.reread == nil || p.next != nil {
		return
	}
	// If the file can't be read now, the plugin stays disabled for that reason until it can.
	spec, err := p.reread(p.name)
	if err != nil {
		p.spec.Fault = err
		return
	}
	p.spec = spec
}

// alarm reports why the plugin is disabled, and with nil that it is enabled again.
func (p *plugin) alarm(ctx context.Context, reason error) {
	text := ""
	if reason != nil {
		text = reason.Error()
	}

	// The plugin is tried every minute, and reported again only for another reason.
	if text == p.told {
		return
	}
	p.told = text
	if p.tell != nil {
		p.tell(ctx, p.name, reason)
	} else if reason != nil {
		p.log.Error("plugin is disabled", "reason", input.OneLine(text, longestReason))
	}
}

// life is one process from its start to its end. The error says why it ended; nil means that the
// next one begins at once.
func (p *plugin) life(ctx context.Context) error {
	if p.next != nil {
		return p.runNext(ctx)
	}

	p.enter(Starting, nil)
	if p.spec.Fault != nil {
		return permanentError{p.spec.Fault}
	}

	i, d, err := ready(ctx, p.spec, p.launches.Add(1), p.timing, p.log)
	// A process that gets no further is shown with its version as well.
	if d.Name == p.spec.plugin() {
		p.introduce(d)
	}

	if err != nil {
		return err
	}

	defer i.stop()
	if err := p.begin(ctx, i); err != nil {
		return err
	}

	p.publish(i.plugin)
	p.alarm(ctx, nil)
	return p.serve(ctx, i)
}

func (p *plugin) begin(ctx context.Context, i *instance) error {
	ctx, cancel := context.WithTimeout(ctx, p.timing.Setup)
	defer cancel()
	if err := i.plugin.Start(ctx); err != nil {
		return fmt.Errorf("start plugin %s: %w", p.name, err)
	}
	if i.spec.Started == nil {
		return nil
	}

	// Without this mark a store that is lost later would be made anew, and what was paid forgotten.
	if err := i.spec.Started(); err != nil {
		return fmt.Errorf("start plugin %s: %w", p.name, err)
	}
	return nil
}

func (p *plugin) introduce(d registrar.Description) {
	d = described(d)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.status.Title, p.status.Version = d.Title, d.Version
	p.status.TLDs, p.status.Kinds, p.status.Offers, p.status.Capabilities, p.status.Phrases = d.TLDs, d.Kinds, d.Offers, d.Capabilities, d.Phrases
}

// publish lets callers reach the plugin.
func (p *plugin) publish(r registrar.Service) {
	p.mu.Lock()
	p.current = r
	p.mu.Unlock()
	p.enter(Running, nil)
}

// enter changes the state; a state that needs a reason has one.
func (p *plugin) enter(state State, reason error) {
	p.mu.Lock()
	changed := p.status.State != state
	if changed {
		p.status.State, p.status.Since = state, time.Now()
	}

	// Callers must not reach a process that is gone.
	if !state.Serves() {
		p.current, p.status.Health = nil, nil
	}

	switch {
	case reason != nil:
		p.status.Error = input.OneLine(reason.Error(), longestReason)
	case state == Running:
		p.status.Error = ""
	}

	p.mu.Unlock()

	if changed && state == Disabled { // alarm says why
		p.log.Warn("plugin state", "state", state)
	} else if changed && reason != nil {
		p.log.Warn("plugin state", "state", state, "reason", input.OneLine(reason.Error(), longestReason))
	} else if changed {
		p.log.Info("plugin state", "state", state)
	}

	p.settle(state, reason)
}

func (p *plugin) settle(state State, reason error) {
	if !state.Serves() && state != Disabled {
		return
	}
	select {
	case <-p.settled:
	default:
		if state == Disabled {
			p.failure = reason
		}
		close(p.settled)
	}
}

// serve blocks until the process ends or freezes, or until ctx ends or an upgrade is ready: then it drains the process.
func (p *plugin) serve(ctx context.Context, i *instance) error {
	// Sessions outlast ctx, since events still come while the plugin is drained.
	sessions, end := context.WithCancel(context.WithoutCancel(ctx))
	var following sync.WaitGroup
	following.Go(func() { p.follow(sessions, i.plugin) })
	defer following.Wait()
	defer end()
	err := p.watch(ctx, i)
	// A process that has ended, or answers nothing, is not asked to finish what it does.
	if ctx.Err() != nil || p.next != nil {
		p.enter(Draining, nil)
		p.drain(ctx, i)
	}
	return err
}

// drain runs while sessions still go on, so that they see the events of draining.
func (p *plugin) drain(ctx context.Context, i *instance) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.timing.Drain)
	defer cancel()
	if err := i.plugin.Drain(ctx); err != nil {
		p.log.Warn("plugin did not drain", "err", err)
	}
}

// follow keeps a session going.
func (p *plugin) follow(ctx context.Context, r registrar.Service) {
	if p.session == nil {
		return
	}

	// A gap in the events, or a book that can't be written, ends the session but not the process: the session begins again
	// from the cursor, after growing pauses.
	b := breaker{timing: p.timing, jitter: p.jitter}
	for {
		began := time.Now()
		err := p.session(ctx, p.name, r)

		if ctx.Err() != nil {
			return
		}

		pause := b.pause(time.Since(began))
		if !errors.Is(err, registrar.Draining) { // a plugin that drains ends its events, too
			p.log.Warn("session ended early", "err", err, "pause", pause)
		}

		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// watch asks for health at intervals and returns why the process can't be used any more.
func (p *plugin) watch(ctx context.Context, i *instance) error {
	tick := time.NewTicker(p.timing.Interval)
	defer tick.Stop()
	for misses := 0; ; {
		if p.check(ctx, i) {
			misses = 0
		} else if misses++; misses >= p.timing.Misses {
			return fmt.Errorf("plugin %s does not answer: %d health checks in a row had no reply within %s", p.name, misses, p.timing.Answer)
		}

		select {
		case <-ctx.Done():
			return ctx.Err()
		case p.next = <-p.successors:
			return nil
		case <-i.process.ended:
			return fmt.Errorf("plugin %s ended: %w", p.name, i.process.verdict())
		case <-tick.C:
		}
	}
}

// check reports whether the plugin answered at all; its health becomes its state.
func (p *plugin) check(ctx context.Context, i *instance) bool {
	ctx, cancel := context.WithTimeout(ctx, p.timing.Answer)
	defer cancel()
	health, err := i.plugin.Health(ctx)
	if ctx.Err() != nil || errors.Is(err, registrar.Unavailable) {
		return false
	}
	if err != nil {
		// An error is an answer, too: the process lives and is not well.
		health = []registrar.Component{{Name: "health", Detail: err.Error()}}
	}
	p.setHealth(components(health))
	return true
}

func (p *plugin) setHealth(health []registrar.Component) {
	state := Running
	var reasons []error
	for _, c := range health {
		if !c.OK {
			state, reasons = Degraded, append(reasons, fmt.Errorf("%s: %s", c.Name, c.Detail))
		}
	}
	p.mu.Lock()
	p.status.Health = health
	p.mu.Unlock()
	p.enter(state, errors.Join(reasons...))
}
