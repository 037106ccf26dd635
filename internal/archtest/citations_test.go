package archtest

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A comment cites a paragraph of a page in docs by the page's name and the paragraph's
// number. Names of pages have a hyphen; "a-z 0-9" and the like are not citations.
var (
	anyCitation = regexp.MustCompile(`\b([a-z][a-z0-9]+(?:-[a-z][a-z0-9]*)+) (\d+(?:\.\d+)*)\b`)
	paragraph   = regexp.MustCompile(`(?m)^(?:##+ |\*\*)(\d+(?:\.\d+)?)\.? `)
	research    = regexp.MustCompile(`\b(mail-stack|r01-protocol|behaviour|architecture|audit-[a-z]+|faults-[a-z]+) \d`)
)

// TestCitationsLeadSomewhere checks that the paragraphs that comments
// cite exist. r01-mail has rules of its own form, and a test of its own.
func TestCitationsLeadSomewhere(t *testing.T) {
	t.Parallel()

	pages := map[string][]string{}
	cited := 0

	for _, file := range filesWhere(t, func(f string) bool { return strings.HasSuffix(f, ".go") }) {
		text := readText(t, file)
		for _, m := range research.FindAllString(text, -1) {
			t.Errorf("%s cites %q, a page outside the repository", file, m)
		}

		for _, m := range anyCitation.FindAllStringSubmatch(text, -1) {
			page, number := m[1], m[2]
			if page == "r01-mail" {
				continue
			}

			if _, known := pages[page]; !known {
				pages[page] = paragraphs(page)
			}
			if pages[page] == nil {
				continue // not a page but a phrase such as "utf-8 1"
			}
			if cited++; !slices.Contains(pages[page], number) {
				t.Errorf("%s cites %s %s, which docs/%s.md does not have", file, page, number, page)
			}
		}
	}

	if cited == 0 {
		t.Error("no page but r01-mail is cited")
	}
}

// paragraphs returns the numbers of a page's paragraphs; nil = there is no such page.
func paragraphs(page string) []string {
	text, err := os.ReadFile(root("docs/" + page + ".md"))
	if err != nil {
		return nil
	}
	var all []string
	for _, m := range paragraph.FindAllStringSubmatch(string(text), -1) {
		all = append(all, m[1])
	}
	return all
}

// Tests the patterns: each must catch citations, and nothing else.
func TestCitationPatterns(t *testing.T) {
	t.Parallel()

	for text, want := range map[string]string{
		"lost. field-notes 2.3": "field-notes 2.3", "see field-notes 4": "field-notes 4",
		"1 to 64 of A-Z a-z 0-9": "", "koi8-r": "", "mail 2.3": "",
	} {
		if have := anyCitation.FindString(text); have != want {
			t.Errorf("%q cites %q, want %q", text, have, want)
		}
	}

	if outside := "mail-stack" + " 2.4"; !research.MatchString(outside) {
		t.Errorf("%q is a page outside the repository", outside)
	}

	var numbers []string
	for _, m := range paragraph.FindAllStringSubmatch("## 1. A\n**1.2 B.** c 7.7\n### 3.4 D\n", -1) {
		numbers = append(numbers, m[1])
	}

	if want := []string{"1", "1.2", "3.4"}; !slices.Equal(numbers, want) {
		t.Errorf("paragraphs %v, want %v", numbers, want)
	}
}
