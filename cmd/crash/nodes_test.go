package main

import (
	"flag"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"registrar.panel/internal/pace"
	"registrar.panel/internal/pgtest"
)

var (
	nodeKills = flag.Int("nodekills", 50, "SIGKILLs of the campaign with two nodes")
	nodeSeed  = flag.Uint64("nodeseed", 4, "seed of that campaign")
)

// Two nodes share a server, and are killed and frozen as one panel is; so is the server, over
// and over. The same judge reads the books.
func TestCrashOnPostgreSQL(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "crash")
	if output, code := execute(t, "go", "build", "-o", program, "."); code != 0 {
		t.Fatal(output)
	}
	server := pgtest.Start(t)
	url := server.Database()
	var output string
	var code int
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		output, code = execute(t, program, "-postgres", url, "-n", strconv.Itoa(*nodeKills), "-seed", strconv.FormatUint(*nodeSeed, 10),
			"-worlds", "2", "-size", "25", "-orders", "3")
	}()
	random, crashes := rand.New(rand.NewPCG(*nodeSeed, 0)), 0
	for running := true; running; {
		select {
		case <-ended:
			running = false
		case <-time.After(pace.Scale(4*time.Second + time.Duration(random.ExpFloat64()*float64(4*time.Second)))):
			server.Kill()
			server.Restart()
			crashes++
		}
	}
	t.Logf("the server was killed %d times\n%s", crashes, output)
	if code != exitDone || !strings.Contains(output, "lost 0, double 0") || crashes == 0 {
		t.Errorf("exit %d", code)
	}
}
