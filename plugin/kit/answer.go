package kit

// outcome is what an answer of the registrar says about an order. The zero outcome is unknown.
type outcome int

const (
	unknown outcome = iota
	notSent
	pending
	needsPerson
	done
	refused
)

// Answer is the registrar's answer about an order. The zero Answer means that nothing is known; so does an
// error, whatever answer comes with it.
type Answer struct {
	outcome   outcome
	reference string
	facts     Facts
	why       string
}

// Pending is the answer that the registrar has the order and has not finished; it will be asked again.
// reference is its name for the order, "" if it has none.
func Pending(reference string) Answer { return Answer{outcome: pending, reference: reference} }

// NeedsPerson is the answer that the registrar has the order, but a person must do something before it
// continues: sign a paper, say, or fill in a page. what tells the staff. The kit still asks about the order,
// and a person may say what became of it.
func NeedsPerson(what string) Answer { return Answer{outcome: needsPerson, why: what} }

// Done is the answer that the order was carried out. The kit reads what the facts leave open.
func Done(f Facts) Answer { return Answer{outcome: done, facts: f} }

// Refused is the answer that the order was not carried out, and will not be. why is the registrar's reason,
// for people.
func Refused(why string) Answer { return Answer{outcome: refused, why: why} }

// NotSent is the answer that the registrar certainly did not get the order. It will be sent again.
func NotSent(why string) Answer { return Answer{outcome: notSent, why: why} }
