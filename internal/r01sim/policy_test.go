package r01sim

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// knobs are the names in JSON of all fields of Policy, with their values.
func knobs(t *testing.T, p Policy) map[string]string {
	t.Helper()
	all := map[string]string{}
	value := reflect.ValueOf(p)
	for _, f := range reflect.VisibleFields(value.Type()) {
		if f.Anonymous {
			continue
		}
		v := value.FieldByIndex(f.Index).Interface()
		if d, ok := v.(Delay); ok {
			v = time.Duration(d)
		}
		all[f.Tag.Get("json")] = fmt.Sprint(v)
	}
	return all
}

// The table in the README is the policy as it is.
func TestPolicy_readme(t *testing.T) {
	t.Parallel()

	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}

	_, table, found := strings.Cut(string(readme), "## Knobs")
	if !found {
		t.Fatal("README has no knobs")
	}

	calm, chaos := map[string]string{}, map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\| (\\S+) \\| (\\S+) \\|").FindAllStringSubmatch(table, -1) {
		calm[row[1]], chaos[row[1]] = row[2], row[3]
	}

	if diff := cmp.Diff(knobs(t, Calm()), calm); diff != "" {
		t.Error("calm:", diff)
	}
	if diff := cmp.Diff(knobs(t, Chaos()), chaos); diff != "" {
		t.Error("chaos:", diff)
	}
}

func TestMagic_readme(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	got, want := map[string]bool{}, map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(\\w+-)…` \\|").FindAllStringSubmatch(string(readme), -1) {
		got[row[1]] = true
	}
	for _, m := range magics() {
		want[string(m)] = true
	}
	if !maps.Equal(got, want) {
		t.Error(cmp.Diff(want, got))
	}
}

func TestPolicy_patch(t *testing.T) {
	t.Parallel()

	got, err := Calm().patched([]byte(`{"layout": "prose", "queued": "8s", "lose": 0.5, "refuse_clients": true}`))
	if err != nil {
		t.Fatal(err)
	}

	want := Calm()
	want.Layout, want.Queued, want.Lose, want.RefuseClients = LayoutProse, Delay(8*time.Second), 0.5, true
	if got != want {
		t.Error(cmp.Diff(want, got))
	}

	for reason, patch := range map[string]string{
		"unknown knob":     `{"chaos": 1}`,
		"not JSON":         `lose=1`,
		"rate above 1":     `{"lose": 1.5}`,
		"rate below 0":     `{"drop": -1}`,
		"unknown layout":   `{"layout": "table"}`,
		"unknown charset":  `{"charset": "koi8-u"}`,
		"unknown encoding": `{"encoding": "7bit"}`,
		"unknown language": `{"language": "de"}`,
		"unknown quote":    `{"quote": ""}`,
		"delay a number":   `{"queued": 5}`,
		"delay backwards":  `{"done": "-5s"}`,
		"negative price":   `{"price": -1}`,
		"negative jitter":  `{"jitter": -1}`,
	} {
		if _, err := Calm().patched([]byte(patch)); err == nil {
			t.Errorf("%s: %s accepted", reason, patch)
		}
	}
}

func TestPolicy_marshals(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(Chaos())
	if err != nil {
		t.Fatal(err)
	}
	var zero Policy
	got, err := zero.patched(text)
	if err != nil || got != Chaos() {
		t.Errorf("%v %s", err, cmp.Diff(Chaos(), got))
	}
}

func TestPolicies_valid(t *testing.T) {
	t.Parallel()
	for _, p := range []Policy{Calm(), Chaos()} {
		if err := p.Validate(); err != nil {
			t.Error(err)
		}
	}
	err := Policy{}.Validate()
	if err == nil || !strings.Contains(err.Error(), "charset, encoding, language, layout, quote") {
		t.Errorf("the zero policy is judged %v", err)
	}
}
