package inbox

import (
	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/renewal/policy"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/plugin/r01/term"
)

// meantBy is what a reply says of a request. That a renewal comes too early is a refusal when it was
// handed over once, within the first days in which R01 takes it by our count: its own count may
// differ by some days.
func (mt *Matcher) meantBy(r store.Request, res mailform.Result, event lifecycle.Event) lifecycle.Event {
	atTheEdge := r.Attempt == 1 && r.Base.DaysSince(policy.Today(mt.now())) >= term.Opens-term.Slack
	if event == lifecycle.Doubted && engine.SaysEarly(r, res) && atTheEdge {
		return lifecycle.Rejected
	}
	return event
}
