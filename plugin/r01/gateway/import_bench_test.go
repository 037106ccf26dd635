package gateway

import (
	"fmt"
	"sync"
	"testing"

	"registrar.panel/plugin/r01/renewal/policy"
	"registrar.panel/shared/registrar"
)

// BenchmarkImport measures how many domains a second are taken over by callers that ask side by side, as the
// panel does with the lines of a file.
func BenchmarkImport(b *testing.B) {
	const callers, each = 64, 16
	g := newGate(b)
	till := policy.Today(g.clock).AddDays(100)
	round := 0
	for b.Loop() {
		var under sync.WaitGroup
		for c := range callers {
			under.Go(func() {
				for n := range each {
					i := registrar.Import{Domain: fmt.Sprintf("r%dc%dn%d.ru", round, c, n), Customer: fmt.Sprint("c", c), Handle: fmt.Sprintf("OLD_%d_X-R01", c), PaidTill: till}
					if _, err := g.ImportDomain(b.Context(), i); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		under.Wait()
		round++
	}
	b.ReportMetric(float64(callers*each*b.N)/b.Elapsed().Seconds(), "domains/s")
}
