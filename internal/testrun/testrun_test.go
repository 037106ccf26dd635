package testrun

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// story is a test that is told what happens to it.
type story struct {
	testing.TB
	end      time.Time
	failed   string
	cleanups []func()
}

func (s *story) Helper()                           {}
func (s *story) Cleanup(f func())                  { s.cleanups = append(s.cleanups, f) }
func (s *story) Deadline() (t time.Time, ok bool)  { return s.end, !s.end.IsZero() }
func (s *story) Fatalf(format string, args ...any) { s.failed = fmt.Sprintf(format, args...); panic(s) }
func (s *story) Fatal(args ...any)                 { s.failed = fmt.Sprint(args...); panic(s) }

// tell runs what a test does, until that fails.
func (s *story) tell(f func()) {
	defer func() {
		if failure := recover(); failure != nil && failure != any(s) {
			panic(failure)
		}
	}()
	f()
}

func TestUntil(t *testing.T) {
	t.Parallel()
	looks := 0
	s := &story{}
	s.tell(func() { Until(s, "the third look", func() (bool, string) { looks++; return looks == 3, "" }) })
	if looks != 3 || s.failed != "" {
		t.Errorf("%d looks, %q", looks, s.failed)
	}
}

// What gives up says for what it waited, since when, and what it saw last.
func TestUntilEndsWithTheRun(t *testing.T) {
	t.Parallel()
	s := &story{end: time.Now().Add(last / 2)}
	began := time.Now().Format(time.TimeOnly)
	s.tell(func() { Until(s, "the moon", func() (bool, string) { return false, "clouds" }) })
	for _, want := range []string{"the moon", "clouds", began[:4]} {
		if !strings.Contains(s.failed, want) {
			t.Errorf("%q does not say %q", s.failed, want)
		}
	}
}

func TestLimit(t *testing.T) {
	t.Parallel()
	if got, all := Limit(&story{}), Remaining(&story{}); got < patience || all < got {
		t.Errorf("without a deadline a step takes %s, and all of them %s", got, all)
	}
	if got := Limit(&story{end: time.Now().Add(last + 5*time.Second)}); got > 5*time.Second {
		t.Errorf("5 s before its end a test waits %s", got)
	}
	if got := Limit(&story{end: time.Now()}); got <= 0 {
		t.Errorf("at its end a test waits %s", got)
	}
}

// There are as many places as the processors allow, and one that is left is taken by the next.
func TestPlaces(t *testing.T) {
	for name, dir := range map[string]string{"of a run": t.TempDir(), "of a process": ""} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(directory, dir)
			var held, most atomic.Int64
			var families sync.WaitGroup
			for range 3 * Places() {
				families.Go(func() {
					leave, err := take(&story{})
					if err != nil {
						t.Error(err)
						return
					}

					defer leave()
					n := held.Add(1)
					for seen := most.Load(); n > seen && !most.CompareAndSwap(seen, n); seen = most.Load() {
					}

					time.Sleep(time.Millisecond) // so that others meet it
					held.Add(-1)
				})
			}

			families.Wait()
			if n := most.Load(); n > int64(Places()) || n == 0 {
				t.Errorf("%d places were held, and there are %d", n, Places())
			}
		})
	}
}

// A test that waits for a place in vain says so before its time is over.
func TestPlacesAreTaken(t *testing.T) {
	t.Setenv(directory, t.TempDir())
	var leave func()
	for range Places() {
		var err error
		if leave, err = take(&story{}); err != nil {
			t.Fatal(err)
		}
	}
	late := &story{end: time.Now().Add(last)}
	if _, err := take(late); err == nil || !strings.Contains(err.Error(), "were taken since") {
		t.Errorf("the place that is not there: %v", err)
	}
	leave()
	if _, err := take(late); err != nil {
		t.Errorf("a place that was left: %v", err)
	}
}

// While a test waits for time to pass, another has its place.
func TestPlaceIsLent(t *testing.T) {
	NeedsServers(t)
	t.Setenv(directory, t.TempDir())
	for range Places() - 1 {
		if _, err := take(&story{}); err != nil {
			t.Fatal(err)
		}
	}
	late := func() (leave func(), err error) { return take(&story{end: time.Now().Add(last)}) }

	lender := &story{}
	mine := Place(lender)
	mine.Lend(func() {
		leave, err := late()
		if err != nil {
			t.Fatalf("a place that is lent: %v", err)
		}
		leave()
	})
	if _, err := late(); err == nil {
		t.Error("a place that was taken back can be had")
	}

	var ended sync.WaitGroup
	ended.Go(func() { mine.Lend(runtime.Goexit) }) // the test ends while it waits
	ended.Wait()
	leave, err := late()
	if err != nil {
		t.Fatalf("the place of a test that ends while it is lent: %v", err)
	}
	for _, f := range lender.cleanups {
		f()
	}
	if _, err := late(); err == nil {
		t.Error("the test that ended gave another's place back")
	}
	leave()
}

// A place is free again when the process that held it is killed.
func TestPlaceOfTheDead(t *testing.T) {
	if os.Getenv("PLACE_HOLDER") != "" {
		if _, err := take(&story{}); err != nil {
			t.Fatal(err)
		}
		fmt.Println("placed")
		select {}
	}

	NeedsServers(t)
	dir := t.TempDir()
	t.Setenv(directory, dir)
	holder := exec.Command(os.Args[0], "-test.run=^TestPlaceOfTheDead$")
	holder.Env = append(os.Environ(), "PLACE_HOLDER=1")

	out, err := holder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}

	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}

	defer holder.Wait()
	defer holder.Process.Kill()

	if line, err := bufio.NewReader(out).ReadString('\n'); line != "placed\n" {
		t.Fatalf("the holder says %q, %v", line, err)
	}

	first := filepath.Join(dir, "place.0")
	if file, err := lock(first); file != nil || err != nil {
		t.Errorf("a place that is held can be had: %v", err)
	}

	holder.Process.Kill()
	holder.Wait()

	if file, err := lock(first); file == nil || err != nil {
		t.Errorf("the place of the dead can't be had: %v", err)
	}
}

// A sample has the first case, so that it is never empty.
func TestSample(t *testing.T) {
	t.Setenv(directory, "")
	t.Setenv(elsewhere, "")
	all := everyNth(1)
	if !testing.Short() {
		all = Sample(t, 3)
	}

	name, value, _ := strings.Cut(Elsewhere(nil)[0], "=")
	t.Setenv(name, value)
	for n, want := range map[string]string{"all": "1111111", "each third": "1001001"} {
		tries := map[string]func() bool{"all": all, "each third": Sample(t, 3)}[n]
		var got string
		for range want {
			if tries() {
				got += "1"
			} else {
				got += "0"
			}
		}
		if got != want {
			t.Errorf("of %s are tried %s, want %s", n, got, want)
		}
	}
}

// What is made once is made by the first that comes, and by the next where that one failed.
func TestOnce(t *testing.T) {
	t.Setenv(directory, t.TempDir())
	fills := 0
	fail := func(string) { fills++; panic("no") }
	fill := func(dir string) {
		fills++
		if err := os.WriteFile(filepath.Join(dir, "made"), nil, 0o600); err != nil {
			t.Error(err)
		}
	}

	func() {
		defer func() { _ = recover() }()
		Once(t, "thing", fail)
	}()

	first, second := Once(t, "thing", fill), Once(t, "thing", fill)
	if _, err := os.Stat(filepath.Join(first, "made")); err != nil || first != second || fills != 2 {
		t.Errorf("it was made %d times, in %s and %s: %v", fills, first, second, err)
	}

	t.Setenv(directory, "")
	if got := Once(t, "thing", fill); got != "" || fills != 2 {
		t.Errorf("by hand it lies in %q, made %d times", got, fills)
	}
}

// What has no directory of a run builds what it needs; else it takes what is there.
func TestProgram(t *testing.T) {
	dir := t.TempDir()
	t.Setenv(directory, dir)
	if got, want := Program(t, "registrar.panel/cmd/registrar-manual"), filepath.Join(dir, "bin", "registrar-manual"); got != want {
		t.Errorf("in a run it is %s, want %s", got, want)
	}
	t.Setenv(directory, "")
	if info, err := os.Stat(Program(t, "registrar.panel/cmd/registrar-manual")); err != nil || info.Mode()&0o100 == 0 {
		t.Errorf("built: %v, %v", info, err)
	}
}
