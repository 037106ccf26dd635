// Package registry asks the registry of .RU, .SU and .РФ about domains: by whois, one name at a time, and by
// zone lists, all names in one pass. Its answers are evidence that does not come from R01's robot.
//
// Guarantees: silence, a refusal, a limit and any answer that is not completely understood are [Unknown],
// never [Absent]. A zone list is an error unless it was read to its end, its checksum agreed and nearly all
// its lines could be read. Both are read within limits of size and time, and whois at a limited pace.
//
// Every answer has the instant for which it is true, because a record from before a request was sent proves
// nothing about the request.
package registry

import (
	"maps"
	"net/netip"
	"strings"
	"time"

	"registrar.panel/shared/registrar"
)

// Record is what the registry has about one domain.
type Record struct {
	Name      string // ACE, lower case
	Registrar string // as the registry spells it: "R01-RU"
	Delegated bool
	States    []string // in the registry's words, only by whois: "REGISTERED", "NOT DELEGATED"
	// Created is the latest instant at which the domain can have been registered: if the registry names only
	// the day, the end of that day. Zero = not known.
	Created  time.Time
	PaidTill registrar.Date // a day of Moscow, whose first instant ends the paid year
	FreeDate registrar.Date // when it is deleted unless renewed
	// Nameservers are shown by whois only; in a zone list they are nil.
	Nameservers []registrar.Nameserver
}

// Status is what is known about a name.
type Status string

const (
	Registered Status = "registered"
	Absent     Status = "absent"  // the registry said that there is no such domain
	Unknown    Status = "unknown" // it said nothing that can be relied on
)

// Answer is the answer of whois about one name.
type Answer struct {
	Status Status
	Record Record    // when Registered
	AsOf   time.Time // when it is true, by the registry's own clock if the answer has it
	Why    string    // when Unknown: for people
	// Told is the time by the registry's own clock, if the answer has it.
	Told time.Time
	// NotAsked means that the pace forbade the question, or that the registry wants no questions for now.
	NotAsked bool
}

// Moscow is the zone of the registry's days; it has no summer time.
var Moscow = time.FixedZone("MSK", 3*60*60)

// dayLayouts are the layouts in which the registry, the zone lists and others write days. field-notes 3.3
var dayLayouts = []string{"2006-01-02", "02.01.2006", "2006.01.02", "2006/01/02", "2006-1-2", "2.1.2006", "02-Jan-2006"}

// momentLayouts name their zone. A moment without a zone does not even tell the day: in Moscow it may be the
// next one.
var momentLayouts = []string{time.RFC3339, "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 Z07:00", "2006-01-02T15:04:05Z0700", "2006-01-02 15:04:05 -0700"}

// instant reads a moment, or a day, of which it returns the first and the last instant.
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

// Likeness is how the nameservers that are shown compare with those that were ordered.
type Likeness string

const (
	Same      Likeness = "same"
	Different Likeness = "different"
	// Untold means that the hosts are the same, but one whose addresses matter is shown without any.
	Untold Likeness = "untold"
)

// Compare compares the nameservers that the registry shows with those that were ordered: their hosts, and the
// addresses of hosts that were ordered with addresses, which lie inside the domain. The registry keeps no
// addresses for any others.
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

// byHost returns the set of addresses of each host.
func byHost(list []registrar.Nameserver) map[string]map[string]bool {
	hosts := map[string]map[string]bool{}
	for _, n := range list {
		host := strings.ToLower(strings.TrimSuffix(n.Host, "."))
		if hosts[host] == nil {
			hosts[host] = map[string]bool{}
		}
		for _, text := range n.IPs {
			if ip, err := netip.ParseAddr(text); err == nil {
				text = ip.Unmap().String() // in one notation
			}
			hosts[host][text] = true
		}
	}
	return hosts
}
