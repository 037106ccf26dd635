package testrun

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// Once returns a directory of the run that fill has filled, for the first test of all
// packages that asks for it; other tests copy from it. It is "" for a test that is
// run by hand. If fill fails its test, or dies, the next test that asks begins anew.
func Once(t testing.TB, name string, fill func(dir string)) string {
	t.Helper()
	run := shared()
	if run == "" {
		return ""
	}

	turn, err := os.OpenFile(filepath.Join(run, name+".turn"), os.O_CREATE|os.O_RDWR, 0o666)
	if err == nil {
		defer turn.Close()
		err = syscall.Flock(int(turn.Fd()), syscall.LOCK_EX)
	}
	if err != nil {
		t.Fatalf("wait for %s: %v", name, err)
	}

	// Checked under the lock, because another package may have filled it while this one waited.
	filled := filepath.Join(run, name)
	if _, err := os.Stat(filled); err == nil {
		return filled
	}

	part, err := os.MkdirTemp(run, name+".")
	if err != nil {
		t.Fatalf("make %s: %v", name, err)
	}

	fill(part)

	// The name comes last, so that a half-filled directory never has it.
	if err := os.Rename(part, filled); err != nil {
		t.Fatalf("make %s: %v", name, err)
	}
	return filled
}
