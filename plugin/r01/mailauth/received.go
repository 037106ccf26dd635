package mailauth

import (
	"net/netip"
	"slices"
	"strings"
)

// hop is the content of a Received field: who wrote it, and from where the mail came to it.
type hop struct {
	by        string
	from      string // the name by which the client introduced itself; "" = the field has none
	protocol  string
	addresses []netip.Addr // all that it names, including those in comments
	words     []string     // all of it, in lower case
}

// readHop reads a Received field of the usual form. RFC 5321 4.4
func readHop(value string) (hop, bool) {
	value, _, _ = strings.Cut(value, ";") // the date
	bare, err := strip(value)
	if err != nil {
		return hop{}, false
	}

	var h hop
	for _, w := range strings.FieldsFunc(value, separates) {
		h.words = append(h.words, strings.ToLower(w))
		if a, ok := address(w); ok {
			h.addresses = append(h.addresses, a)
		}
	}

	// Without comments and quoted words, which a stranger may write.
	words := strings.Fields(strings.ToLower(bare))
	for i := 0; i+1 < len(words); i++ {
		var value *string
		switch words[i] {
		case "from":
			value = &h.from
		case "by":
			value = &h.by
		case "with":
			value = &h.protocol
		default:
			continue
		}

		if *value != "" { // it is not clear which of the two is meant
			return hop{}, false
		}

		i++
		*value = words[i]
	}

	return h, h.by != ""
}

func separates(r rune) bool { return r <= ' ' || strings.ContainsRune(`()[]<>",=`, r) }

func address(word string) (netip.Addr, bool) {
	if tag, rest, ok := strings.Cut(word, ":"); ok && strings.EqualFold(tag, "IPv6") {
		word = rest
	}
	a, err := netip.ParseAddr(word)
	return a.Unmap(), err == nil
}

// within reports whether the field shows that the mail did not come from outside: it contains addresses, and
// all of them satisfy ours.
func (h hop) within(ours func(netip.Addr) bool) bool {
	return len(h.addresses) > 0 && !slices.ContainsFunc(h.addresses, func(a netip.Addr) bool { return !ours(a) })
}

// nearby reports whether an address is one that no stranger's connection comes from.
func nearby(a netip.Addr) bool { return a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() }

// hosts are our own mail servers, as Received fields name them.
type hosts struct {
	names    []string
	networks []netip.Prefix
}

func readHosts(list []string) (h hosts) {
	for _, s := range list {
		if p, ok := network(s); ok {
			h.networks = append(h.networks, p)
		} else {
			h.names = append(h.names, strings.ToLower(s))
		}
	}
	return h
}

// network reads an address or a network.
func network(s string) (netip.Prefix, bool) {
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()), true
	}
	p, err := netip.ParsePrefix(s)
	return p.Masked(), err == nil
}

func (h hosts) named(name string) bool { return slices.Contains(h.names, name) }

func (h hosts) holds(a netip.Addr) bool {
	return slices.ContainsFunc(h.networks, func(p netip.Prefix) bool { return p.Contains(a) })
}
