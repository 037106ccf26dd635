package archtest

import (
	"regexp"
	"strings"
	"testing"
)

var (
	namedTest = regexp.MustCompile("`(Test\\w+|Benchmark\\w+)(?:/\\w+)?`")
	// A room, and the tests in it that a line names.
	testsOfRoom = regexp.MustCompile("`(\\w+)`:\\s+(`(?:Test|Benchmark)\\w+(?:/\\w+)?`(?:,\\s+`/?\\w+(?:/\\w+)?`)*)")
)

// The tests that the pages on security and reliability name exist, in the rooms that they name.
func TestPagesNameTests(t *testing.T) {
	t.Parallel()
	inRooms := testsThere(t)
	there := map[string]bool{}
	for name := range inRooms {
		there[name[strings.IndexByte(name, '.')+1:]] = true
	}
	for _, page := range []string{"docs/security.md", "docs/reliability.md"} {
		text := readText(t, page)
		named := namedTest.FindAllStringSubmatch(text, -1)
		if len(named) == 0 {
			t.Errorf("%s names no test", page)
		}
		for _, m := range named {
			if !there[m[1]] {
				t.Errorf("%s names %s, which is not there", page, m[1])
			}
		}
		for _, line := range testsOfRoom.FindAllStringSubmatch(text, -1) {
			for _, m := range namedTest.FindAllStringSubmatch(line[2], -1) {
				if there[m[1]] && !inRooms[line[1]+"."+m[1]] {
					t.Errorf("%s says that %s is in room %s, and it is not", page, m[1], line[1])
				}
			}
		}
	}
}
