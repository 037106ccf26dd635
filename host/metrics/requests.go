package metrics

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// requests counts the requests of callers by the pattern of their route; requests without a route are counted together.
type requests struct {
	durations *prometheus.HistogramVec
	answers   *prometheus.CounterVec
}

func newRequests() *requests {
	return &requests{
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "panel_http_request_duration_seconds",
			Help:    "How long the panel took until its answer began, by route.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}}, []string{"route"}),
		answers: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "panel_http_requests_total", Help: "Answers by route and status code."},
			[]string{"route", "code"}),
	}
}

const noRoute = "none"

// around measures the answers of a mux. The time ends when an answer begins, because a stream has no other end.
func (q *requests) around(mux http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := &answer{ResponseWriter: w, began: time.Now()}
		defer func() {
			a.begin(http.StatusOK)
			route := r.Pattern // which the mux has set
			if route == "" {
				route = noRoute
			}
			q.durations.WithLabelValues(route).Observe(a.took.Seconds())
			q.answers.WithLabelValues(route, strconv.Itoa(a.code)).Inc()
		}()
		mux.ServeHTTP(a, r)
	})
}

// answer notes when an answer begins.
type answer struct {
	http.ResponseWriter
	began time.Time
	took  time.Duration
	code  int
}

func (a *answer) begin(code int) {
	if a.code == 0 {
		a.code, a.took = code, time.Since(a.began)
	}
}

// WriteHeader implements [http.ResponseWriter].
func (a *answer) WriteHeader(code int) {
	// Informational headers come before the answer.
	if code >= http.StatusOK {
		a.begin(code)
	}
	a.ResponseWriter.WriteHeader(code)
}

// Write implements [http.ResponseWriter].
func (a *answer) Write(b []byte) (int, error) {
	a.begin(http.StatusOK)
	return a.ResponseWriter.Write(b)
}

// Unwrap lets [http.ResponseController] reach the connection.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
