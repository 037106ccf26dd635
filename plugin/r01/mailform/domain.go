package mailform

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"

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

// UpdateDomain makes the template that gives a domain another full set of name servers.
// The handle is its present one: the mail interface changes no registrant. r01-mail 2.7
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
		problems = append(problems, problem("nameservers", "%d are needed at least for delegation", fewestNameservers))
	}
	first := map[string]int{}
	for i, s := range servers {
		path := fmt.Sprintf("nameservers[%d]", i)
		if what := wrongNameserver(domain, s); what != "" {
			problems = append(problems, problem(path, "%s", what))
		}
		if n, twice := first[s.Host]; twice {
			problems = append(problems, problem(path, "is nameservers[%d] again", n))
		} else {
			first[s.Host] = i
		}
	}
	return problems
}

func wrongNameserver(domain string, s registrar.Nameserver) string {
	inside := s.Host == domain || strings.HasSuffix(s.Host, "."+domain)
	switch {
	case !isHost(s.Host):
		return "must be a host name in lower case without a trailing dot, international ones as xn--…"
	case inside && len(s.IPs) == 0:
		return "lies inside " + domain + " and so needs its IP address"
	case !inside && len(s.IPs) > 0:
		return "lies outside " + domain + " and so must have no IP address"
	}
	seen := map[netip.Addr]bool{}
	for _, ip := range s.IPs {
		a, err := netip.ParseAddr(ip)
		if err != nil || !a.IsGlobalUnicast() || a.Zone() != "" || a.Is4In6() || seen[a] {
			return fmt.Sprintf("%q is not an IP address that others can reach, or stands twice", ip)
		}
		seen[a] = true
	}
	return ""
}

const (
	hostLabel = `[0-9a-z]([0-9a-z-]{0,61}[0-9a-z])?`
	maxHost   = 253
)

var hostName = regexp.MustCompile(`^(` + hostLabel + `\.)+[a-z]([0-9a-z-]{0,61}[0-9a-z])?$`)

func isHost(s string) bool { return len(s) <= maxHost && hostName.MatchString(s) }
