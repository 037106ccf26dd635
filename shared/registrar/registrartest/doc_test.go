package registrartest

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/conformance.md anew")

const (
	rulesPage = "../../../docs/conformance.md"
	rulesHead = "## Rules\n"
)

// The page's list is made from the rules.
func TestRulesAreOnThePage(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(rulesPage)
	if err != nil {
		t.Fatal(err)
	}
	before, _, found := strings.Cut(string(text), rulesHead)
	if !found {
		t.Fatalf("%s has no line %q", rulesPage, rulesHead)
	}
	want := before + rulesHead + listOfRules()
	if *update {
		if err := os.WriteFile(rulesPage, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if string(text) != want {
		t.Errorf("%s does not list the rules as they are; run the test with -update", rulesPage)
	}
}

func listOfRules() string {
	var page strings.Builder
	area := ""
	for _, r := range Rules() {
		if a, _, _ := strings.Cut(r.ID, "/"); a != area {
			area = a
			fmt.Fprintf(&page, "\n### %s\n\n", area)
		}
		fmt.Fprintf(&page, "- **%s** (%s%s) %s\n  *Contract:* %s. *When broken:* %s\n", r.ID, r.Level, applies(r), r.Demand, r.Place, r.Remedy)
	}
	return page.String()
}

// applies says to whom a rule applies, and what its check needs.
func applies(r Rule) string {
	text := ""
	if r.Capability != "" {
		text += ", capability " + string(r.Capability)
	}
	if r.Kind != "" {
		text += ", kind " + string(r.Kind)
	}
	for _, need := range r.Needs {
		text += ", needs " + string(need)
	}
	return text
}
