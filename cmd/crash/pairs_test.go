//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"registrar.panel/host/web/api"
	contract "registrar.panel/shared/registrar"
)

// The fault pairs of every word that passes between the plugin and R01's servers. The word is lost before
// it has an effect ("asked") or after ("answered"), by a cut, by a freeze, or by the death of the plugin,
// of the panel or of both; then the last word of the dead still goes on, or not. Each pair gets one
// registration. After each nothing has happened twice, and at the end the judge compares all books.
func TestPairs(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	output, code := execute(t, self, paired)
	t.Log(output)
	if code != exitDone {
		t.Errorf("exit %d", code)
	}
}

const paired = "paired"

// pairs lists the faults, in a fixed order.
func pairs() (all []fault) {
	everywhere := []point{smtpOpened, smtpMailAsked, smtpRcptAsked, smtpRcptAnswered, smtpRcptHeard, smtpDataAsked, smtpDataHeard,
		smtpBody, smtpDotAsked, smtpDotAnswered, smtpDotHeard, smtpQuitAsked,
		imapFetchAsked, imapFetchAnswered, imapStoreAsked, imapStoreAnswered, imapMoveAsked, imapMoveAnswered}
	for _, p := range everywhere {
		all = append(all, fault{kind: cutHere, at: p}, fault{kind: stopPlugin, at: p, lasts: 100 * time.Millisecond})
		for _, k := range []kind{killPlugin, killPanel, killBoth} {
			all = append(all, fault{kind: k, at: p}, fault{kind: k, at: p, happens: true})
		}
	}
	return all
}

func playPairs(ctx context.Context, stdout, stderr io.Writer) int {
	if os.Getenv(apart) == "" {
		return setApart([]string{paired}, stdout, stderr)
	}

	base, err := os.MkdirTemp("", "cr")
	if err == nil {
		defer os.RemoveAll(base)
		err = syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, "")
	}

	if err != nil {
		fmt.Fprintln(stderr, err)
		return exitFault
	}

	const worlds = 4
	failures := make([]error, worlds)
	var playing sync.WaitGroup
	for n := range worlds {
		var mine []fault
		for i, f := range pairs() {
			if i%worlds == n {
				mine = append(mine, f)
			}
		}
		playing.Go(func() { failures[n] = playSome(ctx, base, n, mine, stdout) })
	}

	playing.Wait()

	if err := errors.Join(failures...); err != nil {
		fmt.Fprintln(stderr, err)
		return exitBroken
	}

	return exitDone
}

// playSome plays pairs in one world.
func playSome(ctx context.Context, base string, round int, faults []fault, stdout io.Writer) error {
	t := newTally(1 << 20)
	w, err := open(ctx, base, round, 1, "", honest, t)
	if err != nil {
		return err
	}
	defer w.close()

	if err := w.sim.post(ctx, "/policy", `{"jitter":0,"vary":0,"duplicate":0,"reorder":0,"lose":0,"defer":0,"drop":0}`); err != nil {
		return err
	}

	s := &shop{world: w, random: rand.New(rand.NewPCG(1, 1))}
	j, err := w.under(ctx, func(ctx context.Context) error { return s.pairs(ctx, faults) }, s, stdout)
	if err != nil {
		return err
	}
	defer j.books.close()

	for _, f := range j.faults {
		fmt.Fprintln(stdout, f, j.timeline(ctx, f.domain))
		err = errors.Join(err, f)
	}

	return errors.Join(append(t.faulty, err)...)
}

// under does something in a running world, waits until all is at rest, and judges.
func (w *world) under(ctx context.Context, do func(context.Context) error, s *shop, stdout io.Writer) (*judge, error) {
	serving, stop := context.WithCancel(ctx)
	var keeping, parts sync.WaitGroup
	var kept error
	keeping.Go(func() { kept = w.keep(serving) })
	wires, cut := context.WithCancel(ctx)
	parts.Go(func() { w.smtp.run(wires) })
	parts.Go(func() { w.imap.run(wires) })

	err := do(ctx)
	if err == nil {
		err = w.settle(ctx, stdout)
	}

	stop()
	keeping.Wait() // it drains first
	cut()
	parts.Wait()

	if err = errors.Join(err, kept); err != nil {
		return nil, err
	}

	j, err := w.gather(ctx, s.placed)
	if err == nil {
		err = j.judge(ctx)
	}

	return j, err
}

func (s *shop) pairs(ctx context.Context, faults []fault) error {
	s.sell(ctx, s.registration("first"))
	err := until(ctx, "first.ru to be registered", 20*time.Millisecond, func() (bool, string) {
		d, err := get[api.Domain](ctx, s.world, api.Path("domains", "first.ru"))
		return err == nil && d.Status == string(contract.StatusRegistered), fmt.Sprintf("%s%s", d.Status, because(err))
	})
	if err != nil {
		return err
	}

	for i, f := range faults {
		if f.at == smtpOpened { // a connection is kept for the next mails
			if err := until(ctx, "no SMTP connection to be open", 5*time.Millisecond, func() (bool, string) { return s.smtp.quiet(), "one is" }); err != nil {
				return err
			}
		}

		met := s.lay(f)
		var selling sync.WaitGroup // a frozen panel takes no order
		name := fmt.Sprintf("pair%d-%d", s.round, i)
		selling.Go(func() { s.sell(ctx, s.registration(name)) })
		if err := s.comeBy(ctx, f, met, name+".ru"); err != nil {
			return fmt.Errorf("world %d fault %d: %w", s.round, i, err)
		}

		selling.Wait()
		if err := s.safe(ctx); err != nil {
			return fmt.Errorf("after %+v: %w", f, err)
		}
	}

	return nil
}

// comeBy waits until a dialogue has come to the fault's point, and lets the fault pass.
func (s *shop) comeBy(ctx context.Context, f fault, met <-chan func(), domain string) error {
	return until(ctx, fmt.Sprintf("a dialogue to come to %q, for %+v", f.at, f), 0, func() (bool, string) {
		select {
		case end := <-met:
			pause(ctx, f.lasts)
			end()
			return true, ""
		case <-ctx.Done():
		case <-time.After(time.Second): // then look what keeps it
		}
		look, enough := context.WithTimeout(ctx, time.Second) // the panel may be frozen
		defer enough()
		if ok, seen := s.serves(look); !ok {
			return false, seen
		}
		d, err := get[api.Domain](look, s.world, api.Path("domains", domain))
		return false, fmt.Sprintf("%s is %s%s", domain, d.Status, because(err))
	})
}

func (s *shop) registration(name string) job {
	return job{NewOrder: api.NewOrder{Kind: string(contract.KindRegister), Domain: name + ".ru", Own: true, Customer: "c", Contact: contact("c"), Nameservers: nameservers(1)}}
}

// safe checks what must hold at any time: nothing has reached
// R01 twice, and everything that is shown as registered is.
func (s *shop) safe(ctx context.Context) error {
	b, err := s.openBooks()
	if err != nil {
		return err
	}
	defer b.close()
	j := &judge{books: b}
	if j.shown, err = records(ctx, b.panel); err != nil {
		return err
	}

	if j.memory, err = s.sim.remembers(ctx); err != nil { // later, so that it contains everything that is shown
		return err
	}
	if err := j.noneTwice(ctx); err != nil {
		return err
	}

	for name, d := range j.shown {
		if at, ok := j.domain(name); d.status == string(contract.StatusRegistered) && !(ok && at.Delegated) {
			j.fault("registered is what R01 has registered", name, "R01 has %+v", at)
		}
	}

	if len(j.faults) > 0 {
		return j.faults[0]
	}

	return nil
}
