package archtest

import (
	"regexp"
	"strings"
	"testing"
)

var (
	skip     = regexp.MustCompile(`\bt\.Skip(?:f|Now)?\(.*`)
	withRoot = regexp.MustCompile(`os\.Geteuid\(\) != 0 \{\n\s*t\.Skip\("needs root`)
	script   = regexp.MustCompile(`(?m)^(?:\[[^\]]*\] )?skip\b`)
)

// Go's tests don't report tests that were skipped. So a test may be skipped
// only if it needs the root account, without which .ci/run refuses to begin,
// or in a short run (testrun.NeedsServers), which that of .ci/run is not.
func TestNothingIsSkipped(t *testing.T) {
	t.Parallel()

	permitted := 0
	for _, file := range filesWhere(t, func(f string) bool { return strings.HasSuffix(f, "_test.go") || strings.HasSuffix(f, ".txtar") }) {
		text := readText(t, file)
		wants := withRoot.FindAllString(text, -1)
		permitted += len(wants)

		if file == "internal/archtest/skips_test.go" {
			continue
		}
		if skips := skip.FindAllString(text, -1); len(skips) != len(wants) {
			t.Errorf("%s leaves out tests: %q", file, skips)
		}
		if strings.HasSuffix(file, ".txtar") && script.MatchString(text) {
			t.Errorf("%s leaves out what follows", file)
		}
	}

	if permitted == 0 {
		t.Error("no test was found that needs root; does the pattern still fit?")
	}

	ci := readText(t, ".ci/run")
	for _, want := range []string{"id -u", "-short"} {
		if !strings.Contains(ci, want) {
			t.Errorf(".ci/run does not look at %q", want)
		}
	}
}
