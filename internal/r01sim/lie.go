package r01sim

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"registrar.panel/shared/registrar"
)

// LieKind names a kind of lie: what is wrong with a mail of the hostile partner.
type LieKind string

// LieGroup says what the author of a lie must know.
type LieGroup string

const (
	// Strangers know domains, the robot's address, the look of its mails, its task
	// numbers, which count up, and every mail of the robot about a request that is over.
	LieOfStranger LieGroup = "stranger"
	// Twisted mails answer an open request by thread and subject. None of them may be believed,
	// even if R01 itself sends it: for example a quotation, a contradiction or an impossible date.
	LieTwisted LieGroup = "twisted"
	// Leaked lies are what R01 could have said, in the thread of an open request.
	// Only the proof of the sender distinguishes them from R01's own mails.
	LieLeaked LieGroup = "leaked"
)

// LieGroups lists every group.
func LieGroups() []LieGroup { return []LieGroup{LieOfStranger, LieTwisted, LieLeaked} }

// Fact is what a mail says about an object.
type Fact string

// [FactQueued], [FactDone], [FactRejected], [FactNoFunds] and [FactAuthFailed] are the robot's own outcomes;
// [FactBounced] is a mail system's: the request did not arrive.
const (
	FactQueued     Fact = "queued"
	FactDone       Fact = "done"
	FactRejected   Fact = "rejected"
	FactNoFunds    Fact = "no_funds"
	FactAuthFailed Fact = "auth_failed"
	FactBounced    Fact = "bounced"
)

// Allegation is one statement of a lie. Fields that it does not state are zero.
type Allegation struct {
	Action   Action         `json:"action,omitempty"`
	Object   string         `json:"object,omitempty"` // handle or domain
	Task     string         `json:"task,omitempty"`   // as written, which need not be a number
	Fact     Fact           `json:"fact"`
	PaidTill registrar.Date `json:"paid_till,omitzero"`
}

// Lie is a mail of the hostile partner.
type Lie struct {
	At        time.Time    `json:"at"` // when it was written; its Date may differ
	Kind      LieKind      `json:"kind"`
	Group     LieGroup     `json:"group"`
	Object    string       `json:"object"`            // of the request that the lie is about
	Request   string       `json:"request"`           // the Message-ID of that request
	MessageID string       `json:"message_id"`        // the lie's own
	Date      time.Time    `json:"date"`              // in the lie's Date field
	Claims    []Allegation `json:"claims"`            // none = the lie is noise
	Repeats   string       `json:"repeats,omitempty"` // of a replay: the Message-ID of the request that R01 once answered with this mail
	Raw       []byte       `json:"raw"`               // exactly as it was delivered, in base64
}

// LieKinds lists the kinds of the given groups, in the table's order.
func LieKinds(groups ...LieGroup) []LieKind {
	var all []LieKind
	for _, l := range lieTable() {
		if slices.Contains(groups, l.group) {
			all = append(all, l.kind)
		}
	}
	return all
}

// parseLies reads kinds and groups, separated by commas. "true" stands for the kinds that no
// panel may believe, whatever proof of the sender it asks for; "all" stands for every kind.
func parseLies(text string) ([]LieKind, error) {
	var chosen []LieKind
	for word := range strings.SplitSeq(text, ",") {
		switch word = strings.TrimSpace(word); {
		case word == "true":
			chosen = append(chosen, LieKinds(LieOfStranger, LieTwisted)...)
		case word == "all":
			chosen = append(chosen, LieKinds(LieGroups()...)...)
		case slices.Contains(LieGroups(), LieGroup(word)):
			chosen = append(chosen, LieKinds(LieGroup(word))...)
		case slices.Contains(LieKinds(LieGroups()...), LieKind(word)):
			chosen = append(chosen, LieKind(word))
		default:
			return nil, fmt.Errorf("read lies: %q is neither a kind nor a group", word)
		}
	}
	slices.Sort(chosen)
	return slices.Compact(chosen), nil
}

// lieFlag is --liar, which may be given without a value.
type lieFlag struct{ kinds *[]LieKind }

func (f lieFlag) String() string { return "" }

func (f lieFlag) IsBoolFlag() bool { return true }

func (f lieFlag) Set(text string) error {
	if text == "false" {
		*f.kinds = nil
		return nil
	}
	kinds, err := parseLies(text)
	*f.kinds = kinds
	return err
}
