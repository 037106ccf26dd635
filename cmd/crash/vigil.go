//go:build linux

package main

import (
	"context"
	"fmt"
	"time"

	"registrar.panel/internal/pace"
)

// stillness is how long a wait continues while nothing happens,
// on the usual machine: longer than any pause of the plugin.
const stillness = 3 * time.Minute

// vigil is a wait for something that must come. It ends in an error if nothing has
// happened for too long: if something hangs, and not if a slow machine needs longer.
type vigil struct {
	what     string // what is waited for
	since    time.Time
	moved    time.Time // when progress was last seen
	progress int
	seen     string
}

func watch(what string) *vigil {
	now := time.Now()
	return &vigil{what: what, since: now, moved: now, seen: "nothing yet"}
}

// saw records what can be seen now, and the progress so far: a number that only grows.
func (v *vigil) saw(progress int, seen string) {
	if v.seen = seen; progress > v.progress {
		v.progress, v.moved = progress, time.Now()
	}
}

// hangs returns an error if nothing has happened for too long.
func (v *vigil) hangs() error {
	if time.Since(v.moved) < stillness { // on any machine
		return nil
	}
	if limit := pace.Scale(stillness); time.Since(v.moved) > limit {
		return fmt.Errorf("%s; nothing has happened for %s", v, limit.Round(time.Second))
	}
	return nil
}

// String says what the wait is for, since when, and what was seen last.
func (v *vigil) String() string {
	return fmt.Sprintf("waits for %s since %s (%s); last seen: %.400s", v.what, v.since.Format(time.TimeOnly),
		time.Since(v.since).Round(time.Second), v.seen)
}

// until calls look until it reports done. look also returns what it saw.
func until(ctx context.Context, what string, between time.Duration, look func() (done bool, seen string)) error {
	for v := watch(what); ; pause(ctx, between) {
		done, seen := look()
		v.saw(0, seen)
		switch {
		case done:
			return nil
		case ctx.Err() != nil:
			return fmt.Errorf("%s: %w", v, context.Cause(ctx))
		}
		if err := v.hangs(); err != nil {
			return err
		}
	}
}
