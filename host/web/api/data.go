package api

// Erasure is what became of a customer's personal data. Registrars that should have removed some
// and did not yet, or can't, are missing from the answer: see [MissingHeader].
type Erasure struct {
	Customer string    `json:"customer"`
	Removed  []Removed `json:"removed"` // by this call
	Kept     []Kept    `json:"kept"`    // what must stay
	Beyond   []Beyond  `json:"beyond"`  // places where copies may be that can't be removed from here
}

// Removed counts the removed items of one sort.
type Removed struct {
	By    string `json:"by"` // "panel", or a registrar
	What  string `json:"what"`
	Count int64  `json:"count"`
}

// Kept is something personal that must stay.
type Kept struct {
	By   string `json:"by"`
	What string `json:"what"`
	Why  string `json:"why"`
}

// Beyond is a place that can't be reached.
type Beyond struct {
	By    string `json:"by"`
	Where string `json:"where"`
}

// Key is a key that was exchanged.
type Key struct {
	Of     string `json:"of"`     // "panel", or a registrar
	Key    string `json:"key"`    // fingerprint of the present key
	Sealed int64  `json:"sealed"` // values that were sealed again
}
