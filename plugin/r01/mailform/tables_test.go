package mailform

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// readingCase is one mail of testdata/tables: what it must be read as, and why.
type readingCase struct {
	expect, name, text string
}

var exampleHead = regexp.MustCompile(`(?m)^== (none|doubt|\w+(?: and \w+)*) (.*)\n`)

func readingCases(t testing.TB, path string) (all []readingCase) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	heads := exampleHead.FindAllSubmatchIndex(raw, -1)
	for i, h := range heads {
		end := len(raw)
		if i+1 < len(heads) {
			end = heads[i+1][0]
		}
		all = append(all, readingCase{string(raw[h[2]:h[3]]), string(raw[h[4]:h[5]]), string(raw[h[1]:end])})
	}
	if len(all) == 0 {
		t.Fatalf("%s: no examples", path)
	}
	return all
}

// words is how a reading stands in a table.
func (r Reading) words() string {
	switch {
	case r.Doubt != "":
		return "doubt"
	case len(r.Results) == 0:
		return "none"
	}
	var outcomes []string
	for _, res := range r.Results {
		outcomes = append(outcomes, string(res.Outcome))
	}
	return strings.Join(outcomes, " and ")
}

func TestTables(t *testing.T) {
	t.Parallel()

	paths, err := filepath.Glob("testdata/tables/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no tables: %v", err)
	}

	for _, path := range paths {
		for _, e := range readingCases(t, path) {
			in := Input{Text: e.text}

			if filepath.Base(path) == "subjects.txt" {
				in.Subject = e.name
			}

			reading := builtIn(t).Recognise(in)
			if got := reading.words(); !slices.Contains(strings.Split(e.expect, "|"), got) {
				t.Errorf("%s: %s: %s, want %s (%s)", filepath.Base(path), e.name, got, e.expect, reading.Doubt)
			}

			if reading.Doubt != "" && len(reading.Results) > 0 {
				t.Errorf("%s: %s: results beside a doubt", filepath.Base(path), e.name)
			}
		}
	}
}
