package supervisor

import (
	"errors"
	"io/fs"
	"slices"
	"syscall"
	"time"

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

// failed judges the end of a life. A pause of 0 means that trying again can't help.
func (b *breaker) failed(now time.Time, lived time.Duration, err error) (State, time.Duration) {
	if hopeless(err) {
		return Disabled, 0
	}
	pause := b.pause(lived)
	if lived >= b.timing.Healthy {
		b.tripped = false
	}
	if !crash(err) {
		return Backoff, pause
	}
	b.crashes = append(slices.DeleteFunc(b.crashes, func(t time.Time) bool { return now.Sub(t) >= b.timing.Window }), now)
	if b.tripped || len(b.crashes) >= b.timing.Crashes {
		b.tripped = true
		return Disabled, b.timing.Probe
	}
	return Backoff, pause
}

// pause is short after the first failure in a row, and doubles from the second on; jitter
// takes up to half of it away.
func (b *breaker) pause(lived time.Duration) time.Duration {
	if lived >= b.timing.Healthy {
		b.row = 0
	}
	pause := b.timing.First
	if b.row > 0 {
		pause = b.timing.BackoffMin
	}
	for range b.row - 1 {
		pause = min(2*pause, b.timing.BackoffMax)
	}
	b.row++
	return pause - time.Duration(b.jitter()*float64(pause)/2)
}

// misfit is a fault that starting again does not heal.
type misfit struct{ error }

func (m misfit) Unwrap() error { return m.error }

func hopeless(err error) bool {
	var m misfit
	return errors.As(err, &m) || errors.Is(err, registrar.Invalid) || errors.Is(err, registrar.Unsupported) ||
		errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.ENOEXEC)
}

// crash tells a broken plugin from one that waits for something else.
func crash(err error) bool {
	for _, waits := range []registrar.Code{registrar.Locked, registrar.Unavailable, registrar.Draining, registrar.NotReady} {
		if errors.Is(err, waits) {
			return false
		}
	}
	return true
}
