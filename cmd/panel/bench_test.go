package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"registrar.panel/cmd/panel/bundled"
	"registrar.panel/host/supervisor"
	"registrar.panel/plugin/manual"
	"registrar.panel/shared/registrar"
	"registrar.panel/shared/registrarrpc"
)

// BenchmarkStatusCall measures what the process boundary costs a caller who asks for an
// operation. The baselines are the same plugin in this process, and gRPC alone: an empty call
// to the same process, over a connection of the same kind.
func BenchmarkStatusCall(b *testing.B) {
	compare(b, func(near, far registrar.Hosted) {
		own, theirs := working(b, near), working(b, far)
		var over, within, empty []time.Duration
		for b.Loop() {
			over = append(over, timed(b, func() error { _, err := far.Operation(b.Context(), theirs); return err }))
			within = append(within, timed(b, func() error { _, err := near.Operation(b.Context(), own); return err }))
			empty = append(empty, timed(b, func() error { return far.Start(b.Context()) })) // it is at work already
		}
		for _, all := range [][]time.Duration{over, within, empty} {
			slices.Sort(all)
		}
		at := func(all []time.Duration, percent int) float64 {
			return float64(all[(len(all)-1)*percent/100].Nanoseconds()) / 1000
		}
		b.ReportMetric(at(over, 50), "p50-µs")
		b.ReportMetric(at(over, 99), "p99-µs")
		b.ReportMetric(at(empty, 50), "empty-p50-µs")
		b.ReportMetric(at(empty, 99), "empty-p99-µs")
		b.ReportMetric(at(over, 50)/at(within, 50), "of-in-process")
		b.ReportMetric(at(over, 50)/at(empty, 50), "p50-of-empty")
		b.ReportMetric(at(over, 99)/at(empty, 99), "p99-of-empty")
	})
}

// compare hands a measurement the same plugin twice: in this process, and in one of its own.
func compare(b *testing.B, measure func(near, far registrar.Hosted)) {
	b.Helper()
	commands, err := bundled.Commands()
	if err != nil {
		b.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "panel-")
	if err != nil {
		b.Fatal(err)
	}
	defer os.RemoveAll(dir)
	near := registrarrpc.Gate(manual.New(slog.New(slog.DiscardHandler)))
	spec := supervisor.Spec{Name: "manual", Command: commands["manual"], RunDir: dir + "/run",
		Configure: func(context.Context, registrar.Hosted, registrar.Description) error { return nil }}
	err = supervisor.Visit(b.Context(), spec, supervisor.Timing{}, slog.New(slog.DiscardHandler), func(ctx context.Context, far registrar.Hosted) error {
		measure(near, far)
		return far.Drain(ctx)
	})
	if err != nil {
		b.Fatal(err)
	}
	if err := near.Drain(b.Context()); err != nil {
		b.Fatal(err)
	}
}

// working starts a plugin and returns an operation that it knows.
func working(b *testing.B, p registrar.Hosted) registrar.OperationID {
	b.Helper()
	config, err := json.Marshal(map[string]string{"lookup": "always_available", "confirm": "operator"})
	if err != nil {
		b.Fatal(err)
	}
	if err := p.Configure(b.Context(), registrar.Settings{Config: config, DataDir: b.TempDir(), Create: true}); err != nil {
		b.Fatal(err)
	}
	if err := p.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	op, err := p.Submit(b.Context(), registrar.Order{ID: "o1", Kind: registrar.KindRegister, Domain: "example.com", Customer: "c1",
		Registrant:  &registrar.Registrant{Kind: registrar.Person, Fields: map[string][]string{"name": {"S Sidorov"}, "emails": {"s@example.com"}}},
		Nameservers: []registrar.Nameserver{{Host: "ns1.hoster.example"}}})
	if err != nil {
		b.Fatal(err)
	}
	return op.ID
}

// BenchmarkEvents measures how fast a host reads the event record of a plugin's process from
// its beginning. The baseline is the same record read from the same plugin in this process.
func BenchmarkEvents(b *testing.B) {
	compare(b, func(near, far registrar.Hosted) {
		working(b, near)
		working(b, far)
		busy(b, near)
		busy(b, far)
		var over, within time.Duration
		for b.Loop() {
			over += read(b, far)
			within += read(b, near)
		}
		b.ReportMetric(float64(manyOrders*b.N)/over.Seconds(), "events/s")
		b.ReportMetric(float64(within)/float64(over), "of-in-process-speed")
	})
}

// manyOrders is a number of orders, each of which makes at least one event.
const manyOrders = 5000

func busy(b *testing.B, p registrar.Hosted) {
	b.Helper()
	for i := range manyOrders {
		_, err := p.Submit(b.Context(), registrar.Order{ID: registrar.OrderID("busy-" + strconv.Itoa(i)), Kind: registrar.KindRegister,
			Domain: "busy" + strconv.Itoa(i) + ".com", Customer: "c1",
			Registrant:  &registrar.Registrant{Kind: registrar.Person, Fields: map[string][]string{"name": {"S Sidorov"}, "emails": {"s@example.com"}}},
			Nameservers: []registrar.Nameserver{{Host: "ns1.hoster.example"}}})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// read reads that many events from the beginning of a plugin's record.
func read(b *testing.B, p registrar.Hosted) time.Duration {
	b.Helper()
	began, n := time.Now(), 0
	for e, err := range p.Events(b.Context(), 0) {
		if err != nil {
			b.Fatal(err)
		}
		if n++; e.Cursor != registrar.Cursor(n) {
			b.Fatalf("event %d has cursor %d", n, e.Cursor)
		}
		if n == manyOrders {
			return time.Since(began)
		}
	}
	b.Fatalf("the record ended after %d events", n)
	return 0
}

func timed(b *testing.B, call func() error) time.Duration {
	b.Helper()
	began := time.Now()
	if err := call(); err != nil {
		b.Fatal(err)
	}
	return time.Since(began)
}
