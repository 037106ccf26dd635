package kit

// outcome is what the registrar's word on an order amounts to. The zero outcome is that nothing is
// known.
type outcome int

const (
	unknown outcome = iota
	notSent
	pending
	needsPerson
	done
	refused
)

// Answer is the registrar's word on an order. The zero Answer says that nothing is known; so does
// an error beside any answer.
type Answer struct {
	outcome   outcome
	reference string
	facts     Facts
	why       string
}

// Pending is the answer that the registrar has the order and has not finished; it will be asked
// again. reference is its name for it, "" if it has none.
func Pending(reference string) Answer { return Answer{outcome: pending, reference: reference} }

// NeedsPerson is the answer that the registrar has the order, and does not go on before a person has
// done something: signed a paper, say, or filled in a page. what says so to the staff. It is asked about
// as before, and a person may say what became of it.
func NeedsPerson(what string) Answer { return Answer{outcome: needsPerson, why: what} }

// Done is the answer that the order was carried out. What the facts leave open is read.
func Done(f Facts) Answer { return Answer{outcome: done, facts: f} }

// Refused is the answer that the order was not carried out, and will not be. why is the registrar's
// word for it, which people read.
func Refused(why string) Answer { return Answer{outcome: refused, why: why} }

// NotSent is the answer that the registrar has certainly not got the order. It will be sent again.
func NotSent(why string) Answer { return Answer{outcome: notSent, why: why} }
