// Package policy decides which domains are due for renewal.
//
// Everything here is data and pure functions: no clock, no I/O. [Settings.Decide] judges
// one domain; [Settings.Due] and [Bands] say the same for whole ranges of expiry dates, so
// that a store can find all domains of a kind with one statement. The tests hold the two
// together.
//
// Days are those of the registry, which counts in Moscow time whatever zone a schedule is
// written in.
package policy

import (
	"fmt"
	"time"

	"registrar.panel/shared/registrar"
)

// R01 takes a renewal from 60 days before paid-till until 30 days after it. r01-mail 4.1
const (
	Opens  = 60 // days before paid-till
	Closes = 30 // days after it
)

// Zone is the zone of the registry's days; it knows no summer time.
func Zone() *time.Location { return time.FixedZone("MSK", 3*60*60) }

// Today is the registry's day.
func Today(now time.Time) registrar.Date { return registrar.DateOf(now.In(Zone())) }

// Settings is what an operator chooses.
type Settings struct {
	Before int  // days before paid-till from which on a domain is renewed, 1 to Opens
	R01    bool // R01 renews by itself, so nothing is renewed from here. r01-mail 4.2
}

// Window is a range of expiry dates, both ends included.
type Window struct{ From, To registrar.Date }

// Holds tells whether a domain that is paid till then is in the window.
func (w Window) Holds(paidTill registrar.Date) bool {
	return !paidTill.IsZero() && !paidTill.Before(w.From) && !w.To.Before(paidTill)
}

// Open is where R01 takes a renewal.
func Open(today registrar.Date) Window {
	return Window{From: today.AddDays(-Closes), To: today.AddDays(Opens)}
}

// Due is where domains are renewed without being asked for.
func (s Settings) Due(today registrar.Date) Window {
	w := Open(today)
	w.To = today.AddDays(min(s.Before, Opens))
	if s.R01 {
		w.To = w.From.AddDays(-1) // nothing
	}
	return w
}

// Threshold is how many days before paid-till an expiry is announced; Expired comes after.
type Threshold int

const (
	Expired Threshold = -1
	// Never stands for an expiry that was not announced.
	Never Threshold = Opens + 1
)

// Thresholds lists them, the earliest first.
func Thresholds() []Threshold { return []Threshold{60, 30, 14, 7, 1, Expired} }

// thresholdAt is the latest threshold that was crossed; Never before the first.
func thresholdAt(daysLeft int) Threshold {
	crossed := Never
	for _, t := range Thresholds() {
		if daysLeft <= int(t) {
			crossed = t
		}
	}
	return crossed
}

// Band is the range of expiry dates for which a threshold is the latest one crossed.
type Band struct {
	Threshold
	Window
}

// Bands parts the open window into the ranges of its thresholds.
func Bands(today registrar.Date) []Band {
	all := Thresholds()
	var bands []Band
	for i, t := range all {
		from := Open(today).From
		if i+1 < len(all) {
			from = today.AddDays(int(all[i+1]) + 1)
		}
		bands = append(bands, Band{t, Window{From: from, To: today.AddDays(int(t))}})
	}
	return bands
}

// Domain is what the decision on one domain depends on.
type Domain struct {
	Name      string
	PaidTill  registrar.Date
	Status    registrar.DomainStatus
	Mode      registrar.RenewalMode
	Operation Operation                // the open one
	Asked     registrar.OperationState // of the renewal from this expiry, open or not; "" = there is none
	Planned   bool                     // to be begun, and not begun yet
	Announced Threshold                // the latest for this expiry
}

// Operation is an open operation on a domain; the zero value is none.
type Operation struct {
	Kind     registrar.OperationKind
	State    registrar.OperationState
	WaitsFor string
}

// Decision is what becomes of a domain in a pass.
type Decision struct {
	Action    registrar.RenewalAction // "" = nothing
	Threshold Threshold               // of an announcement
	Begin     bool                    // it is to be planned, even if something holds it for now
	Reason    string
}

// Decide judges one domain. held tells why nothing that costs money is sent now; "" = it is.
func (s Settings) Decide(d Domain, today registrar.Date, held string) Decision {
	if d.Status != registrar.StatusRegistered && d.Status != registrar.StatusExpired || !Open(today).Holds(d.PaidTill) {
		return Decision{}
	}
	if d.Mode == registrar.RenewManual {
		return announce(d, today)
	}
	if s.R01 {
		return hold("R01 renews by itself (renewal.r01_auto); set the domain to manual")
	}
	if !s.Due(today).Holds(d.PaidTill) {
		return Decision{}
	}
	return due(d, held)
}

func hold(reason string) Decision {
	return Decision{Action: registrar.RenewalHold, Reason: reason}
}

func announce(d Domain, today registrar.Date) Decision {
	crossed := thresholdAt(d.PaidTill.DaysSince(today))
	if crossed >= d.Announced {
		return Decision{}
	}
	return Decision{Action: registrar.RenewalAnnounce, Threshold: crossed, Reason: Announcement(d.PaidTill, today)}
}

// Announcement says how an expiry stands.
func Announcement(paidTill, today registrar.Date) string {
	left := paidTill.DaysSince(today)
	if left < 0 {
		return fmt.Sprintf("expired on %s; R01 renews it until %s at the latest", paidTill, paidTill.AddDays(Closes))
	}
	return fmt.Sprintf("paid till %s, in %d days, and renewed only by hand", paidTill, left)
}

// due judges a domain that is to be renewed by itself.
func due(d Domain, held string) Decision {
	open := d.Operation
	renewing := open.Kind == registrar.KindRenew
	switch {
	case renewing && open.State.WaitsForPerson():
		return hold("waits for " + open.WaitsFor)
	case renewing && open.State == registrar.Queued && held != "":
		return hold(held)
	case renewing:
		return Decision{}
	case open.Kind != "":
		return hold(fmt.Sprintf("another operation is open: %s, %s", open.Kind, open.State))
	case d.Asked != "":
		return hold(fmt.Sprintf("its renewal from %s is %s: look at R01, then order it again", d.PaidTill, d.Asked))
	case held != "":
		return Decision{Action: registrar.RenewalHold, Begin: !d.Planned, Reason: held}
	case d.Planned:
		return Decision{}
	}
	return Decision{Action: registrar.RenewalSend, Begin: true, Reason: "due"}
}
