// Package term knows what the zones sell, and so which days a domain can be paid till.
//
// .RU, .SU and .РФ sell one year at a time, and R01 takes a renewal in a window around
// paid-till. So no domain is paid for longer than the rest of its year and one more, and a
// renewal moves its paid-till by a year and by nothing else. A day that does not fit is
// believed from no source: reply, whois, zone list or import.
//
// Everything here is data and pure functions: no clock, no I/O. Days are those of the
// registry, which counts in Moscow time. r01-mail 2.6, 4.1
package term

import (
	"fmt"
	"strings"

	"registrar.panel/shared/registrar"
)

// The days by which everything here is decided.
const (
	// Opens is how many days before paid-till R01 takes a renewal. r01-mail 4.1
	Opens = 60
	// Closes is how many days after paid-till it still does. r01-mail 4.1
	Closes = 30
	// Slack is by how many days sources may write one expiry apart: one for the zone of time
	// that a day is counted in, one for 29 February, one for a base that was typed by hand.
	Slack = 3
	// Apart is how many days lie, at least, between the expiries of two paid years of a domain.
	// What is nearer is one year, written differently.
	Apart = 300
)

// sold is how many years a zone sells at a time, by its name in ACE.
var sold = map[string]int{"ru": 1, "su": 1, "xn--p1ai": 1}

// Window is a range of days, both ends included.
type Window struct{ From, To registrar.Date }

// Holds reports whether a day is in the window. A day that is not known is in none.
func (w Window) Holds(d registrar.Date) bool {
	return !d.IsZero() && !d.Before(w.From) && !w.To.Before(d)
}

func (w Window) String() string { return w.From.String() + " to " + w.To.String() }

// Open is the window of paid-tills from which R01 takes a renewal.
func Open(today registrar.Date) Window {
	return Window{From: today.AddDays(-Closes), To: today.AddDays(Opens)}
}

// Year is where a year that begins at base ends. It holds what proves a renewal from that
// base.
func Year(base registrar.Date) Window {
	end := base.AddYears(1)
	return Window{From: end.AddDays(-Slack), To: end.AddDays(Slack)}
}

// Registered is where the first year of a registration ends that was asked for on one day and
// is seen on a later one.
func Registered(asked, seen registrar.Date) Window {
	return Window{From: Year(asked).From, To: Year(seen).To}
}

// Sold is the window of the paid-tills that a domain at R01 can have: from R01's last day to
// renew it to a year more than the earliest renewal adds to.
func Sold(today registrar.Date) Window {
	open := Open(today)
	return Window{From: open.From.AddDays(-Slack), To: Year(open.To).To}
}

// Implausible returns why a domain, by its name in ACE, can't be paid till a day; "" = it can.
func Implausible(today registrar.Date, domain string, paidTill registrar.Date) string {
	zone := domain[strings.LastIndexByte(domain, '.')+1:]
	can := Sold(today)
	switch {
	case paidTill.IsZero():
		return "no day is named"
	case sold[zone] == 0:
		return fmt.Sprintf("R01 sells no .%s by mail", zone)
	case can.To.Before(paidTill):
		return fmt.Sprintf(".%s sells one year at a time, so on %s no domain is paid till %s", zone, today, paidTill)
	case paidTill.Before(can.From):
		return fmt.Sprintf("R01 renews a domain until %d days after paid-till, so on %s none that is paid till %s is left", Closes, today, paidTill)
	}
	return ""
}

// Near reports whether two days are one expiry that two sources write differently.
func Near(a, b registrar.Date) bool { return within(a, b, Slack) }

// SameYear reports whether two expiries of a domain end one paid year.
func SameYear(a, b registrar.Date) bool { return within(a, b, Apart-1) }

func within(a, b registrar.Date, days int) bool {
	if a.IsZero() || b.IsZero() {
		return false
	}
	apart := a.DaysSince(b)
	return -days <= apart && apart <= days
}
