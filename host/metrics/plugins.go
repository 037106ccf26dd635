package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"registrar.panel/host/supervisor"
	"registrar.panel/shared/registrar"
)

func ofRegistrar(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, append([]string{"registrar"}, labels...), nil)
}

// What is reported about the registrars' plugins.
var (
	up        = ofRegistrar("panel_registrar_up", "Whether calls reach the registrar's plugin: 1 or 0. Of those that are retired nothing is told.")
	restarts  = ofRegistrar("panel_registrar_restarts_total", "How often the plugin was started again.")
	component = ofRegistrar("panel_registrar_component_ok", "Whether a component of the plugin is well: 1 or 0.", "component")

	// By figure; each belongs to the component that the plugin reports it for.
	figures = map[registrar.Figure]*prometheus.Desc{
		registrar.FigureLookedAt: ofRegistrar("panel_mailbox_looked_timestamp_seconds", "When all that waited in the mailbox had been fetched."),
		registrar.FigureHeardAt:  ofRegistrar("panel_registry_heard_timestamp_seconds", "When the registry last answered."),
		registrar.FigurePassedAt: ofRegistrar("panel_renewal_pass_timestamp_seconds", "When the last renewal pass completed."),
		registrar.FigureLeft:     ofRegistrar("panel_limit_left", "How many requests that cost money may still be sent now."),
		registrar.FigureMost:     ofRegistrar("panel_limit_hour", "How many requests that cost money may be sent in an hour, at most."),
		registrar.FigureQueued:   ofRegistrar("panel_limit_waiting", "Requests that cost money and wait to be sent, planned renewals included."),
		registrar.FigureNextAt:   ofRegistrar("panel_renewal_next_pass_timestamp_seconds", "When the next renewal pass is made."),
		registrar.FigureWaiting:  ofRegistrar("panel_review_mails", "Mails that wait for a person to say what they mean."),

		registrar.FigureUnansweredAt: ofRegistrar("panel_unanswered_timestamp_seconds", "When the request was sent that has waited longest for a first answer; not told while none waits."),
		registrar.FigureSent:         ofRegistrar("panel_day_requests_sent", "Requests that were sent in the last 24 hours."),
		registrar.FigureRead:         ofRegistrar("panel_day_mails_read", "Mails that came in the last 24 hours and were read."),
		registrar.FigureApplied:      ofRegistrar("panel_day_mails_applied", "Of these, the answers that were applied."),
		registrar.FigureForReview:    ofRegistrar("panel_day_mails_review", "Of these, those that a person must still read."),
	}
)

// pluginMetrics reports the state of the plugins.
type pluginMetrics struct{ plugins Plugins }

// Describe implements [prometheus.Collector].
func (p pluginMetrics) Describe(all chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{up, restarts, component} {
		all <- d
	}
	for _, d := range figures {
		all <- d
	}
}

// Collect implements [prometheus.Collector].
func (p pluginMetrics) Collect(all chan<- prometheus.Metric) {
	for _, s := range p.plugins.Statuses() {
		if s.State == supervisor.Retired {
			continue
		}
		all <- prometheus.MustNewConstMetric(up, prometheus.GaugeValue, yes(s.State.Serves()), s.Name)
		all <- prometheus.MustNewConstMetric(restarts, prometheus.CounterValue, float64(s.Restarts), s.Name)
		parts(s, all)
	}
}

// parts reports a plugin's components. A name or figure that is reported twice counts once: a
// plugin must not spoil the metrics of the others.
func parts(s supervisor.Status, all chan<- prometheus.Metric) {
	well, said := map[string]bool{}, map[registrar.Figure]float64{}
	for _, c := range s.Health {
		before, twice := well[c.Name]
		// If two components have the same name, the worse one counts.
		well[c.Name] = c.OK && (!twice || before)
		for name, value := range c.Figures {
			if _, twice := said[name]; !twice {
				said[name] = value
			}
		}
	}
	if !s.State.Serves() {
		return // its last report is old
	}

	for name, ok := range well {
		all <- prometheus.MustNewConstMetric(component, prometheus.GaugeValue, yes(ok), s.Name, name)
	}
	for name, value := range said {
		if d := figures[name]; d != nil {
			all <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, s.Name)
		}
	}
}

func yes(ok bool) float64 {
	if ok {
		return 1
	}
	return 0
}
