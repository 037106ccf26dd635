package r01sim

import "strings"

// magic is an outcome that the beginning of a domain name forces.
type magic string

const (
	magicRefuse      magic = "refuse-"      // rejected, with a reason
	magicFail        magic = "fail-"        // queued, then failed
	magicNoFunds     magic = "nofunds-"     // rejected for lack of money
	magicSilent      magic = "silent-"      // accepted and forgotten: nothing happens, no answer comes
	magicMute        magic = "mute-"        // carried out, but no answer comes
	magicLate        magic = "late-"        // answers wait for Policy.Late, or for a release
	magicTwice       magic = "twice-"       // every answer comes twice, under different Message-IDs
	magicUndelegated magic = "undelegated-" // registered, not delegated
	magicGarbled     magic = "garbled-"     // the final answer says nothing that a rule can read
)

func magics() []magic {
	return []magic{magicRefuse, magicFail, magicNoFunds, magicSilent, magicMute, magicLate,
		magicTwice, magicUndelegated, magicGarbled}
}

// magicOf returns the magic of a template, "" for an ordinary one.
func magicOf(t Template) magic {
	if t.Kind != KindDomain {
		return ""
	}
	for _, m := range magics() {
		if strings.HasPrefix(t.Object, string(m)) {
			return m
		}
	}
	return ""
}

// bend applies the magic to the fate of the answers.
func (m magic) bend(f fate) fate {
	switch m {
	case magicMute:
		f.queued.copies, f.done.copies = 0, 0
	case magicTwice:
		f.queued.copies, f.done.copies = 2, 2
	}
	return f
}
