// Package secret keeps secrets from being printed, and from the eyes of other processes.
//
// A [String] holds a password: whatever prints, logs or marshals it writes "***", and only
// Reveal, which is easy to search for, gives the value.
package secret

import "encoding/json"

// Mask is printed in place of a secret.
const Mask = "***"

// String is a string that never prints. The zero String is empty.
type String struct{ value string }

// New wraps a value.
func New(value string) String { return String{value} }

// Reveal returns the value. Call it where the secret leaves for its purpose, nowhere else.
func (s String) Reveal() string { return s.value }

// IsEmpty reports whether there is a value.
func (s String) IsEmpty() bool { return s.value == "" }

// String writes the mask.
func (String) String() string { return Mask }

// GoString writes the mask, for %#v.
func (String) GoString() string { return Mask }

// MarshalJSON writes the mask.
func (String) MarshalJSON() ([]byte, error) { return json.Marshal(Mask) }

// MarshalText writes the mask.
func (String) MarshalText() ([]byte, error) { return []byte(Mask), nil }

// UnmarshalJSON takes a JSON string or null. Its error never holds the input.
func (s *String) UnmarshalJSON(b []byte) error {
	var v *string
	if err := json.Unmarshal(b, &v); err != nil {
		return errNotString
	}
	if v != nil {
		s.value = *v
	}
	return nil
}

type constError string

func (e constError) Error() string { return string(e) }

const errNotString = constError("secret: value is not a string")
