// Package policy decides which domains are due for renewal.
//
// Everything here is data and pure functions: no clock, no I/O. [Settings.Decide] decides about one domain;
// [Settings.Due] and [Bands] say the same for whole ranges of expiry dates, so that a store can find all
// domains of a kind with one statement. The tests check that both agree.
//
// Days are the registry's, which are counted in Moscow time whatever the zone of a schedule.
package policy

import (
	"fmt"
	"time"

	"registrar.panel/plugin/r01/term"
	"registrar.panel/shared/registrar"
)

// R01 accepts a renewal from so many days before paid-till until so many after it. r01-mail 4.1
const (
	Opens  = term.Opens
	Closes = term.Closes
)

// Again is how many days after R01 refused a renewal as too early it is asked for again. R01 does not carry
// out such a renewal, and charges nothing for it.
const Again = 5

// Zone returns the zone of the registry's days; it has no summer time.
func Zone() *time.Location { return time.FixedZone("MSK", 3*60*60) }

// Today returns the registry's day.
func Today(now time.Time) registrar.Date { return registrar.DateOf(now.In(Zone())) }

// Settings are what an operator chooses.
type Settings struct {
	Before int  // how many days before paid-till a domain is renewed, 1 to Opens
	R01    bool // R01 renews by itself, so we renew nothing. r01-mail 4.2
}

// Window is a range of expiry dates, both ends included.
type Window = term.Window

// Open returns the expiries for which R01 accepts a renewal.
func Open(today registrar.Date) Window { return term.Open(today) }

// Urgent returns the expiries for which a held renewal is reported again.
func Urgent(today registrar.Date) Window {
	return Window{From: Open(today).From, To: today.AddDays(int(urgent))}
}

// Due returns the expiries at which domains are renewed automatically.
func (s Settings) Due(today registrar.Date) Window {
	w := Open(today)
	w.To = today.AddDays(min(s.Before, Opens))
	if s.R01 {
		w.To = w.From.AddDays(-1) // nothing
	}
	return w
}

// Threshold is how many days before paid-till an expiry is announced; a negative one is after it.
type Threshold int

const (
	Expired   Threshold = -1
	FinalWeek           = -Threshold(Closes - 7) // R01 renews it for one more week
	FinalDay            = -Threshold(Closes - 1)
	// urgent is from when a held renewal is reported.
	urgent Threshold = 30
	// slow is from when a missing answer of R01 is reported.
	slow = 14
	// Never means that an expiry was not announced.
	Never Threshold = Opens + 1
)

// Thresholds lists all thresholds, the earliest first.
func Thresholds() []Threshold { return []Threshold{60, 30, 14, 7, 1, Expired, FinalWeek, FinalDay} }

// thresholdAt returns the latest threshold that was crossed; Never before the first.
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

// Bands divides the open window into the ranges of its thresholds.
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

// Domain is what the decision about one domain depends on.
type Domain struct {
	Name      string
	PaidTill  registrar.Date
	Status    registrar.DomainStatus
	Mode      registrar.RenewalMode
	Operation Operation // the open one
	Asked     Asked     // the renewal of this year, open or not
	Planned   bool      // the plan has it
	Begun     bool      // what was planned has its request
	Announced Threshold // the latest one for this expiry
}

// Asked is a renewal that was ordered; the zero value means none.
type Asked struct {
	State   registrar.OperationState
	Error   string    // why it failed
	EarlyAt time.Time // when R01 refused it as too early; zero = it did not
}

// mayAgain reports whether the renewal was refused as too early, and long enough ago. A time in the future
// was set by a clock that was wrong.
func (a Asked) mayAgain(today registrar.Date) bool {
	if a.State != registrar.Failed || a.EarlyAt.IsZero() {
		return false
	}
	since := today.DaysSince(Today(a.EarlyAt))
	return since < 0 || since >= Again
}

// Early returns the time in which a refusal as too early still counts.
func Early(today registrar.Date) (from, to time.Time) {
	return today.AddDays(1 - Again).In(Zone()), today.AddDays(1).In(Zone())
}

// Operation is an open operation on a domain; the zero value means none.
type Operation struct {
	Kind     registrar.OperationKind
	State    registrar.OperationState
	WaitsFor string
}

// Decision is what a pass does about a domain.
type Decision struct {
	Action    registrar.RenewalAction // "" = nothing
	Threshold Threshold               // of an announcement or of a hold; zero = not reported now
	Begin     bool                    // the renewal is to be planned, even if something holds it for now
	Reason    string
}

// Decide decides about one domain. held is why nothing that costs money is sent now; "" = it is sent.
func (s Settings) Decide(d Domain, today registrar.Date, held string) Decision {
	if d.Status != registrar.StatusRegistered && d.Status != registrar.StatusExpired || !Open(today).Holds(d.PaidTill) {
		return Decision{}
	}
	if d.Mode == registrar.RenewManual {
		return announce(d, today)
	}
	if s.R01 {
		return remind(hold("R01 renews by itself (renewal.r01_auto); set the domain to manual"), d, today)
	}
	if !s.Due(today).Holds(d.PaidTill) {
		return Decision{}
	}
	return remind(due(d, today, held), d, today)
}

// remind sets the threshold at which a hold is reported, if it was not reported at that one yet.
func remind(decided Decision, d Domain, today registrar.Date) Decision {
	crossed := thresholdAt(d.PaidTill.DaysSince(today))
	if decided.Action == registrar.RenewalHold && crossed <= urgent && crossed < d.Announced {
		decided.Threshold = crossed
	}
	return decided
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

// Announcement describes the state of an expiry.
func Announcement(paidTill, today registrar.Date) string {
	left := paidTill.DaysSince(today)
	if left < 0 {
		return fmt.Sprintf("expired on %s; %s", paidTill, lastChance(paidTill, today))
	}
	return fmt.Sprintf("paid till %s, in %d days, and renewed only by hand", paidTill, left)
}

// Held is a renewal that is held and must be reported.
type Held struct {
	Domain    string
	PaidTill  registrar.Date
	Threshold Threshold
	Reason    string
}

// Reminder says what holds a renewal back, and what that leads to.
func Reminder(reason string, paidTill, today registrar.Date) string {
	when := fmt.Sprintf("it is paid till %s, in %d days", paidTill, paidTill.DaysSince(today))
	if paidTill.Before(today) {
		when = "it has expired on " + paidTill.String()
	}
	return fmt.Sprintf("not renewed yet (%s), and %s; %s", reason, when, lastChance(paidTill, today))
}

func lastChance(paidTill, today registrar.Date) string {
	last := paidTill.AddDays(Closes)
	return fmt.Sprintf("R01 renews it until %s at the latest, %d days from now", last, last.DaysSince(today))
}

// due decides about a domain that is renewed automatically.
func due(d Domain, today registrar.Date, held string) Decision {
	open := d.Operation
	if open.Kind == registrar.KindUpdate { // it costs nothing and changes nothing that a renewal names
		open = Operation{}
	}

	renewing := open.Kind == registrar.KindRenew
	again := d.Asked.mayAgain(today)
	switch {
	case renewing && open.State.WaitsForPerson():
		return hold("waits for " + open.WaitsFor)
	case renewing && open.State == registrar.Queued && held != "":
		return hold(held)
	// R01 should have answered by now, and there is still time to do something about it.
	case renewing && d.PaidTill.DaysSince(today) <= slow:
		return hold("it is under way and waits for " + open.WaitsFor)
	case renewing:
		return Decision{}
	case open.Kind != "":
		return hold(fmt.Sprintf("another operation is open: %s, %s", open.Kind, open.State))
	case d.Asked.State != "" && !again:
		return hold(asked(d))
	}

	// The plan has a renewal that R01 found too early as begun: it is planned once more.
	begin := !d.Planned || again && d.Begun
	switch {
	case held != "":
		return Decision{Action: registrar.RenewalHold, Begin: begin, Reason: held}
	case !begin:
		return Decision{}
	}

	return Decision{Action: registrar.RenewalSend, Begin: true, Reason: "due"}
}

// asked describes the renewal of this year, which was ordered already.
func asked(d Domain) string {
	text := fmt.Sprintf("its renewal from %s is %s", d.PaidTill, d.Asked.State)
	if d.Asked.Error != "" {
		text += " (" + d.Asked.Error + ")"
	}
	if !d.Asked.EarlyAt.IsZero() && d.Asked.State == registrar.Failed {
		return fmt.Sprintf("%s; R01 is asked again on %s", text, Today(d.Asked.EarlyAt).AddDays(Again))
	}
	return text + ": look at R01, then order it again"
}
