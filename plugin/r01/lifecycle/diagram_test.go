package lifecycle

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"registrar.panel/shared/registrar"
)

var update = flag.Bool("update", false, "write docs/lifecycle.md anew")

const page = `# The life of a request

` + "`go test ./plugin/r01/lifecycle -update`" + ` makes this page from the table in ` + "`plugin/r01/lifecycle/table.go`" + `, and the
tests compare the two.

%s
## How evidence is weighed

This table weighs everything that can move a request; the first line that fits decides. An
empty cell means any value. Evidence that is *applied* moves the request by the table further
down; *amended* improves the record of a concluded request; *noted* is written down and changes
nothing; *waits* means that a person decides, and *asks* that the registry is asked at once;
*moot* does nothing; *refused* is a person's decision that can't be carried out.

| | of | event | when | is | because |
|---|---|---|---|---|---|
%s
## What stands between the states

| from | event | to | held as | only while held as |
|---|---|---|---|---|
%s
## What a held request waits for

| held as | it waits for |
|---|---|
%s`

func diagram() string {
	edges := map[string][]string{}
	for _, row := range Table() {
		for _, from := range row.From {
			edge := fmt.Sprintf("    %s --> %s", from, row.To)
			if !slices.Contains(edges[edge], string(row.On)) {
				edges[edge] = append(edges[edge], string(row.On))
			}
		}
	}

	var lines []string
	for edge, events := range edges {
		lines = append(lines, edge+": "+strings.Join(events, ", "))
	}

	for _, s := range registrar.OperationStates() {
		if s.Final() {
			lines = append(lines, fmt.Sprintf("    %s --> [*]", s))
		}
	}

	slices.Sort(lines)
	return "```mermaid\nstateDiagram-v2\n    [*] --> Queued\n" + strings.Join(lines, "\n") + "\n```\n"
}

func join[T ~string](list []T) string {
	var all []string
	for _, v := range list {
		all = append(all, string(v))
	}
	return strings.Join(all, ", ")
}

// weighing is the table of rules.
func weighing() string {
	var b strings.Builder
	for _, l := range Rules() {
		var when []string
		add := func(name, values string) {
			if values != "" {
				when = append(when, name+" "+values)
			}
		}

		add("kind", join(l.Kind))
		add("state", join(l.State))
		add("proof", join(l.Proof))
		add("tied by", join(l.Binding))
		add("made", join(l.Made))
		add("object", join(l.Object))
		add("expiry", join(l.Till))
		add("fate", join(l.Fate))
		add("and", l.when.says)

		action := string(l.Action)
		if l.Ask {
			action += ", asks"
		}

		if l.Alarm {
			action += ", alarm"
		}

		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", l.Name, join(l.Source), join(l.Event), strings.Join(when, "; "), action, l.Reason)
	}

	return b.String()
}

func documentation() string {
	var rows, waits strings.Builder
	for _, row := range Table() {
		fmt.Fprintf(&rows, "| %s | %s | %s | %s | %s |\n", join(row.From), row.On, row.To, row.Stall, join(row.If))
	}
	for _, h := range StallReasons() {
		if h != NotStalled {
			fmt.Fprintf(&waits, "| %s | %s |\n", h, stalls[h])
		}
	}
	return fmt.Sprintf(page, diagram(), weighing(), rows.String(), waits.String())
}

func TestDocumentation(t *testing.T) {
	t.Parallel()
	file := filepath.Join("..", "..", "..", "docs", "lifecycle.md")
	if *update {
		if err := os.WriteFile(file, []byte(documentation()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != documentation() {
		t.Error("docs/lifecycle.md does not show the table; run the test with -update")
	}
}
