//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// campaign runs rounds until there were enough kills, and reports.
func campaign(ctx context.Context, o options, stdout, stderr io.Writer) int {
	base, err := os.MkdirTemp("", "cr")
	if err != nil {
		fmt.Fprintln(stderr, "crash:", err)
		return exitFault
	}

	defer os.RemoveAll(base)

	// Mounts of this program must not reach the rest of the machine.
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		fmt.Fprintln(stderr, "crash: keep mounts private:", err)
		return exitFault
	}

	fmt.Fprintf(stdout, "seed %d: %d kills, %d worlds, %d kills a round\n", o.seed, o.kills, o.worlds, o.size)
	t := newTally(o.kills)
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)

	var next atomic.Int64
	var worlds sync.WaitGroup
	for range o.worlds {
		worlds.Go(func() {
			for ctx.Err() == nil && !t.done() && time.Since(t.began) < o.limit {
				round := int(next.Add(1)) - 1
				if o.round >= 0 {
					round = o.round
				}

				err := playRound(ctx, o, base, round, t, stdout)
				var b *broken
				switch {
				case errors.As(err, &b): // reported; the other rounds go on
					t.broke(err)
				case err != nil:
					stop(err)
				}

				if o.round >= 0 {
					return
				}
			}
		})

		if o.round >= 0 {
			break
		}
	}

	worlds.Wait()
	t.print(stdout, o.seed)
	return verdict(context.Cause(ctx), t, stderr)
}

func verdict(err error, t *tally, stderr io.Writer) int {
	// A broken invariant comes first: trouble of the program's own must not hide it.
	switch {
	case len(t.broken) > 0:
		fmt.Fprintln(stderr, "crash:", errors.Join(t.broken...))
		return exitBroken
	case err != nil:
		fmt.Fprintln(stderr, "crash:", err)
		return exitFault
	case len(t.faulty) > 0:
		fmt.Fprintln(stderr, "crash: the program itself had trouble:", errors.Join(t.faulty...))
		return exitFault
	}
	return exitDone
}

// playRound plays one round, from an empty directory to the judge's verdict.
func playRound(ctx context.Context, o options, base string, round int, t *tally, stdout io.Writer) error {
	began := time.Now()
	w, err := open(ctx, base, round, o.seed+uint64(round), o.server, companyOf(round, o.liar), t)
	if err != nil {
		return fmt.Errorf("open round %d: %w", round, err)
	}
	defer w.close()

	// Orders and faults have random streams of their own, so that
	// the number of orders placed in time changes no fault.
	s := &shop{world: w, random: rand.New(rand.NewPCG(o.seed, uint64(round)<<1))}
	err = w.play(ctx, o, s, stdout)
	if ctx.Err() != nil {
		return nil
	}
	if err != nil && !errors.Is(err, errUnquiet) {
		return fmt.Errorf("round %d: %w", round, err)
	}

	// A round that did not come to rest is judged all the same, because another invariant may say why.
	j, judgeErr := w.examine(ctx, s.placed)
	for tries := 0; judgeErr != nil && w.shared != nil && tries < 10; tries++ { // the server was killed
		pause(ctx, time.Second)
		j, judgeErr = w.examine(ctx, s.placed)
	}

	if judgeErr != nil {
		return fmt.Errorf("judge round %d: %w", round, errors.Join(judgeErr, err))
	}

	defer j.books.close()
	if errors.Is(err, errUnquiet) {
		j.fault("everything comes to rest", "", "%v", err)
	}

	if len(j.faults) > 0 {
		w.report(ctx, j, o, stdout)
		return fmt.Errorf("seed %d, round %d: %w", o.seed, round, j.faults[0])
	}

	fmt.Fprintf(stdout, "round %d: %d orders, %d requests, %s; all: %d kills, %s\n", round, len(s.placed), len(j.history),
		time.Since(began).Round(time.Second), t.kills(), time.Since(t.began).Round(time.Second))
	return nil
}

// examine reads all books and judges them.
func (w *world) examine(ctx context.Context, placed []order) (*judge, error) {
	j, err := w.gather(ctx, placed)
	if err == nil {
		err = j.judge(ctx)
	}
	if err == nil {
		err = j.count(ctx, w.tally)
	}
	if err != nil && j.books.plugin != nil {
		err = errors.Join(err, j.books.close())
	}
	return j, err
}

// play places orders while faults strike, then waits until all is at rest, and stops the panel.
func (w *world) play(ctx context.Context, o options, s *shop, out io.Writer) error {
	serving, stop := context.WithCancel(ctx)
	var parts sync.WaitGroup
	defer parts.Wait()
	defer stop()
	var keeping sync.WaitGroup
	var kept, peerKept error
	keeping.Go(func() { kept = w.keep(serving) })
	wires, cut := context.WithCancel(ctx)
	defer cut()
	parts.Go(func() { w.smtp.run(wires) })
	parts.Go(func() { w.imap.run(wires) })

	if w.peer != nil {
		if err := w.join(ctx); err != nil {
			return err
		}
		keeping.Go(func() { peerKept = w.peer.keep(serving) })
		if err := w.joined(ctx); err != nil {
			return err
		}
	}

	taking, enough := context.WithCancel(ctx)
	var selling sync.WaitGroup
	selling.Go(func() { s.run(ctx, taking) })
	selling.Go(func() { w.sift(taking) })
	w.torment(ctx, o, s, rand.New(rand.NewPCG(o.seed, uint64(w.round)<<1|1)))
	enough()
	selling.Wait()

	// From here on nothing is ordered and no fault strikes, so fewer and fewer things are open. The
	// panel ends before the judge reads: a book that is still written would contradict the other.
	err := w.settle(ctx, out)
	stop()
	keeping.Wait()

	return errors.Join(err, kept, peerKept)
}

const (
	between   = 150 * time.Millisecond // mean time between faults
	atLongest = 3 * time.Second        // how long a fault waits for orders, on the usual machine
)

// torment inflicts one fault after another, as fast as orders come.
func (w *world) torment(ctx context.Context, o options, s *shop, random *rand.Rand) {
	for kills := 0; kills < o.size && ctx.Err() == nil && !w.tally.done(); {
		f := draw(random)
		f.other = w.peer != nil && random.IntN(2) == 0
		pause(ctx, time.Duration(random.ExpFloat64()*float64(between)))

		// No longer, because the shop sells nothing while too many orders are open.
		longest := w.scale(atLongest)
		for began := time.Now(); s.sold() < o.orders*kills && time.Since(began) < longest; {
			pause(ctx, 10*time.Millisecond)
		}
		w.inflict(ctx, f)
		if f.kills() {
			kills++
		}
	}
}

// report prints the broken invariants and keeps the books.
func (w *world) report(ctx context.Context, j *judge, o options, out io.Writer) {
	fmt.Fprintf(out, "round %d broke %d invariants; again with: go run ./cmd/crash -seed %d -round %d -size %d\n", w.round, len(j.faults), o.seed, w.round, o.size)
	shown := map[string]bool{}
	for i, f := range j.faults {
		if i == 20 {
			fmt.Fprintf(out, "… and %d more\n", len(j.faults)-i)
			break
		}
		fmt.Fprintln(out, f)
		if f.domain != "" && !shown[f.domain] {
			shown[f.domain] = true
			fmt.Fprint(out, j.timeline(ctx, f.domain))
		}
	}

	dir := filepath.Join(o.keep, fmt.Sprintf("%d-%d", o.seed, w.round))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		fmt.Fprintln(out, "keep books and log:", err)
	}

	if text, err := exec.Command("cp", "-r", w.data(), w.log.Name(), dir).CombinedOutput(); err != nil {
		fmt.Fprintln(out, "keep books and log:", strings.TrimSpace(string(text)))
	}

	fmt.Fprintln(out, "books and log are in", dir)
}
