package orders

import (
	"fmt"
	"slices"
	"strings"

	"registrar.panel/host/input"
	"registrar.panel/shared/entry"
	"registrar.panel/shared/registrar"
)

// The most that is stored of a text, in characters, and of a list, in entries.
const (
	longestNote   = 1000
	longestCode   = 256
	longestValue  = 2000
	mostFields    = 100
	mostRoles     = 10
	mostValues    = 20
	mostServers   = 13 // no registry takes more
	mostAddresses = 20
	mostAlarms    = 50
)

// oversized lists the parts of an order that are too large to be stored, or can't be shown.
func oversized(q NewOrder) (problems []registrar.Problem) {
	add := func(path, wrong string) {
		if wrong != "" {
			problems = append(problems, registrar.Problem{Path: path, Message: wrong})
		}
	}

	add("auth_code", input.CheckLine(string(q.AuthCode), longestCode))
	if len(q.Nameservers) > mostServers {
		add("nameservers", fmt.Sprintf("must be %d at most", mostServers))
	}

	for i, n := range q.Nameservers {
		if len(n.IPs) > mostAddresses {
			add(fmt.Sprintf("nameservers[%d].ips", i), fmt.Sprintf("must be %d at most", mostAddresses))
		}
	}

	if len(q.Contacts) > mostRoles {
		add("contacts", fmt.Sprintf("must be %d at most", mostRoles))
		return problems
	}
	for role, r := range q.Contacts {
		if !role.Valid() {
			add("contacts", "has a role that is no word of a-z, 0-9 and - with 32 characters at most")
			continue
		}
		problems = append(problems, oversizedContact(role.Path(), r)...)
	}
	if q.Registrant != nil {
		problems = append(problems, oversizedContact(registrar.RoleRegistrant.Path(), *q.Registrant)...)
	}

	// Sorted, because contacts are a map, whose order changes each time.
	slices.SortFunc(problems, func(a, b registrar.Problem) int { return strings.Compare(a.Path, b.Path) })
	return problems
}

// oversizedContact lists the parts of a contact that are too large. Its problems are at the given path.
func oversizedContact(path string, r registrar.Registrant) (problems []registrar.Problem) {
	add := func(path, wrong string) {
		problems = append(problems, registrar.Problem{Path: path, Message: wrong})
	}
	// Beyond a limit single values are not checked, or the list of problems would be as long as what was sent.
	if len(r.Fields) > mostFields {
		add(path, fmt.Sprintf("must have %d fields at most", mostFields))
		return problems
	}

	for key, values := range r.Fields {
		// Such a key is left out of the problem's path, because the path is shown, too.
		if wrong := input.CheckLine(entry.Line(key), input.LongestID); wrong != "" {
			add(path, "has a key that "+wrong)
			continue
		}

		if len(values) > mostValues {
			add(path+"."+key, fmt.Sprintf("must have %d values at most", mostValues))
			continue
		}

		for i, v := range values {
			if p := wrongValue(fmt.Sprintf("%s.%s[%d]", path, key, i), v); p != nil {
				problems = append(problems, *p)
			}
		}
	}
	return problems
}
