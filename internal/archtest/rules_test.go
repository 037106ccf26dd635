package archtest

import (
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the list of vectors in docs/r01-mail.md anew")

// The page of rules, and its list of vectors.
const (
	rulesPage   = "docs/r01-mail.md"
	vectorTitle = "## Vectors of replies"
	tableHead   = "| rule | vector | read as | about |\n|---|---|---|---|\n"
	replies     = "plugin/r01/mailform/testdata/replies"
)

var (
	ruleHeading = regexp.MustCompile(`(?m)^### (\d+\.\d+) `)
	partHeading = regexp.MustCompile(`(?m)^## (\d+)\. `)
	citation    = regexp.MustCompile(`r01-mail (\d+(?:\.\d+)?(?:, \d+\.\d+)*)`)
	quoted      = regexp.MustCompile("`([^`\n]+)`")
	testName    = regexp.MustCompile(`^[a-z0-9]+\.(Test|Fuzz|Benchmark)\w*$`)
	testFunc    = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark)\w+)\(`)
	vector      = regexp.MustCompile(`^plugin/r01/\w+/testdata/`)
	corpus      = "/testdata/fuzz/"
	labels      = []string{"*Documented", "*Observed", "*Assumed"}
)

func root(file string) string { return filepath.Join("..", "..", filepath.FromSlash(file)) }

func readText(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(root(file))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// filesWhere lists the files of the project, by their path from its top.
func filesWhere(t *testing.T, is func(file string) bool) []string {
	t.Helper()
	var found []string
	err := fs.WalkDir(os.DirFS(root("")), ".", func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && file != "." && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		case !d.IsDir() && is(file):
			found = append(found, file)
		}
		return nil
	})
	if err != nil || len(found) == 0 {
		t.Fatalf("no files: %v", err)
	}
	return found
}

// rulesOf cuts the page into its rules, by number.
func rulesOf(page string) map[string]string {
	page, _, _ = strings.Cut(page, "\n"+vectorTitle)
	starts := ruleHeading.FindAllStringSubmatchIndex(page, -1)
	rules := map[string]string{}
	for i, at := range starts {
		end := len(page)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		rules[page[at[2]:at[3]]] = page[at[0]:end]
	}
	return rules
}

// testsThere returns the tests of the project, as package.TestName.
func testsThere(t *testing.T) map[string]bool {
	tests := map[string]bool{}
	for _, file := range filesWhere(t, func(f string) bool { return strings.HasSuffix(f, "_test.go") }) {
		for _, m := range testFunc.FindAllStringSubmatch(readText(t, file), -1) {
			tests[path.Base(path.Dir(file))+"."+m[1]] = true
		}
	}
	return tests
}

// Every rule that code cites is on the page.
func TestCitedRulesExist(t *testing.T) {
	t.Parallel()

	page := readText(t, rulesPage)
	there := rulesOf(page)
	for _, m := range partHeading.FindAllStringSubmatch(page, -1) {
		there[m[1]] = m[0]
	}

	cited := 0
	for _, file := range filesWhere(t, func(f string) bool { return strings.HasSuffix(f, ".go") }) {
		for _, m := range citation.FindAllStringSubmatch(readText(t, file), -1) {
			for _, number := range strings.Split(m[1], ", ") {
				if cited++; there[number] == "" {
					t.Errorf("%s cites r01-mail %s, which %s does not have", file, number, rulesPage)
				}
			}
		}
	}

	if cited == 0 {
		t.Error("no rule is cited")
	}
}

// Every rule says how far it can be relied on, and names the tests or vectors that show it, or says "not yet".
func TestRulesAreShown(t *testing.T) {
	t.Parallel()

	rules, tests := rulesOf(readText(t, rulesPage)), testsThere(t)
	if len(rules) < 20 {
		t.Fatalf("only %d rules", len(rules))
	}

	for number, text := range rules {
		shown := strings.Contains(text, "not\nyet") || strings.Contains(text, "not yet")
		_, list, _ := strings.Cut(text, "\nShown by: ")
		for _, m := range quoted.FindAllStringSubmatch(list, -1) {
			if shown = true; !tests[m[1]] && !isFile(m[1]) {
				t.Errorf("rule %s names %s, and there is no such test or vector", number, m[1])
			}
		}

		for _, m := range quoted.FindAllStringSubmatch(text, -1) {
			if testName.MatchString(m[1]) && !strings.Contains(list, m[0]) {
				t.Errorf("rule %s names %s elsewhere than in what shows it", number, m[1])
			}
		}

		if !shown {
			t.Errorf("rule %s names nothing that shows it, and does not say that it is not there yet", number)
		}
		if !slices.ContainsFunc(labels, func(l string) bool { return strings.Contains(text, "\n"+l) }) {
			t.Errorf("rule %s does not say whether it is documented, observed or assumed", number)
		}
	}
}

func isFile(file string) bool {
	info, err := os.Stat(root(file))
	return err == nil && info.Mode().IsRegular()
}

// The list of vectors is made from their heads.
func TestVectorsAreListed(t *testing.T) {
	t.Parallel()
	page := readText(t, rulesPage)
	before, _, found := strings.Cut(page, tableHead)
	if !found && !*update {
		t.Fatalf("%s has no list of vectors", rulesPage)
	}
	want := before + tableHead + vectorRows(t, rulesOf(page))
	if *update {
		if err := os.WriteFile(root(rulesPage), []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if readText(t, rulesPage) != want {
		t.Errorf("%s does not list the vectors; run the test with -update", rulesPage)
	}
}

func vectorRows(t *testing.T, rules map[string]string) string {
	rows := map[string]string{}
	for _, file := range filesWhere(t, func(f string) bool { return path.Dir(f) == replies }) {
		head := vectorHead(readText(t, file))
		number := strings.Join(head["spec"], ", ")
		if rules[number] == "" {
			t.Errorf("%s is of rule %q, which %s does not have", file, number, rulesPage)
		}
		rows[number+file] = fmt.Sprintf("| %s | `%s` | %s | %s |\n", number, path.Base(file),
			strings.Join(head["expect"], ", "), strings.Join(head["comment"], " "))
	}
	var table strings.Builder
	for _, key := range slices.Sorted(maps.Keys(rows)) {
		table.WriteString(rows[key])
	}
	return table.String()
}

// vectorHead reads the lines before the first empty one.
func vectorHead(text string) map[string][]string {
	head := map[string][]string{}
	text, _, _ = strings.Cut(text, "\n\n")
	for line := range strings.SplitSeq(text, "\n") {
		name, value, _ := strings.Cut(line, ": ")
		head[name] = append(head[name], value)
	}
	return head
}

// No vector is left over: the page names each, by its path, by a pattern of paths, or in the list.
func TestEveryVectorIsOnThePage(t *testing.T) {
	t.Parallel()
	var named []string
	for _, m := range quoted.FindAllStringSubmatch(readText(t, rulesPage), -1) {
		named = append(named, m[1], path.Join(replies, m[1]))
	}
	for _, file := range filesWhere(t, vector.MatchString) {
		if strings.Contains(file, corpus) || strings.Contains(file, "/testdata/schema-") { // no mails
			continue
		}
		if !slices.ContainsFunc(named, func(n string) bool { is, err := path.Match(n, file); return err == nil && is }) {
			t.Errorf("%s does not name %s", rulesPage, file)
		}
	}
}
