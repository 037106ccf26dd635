package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"registrar.panel/host/access"
)

// gauge is a measure of everything.
type gauge struct {
	fault  error
	routes []string
}

func (g *gauge) ServeHTTP(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "panel_up 1\n") }
func (g *gauge) Ready(context.Context) error                      { return g.fault }

func (g *gauge) Around(mux http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mux.ServeHTTP(w, r)
		g.routes = append(g.routes, r.Pattern)
	})
}

// Metrics ask for a right; whether the panel lives is told to all, with no word more.
func TestMetricsNeedALook(t *testing.T) {
	t.Parallel()
	b := newBench(t, "letmein")
	g := &gauge{}
	b.measured(g)

	b.refused(b.call("GET", "/metrics", ""), 401, "UNAUTHORIZED")
	if w := b.call("GET", "/metrics", "", bearer("letmein")); w.Code != 200 || w.Body.String() != "panel_up 1\n" {
		t.Errorf("metrics: %d, %s", w.Code, w.Body)
	}
	for _, path := range []string{"/healthz", "/readyz"} {
		if w := b.call("GET", path, ""); w.Code != 200 || w.Body.String() != "ok\n" || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d, %q", path, w.Code, w.Body)
		}
	}
	b.refused(b.call("POST", "/healthz", "{}"), 401, "UNAUTHORIZED")

	g.fault = errors.New("open /var/lib/panel/panel.db: no such file")
	if w := b.call("GET", "/readyz", ""); w.Code != 503 || strings.Contains(w.Body.String(), "panel.db") {
		t.Errorf("a book that is gone: %d, %q", w.Code, w.Body)
	}
	if w := b.call("HEAD", "/healthz", ""); w.Code != 200 {
		t.Errorf("and it lives: %d", w.Code)
	}

	b.peer = &access.Caller{Name: "shop", Rights: []access.Right{access.Order}}
	b.refused(b.call("GET", "/metrics", ""), 403, "FORBIDDEN")
	if got := strings.Join(g.routes, " "); got != "GET /metrics GET /metrics" {
		t.Errorf("measured: %s", got)
	}
}
