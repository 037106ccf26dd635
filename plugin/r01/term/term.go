// Package term knows what the zones sell, and so until which days a domain can be paid.
//
// .RU, .SU and .РФ sell one year at a time, and R01 accepts a renewal in a window around paid-till. So no
// domain is paid for longer than the rest of its year and one more, and a renewal moves its paid-till by
// exactly a year. A day that does not fit is not believed from any source: reply, whois, zone list or import.
//
// Everything here is data and pure functions: no clock, no I/O. Days are the registry's, which are counted in
// Moscow time. r01-mail 2.6, 4.1
package term

import (
	"fmt"
	"strings"

	"registrar.panel/shared/registrar"
)

// The numbers of days on which everything here depends.
const (
	// Opens is how many days before paid-till R01 accepts a renewal. r01-mail 4.1
	Opens = 60
	// Closes is how many days after paid-till R01 still accepts it. r01-mail 4.1
	Closes = 30
	// Slack is how many days two sources may differ about one expiry: one for the time zone of the day, one
	// for 29 February, one for a base that was typed by hand.
	Slack = 3
	// Apart is the most days between two notations of the expiry of one paid year: those of two years are
	// further apart. An index of the store has the same rule.
	Apart = 160
)

// sold is how many years a zone sells at a time, by its name in ACE.
var sold = map[string]int{"ru": 1, "su": 1, "xn--p1ai": 1}

// Window is a range of days, both ends included.
type Window struct{ From, To registrar.Date }

// Holds reports whether a day is in the window. An unknown day is in none.
func (w Window) Holds(d registrar.Date) bool {
	return !d.IsZero() && !d.Before(w.From) && !w.To.Before(d)
}

func (w Window) String() string { return w.From.String() + " to " + w.To.String() }

// Open returns the window of paid-tills for which R01 accepts a renewal.
func Open(today registrar.Date) Window {
	return Window{From: today.AddDays(-Closes), To: today.AddDays(Opens)}
}

// Year returns the window in which a year that begins at base ends. A day in it proves a renewal from that
// base.
func Year(base registrar.Date) Window {
	end := base.AddYears(1)
	return Window{From: end.AddDays(-Slack), To: end.AddDays(Slack)}
}

// Registered returns the window in which the first year of a registration ends that was requested on one day
// and is seen on a later one.
func Registered(asked, seen registrar.Date) Window {
	return Window{From: Year(asked).From, To: Year(seen).To}
}

// Sold returns the window of paid-tills that a domain at R01 can have: from R01's last day to renew it to a
// year after the paid-till of the earliest renewal.
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

// SameYear reports whether two expiries of a domain end the same paid year.
func SameYear(a, b registrar.Date) bool { return within(a, b, Apart) }

func within(a, b registrar.Date, days int) bool {
	if a.IsZero() || b.IsZero() {
		return false
	}
	apart := a.DaysSince(b)
	return -days <= apart && apart <= days
}
