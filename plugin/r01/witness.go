package r01

import (
	"context"
	"math/rand/v2"
	"path/filepath"
	"time"

	"registrar.panel/plugin/r01/gateway"
	"registrar.panel/plugin/r01/registry"
	"registrar.panel/shared/registrar"
)

// importList is the file, in the data directory, with the domains that may be imported.
const importList = "import.tsv"

// equip gives a gateway its way to the registry.
func (s registrySettings) equip(p *gateway.Parts, dataDir string) {
	p.Jitter = jitter
	if s.whois.Address != "" {
		p.Whois = registry.NewWhois(s.whois, p.Now)
	}
	for _, location := range s.zoneLists {
		p.ZoneLists = append(p.ZoneLists, registry.NewSource(location))
	}
	if s.hosted != "" {
		p.Imports = registry.Imports{Hosted: s.hosted, List: filepath.Join(dataDir, importList)}
	}
}

// jitter varies a pause by a tenth, so that many panels don't ask at once.
func jitter(d time.Duration) time.Duration {
	return d + time.Duration((rand.Float64()-0.5)*0.2*float64(d))
}

// probe reports whether whois answers.
func (s registrySettings) probe(ctx context.Context) []registrar.Component {
	if s.whois.Address == "" {
		return nil
	}
	return []registrar.Component{registrar.Probed("whois", registry.NewWhois(s.whois, time.Now).Check(ctx), "it answers")}
}
