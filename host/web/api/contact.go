package api

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
)

// Contact is a registrant: the values by field, each a list. In JSON a value is a string, a
// boolean, a list of strings, or null for no value; "kind" is a field like the others.
type Contact map[string][]string

// UnmarshalJSON refuses everything else; its errors contain keys and never values.
func (c *Contact) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		return nil
	}

	// Read key by key: a map would take the last of two values for one key without a word.
	dec := json.NewDecoder(bytes.NewReader(text))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return errors.New("a contact must be a JSON object")
	}

	*c = Contact{}
	for dec.More() {
		t, err := dec.Token()
		key, ok := t.(string)
		if err != nil || !ok {
			return errors.New("a contact must be a JSON object")
		}

		if _, twice := (*c)[key]; twice {
			return fmt.Errorf("contact key %q is there twice", key)
		}

		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return fmt.Errorf("contact key %q: its value is not JSON", key)
		}

		if (*c)[key], err = values(raw); err != nil {
			return fmt.Errorf("contact key %q %w", key, err)
		}
	}

	return nil
}

var errValue = errors.New("must be a string, true, false, or a list of strings")

func values(raw json.RawMessage) ([]string, error) {
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return nil, errValue
	}

	switch v := v.(type) {
	case string:
		return []string{v}, nil
	// Programs answer a yes-or-no question with a boolean.
	case bool:
		return []string{strconv.FormatBool(v)}, nil
	case nil:
		return nil, nil // as if it were left out
	case []any:
		list := make([]string, len(v))
		for i, item := range v {
			text, ok := item.(string)
			if !ok {
				return nil, errValue
			}
			list[i] = text
		}
		return list, nil
	}

	return nil, errValue
}

// DecodeContact reads a contact file: one object that has a kind, and nothing after it.
func DecodeContact(r io.Reader) (Contact, error) {
	dec := json.NewDecoder(withoutMark(r))
	var c Contact
	if err := dec.Decode(&c); err != nil {
		return nil, fmt.Errorf("read contact: %w", withoutValue(err))
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, fmt.Errorf("read contact: something stands after the object")
	}
	if len(c["kind"]) != 1 {
		return nil, fmt.Errorf(`read contact: it needs "kind": "person" or "organization"; it has %v`, slices.Sorted(maps.Keys(c)))
	}
	return c, nil
}

// withoutMark skips the byte order mark that some editors write.
func withoutMark(r io.Reader) io.Reader {
	b := bufio.NewReader(r)
	if mark, _ := b.Peek(3); string(mark) == "\uFEFF" {
		b.Discard(3)
	}
	return b
}

// withoutValue removes from a syntax error what it quotes of the contents.
func withoutValue(err error) error {
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax) && syntax.Offset == 1:
		return errors.New("it is not JSON: mistake at byte 1; it must be UTF-8 text")
	case errors.As(err, &syntax):
		return fmt.Errorf("it is not JSON: mistake at byte %d", syntax.Offset)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("it is not JSON: it ends too early")
	case errors.Is(err, io.EOF):
		return errors.New("it is empty")
	}
	return err
}
