package inbox

import (
	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/renewal/policy"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/plugin/r01/term"
)

// meantBy returns what a reply says about a request. R01's answer that a renewal comes too
// early is a refusal if the renewal was handed over once, within the first days in which R01
// takes it by our count: R01's own count may differ by some days.
func (mt *Matcher) meantBy(r store.Request, res mailform.Result, event lifecycle.Event) lifecycle.Event {
	atTheEdge := r.Attempt == 1 && r.Base.DaysSince(policy.Today(mt.now())) >= term.Opens-term.Slack
	if event == lifecycle.Doubted && engine.SaysEarly(r, res) && atTheEdge {
		return lifecycle.Rejected
	}
	return event
}
