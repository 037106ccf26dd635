package mailauth

import (
	"slices"
	"strings"
)

// origin is how a mail came to one of our servers, by its Received field.
type origin int

const (
	outside    origin = iota // from elsewhere, or unknown
	ourHop                   // from another server of ours
	ourProgram               // the server itself made it
)

// exims are the users that Exim runs as. Exim names the user who handed a mail in, and hands in its own
// reports itself.
var exims = []string{"mail", "mailnull", "exim", "debian-exim"}

// byUser are words by which a server says that a user of its machine handed a mail in.
var byUser = []string{"userid", "uid", "user", "invoked", "authenticated", "local", "from", "nullmailer"}

// MadeHere reports whether one of our own mail servers made a mail, such as a report on what it could not
// deliver, and why. It does not ask DNS.
//
// Each server that a mail passes adds a Received field on top. So a stranger's mail has one by a server of
// ours that names the stranger's address, and below it whatever the stranger wrote. A mail is ours only if
// its sender is empty, and every Received field in it is by a server that [Config.Hosts] names, and names no
// other address than theirs, down to the lowest, which says that the server made the mail by itself. A mail
// that was handed in by a user of the machine, or by a user who logged in, is not ours.
//
// The verdict is about who wrote the report, and not about whose mail it reports on: the Message-ID shows
// that. A server that removes Received fields proves nothing: leave it out of Hosts.
func (v *Verifier) MadeHere(raw []byte) Verdict {
	if len(v.own.names) == 0 {
		return refuse("replies.hosts does not name our own mail servers")
	}

	h, err := readHeader(raw)
	if err != nil {
		return refuse("%v", err)
	}

	if to := h.values("Return-Path"); len(to) == 0 || strings.TrimSpace(to[0]) != "<>" {
		return refuse("its Return-Path is not empty, as that of a report is")
	}

	hops := h.values("Received")
	if len(hops) == 0 {
		return refuse("no Received field tells where it was made")
	}

	// From the top down: all fields are by our servers, and the server of the lowest one made the mail.
	for i, value := range hops {
		switch o := v.originOf(value); {
		case o == outside:
			return refuse("it came to our mail server from elsewhere")
		case o == ourProgram && i < len(hops)-1:
			return refuse("its Received fields go on below the one of the server that made it")
		case o == ourHop && i == len(hops)-1:
			return refuse("its Received fields do not tell which server made it")
		}
	}

	return Verdict{Verified: true, Reason: "our own mail server made it"}
}

func (v *Verifier) originOf(value string) origin {
	h, ok := readHop(value)
	if !ok || !v.own.named(h.by) {
		return outside
	}
	switch {
	case h.from == "" && len(h.addresses) == 0 && !slices.ContainsFunc(h.words, isByUser): // Postfix
		return ourProgram
	case h.protocol == "local" && slices.Contains(exims, h.from) && len(h.addresses) == 0:
		return ourProgram
	case h.from != "" && h.within(v.own.holds):
		return ourHop
	case v.own.named(h.from) && strings.HasPrefix(h.protocol, "lmtp") && len(h.addresses) == 0: // over a Unix socket
		return ourHop
	}
	return outside
}

func isByUser(word string) bool { return slices.Contains(byUser, word) }
