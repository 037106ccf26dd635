package r01

import (
	"path/filepath"
	"strconv"
	"strings"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/registry"
	"registrar.panel/shared/registrar"
)

// registryConfig mirrors the block "registry" of the schema.
type registryConfig struct {
	Whois      string   `json:"whois"`
	PerMinute  int      `json:"whois_per_minute"`
	Check      string   `json:"check"`
	ZoneList   string   `json:"zone_list"`
	ZoneLists  []string `json:"zone_lists"`
	Hosted     string   `json:"hosted"`
	Every      string   `json:"every"`
	Registrars []string `json:"registrars"`
	ReportOnly bool     `json:"report_only"`
	MaxGone    string   `json:"max_gone"`
	Misses     int      `json:"misses"`
}

// registrySettings are the settings of the way to the registry.
type registrySettings struct {
	whois     registry.WhoisConfig // Address "" = none
	zoneLists []string
	hosted    string // path; "" = none
}

// r01Names are the names that the registry has used for R01. field-notes 3.1
var r01Names = []string{"R01-RU", "R01-SU", "R01-RF", "R01-REG-RIPN"}

func registryBlock() registrar.Block {
	integer := func(name, fallback, about string) registrar.Attribute {
		return registrar.Attribute{Name: name, Type: registrar.TypeInt, Default: fallback, Description: about}
	}
	list := func(name, about string) registrar.Attribute {
		return registrar.Attribute{Name: name, Type: registrar.TypeStrings, Description: about}
	}

	return block("registry", "where evidence comes from",
		text("whois", "", "HOST:PORT of the registry's whois; empty asks none"),
		integer("whois_per_minute", "20", "questions; the registry bans who asks more than 30"),
		duration("check", "10m", "between two questions about an operation that waits"),
		text("zone_list", "", "absolute path or URL of a zone list, plain or gzip; empty reads none"),
		list("zone_lists", "further zone lists, such as one for each zone"),
		text("hosted", "", "absolute path of a file with the names you host, one a line; those a zone list shows with R01, unknown here, are listed for import"),
		duration("every", "6h", "between two looks for new zone lists"),
		list("registrars", "what the registry calls R01; empty means "+strings.Join(r01Names, ", ")),
		flag("report_only", "log what the registry shows, and change nothing"),
		text("max_gone", "1%", "a zone list that shows more of our domains gone is not believed"),
		integer("misses", "3", "zone lists in a row until a domain is believed to be gone"))
}

func (c registryConfig) settings(p *problems) (registrySettings, engine.Registry) {
	s := registrySettings{}
	if c.Whois != "" {
		s.whois = registry.WhoisConfig{Address: c.Whois, PerMinute: c.PerMinute}
		p.under("registry", s.whois.Validate())
	}

	if c.ZoneList != "" {
		p.under("registry", registry.ValidateSource("zone_list", c.ZoneList))
		s.zoneLists = append(s.zoneLists, c.ZoneList)
	}

	for i, location := range c.ZoneLists {
		p.under("registry", registry.ValidateSource("zone_lists["+strconv.Itoa(i)+"]", location))
		s.zoneLists = append(s.zoneLists, location)
	}

	if c.Hosted != "" && !filepath.IsAbs(c.Hosted) {
		p.add("registry.hosted", "must be an absolute path")
	}
	if c.Hosted != "" && len(s.zoneLists) == 0 {
		p.add("registry.hosted", "needs a zone_list to compare with")
	}

	s.hosted = c.Hosted
	g := engine.Registry{Registrars: c.Registrars, ReportOnly: c.ReportOnly, Misses: c.Misses,
		Every: p.duration("registry.every", c.Every), Check: p.duration("registry.check", c.Check),
		MaxGone: p.share("registry.max_gone", c.MaxGone)}
	if len(g.Registrars) == 0 {
		g.Registrars = r01Names
	}

	if c.Misses < 1 {
		p.add("registry.misses", "must be at least 1")
	}

	return s, g
}

// share reads a share such as "1%" or "0.5%".
func (p *problems) share(path, text string) float64 {
	number, percent := strings.CutSuffix(text, "%")
	n, err := strconv.ParseFloat(number, 64)
	if !percent || err != nil || !(n > 0 && n <= 100) {
		p.add(path, "must be a share such as \"1%%\", above 0%% and up to 100%%")
	}
	return n / 100
}
