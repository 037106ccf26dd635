package testrun

import (
	"flag"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"testing"
)

// Program returns the path of a command of this module, as it is shipped: without
// the race detector. make test has built it; a test run by hand builds it now.
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

// Suite returns the path of the test program of t's package, for a suite that
// runs more than once, or in processes. make test builds it without the race
// detector, which the first run had; a test run by hand uses its own program.
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

// Watched returns the path of the test program of t's package with the race detector, for a suite
// without the detector that needs a process with it. A test run by hand uses its own program.
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

// Unwatched runs the test t once more, without the race detector of the suite, and reports
// whether it did. A test of very many similar cases then needs only a few itself, and [Sample]
// picks them. It does nothing in a suite without a detector, and in one that is run by hand.
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

// Sample runs a test of many similar cases, each the work of one goroutine, without the
// race detector: see [Unwatched]. The function that it returns reports whether the test
// tries its next case itself. These are the first and every n-th if the test has run
// unwatched, in a suite that runs [Elsewhere], and in a short run; otherwise they are all.
func Sample(t *testing.T, n int) (tries func() bool) {
	t.Helper()
	if !Unwatched(t) && os.Getenv(elsewhere) == "" && !testing.Short() {
		n = 1
	}
	return everyNth(n)
}

// elsewhere marks the environment of a suite that runs once more.
const elsewhere = "TESTRUN_ELSEWHERE"

// Elsewhere returns the environment of a suite that runs once more on something else,
// such as another database: its first run tries all cases, and this one a [Sample].
func Elsewhere(environment []string) []string { return append(environment, elsewhere+"=1") }

func everyNth(n int) func() bool {
	next := 0
	return func() bool {
		tried := next%n == 0
		next++
		return tried
	}
}
