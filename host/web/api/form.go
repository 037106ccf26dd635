package api

// Form is what an order must contain.
type Form struct {
	TLD        string  `json:"tld"`
	Kind       string  `json:"kind"`
	Registrant string  `json:"registrant"`
	Fields     []Field `json:"fields"`

	Years               *Years `json:"years"`                // the terms to choose from; null = an order names none
	NameserversOptional bool   `json:"nameservers_optional"` // a registration may come without nameservers

	DS       bool           `json:"ds"`       // an order may bring DS records
	Role     *string        `json:"role"`     // whose contact it asks for; null = the registrant's
	Contacts []ContactOffer `json:"contacts"` // that an order may bring besides the registrant: each has a form of its own, by role
}

// Field is one question.
type Field struct {
	Key      string            `json:"key"`   // in the contact
	Label    map[string]string `json:"label"` // by language
	Type     string            `json:"type"`
	Required bool              `json:"required"`
	Multiple bool              `json:"multiple"`
	Pattern  *string           `json:"pattern"` // RE2
	Example  *string           `json:"example"`
	Class    string            `json:"class"`

	Help      map[string]string `json:"help,omitempty"`       // by language: what to write; for an agreement, what is accepted
	Choices   []Choice          `json:"choices,omitempty"`    // the values that it may have
	When      []Condition       `json:"when,omitempty"`       // it is asked only if all of them hold
	MinLength int               `json:"min_length,omitempty"` // of a value, in characters
	MaxLength int               `json:"max_length,omitempty"` // of a value, in characters
	Link      string            `json:"link,omitempty"`       // https address of a text that is to be read first
}

// Choice is one of the values that a field may have.
type Choice struct {
	Value string            `json:"value"`
	Label map[string]string `json:"label,omitempty"` // by language; without it the value itself
}

// Condition holds if another field, which comes before this one in the form, is asked and has one
// of the values; "" means a field without an answer.
type Condition struct {
	Field  string   `json:"field"`
	Values []string `json:"values"`
}
