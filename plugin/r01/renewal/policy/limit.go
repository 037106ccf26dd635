package policy

import (
	"fmt"

	"registrar.panel/shared/registrar"
)

// Limit is how many renewals may be begun now. It counts those that it allows.
type Limit struct {
	May  int
	Held string // why none may be begun at all; "" = some may

	let int
}

// Apply holds decisions beyond the limit. They must come in the order of urgency.
func (l *Limit) Apply(d Decision) Decision {
	if d.Action != registrar.RenewalSend {
		return d
	}
	if l.let == l.May {
		d.Action, d.Reason = registrar.RenewalHold, fmt.Sprintf("the spending limit (brake) lets %d go now, and more urgent ones before it; it follows as time passes", l.May)
		return d
	}
	l.let++
	return d
}
