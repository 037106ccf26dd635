package registrar

import (
	"context"
	"strings"
	"time"
)

// Eraser is the power [CapErase]: the registrar removes personal data that it need not keep
// any longer.
type Eraser interface {
	// Erase removes the personal data of finished business: contacts, what was sent and received
	// about it, and transfer codes, so that nothing of them is left in the store's own files.
	//
	// What belongs to an operation that is open, or to a domain that is held, stays, and
	// [Erasure].Kept says why. The record of what was ordered and what became of it stays, too:
	// operations with their histories, domains, events. An order that is known stays known, and
	// is never carried out a second time. Erasing again removes what has become finished since.
	Erase(ctx context.Context, q ErasureQuery) (Erasure, error)
}

// ErasureQuery says whose data are to go: one customer's, or those of all customers whose
// business was finished before a time.
type ErasureQuery struct {
	Customer string    // "" = all; then Before is required
	Before   time.Time // only what was finished earlier; zero = whatever is finished
}

// Problems reports what the query lacks.
func (q ErasureQuery) Problems() []Problem {
	if strings.TrimSpace(q.Customer) == "" && q.Before.IsZero() {
		return []Problem{{Path: "customer", Message: "is required: whose data are to go, or before when their business was finished"}}
	}
	return nil
}

// Erasure is what became of the data. A query without a customer is answered without Kept.
type Erasure struct {
	Removed []Removed // now; none = there was nothing, or nothing any more
	Kept    []Kept    // what must stay
	Beyond  []string  // where copies may be that the registrar can't remove, for people
}

// Removed counts what was removed of one sort.
type Removed struct {
	What  string // for people, in the plural: "contacts", "mails"
	Count int64
}

// Kept is something personal that must stay.
type Kept struct {
	What string // for people: "the contact of client MYCOMPANY-1"
	Why  string // "newtime.ru is Registered"
}

// KeyChanger is the power [CapKeys]: the registrar seals what it stores with a key of its own, and can
// exchange it.
type KeyChanger interface {
	// RotateKeys makes a new key, seals with it all that the former one sealed, and forgets that.
	// It goes on from where an earlier call was interrupted, by whatever, and meanwhile all that is
	// stored can be read. Copies of the store that were made before need the former key.
	RotateKeys(ctx context.Context) (Rotation, error)
}

// Rotation is what became of a key.
type Rotation struct {
	Key    string // fingerprint of the present one, for people
	Sealed int64  // values that were sealed again
}
