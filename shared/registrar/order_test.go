package registrar

import (
	"strings"
	"testing"
)

func TestOrderIDs(t *testing.T) {
	t.Parallel()
	for id, valid := range map[OrderID]bool{
		"a": true, "A-z.0_9": true, OrderID(strings.Repeat("x", 64)): true,
		"": false, OrderID(strings.Repeat("x", 65)): false, "two words": false, "a/b": false, "заказ": false, "a\n": false,
	} {
		if id.Valid() != valid {
			t.Errorf("%q is valid: %v", id, !valid)
		}
	}
}
