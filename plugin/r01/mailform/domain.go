package mailform

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"

	"registrar.panel/internal/lazyregexp"
	"registrar.panel/shared/registrar"
)

// Domain is a DOMAIN template. A prolongation has only the name. r01-mail 2.6, 2.7
type Domain struct {
	Name        string                 `json:"name"` // ACE
	Admin       string                 `json:"admin,omitempty"`
	Nameservers []registrar.Nameserver `json:"nameservers,omitempty"`
	State       string                 `json:"state,omitempty"`
	Type        string                 `json:"type,omitempty"`
}

const (
	delegated = "DELEGATED"
	corporate = "CORPORATE"
)

// NewDomain makes the template that registers a domain for the client with a handle, or
// names every mistake.
func NewDomain(name, handle string, servers []registrar.Nameserver) (Template, []registrar.Problem) {
	d := &Domain{Name: name, Admin: handle, Nameservers: servers, State: delegated, Type: corporate}
	return Template{Domain: d}, nameserverProblems(name, servers)
}

// UpdateDomain makes the template that gives a domain another full set of name servers. The handle
// is the domain's present one, because the mail interface changes no registrant. r01-mail 2.7
func UpdateDomain(name, handle string, servers []registrar.Nameserver) (Template, []registrar.Problem) {
	d := &Domain{Name: name, Admin: handle, Nameservers: servers, State: delegated}
	return Template{Domain: d}, nameserverProblems(name, servers)
}

// Prolong makes the template that renews a domain by one year.
func Prolong(name string) Template { return Template{Domain: &Domain{Name: name}} }

// refersTo reports whether a template is that of the domain's client.
func (d *Domain) refersTo(t Template) bool { return d.Admin != "" && t.handle() == d.Admin }

func (d *Domain) lines() []line {
	lines := []line{{value: headingDomain}, {name: "domain", value: d.Name, path: "domain"}}
	add := func(name, value, path string) {
		if value != "" {
			lines = append(lines, line{name: name, value: value, path: path})
		}
	}

	add("admin-o", d.Admin, "handle")

	// The name is repeated for each address. r01-mail 2.6
	for i, s := range d.Nameservers {
		path := fmt.Sprintf("nameservers[%d]", i)
		if len(s.IPs) == 0 {
			add("nserver", s.Host, path)
		}
		for _, ip := range s.IPs {
			add("nserver", s.Host+" "+ip, path)
		}
	}

	add("state", d.State, "state")
	add("type", d.Type, "type")
	return lines
}

const fewestNameservers = 2

// nameserverProblems checks a set of name servers for a domain.
func nameserverProblems(domain string, servers []registrar.Nameserver) []registrar.Problem {
	var problems []registrar.Problem
	if len(servers) < fewestNameservers {
		problems = append(problems, says(codeFewServers, "count", strconv.Itoa(fewestNameservers)).at("nameservers"))
	}
	first := map[string]int{}
	for i, s := range servers {
		path := fmt.Sprintf("nameservers[%d]", i)
		if c := wrongNameserver(domain, s); !c.none() {
			problems = append(problems, c.at(path))
		}
		if n, twice := first[s.Host]; twice {
			problems = append(problems, says(codeServerTwice, "first", fmt.Sprintf("nameservers[%d]", n)).at(path))
		} else {
			first[s.Host] = i
		}
	}
	return problems
}

func wrongNameserver(domain string, s registrar.Nameserver) complaint {
	inside := s.Host == domain || strings.HasSuffix(s.Host, "."+domain)
	switch {
	case !isHost(s.Host):
		return says(codeServer)
	// The registry keeps addresses only of hosts inside the domain. r01-mail 2.6
	case inside && len(s.IPs) == 0:
		return says(codeInside, "domain", domain)
	case !inside && len(s.IPs) > 0:
		return says(codeOutside, "domain", domain)
	}

	seen := map[netip.Addr]bool{}
	for _, ip := range s.IPs {
		a, err := netip.ParseAddr(ip)
		switch {
		case err != nil, a.Zone() != "", a.Is4In6():
			return says(codeAddress, "address", ip)
		case !isPublic(a):
			return says(codePrivate, "address", ip)
		case seen[a]:
			return says(codeAddressMore, "address", ip)
		}

		seen[a] = true
	}

	return complaint{}
}

// isPublic reports whether an address may belong to a server in the public network.
func isPublic(a netip.Addr) bool {
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.Is6() && !globalIPv6.Contains(a) {
		return false
	}
	return !slices.ContainsFunc(special(), func(p netip.Prefix) bool { return p.Contains(a) })
}

var globalIPv6 = netip.MustParsePrefix("2000::/3")

// special are the networks in which no server can be, beside the private ones. RFC 6890, 9637
var special = sync.OnceValue(func() (all []netip.Prefix) {
	for _, p := range []string{"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
		"240.0.0.0/4", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"} {
		all = append(all, netip.MustParsePrefix(p))
	}
	return all
})

const (
	hostLabel = `[0-9a-z]([0-9a-z-]{0,61}[0-9a-z])?`
	maxHost   = 253
)

var hostName = lazyregexp.New(`^(` + hostLabel + `\.)+[a-z]([0-9a-z-]{0,61}[0-9a-z])?$`)

func isHost(s string) bool { return len(s) <= maxHost && hostName.MatchString(s) }
