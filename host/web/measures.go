package web

import (
	"io"
	"log/slog"
	"net/http"

	"registrar.panel/host/access"
)

// measuring answers what monitoring asks of a server.
type measuring struct {
	measures Measures // nil = nothing is measured
	log      *slog.Logger
}

// routed mounts the metrics, and counts the requests that a mux answers.
func (m measuring) routed(mux *http.ServeMux) http.Handler {
	if m.measures == nil {
		return mux
	}
	mux.Handle("GET /metrics", requires(m.measures, access.Look))
	return m.measures.Around(mux)
}

// open answers whether the panel lives, and whether it can answer, before the caller is known:
// supervisors of programs and load balancers have no credential. It says nothing else.
func (m measuring) open(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked := r.Method == http.MethodGet || r.Method == http.MethodHead
		switch {
		case asked && r.URL.Path == "/healthz":
			plain(w, http.StatusOK, "ok")
		case asked && r.URL.Path == "/readyz":
			m.ready(w, r)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func (m measuring) ready(w http.ResponseWriter, r *http.Request) {
	if m.measures != nil {
		if err := m.measures.Ready(r.Context()); err != nil {
			m.log.Warn("the panel is not ready", "err", err)
			plain(w, http.StatusServiceUnavailable, "the panel's database does not answer")
			return
		}
	}
	plain(w, http.StatusOK, "ok")
}

func plain(w http.ResponseWriter, status int, text string) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text+"\n") // an error means that the caller has gone
}
