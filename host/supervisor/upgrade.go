package supervisor

import (
	"context"
	"fmt"

	"registrar.panel/shared/registrar"
)

// successor is a process that is described and configured, and only has to start. The goroutine
// that made it owns it until run takes it.
type successor struct {
	instance    *instance
	description registrar.Description
	heard       chan error // receives once whether the successor is at work
}

func (p *plugin) upgrade(ctx context.Context, spec Spec) (from, to string, err error) {
	select {
	case p.upgrading <- struct{}{}:
		defer func() { <-p.upgrading }()
	default:
		return "", "", registrar.Errorf(registrar.Precondition, "registrar %s is being upgraded already", p.name)
	}

	from = p.Status().Version
	if spec.Fault != nil {
		return from, "", spec.Fault
	}

	// The new process starts beside the one at work, which notices nothing unless all of this succeeds.
	i, d, err := ready(ctx, spec, p.launches.Add(1), p.timing, p.log)
	if err != nil {
		return from, d.Version, err
	}

	// Handed to the goroutine that owns the plugin, which drains the old process first.
	s := &successor{instance: i, description: d, heard: make(chan error, 1)}
	select {
	// From here on run owns it, and answers in every case.
	case p.successors <- s:
		return from, d.Version, <-s.heard
	case <-ctx.Done():
		err = ctx.Err()
	case <-p.ended:
		err = registrar.Errorf(registrar.Draining, "registrar %s is stopping", p.name)
	}

	i.stop()
	return from, d.Version, err
}

// runNext runs a process that takes over. Its predecessor is gone by then, with the locks that it
// held. If the process can't start, the old program is started again.
func (p *plugin) runNext(ctx context.Context) error {
	s := p.next
	p.next = nil
	defer s.instance.stop()
	p.enter(Starting, nil)
	if err := p.begin(ctx, s.instance); err != nil {
		p.log.Warn("upgrade failed", "version", s.description.Version, "err", err)
		s.heard <- fmt.Errorf("%w; the program that was at work before is started again", err)
		return nil
	}

	// Only now: if it can't begin, the next life uses the former specification.
	p.spec = s.instance.spec
	p.introduce(s.description)
	p.publish(s.instance.plugin)
	p.alarm(ctx, nil)
	s.heard <- nil
	return p.serve(ctx, s.instance)
}

// discardNext stops a process that was to take over, because everything ends.
func (p *plugin) discardNext() {
	if s := p.next; s != nil {
		p.next = nil
		s.instance.stop()
		s.heard <- registrar.Errorf(registrar.Draining, "registrar %s is stopping", p.name)
	}
}
