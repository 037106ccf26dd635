package kit

import (
	"cmp"
	"time"

	"registrar.panel/internal/backoff"
)

// Timing is how patient a plugin is. A value of zero is that of [DefaultTiming].
type Timing struct {
	Call     time.Duration // for one call to the registrar
	First    time.Duration // until an operation is asked about, or sent again, for the first time
	Most     time.Duration // between two questions: the pause doubles up to it
	Settle   time.Duration // how long a sent order may be on its way: only after that is "never got it" believed
	Deadline time.Duration // how long the registrar may take before a person is asked
}

// DefaultTiming returns the timing for a registrar that answers in seconds and finishes within days.
func DefaultTiming() Timing {
	return Timing{Call: 30 * time.Second, First: 2 * time.Second, Most: 5 * time.Minute, Settle: 15 * time.Minute, Deadline: 7 * 24 * time.Hour}
}

func (t Timing) orDefault() Timing {
	d := DefaultTiming()
	return Timing{Call: cmp.Or(t.Call, d.Call), First: cmp.Or(t.First, d.First), Most: cmp.Or(t.Most, d.Most),
		Settle: cmp.Or(t.Settle, d.Settle), Deadline: cmp.Or(t.Deadline, d.Deadline)}
}

// pause returns how long to wait after so many failed tries.
func (t Timing) pause(tries int) time.Duration { return backoff.Pause(t.First, t.Most, tries, 0) }
