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
	"maps"
	"net/netip"
	"strings"
	"time"

	"registrar.panel/shared/registrar"
)

// Record is what the registry holds of one domain.
type Record struct {
	Name      string // ACE, lower case
	Registrar string // as the registry spells it: "R01-RU"
	Delegated bool
	States    []string // as the registry writes them, by whois only: "REGISTERED", "NOT DELEGATED"
	// Created is the latest instant at which it can have been registered: where the
	// registry tells only the day, the end of that day. Zero = not told.
	Created  time.Time
	PaidTill registrar.Date // a day of Moscow, whose first instant ends the paid year
	FreeDate registrar.Date // when it is deleted unless renewed
	// Nameservers are shown by whois only; in a zone list they are nil.
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
	// Told is the time by the registry's own clock, where the answer has it.
	Told time.Time
	// NotAsked: the pace forbade the question, or the registry does not want any for now.
	NotAsked bool
}

// Moscow is the zone of the registry's days; it knows no summer time.
var Moscow = time.FixedZone("MSK", 3*60*60)

// dayLayouts are how the registry and the zone lists write days, and how others do.
// field-notes 3.3
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

// Likeness is how nameservers that are shown compare with those that were ordered.
type Likeness string

const (
	Same      Likeness = "same"
	Different Likeness = "different"
	// Untold: the hosts are the same, and of one whose addresses matter none are shown.
	Untold Likeness = "untold"
)

// Compare compares the nameservers that the registry shows with those that were ordered: their
// hosts, and the addresses of those that were ordered with some, which lie inside the domain.
// Of all others the registry keeps no addresses.
func Compare(shown, ordered []registrar.Nameserver) Likeness {
	have, want := byHost(shown), byHost(ordered)
	if len(have) != len(want) {
		return Different
	}

	untold := false
	for host, addresses := range want {
		there, known := have[host]
		switch {
		case !known:
			return Different
		// The server was ordered without addresses, so those shown do not matter.
		case len(addresses) == 0:
		// If the registry shows no addresses, neither is proved.
		case len(there) == 0:
			untold = true
		case !maps.Equal(there, addresses):
			return Different
		}
	}

	if untold {
		return Untold
	}

	return Same
}

// byHost gives the set of addresses of each host.
func byHost(list []registrar.Nameserver) map[string]map[string]bool {
	hosts := map[string]map[string]bool{}
	for _, n := range list {
		host := strings.ToLower(strings.TrimSuffix(n.Host, "."))
		if hosts[host] == nil {
			hosts[host] = map[string]bool{}
		}
		for _, text := range n.IPs {
			if ip, err := netip.ParseAddr(text); err == nil {
				text = ip.Unmap().String() // however it was written
			}
			hosts[host][text] = true
		}
	}
	return hosts
}
