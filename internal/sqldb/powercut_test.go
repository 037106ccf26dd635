package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"registrar.panel/internal/testrun"
)

var (
	powerCuts = flag.Int("powercuts", 200, "how often to cut the power")
	powerSeed = flag.Uint64("powerseed", 1, "of the instants and of what reaches the disk")
)

// recorded is what the workload asked of the disk.
func recorded(t *testing.T, more ...string) []step {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = slices.Concat(os.Environ(), []string{workloadEnv + "=" + filepath.Join(dir, "a.db"), "GORACE=atexit_sleep_ms=0"}, more)
	steps := record(t, dir, cmd)
	if n := count(steps, acks); n != workers*commitsEach {
		t.Fatalf("%d acknowledgements were recorded, want %d", n, workers*commitsEach)
	}
	return steps
}

func count(steps []step, k kind) (n int) {
	for _, s := range steps {
		if s.kind == k {
			n++
		}
	}
	return n
}

// tally is what came of many power cuts.
type tally struct {
	cuts, acked, lost, hit int
	damage                 error
}

// cutOften plays the steps and cuts the power at random instants. What is found wrong is in
// the tally.
func cutOften(t *testing.T, steps []step, cuts int, seed uint64) *tally {
	t.Helper()

	chance := rand.New(rand.NewPCG(seed, 0))
	instants := make([]int, cuts)
	for i := range instants {
		instants[i] = 1 + chance.IntN(len(steps))
	}

	slices.Sort(instants)
	d := &disk{files: map[string]*file{}}
	var sum tally
	done := 0
	for i, instant := range instants {
		for ; done < instant; done++ {
			d.do(done, steps[done])
		}
		one := rand.New(rand.NewPCG(seed, uint64(i)+1))
		if err := d.judge(t, &sum, one); err != nil {
			sum.damage = errors.Join(sum.damage, fmt.Errorf("cut %d of seed %d, after step %d: %w", i, seed, instant, err))
		}
	}

	return &sum
}

// judge cuts the power, opens what is left as a program would, and counts what is missing.
func (d *disk) judge(t *testing.T, sum *tally, chance *rand.Rand) error {
	dir, err := os.MkdirTemp(scratch(t), "cut-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)

	if err := d.cut(dir, chance); err != nil {
		return err
	}

	have, err := ledgerOf(t.Context(), filepath.Join(dir, "a.db"), len(d.acked) == 0)
	if err != nil {
		return err
	}

	sum.cuts++
	sum.acked += len(d.acked)
	lost := 0
	for _, ack := range d.acked {
		if !have[ack] {
			lost++
		}
	}

	sum.lost += lost
	if lost > 0 {
		sum.hit++
	}

	return nil
}

// scratch is in memory where there is such a place: what is judged is not this machine's disk.
func scratch(t *testing.T) string {
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		return "/dev/shm"
	}
	return t.TempDir()
}

// ledgerOf opens a database and reads what it holds. An error is damage.
func ledgerOf(ctx context.Context, path string, create bool) (have map[string]bool, err error) {
	db, err := Open(ctx, Options{Path: path, Create: create, Migrations: migrations(ledger)})
	if err != nil {
		return nil, err
	}
	defer db.Close()
	have = map[string]bool{}
	next := map[int]int{}
	err = db.Read(ctx, func(tx *sql.Tx) error {
		var verdict string
		if err := tx.QueryRow("pragma integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
			return fmt.Errorf("integrity check: %s, %w", verdict, err)
		}

		_, err := Collect(ctx, tx, func(s Scanner) (struct{}, error) {
			var worker, n int
			var body string
			if err := s.Scan(&worker, &n, &body); err != nil {
				return struct{}{}, err
			}

			if body != bodyOf(worker, n) || n != next[worker] {
				return struct{}{}, fmt.Errorf("worker %d has row %d where %d belongs", worker, n, next[worker])
			}

			next[worker]++
			have[fmt.Sprintf("ack %d %d", worker, n)] = true
			return struct{}{}, nil
		}, "select worker, n, body from ledger order by worker, n")

		return err
	})

	return have, err
}

// However the power fails, what was acknowledged is there, whole and in order.
func TestPowerCuts(t *testing.T) {
	t.Parallel()

	// What writes has several goroutines, and is watched for races; what a cut leaves is for one to judge.
	cuts := *powerCuts
	if testrun.Unwatched(t) {
		cuts = min(cuts, 10)
	}

	steps := recorded(t)
	sum := cutOften(t, steps, cuts, *powerSeed)
	t.Logf("%d power cuts, seed %d: %d of %d acknowledged commits lost; %d writes and %d syncs recorded",
		sum.cuts, *powerSeed, sum.lost, sum.acked, count(steps, writes), count(steps, syncs))
	if sum.lost > 0 || sum.damage != nil {
		t.Errorf("%d cuts lost %d acknowledged commits; damage: %v", sum.hit, sum.lost, sum.damage)
	}
}

// The judge sees: with synchronous = normal the same cuts lose what was acknowledged.
func TestPowerCutsAreSeen(t *testing.T) {
	t.Parallel()
	if testrun.Unwatched(t) { // TestPowerCuts watches what writes
		return
	}
	sum := cutOften(t, recorded(t, workloadEnv+"_UNSAFE=1"), 60, *powerSeed)
	t.Logf("synchronous = normal: %d of %d cuts lost %d of %d acknowledged commits", sum.hit, sum.cuts, sum.lost, sum.acked)
	if sum.lost == 0 {
		t.Error("nothing was lost without syncing: the judge sees nothing")
	}
}
