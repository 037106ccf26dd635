package supervisor

import (
	"errors"
	"io/fs"
	"slices"
	"syscall"
	"time"

	"registrar.panel/internal/backoff"
	"registrar.panel/shared/registrar"
)

// breaker decides how long to wait after a failure, and when to give up.
type breaker struct {
	timing  Timing
	jitter  func() float64
	row     int         // failures in a row
	crashes []time.Time // within the window
	tripped bool        // until a life was healthy
}

// failed judges the end of a life. A missing file may soon be back, for instance while a program is
// being replaced, so the first tries come soon.
func (b *breaker) failed(now time.Time, lived time.Duration, err error) (State, time.Duration) {
	if isPermanent(err) {
		return Disabled, b.timing.Retry
	}

	pause := b.pause(lived)
	if isNotStartable(err) {
		return Disabled, min(pause, b.timing.Retry)
	}
	if lived >= b.timing.Healthy {
		b.tripped = false
	}
	if !isCrash(err) {
		return Backoff, pause
	}

	// Only crashes within the window count; a plugin that tripped it is tried rarely.
	b.crashes = append(slices.DeleteFunc(b.crashes, func(t time.Time) bool { return now.Sub(t) >= b.timing.Window }), now)
	if b.tripped || len(b.crashes) >= b.timing.Crashes {
		b.tripped = true
		return Disabled, b.timing.Probe
	}

	return Backoff, pause
}

// pause is short after the first failure in a row, and doubles from the second on; jitter takes away up to half of it.
func (b *breaker) pause(lived time.Duration) time.Duration {
	if lived >= b.timing.Healthy {
		b.row = 0
	}
	first, most := b.timing.First, b.timing.First
	if b.row > 0 {
		first, most = b.timing.BackoffMin, max(b.timing.BackoffMin, b.timing.BackoffMax)
	}
	b.row++
	return backoff.Pause(first, most, max(0, b.row-2), b.jitter())
}

// permanentError is a fault that a person must repair, because no restart does.
type permanentError struct{ error }

func (m permanentError) Unwrap() error { return m.error }

// isPermanent reports whether the specification or the settings are wrong.
func isPermanent(err error) bool {
	var m permanentError
	return errors.As(err, &m) || errors.Is(err, registrar.Invalid) || errors.Is(err, registrar.Unsupported)
}

// isNotStartable reports whether there is no program to start.
func isNotStartable(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.ENOEXEC) || errors.Is(err, syscall.ETXTBSY)
}

// wants are the errors of a host or machine that lacks what a process needs.
var wants = []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.EAGAIN, syscall.ENOSPC, syscall.EDQUOT}

// isOutOfResources reports whether the host or the machine lacks what a process needs.
func isOutOfResources(err error) bool {
	for _, want := range wants {
		if errors.Is(err, want) {
			return true
		}
	}
	return false
}

// isCrash reports whether a plugin is broken, and not just waiting for something.
func isCrash(err error) bool {
	for _, waits := range []registrar.Code{registrar.Locked, registrar.Unavailable, registrar.Draining, registrar.NotReady} {
		if errors.Is(err, waits) {
			return false
		}
	}
	return !isOutOfResources(err)
}
