//go:build linux

package main

import (
	"flag"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"registrar.panel/internal/pace"
	"registrar.panel/internal/pgtest"
	"registrar.panel/internal/testrun"
)

var (
	nodeKills = flag.Int("nodekills", 18, "SIGKILLs of the campaign with two nodes")
	nodeSeed  = flag.Uint64("nodeseed", 4, "seed of that campaign")
)

// Two nodes share a server. They are killed and frozen like a single panel,
// and so is the server, over and over. The same judge reads the books.
func TestCrashOnPostgreSQL(t *testing.T) {
	t.Parallel()

	program := testrun.Program(t, "registrar.panel/cmd/crash")
	testrun.Place(t)
	server := pgtest.StartHurried(t)
	url := server.Database()
	var output string
	var code int
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		output, code = executeInPlace(t, program, "-postgres", url, "-n", strconv.Itoa(*nodeKills), "-seed", strconv.FormatUint(*nodeSeed, 10),
			"-worlds", "2", "-size", "25", "-orders", "3")
	}()

	random, crashes := rand.New(rand.NewPCG(*nodeSeed, 0)), 0
	next := func() time.Duration { return 4*time.Second + time.Duration(random.ExpFloat64()*float64(4*time.Second)) }
	for running, lives := true, next(); running; lives = pace.Scale(next()) { // long enough for some work to be done meanwhile
		select {
		case <-ended:
			running = false
		case <-time.After(lives):
			server.Kill()
			server.Restart()
			crashes++
		}
	}

	t.Logf("the server was killed %d times\n%s", crashes, output)
	if code != exitDone || !strings.Contains(output, "0 lost, 0 double, 0 believed") || crashes == 0 {
		t.Errorf("exit %d", code)
	}
}
