package supervisor

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"registrar.panel/internal/pace"
	"registrar.panel/shared/registrar"
)

// What go-plugin does by itself in these places is known to hurt; the other places are tested
// where this room's own behaviour is: TestLogBomb, TestHostDeath, TestFrozenIsStopped,
// TestChildrenGoToo, TestSocketsArePrivate, TestVisit.

// go-plugin's Kill waits for a start that is under way, up to its time-out.
func TestStopWhileAPluginSaysNothing(t *testing.T) {
	t.Parallel()
	th := open(t, func(o *Options) {
		o.Plugins[0].Env = append(o.Plugins[0].Env[1:], roleVariable+"=mute")
		o.Timing.Start = time.Hour
	})
	alive := filepath.Join(th.stage, "alive")
	until(t, "the process", func() bool { return locked(t, alive) }, th.log)
	began := time.Now()
	th.stop()
	if took := time.Since(began); took > pace.Scale(15*time.Second) { // an hour, if it waited for the start
		t.Errorf("stopping took %s", took)
	}
	if locked(t, alive) {
		t.Error("the process outlives Run")
	}
}

// A call that breaks with its process is never made again by this room: it may have paid.
func TestABrokenCallIsNotRepeated(t *testing.T) {
	t.Parallel()
	th := open(t, nil)
	th.ready()
	if err := th.submit("once.test"); !errors.Is(err, registrar.Unavailable) {
		t.Errorf("Submit = %v", err)
	}
	th.until("running again", func(s Status) bool { return s.State == Running && s.Restarts == 1 })
	if asked := th.asked(); asked != "configure start submit configure start" {
		t.Errorf("asked to: %s", asked)
	}
}

// go-plugin's own check of a program fails at the second start, and can't be used with a
// runner at all.
func TestPinnedProgramStartsAgain(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(text)
	th := open(t, func(o *Options) { o.Plugins[0].SHA256 = hex.EncodeToString(sum[:]) })
	th.ready()
	if err := th.submit("crash.test"); err == nil {
		t.Error("a crashed plugin answered")
	}
	th.until("running again", func(s Status) bool { return s.State == Running && s.Restarts == 1 })
	if strings.Contains(th.log.String(), "is expected") {
		t.Errorf("the checksum did not fit the second time:\n%s", th.log)
	}
}
