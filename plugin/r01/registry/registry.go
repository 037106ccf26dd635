// Package registry asks the registry of .RU, .SU and .РФ what it holds: by whois, one name
// at a time, and by zone lists, all names in one pass. What it reads is evidence that does
// not come from R01's robot.
//
// Guarantees: silence, a refusal, a limit and anything that is not wholly understood are
// [Unknown], never [Absent]. A zone list is an error unless it was read to its end, its
// checksum agreed and nearly all its lines made sense. Both are read within limits of size
// and time, and whois within a pace.
//
// Every answer carries the instant that it is true of, because a record made before a
// request was sent proves nothing about the request.
package registry

import (
	"strings"
	"time"

	"registrar.panel/shared/registrar"
)

// Record is what the registry holds of one domain.
type Record struct {
	Name      string // ACE, lower case
	Registrar string // as the registry spells it: "R01-RU"
	Delegated bool
	// Created is the latest instant at which it can have been registered: where the
	// registry tells only the day, the end of that day. Zero = not told.
	Created  time.Time
	PaidTill registrar.Date // a day of Moscow, whose first instant ends the paid year
	FreeDate registrar.Date // when it is deleted unless renewed
	// Nameservers are told by whois only; in a zone list they are nil.
	Nameservers []registrar.Nameserver
}

// Status says what is known of a name.
type Status string

const (
	Registered Status = "registered"
	Absent     Status = "absent"  // the registry said that there is no such domain
	Unknown    Status = "unknown" // it said nothing that can be relied on
)

// Answer is what whois said of one name.
type Answer struct {
	Status Status
	Record Record    // when Registered
	AsOf   time.Time // what it is true of, by the registry's own clock where it told
	Why    string    // when Unknown: for people
	// NotAsked: the pace forbade the question, or the registry does not want any for now.
	NotAsked bool
}

// Moscow is the zone of the registry's days; it knows no summer time.
var Moscow = time.FixedZone("MSK", 3*60*60)

// dayLayouts are how the registry and the zone lists write days, and how others do.
// r01-protocol 4.1
var dayLayouts = []string{"2006-01-02", "02.01.2006", "2006.01.02", "2006/01/02", "2006-1-2", "2.1.2006", "02-Jan-2006"}

// momentLayouts name their zone. A moment that does not is no day: it may be the next one in
// Moscow.
var momentLayouts = []string{time.RFC3339, "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 Z07:00", "2006-01-02T15:04:05Z0700", "2006-01-02 15:04:05 -0700"}

// instant reads a moment, or a day, of which it gives the first and the last instant.
func instant(text string) (first, last time.Time, ok bool) {
	zoned := strings.NewReplacer(" UTC", "Z", " GMT", "Z", " MSK", "+03:00").Replace(text)
	for _, layout := range momentLayouts {
		if t, err := time.Parse(layout, zoned); err == nil {
			return t.UTC(), t.UTC(), true
		}
	}
	for _, layout := range dayLayouts {
		if t, err := time.ParseInLocation(layout, text, Moscow); err == nil {
			return t, t.AddDate(0, 0, 1).Add(-time.Nanosecond), true
		}
	}
	return first, last, false
}

// day reads a moment or a day as a day of Moscow.
func day(text string) (registrar.Date, bool) {
	first, _, ok := instant(text)
	return registrar.DateOf(first.In(Moscow)), ok
}

// SameHosts tells whether two sets of nameservers are one, by the names of their hosts.
func SameHosts(a, b []registrar.Nameserver) bool {
	return subset(a, b) && subset(b, a)
}

func subset(a, b []registrar.Nameserver) bool {
	in := map[string]bool{}
	for _, n := range b {
		in[strings.ToLower(n.Host)] = true
	}
	for _, n := range a {
		if !in[strings.ToLower(n.Host)] {
			return false
		}
	}
	return true
}
