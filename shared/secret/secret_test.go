package secret

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestStringNeverPrints(t *testing.T) {
	t.Parallel()

	const canary = "hunter2"
	s := New(canary)
	holder := struct{ Password String }{s}
	asJSON, err := json.Marshal(holder)
	if err != nil {
		t.Fatal(err)
	}

	for _, printed := range []string{
		fmt.Sprint(s), fmt.Sprintf("%v %+v %#v %s %q", s, s, s, s, s),
		fmt.Sprintf("%v %+v %#v", holder, holder, holder), fmt.Sprintf("%v", &s), string(asJSON),
	} {
		if strings.Contains(printed, canary) {
			t.Errorf("printed: %s", printed)
		}
	}

	if s.Reveal() != canary {
		t.Error("Reveal lost the value")
	}
}

func TestStringFromJSON(t *testing.T) {
	t.Parallel()
	var v struct{ A, B String }
	if err := json.Unmarshal([]byte(`{"A":"x","B":null}`), &v); err != nil {
		t.Fatal(err)
	}
	if v.A.Reveal() != "x" || !v.B.IsEmpty() {
		t.Errorf("got %q and %q", v.A.Reveal(), v.B.Reveal())
	}
	err := json.Unmarshal([]byte(`{"A":["hunter2"]}`), &v)
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a list must be refused without being quoted: %v", err)
	}
}
