package archtest

import (
	"regexp"
	"strings"
	"testing"
)

var namedTest = regexp.MustCompile("`(Test\\w+|Benchmark\\w+)(?:/\\w+)?`")

// What the pages on security and reliability say is shown by tests that are there.
func TestPagesNameTests(t *testing.T) {
	t.Parallel()
	there := map[string]bool{}
	for name := range testsThere(t) {
		there[name[strings.IndexByte(name, '.')+1:]] = true
	}
	for _, page := range []string{"docs/security.md", "docs/reliability.md"} {
		named := namedTest.FindAllStringSubmatch(readText(t, page), -1)
		if len(named) == 0 {
			t.Errorf("%s names no test", page)
		}
		for _, m := range named {
			if !there[m[1]] {
				t.Errorf("%s names %s, which is not there", page, m[1])
			}
		}
	}
}
