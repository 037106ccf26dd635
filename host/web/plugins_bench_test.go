package web

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"registrar.panel/host/supervisor"
	"registrar.panel/shared/registrar"
)

// BenchmarkPluginsAtTheirLimits lists twenty plugins of which the supervisor keeps as much as it ever
// does: of one that tells of 200,000 components, fifty (supervisor.BenchmarkHealthOf200000Components).
func BenchmarkPluginsAtTheirLimits(b *testing.B) {
	bench := newBench(b, "")
	for i := range 20 {
		s := supervisor.Status{Name: fmt.Sprint("evil", i), State: supervisor.Degraded, Error: strings.Repeat("x", 500)}
		for j := range 50 {
			s.Health = append(s.Health, registrar.Component{Name: fmt.Sprintf("component %40d", j), Detail: strings.Repeat("я", 200)})
		}
		bench.fake.statuses = append(bench.fake.statuses, s)
	}
	size := 0
	for b.Loop() {
		w := bench.call("GET", "/api/v1/plugins", "")
		if size = w.Body.Len(); w.Code != http.StatusOK {
			b.Fatal(w.Code)
		}
	}
	b.ReportMetric(float64(size), "bytes")
}
