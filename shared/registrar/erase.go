package registrar

import (
	"context"
	"strings"
	"time"
)

// Eraser is the power [CapErase]: the registrar removes personal data that it need not keep
// any longer.
type Eraser interface {
	// Erase removes the personal data of finished business: contacts, what was sent and received about it,
	// and transfer codes, so that none of them is left in the store's own files.
	//
	// Data of an open operation, or of a domain that is held, stay, and [Erasure].Kept says why. The record
	// of what was ordered and what became of it stays, too: operations with their histories, domains,
	// events. A known order stays known, and is never carried out a second time. Erasing again removes what
	// was finished since.
	Erase(ctx context.Context, q ErasureQuery) (Erasure, error)
}

// ErasureQuery says whose data to remove: those of one customer, or of all customers whose business was
// finished before a time.
type ErasureQuery struct {
	Customer string    // "" = all; then Before is required
	Before   time.Time // only business that was finished before it; zero = all that is finished
}

// Problems reports what the query lacks.
func (q ErasureQuery) Problems() []Problem {
	if strings.TrimSpace(q.Customer) == "" && q.Before.IsZero() {
		return []Problem{{Path: "customer", Message: "is required: whose data are to go, or before when their business was finished"}}
	}
	return nil
}

// Erasure is the result of an erasure. A query without a customer is answered without Kept.
type Erasure struct {
	Removed []Removed // by this call; none = there was nothing to remove, or not any more
	Kept    []Kept    // what must stay
	Beyond  []string  // where copies may be that the registrar can't remove, for people
}

// Removed counts the items of one sort that were removed.
type Removed struct {
	What  string // for people, in the plural: "contacts", "mails"
	Count int64
}

// Kept is something with personal data that must stay.
type Kept struct {
	What string // for people: "the contact of client MYCOMPANY-1"
	Why  string // "newtime.ru is Registered"
}

// KeyChanger is the power [CapKeys]: the registrar seals what it stores with its own key, and can exchange
// the key.
type KeyChanger interface {
	// RotateKeys makes a new key, seals again everything that the former key sealed, and forgets the former
	// key. If a call was interrupted, the next one continues; all that is stored can be read meanwhile.
	// Copies of the store that were made before need the former key.
	RotateKeys(ctx context.Context) (Rotation, error)
}

// Rotation is the result of exchanging the key.
type Rotation struct {
	Key    string // fingerprint of the present one, for people
	Sealed int64  // values that were sealed again
}
