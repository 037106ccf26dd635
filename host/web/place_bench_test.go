package web

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// BenchmarkPlaceOrder has sixteen clients place orders at once, each for a domain of its own, by HTTP: from
// the request to the answer, with the order committed to disk in between. The baseline, in turns with it, is
// what the disk can do at all: 8 KiB written and flushed, again and again. 1 = as many orders as flushes.
func BenchmarkPlaceOrder(b *testing.B) {
	const clients, each, flushes = 16, 32, 128 // in one round
	bench := newBench(b, "")
	server := httptest.NewServer(bench)
	defer server.Close()
	server.Client().Transport.(*http.Transport).MaxIdleConnsPerHost = clients
	bare, err := os.Create(filepath.Join(b.TempDir(), "bare"))
	if err != nil {
		b.Fatal(err)
	}
	defer bare.Close()

	var ours, baseline, cpu time.Duration
	var n atomic.Int64
	rounds := 0
	for b.Loop() {
		rounds++
		began, used := time.Now(), processor(b)

		var placing sync.WaitGroup
		for range clients {
			placing.Go(func() {
				for range each {
					if err := placeOne(server, n.Add(1)); err != nil {
						b.Error(err)
					}
				}
			})
		}
		placing.Wait()

		ours, cpu = ours+time.Since(began), cpu+processor(b)-used
		began = time.Now()
		flush(b, bare, flushes)
		baseline += time.Since(began)
	}

	rate := float64(n.Load()) / ours.Seconds()
	b.ReportMetric(rate*baseline.Seconds()/float64(rounds*flushes), "of-bare-flush")
	b.ReportMetric(rate, "orders/s")
	b.ReportMetric(float64(cpu.Microseconds())/float64(n.Load()), "cpu-µs/order")
}

func placeOne(server *httptest.Server, n int64) error {
	body := fmt.Sprintf(`{"id":"o-%d","kind":"register","domain":"d%d.ru","customer":"c%d","contact":{"kind":"person","passport":"4510 123456","resident":true},
"nameservers":[{"host":"ns1.hoster.example"},{"host":"ns2.hoster.example"}]}`, n, n, n%100)
	answer, err := server.Client().Post(server.URL+"/api/v1/orders", "application/json", strings.NewReader(body))
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("order %d: status %d: %s", n, answer.StatusCode, said)
	}
	return err
}

// processor is the processor time that this process, clients included, has used.
func processor(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func flush(b *testing.B, f *os.File, n int) {
	b.Helper()
	block := make([]byte, 8192)
	for range n {
		if _, err := f.WriteAt(block, 0); err != nil {
			b.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
	}
}
