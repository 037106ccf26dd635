// Package secret keeps secrets from being printed, and from other processes.
//
// A [String] holds a password: if it is printed, logged or marshalled, the output is "***". Only Reveal,
// which is easy to search for, returns the value.
package secret

import "encoding/json"

// Mask is printed in place of a secret.
const Mask = "***"

// String is a string that never prints. The zero String is empty.
type String struct{ value string }

// New wraps a value.
func New(value string) String { return String{value} }

// Reveal returns the value. Call it only where the secret is put to use.
func (s String) Reveal() string { return s.value }

// IsEmpty reports whether the value is empty.
func (s String) IsEmpty() bool { return s.value == "" }

// String returns the mask.
func (String) String() string { return Mask }

// GoString returns the mask, for %#v.
func (String) GoString() string { return Mask }

// MarshalJSON returns the mask.
func (String) MarshalJSON() ([]byte, error) { return json.Marshal(Mask) }

// MarshalText returns the mask.
func (String) MarshalText() ([]byte, error) { return []byte(Mask), nil }

// UnmarshalJSON accepts a JSON string or null. Its error never contains the input.
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
