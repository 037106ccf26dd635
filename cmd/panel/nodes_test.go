package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"registrar.panel/internal/pace"
	"registrar.panel/internal/pgtest"
	"registrar.panel/internal/testrun"
)

// replacedWithin is the promise: a holder of the lease that has stopped working is replaced
// within this time. It holds for a machine on which the lease is the longest part of it.
const replacedWithin = 30 * time.Second

// Whatever happens to the node that has the lease, another takes over and continues what was under way,
// and R01 gets every request once. All of this goes through PgBouncer in transaction mode. issue 4
func TestHolderIsReplaced(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(t *testing.T, n nodes) (mend func()){
		"drained": func(_ *testing.T, n nodes) func() { n.a.stop(syscall.SIGTERM); return n.a.serve },
		"killed": func(t *testing.T, n nodes) func() {
			n.a.signalAll(t, syscall.SIGKILL)
			n.a.stop(syscall.SIGKILL)
			return n.a.serve
		},
		"stopped": func(t *testing.T, n nodes) func() {
			n.a.signalAll(t, syscall.SIGSTOP)
			return func() { n.a.signalAll(t, syscall.SIGCONT) }
		},
		"partitioned": func(_ *testing.T, n nodes) func() { n.network.Cut(); return n.network.Heal },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			place := testrun.Place(t)
			server := postgres.Use(t)
			n := newNodes(t, server, pgtest.StartBouncer(t, server).Address)
			contact := n.b.write("person.json", person)
			n.b.buy("before.ru", "c1", contact) // ordered at this node, sent by the other
			n.b.reach("before.ru", "Registered")
			n.a.buy("during.ru", "c2", n.a.write("person.json", person))

			mend := fail(t, n)
			failed := time.Now()
			var waited time.Duration // without the time until a place is free again
			place.Lend(func() {
				n.b.until("the lease to be ours", func() bool { return n.b.lease().held })
				waited = time.Since(failed)
			})
			if most := pace.Scale(replacedWithin); waited > most {
				t.Errorf("replaced after %s, want %s at most", waited, most)
			} else {
				t.Logf("%s: replaced after %s", name, waited.Round(time.Second/10))
			}
			n.b.buy("after.ru", "c3", contact)
			n.b.reach("after.ru", "Registered")
			n.reachDuring("during.ru")

			if _, why, code := n.b.run("backup", filepath.Join(n.b.dir, "backup")); code == 0 || !strings.Contains(why, "pg_dump") {
				t.Errorf("a backup of a server: exit %d, %s", code, why)
			}

			mend()
			n.a.until("the other node to stand by", func() bool { l := n.a.lease(); return l.known && !l.held })
			n.a.buy("mended.ru", "c1", contact)
			n.a.reach("mended.ru", "Registered")
			n.b.reach("mended.ru", "Registered")
			n.check(t)
		})
	}
}

// nodes are two panels with their plugins on common databases. a has the lease.
type nodes struct {
	a, b    *world
	network *pgtest.Proxy // between a and the databases
}

func newNodes(t *testing.T, server *pgtest.Server, address string) nodes {
	t.Helper()
	n := nodes{a: newPlace(t), b: newPlace(t), network: pgtest.StartProxy(t, address)}
	panel, plugin := server.Database(), server.Database()
	n.a.panelStore, n.a.pluginStore = pgtest.Via(n.network.Address, panel), pgtest.Via(n.network.Address, plugin)
	n.b.panelStore, n.b.pluginStore = pgtest.Via(address, panel), pgtest.Via(address, plugin)
	n.a.simulate()
	n.b.sim, n.b.mail = n.a.sim, n.a.mail
	n.a.settle(nil)
	n.b.settle(nil)
	n.a.serve()
	n.b.join(n.a)
	n.b.until("the second node to stand by", func() bool { return strings.HasPrefix(n.b.lease().detail, "standby: ") })
	return n
}

// join starts a panel as a further node, with the keys of the first, as the operator does.
func (w *world) join(first *world) {
	w.t.Helper()
	for _, key := range []string{"data/panel.key", "data/plugins/r01/r01.key"} {
		text, err := os.ReadFile(filepath.Join(first.dir, key))
		if err != nil {
			w.t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Join(w.dir, filepath.Dir(key)), 0o700); err != nil {
			w.t.Fatal(err)
		}
		w.write(key, string(text))
	}
	w.serve()
}

// answered is how long R01 takes at most to answer what it got, on the usual machine.
const answered = 10 * time.Second

// reachDuring waits for an order that may have been on its way when the holder failed.
// If its request, or its client's, was claimed and R01 never got it, no reply will
// come: its fate is unknown, and a person who has looked at R01 lets it be sent again.
func (n nodes) reachDuring(name string) {
	var uncertain time.Time
	resent := false
	n.b.until(name+" to be Registered", func() bool {
		d := n.b.domain(name)
		if d.Status == "Registered" {
			return true
		}
		if resent || d.Operation == nil || d.Operation.State != "Uncertain" {
			uncertain = time.Time{}
			return false
		}
		if uncertain.IsZero() {
			uncertain = time.Now()
		}
		if time.Since(uncertain) < pace.Scale(answered) || n.b.requests(name) > 0 {
			return false
		}
		_, _, code := n.b.run("operation", "resolve", d.Operation.ID, "--outcome", "resend", "--by", "ann", "--note", "R01's log does not have it")
		resent = code == 0
		return false
	})
}

type leaseView struct {
	known, held bool
	detail      string
}

// lease returns what a node's health says about the lease.
func (w *world) lease() leaseView {
	var plugins []struct {
		Name   string
		Health []struct{ Component, Detail string }
	}
	if w.ask(&plugins, "plugins") != nil {
		return leaseView{}
	}
	for _, p := range plugins {
		for _, h := range p.Health {
			if h.Component == "lease" {
				return leaseView{true, strings.HasPrefix(h.Detail, "this instance works"), h.Detail}
			}
		}
	}
	return leaseView{}
}

// signalAll sends a signal to the panel and its plugin.
func (w *world) signalAll(t *testing.T, s syscall.Signal) {
	t.Helper()
	pids := append(children(t, w.panel.Process.Pid), w.panel.Process.Pid)
	if len(pids) < 2 {
		t.Fatal("the panel has no plugin")
	}
	for _, pid := range pids {
		if err := syscall.Kill(pid, s); err != nil {
			t.Fatal(err)
		}
	}
}

// check checks that R01 got every request once, and that both nodes have the same log with each event once.
func (n nodes) check(t *testing.T) {
	t.Helper()
	for object, times := range n.perObject() {
		if times != 1 {
			t.Errorf("R01 got %d requests for %s", times, object)
		}
	}
	var here string
	n.a.until("both nodes to show one log", func() bool { // to which an entry may be added between two looks
		here = n.a.must("log", "-o", "json")
		return here == n.b.must("log", "-o", "json")
	})
	var entries []logView
	if err := json.Unmarshal([]byte(here), &entries); err != nil {
		t.Fatal(err)
	}
	told := map[string]int{}
	for _, e := range entries {
		told[*e.Event+" "+*e.Message]++
	}
	for entry, times := range told {
		if times != 1 {
			t.Errorf("the log tells %d times: %s", times, entry)
		}
	}
	if len(told) < 4*5 {
		t.Errorf("the log tells of four registrations in %d entries", len(told))
	}
}

// perObject counts R01's requests for each handle and domain. A
// domain's request also names the handle, which is not counted.
func (n nodes) perObject() map[string]int {
	count := map[string]int{}
	for _, e := range n.a.sim.History() {
		for _, o := range e.Objects {
			count[o]++
		}
	}
	return count
}
