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
	mostValues    = 20
	mostServers   = 13 // no registry takes more
	mostAddresses = 20
	mostAlarms    = 50
)

// oversized lists what is too much to be stored of an order, or can't be shown.
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

	if q.Registrant == nil {
		return problems
	}

	if len(q.Registrant.Fields) > mostFields {
		add("contact", fmt.Sprintf("must have %d fields at most", mostFields))
		return problems
	}

	for key, values := range q.Registrant.Fields {
		if wrong := input.CheckLine(entry.Line(key), input.LongestID); wrong != "" {
			add("contact", "has a key that "+wrong)
			continue
		}

		if len(values) > mostValues {
			add("contact."+key, fmt.Sprintf("must have %d values at most", mostValues))
			continue
		}

		for i, v := range values {
			if p := wrongValue(fmt.Sprintf("contact.%s[%d]", key, i), v); p != nil {
				problems = append(problems, *p)
			}
		}
	}

	slices.SortFunc(problems, func(a, b registrar.Problem) int { return strings.Compare(a.Path, b.Path) })
	return problems
}
