// Package metrics reports the state of a panel to monitoring, in the text format of Prometheus: what
// is in its book, how its plugins are, and how fast it answers. docs/ops/monitoring.md says what each
// metric means.
//
// Reading metrics is cheap and bounded. No plugin is asked, because the supervisor knows the state of
// each, and the book is counted once a minute at most, however often the metrics are read.
package metrics

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"registrar.panel/host/orders"
	"registrar.panel/host/supervisor"
)

// Book counts what the panel has recorded.
type Book interface {
	Alive(ctx context.Context) error
	CountDomains(ctx context.Context) (map[string]int, error)
	CountOrders(ctx context.Context) (map[string]int, error)
	CountOperations(ctx context.Context) ([]orders.UnderWay, error)
	CountAttention(ctx context.Context) (int, error)
}

// Plugins knows the state of the plugins.
type Plugins interface {
	Statuses() []supervisor.Status
}

// Options of metrics.
type Options struct {
	Book    Book
	Plugins Plugins
	Version string           // of the program
	Now     func() time.Time // nil = time.Now
}

// Metrics answers monitoring; it is an [http.Handler].
type Metrics struct {
	book     *counter
	requests *requests
	text     http.Handler
}

// New makes the metrics of a panel.
func New(o Options) *Metrics {
	if o.Now == nil {
		o.Now = time.Now
	}
	m := &Metrics{book: &counter{book: o.Book, now: o.Now}, requests: newRequests()}
	registry := prometheus.NewRegistry()
	registry.MustRegister(bookMetrics{m.book}, pluginMetrics{o.Plugins}, m.requests.durations, m.requests.answers, built(o.Version),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.text = promhttp.HandlerFor(registry, promhttp.HandlerOpts{MaxRequestsInFlight: mostScrapes, DisableCompression: true})
	return m
}

// mostScrapes is how many may read at a time.
const mostScrapes = 4

func built(version string) prometheus.Collector {
	g := prometheus.NewGauge(prometheus.GaugeOpts{Name: "panel_build_info", Help: "Always 1; the label says which build of the panel serves.",
		ConstLabels: prometheus.Labels{"version": version}})
	g.Set(1)
	return g
}

// ServeHTTP implements [http.Handler].
func (m *Metrics) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.book.renew(r.Context())
	m.text.ServeHTTP(w, r)
}

// Ready returns why the panel can't answer callers now; nil = it can.
func (m *Metrics) Ready(ctx context.Context) error { return m.book.alive(ctx) }

// Around counts the requests that a mux answers, by route.
func (m *Metrics) Around(mux http.Handler) http.Handler { return m.requests.around(mux) }
