package registrar

import (
	"encoding/json"
	"fmt"
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

// A panel may store an order as JSON, and submit what it has read: it is the same order. The code of a
// transfer is not in it.
func TestOrderAsJSON(t *testing.T) {
	t.Parallel()

	o := Order{ID: "o1", Kind: KindRegister, Domain: "first.example", Customer: "c1", PaidTill: Date{2027, 3, 1},
		Registrant:  &Registrant{Kind: Person, Fields: map[string][]string{"name": {"Sidor"}, "emails": {"a@b.example", "c@d.example"}}},
		Nameservers: []Nameserver{{Host: "ns1.first.example", IPs: []string{"192.0.2.1"}}, {Host: "ns2.hosting.example"}}}
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	var read Order
	if err := json.Unmarshal(text, &read); err != nil || read.ID != o.ID || string(read.Canonical()) != string(o.Canonical()) {
		t.Errorf("read as %+v, %v", read, err)
	}

	o.AuthCode = "CANARY"
	if text, err := json.Marshal(o); err != nil || strings.Contains(string(text), "CANARY") {
		t.Errorf("written as %s, %v", text, err)
	}
	if said := fmt.Sprintf("%v %+v %#v", o, o, o.AuthCode); strings.Contains(said, "CANARY") {
		t.Errorf("printed as %s", said)
	}
}
