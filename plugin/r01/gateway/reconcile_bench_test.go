package gateway

import (
	"bufio"
	"compress/gzip"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/registry"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// Ours are paid till December, a month ahead of the clock: a year more can have been sold.
const (
	ownDomains = 1_000_000
	listLines  = 5_000_000
	ownYear    = 2026
	ownMonth   = time.December
)

// ownName is the n-th domain of ours: every fifth line of the list.
func ownName(n int) string { return fmt.Sprintf("company-%07d.ru", n*(listLines/ownDomains)) }

// writeBigList writes a zone list in no order at all; one of ours in a thousand has been
// renewed elsewhere.
func writeBigList(b *testing.B, path string) {
	b.Helper()
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	z := gzip.NewWriter(f)
	w := bufio.NewWriterSize(z, 1<<20)
	random := rand.New(rand.NewPCG(1, 2))
	for _, n := range random.Perm(listLines) {
		of, year := "REGRU-RU", ownYear
		if n%5 == 0 {
			of = "R01-RU"
		}
		if n%5000 == 0 {
			year++
		}
		day := 1 + n%28
		fmt.Fprintf(w, "COMPANY-%07d.RU\t%s\t%02d.%02d.2015\t%02d.%02d.%d\t%02d.%02d.%d\t1\n", n, of, day, ownMonth, day, ownMonth, year, day, ownMonth, year)
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	if err := z.Close(); err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
}

// fill imports our million straight into the store.
func (g *gate) fill(b *testing.B) {
	b.Helper()
	const atOnce = 50_000
	for start := 0; start < ownDomains; start += atOnce {
		err := g.st.Write(b.Context(), func(tx *store.Tx) error {
			for i := start; i < start+atOnce; i++ {
				n := i * (listLines / ownDomains)
				d := registrar.Domain{Name: ownName(i), Customer: "c" + strconv.Itoa(i%1000), Handle: "MYCO_1_X-R01", Status: registrar.StatusRegistered,
					Renewal: registrar.RenewAuto, PaidTill: registrar.Date{Year: ownYear, Month: ownMonth, Day: 1 + n%28},
					Nameservers: []registrar.Nameserver{{Host: "ns1.hoster.example"}, {Host: "ns2.hoster.example"}}}
				if err := tx.Domains.Put(d, g.clock.AddDate(0, 0, -2)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkReconcile compares a million domains of ours with a zone list of five million
// lines, and tells how many times as long that takes as unpacking and counting the lines,
// and the most memory that the process had while it did.
func BenchmarkReconcile(b *testing.B) {
	path := filepath.Join(b.TempDir(), "ru_domains.gz")
	writeBigList(b, path)
	g := newGate(b)
	g.fill(b)
	g.settings.Registry = engine.Registry{Registrars: []string{"R01-RU"}, MaxGone: 0.01, Misses: 3}
	var baseline, ours, baselineCPU, oursCPU time.Duration
	var peak int
	for b.Loop() {
		start, cpu := time.Now(), used(b, syscall.RUSAGE_CHILDREN)
		out, err := exec.Command("sh", "-c", "zcat '"+path+"' | wc -l").Output()
		if err != nil || strings.TrimSpace(string(out)) != strconv.Itoa(listLines) {
			b.Fatalf("zcat counts %s: %v", out, err)
		}
		baseline, baselineCPU = baseline+time.Since(start), baselineCPU+used(b, syscall.RUSAGE_CHILDREN)-cpu
		debug.FreeOSMemory() // what writing the list has left
		resetPeak(b)
		start, cpu = time.Now(), used(b, syscall.RUSAGE_SELF)
		if err := g.Reconcile(context.Background(), registry.NewSource(path)); err != nil {
			b.Fatal(err)
		}
		ours, oursCPU = ours+time.Since(start), oursCPU+used(b, syscall.RUSAGE_SELF)-cpu
		peak = max(peak, peakMiB(b))
		g.forget(b, path)
	}
	b.ReportMetric(float64(ours)/float64(baseline), "of-zcat")
	b.ReportMetric(float64(oursCPU)/float64(baselineCPU), "cpu-of-zcat")
	b.ReportMetric(ours.Seconds()/float64(b.N), "s/pass")
	b.ReportMetric(baseline.Seconds()/float64(b.N), "s/zcat")
	b.ReportMetric(float64(peak), "peak-MiB")
	if d := g.status(ownName(1000)); d.PaidTill.Year != ownYear+1 {
		b.Fatalf("a renewal elsewhere was not found: %+v", d)
	}
	if d := g.status(ownName(1)); d.PaidTill.Year != ownYear {
		b.Fatalf("a domain that nothing happened to was changed: %+v", d)
	}
}

// used is the processor time spent so far, which says more than the clock where many share
// a machine.
func used(b *testing.B, who int) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(who, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// forget lets the next pass read the same edition as a new one.
func (g *gate) forget(b *testing.B, source string) {
	b.Helper()
	err := g.st.Write(b.Context(), func(tx *store.Tx) error {
		return tx.Registry.PutZoneList(store.ZoneList{Source: source, ReadAt: g.clock})
	})
	if err != nil {
		b.Fatal(err)
	}
}

// resetPeak and peakMiB use the kernel's own count of resident memory, which knows what Go
// has not given back, and the whole process: the benchmark's own part is in it.
func resetPeak(b *testing.B) {
	b.Helper()
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		b.Skip("the peak of resident memory can't be reset here: ", err)
	}
}

func peakMiB(b *testing.B) int {
	b.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Fatal(err)
	}
	var kib int
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		b.Fatal(err)
	}
	return kib >> 10
}
