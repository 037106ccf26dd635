package orders

import (
	"net/netip"
	"slices"
	"strings"

	"registrar.panel/host/input"
	"registrar.panel/shared/entry"
	"registrar.panel/shared/registrar"
)

// normalRegistrant returns a contact as it is stored, compared and sent.
func normalRegistrant(typed *registrar.Registrant) *registrar.Registrant {
	if typed == nil {
		return nil
	}
	normal := entry.Registrant(*typed)
	return &normal
}

// normalContacts does the same for the contacts besides the registrant; nil = there are none.
func normalContacts(typed registrar.Contacts) registrar.Contacts {
	if len(typed) == 0 {
		return nil
	}
	normal := registrar.Contacts{}
	for role, r := range typed {
		normal[role] = entry.Registrant(r)
	}
	return normal
}

// normalHosts leaves texts that are no name, or no address, to the registrar's validation.
func normalHosts(nameservers []registrar.Nameserver) []registrar.Nameserver {
	normal := slices.Clone(nameservers)
	for i, n := range normal {
		if host, err := input.ACE(n.Host); err == nil {
			normal[i].Host = host
		}
		normal[i].IPs = nil
		for _, typed := range n.IPs {
			if ip := normalAddress(typed); ip != "" {
				normal[i].IPs = append(normal[i].IPs, ip)
			}
		}
	}
	return normal
}

// normalAddress writes an address as the standard does, without the brackets of URLs.
func normalAddress(typed string) string {
	ip := entry.Line(typed)
	if a, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(ip, "["), "]")); err == nil {
		return a.String()
	}
	return ip
}

// normalCode returns a transfer code without the blanks that were copied with it.
func normalCode(typed registrar.AuthCode) registrar.AuthCode {
	return registrar.AuthCode(strings.TrimSpace(string(typed)))
}
