package command

import (
	"bytes"
	"testing"
)

// A text that ends with a colon is translated as it is without one.
func TestSaidBeforeAColon(t *testing.T) {
	t.Parallel()

	for name, want := range map[string]string{"en": "see its history: panel log\n", "ru": "посмотреть историю: panel log\n"} {
		var out bytes.Buffer
		Row(NewTongue(name).To(&out), Together(Said("see its history:"), "panel log"))
		if out.String() != want {
			t.Errorf("%s: %q, want %q", name, &out, want)
		}
	}
}
