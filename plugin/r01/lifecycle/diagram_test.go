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

Made from the table in ` + "`plugin/r01/lifecycle/table.go`" + ` by ` + "`go test ./plugin/r01/lifecycle -update`" + `, and held
against it by the tests.

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

func documentation() string {
	var rows, waits strings.Builder
	for _, row := range Table() {
		fmt.Fprintf(&rows, "| %s | %s | %s | %s | %s |\n", join(row.From), row.On, row.To, row.Hold, join(row.If))
	}
	for _, h := range Holds() {
		if h != NoHold {
			fmt.Fprintf(&waits, "| %s | %s |\n", h, holds[h])
		}
	}
	return fmt.Sprintf(page, diagram(), rows.String(), waits.String())
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
