package message

import (
	"slices"
	"strings"
)

// Fate is what became of a mail, as far as a report on it is understood.
type Fate string

const (
	Unread    Fate = "unread"    // what the report says is not understood
	Delivered Fate = "delivered" // it arrived, or was handed on
	Delayed   Fate = "delayed"   // delivery goes on being tried
	Failed    Fate = "failed"    // given up, and never handed over
	Doubtful  Fate = "doubtful"  // given up, and it may have arrived all the same
)

// Report is what a bounce says.
type Report struct {
	Formal     bool       // it has a part for machines. RFC 3464
	Reporter   string     // the mail system that writes; "" = not said
	Deliveries []Delivery // one for each recipient, or one for all when the report makes no difference
	Original   Header     // of the mail it is about, as far as it came back
}

// Delivery is what a report says about one recipient.
type Delivery struct {
	Fate           Fate
	Recipients     []string // the address, and what it was before it was rewritten; none = not said
	Action         string   // "failed", "delayed", "delivered", "relayed", "expanded"; "" = not said
	Status         string   // RFC 3463, such as "5.1.1"; "" = not said
	Diagnostic     string   // in the words of the server that refused
	DiagnosticType string   // lower case, such as "smtp" or "x-unix"; "" = not said
}

// About returns what a report says about an address. told is false when the report is only about
// others. An entry without a recipient may be about any address; of two fates the worse one counts.
func (r *Report) About(address string) (d Delivery, told bool) {
	for _, one := range r.Deliveries {
		if len(one.Recipients) > 0 && !slices.ContainsFunc(one.Recipients, func(a string) bool { return strings.EqualFold(a, address) }) {
			continue
		}
		if len(one.Recipients) == 0 && one.Fate == Failed { // of whom, it does not say
			one.Fate = Unread
		}
		if !told || slices.Index(worse, one.Fate) > slices.Index(worse, d.Fate) {
			d = one
		}
		told = true
	}
	if !told && len(r.Deliveries) == 0 {
		return Delivery{Fate: Unread}, true
	}
	return d, told
}

// worse orders fates by how much they ask for, the worst last.
var worse = []Fate{Delivered, Delayed, Failed, Doubtful, Unread}

// Recipients lists the recipients that a report is about.
func (r *Report) Recipients() (all []string) {
	for _, d := range r.Deliveries {
		for _, a := range d.Recipients {
			if !slices.Contains(all, a) {
				all = append(all, a)
			}
		}
	}
	return all
}
