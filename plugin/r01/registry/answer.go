package registry

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/idna"

	"registrar.panel/shared/registrar"
)

// absent is the registry's sentence for a name that is not registered.
const absent = "no entries found for the selected source(s)."

// banned are the registry's own sentences to a client that asks too much, without their full stops.
// field-notes 3.3
var banned = []string{"you are not allowed to connect", "you have exceeded allowed connection rate"}

// limited matches the words of a registry that wants to be asked less often.
var limited = regexp.MustCompile(`(?i)\b(exceed(s|ed|ing)?|limit(s|ed|ing|ation)?|too many|blocked|banned|denied|not allowed|quota|try again later)\b`)

// parse reads a whois answer about a name. asked is the time of the question; the registry's own "Last
// updated on" replaces it, unless it lies in the future.
func parse(name, text string, asked time.Time) Answer {
	a := Answer{Status: Unknown, AsOf: asked, Why: whyOdd}

	// Fields, the one sentence that means absent, and the rest, which makes an answer odd.
	fields, remarks := map[string][]string{}, ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		key, value, found := strings.Cut(line, ":")
		key = strings.TrimSpace(key)
		updated, isUpdated := cutPrefixFold(line, "last updated on ")
		switch {
		case line == "" || strings.HasPrefix(line, "%"):
		case isUpdated:
			first, last, ok := instant(updated)
			if ok && first.Before(asked) {
				a.AsOf = first
			}
			if ok && first.Equal(last) { // a time, and not just a day
				a.Told = first
			}
		case strings.EqualFold(line, absent):
			a.Status = Absent
		case found && value != "" && !strings.Contains(key, " "):
			key = strings.ToLower(key)
			fields[key] = append(fields[key], strings.TrimSpace(value))
		default:
			remarks += line + "\n"
		}
	}

	switch {
	case a.Status == Absent && len(fields) == 0 && remarks == "":
		a.Why = ""
	case a.Status == Absent:
		a.Status = Unknown
	// Only without a record: a record may contain words of a limit.
	case len(fields["domain"]) == 0 && isLimited(text):
		a.Why = whyLimited
	default:
		a.fill(name, fields)
	}

	return a
}

const (
	whyLimited = "the registry refuses to answer for now: it was asked too often"
	whyOdd     = "the registry's answer is not understood"
	// whyRecord is about one name, and says nothing about the registry.
	whyRecord = "the registry's record of this name is not understood"
)

func isLimited(text string) bool {
	low := strings.ToLower(strings.Join(strings.Fields(text), " "))
	return slices.ContainsFunc(banned, func(s string) bool { return strings.Contains(low, s) }) || limited.MatchString(text)
}

func cutPrefixFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return "", false
	}
	return s[len(prefix):], true
}

// fill reads the record, if the answer is a complete one about the name that was asked for. The registry ends
// a record with its source: without it the answer was cut short.
func (a *Answer) fill(name string, fields map[string][]string) {
	// If a field comes twice, it is not known which one is meant.
	one := func(key string) string {
		if v := fields[key]; len(v) == 1 {
			return v[0]
		}
		return ""
	}

	state := strings.Split(strings.ToUpper(one("state")), ",")
	paidTill, okTill := day(one("paid-till"))
	servers, okServers := nameservers(fields["nserver"])
	switch {
	case ace(one("domain")) != name:
		return
	case one("source") == "":
		a.Why = "the registry's answer was cut short"
		return
	case one("registrar") == "", !has(state, "REGISTERED"), !okTill, !okServers:
		a.Why = whyRecord
		return
	}

	a.Record = Record{Name: name, Registrar: one("registrar"), PaidTill: paidTill, Nameservers: servers,
		States: states(one("state")), Delegated: has(state, "DELEGATED") && !has(state, "NOT DELEGATED")}
	_, a.Record.Created, _ = instant(one("created"))
	a.Record.FreeDate, _ = day(one("free-date"))
	a.Status, a.Why = Registered, ""
}

// mostStates and longestState bound the registry's states.
const (
	mostStates   = 20
	longestState = 60
)

// states returns the registry's states of a domain, in its order.
func states(text string) (list []string) {
	for word := range strings.SplitSeq(text, ",") {
		if word = strings.Join(strings.Fields(word), " "); word != "" && len(word) <= longestState && len(list) < mostStates {
			list = append(list, word)
		}
	}
	return list
}

// ace returns a name in our notation.
func ace(name string) string {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if a, err := idna.Lookup.ToASCII(name); err == nil {
		return a
	}
	return name
}

func has(list []string, word string) bool {
	for _, v := range list {
		if strings.TrimSpace(v) == word {
			return true
		}
	}
	return false
}

// nameservers reads "ns1.host." and "ns1.host. 192.0.2.1, 2001:db8::1"; the list is never nil.
func nameservers(lines []string) ([]registrar.Nameserver, bool) {
	list := []registrar.Nameserver{}
	for _, line := range lines {
		words := strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == '\t' || r == ',' })
		if len(words) == 0 {
			return nil, false
		}
		n := registrar.Nameserver{Host: strings.ToLower(strings.TrimSuffix(words[0], "."))}
		for _, ip := range words[1:] {
			if _, err := netip.ParseAddr(ip); err != nil {
				return nil, false
			}
			n.IPs = append(n.IPs, ip)
		}
		list = append(list, n)
	}
	return list, true
}
