package testrun

import (
	"flag"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"testing"
)

// Program returns the path of a command of this module, as it is shipped: without the race
// detector. make test has built it; for a test run by hand it is built now.
func Program(t testing.TB, command string) string {
	t.Helper()
	NeedsServers(t)
	if dir := shared(); dir != "" {
		return filepath.Join(dir, "bin", path.Base(command))
	}
	program := filepath.Join(t.TempDir(), path.Base(command))
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, command).CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", command, err, out)
	}
	return program
}

// Suite returns the path of the test program of the package that t is in, for a suite that runs
// more than once, or in processes. That of make test has no race detector, which the first run
// had; that of a test run by hand is the test's own.
func Suite(t testing.TB) string {
	t.Helper()
	if dir := shared(); dir != "" {
		folder, err := os.Getwd()
		if err != nil {
			t.Fatal(err)
		}
		return filepath.Join(dir, "bin", filepath.Base(filepath.Dir(folder)), filepath.Base(folder)+".test")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return self
}

// Watched returns the path of the test program of the package that t is in, with the race
// detector: for a process that is to be watched by a suite that is not. That of a test run by
// hand is the test's own.
func Watched(t testing.TB) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}

	if dir := shared(); dir != "" {
		return filepath.Join(dir, "bin", "watched", filepath.Base(self))
	}
	return self
}

// Unwatched runs the test that t is once more, without the race detector that the suite is under,
// and reports whether it did: of very many cases that are alike a test then needs a few itself, and
// [Sample] picks them. It does nothing in a suite without a detector, and in one that is run by hand.
func Unwatched(t *testing.T) bool {
	t.Helper()
	if !watched || shared() == "" {
		return false
	}

	out, err := exec.CommandContext(t.Context(), Suite(t), "-test.run=^"+t.Name()+"$", "-test.shuffle=on",
		"-test.parallel="+flag.Lookup("test.parallel").Value.String(), "-test.timeout="+Remaining(t).String()).CombinedOutput()
	if err != nil {
		t.Errorf("without the race detector: %v\n%s", err, out)
	}
	return true
}

// Sample runs a test of many cases that are alike, each the work of one goroutine, without the race
// detector: see [Unwatched]. What it returns reports whether the test tries its next case itself:
// the first and every n-th where that was done, in a suite that runs [Elsewhere], and in a short run;
// otherwise all of them.
func Sample(t *testing.T, n int) (tries func() bool) {
	t.Helper()
	if !Unwatched(t) && os.Getenv(elsewhere) == "" && !testing.Short() {
		n = 1
	}
	return everyNth(n)
}

// elsewhere marks in the environment a suite that runs once more.
const elsewhere = "TESTRUN_ELSEWHERE"

// Elsewhere is the environment of a suite that runs once more on something else, as on another
// database: all of its cases are tried where it runs first, and a [Sample] is tried there.
func Elsewhere(environment []string) []string { return append(environment, elsewhere+"=1") }

func everyNth(n int) func() bool {
	next := 0
	return func() bool {
		tried := next%n == 0
		next++
		return tried
	}
}
