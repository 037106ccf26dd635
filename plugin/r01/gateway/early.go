package gateway

import (
	"fmt"

	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/renewal/policy"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/plugin/r01/term"
	"registrar.panel/shared/registrar"
)

// R01 may say of a renewal that it comes too early. By our record it did not, or it would not
// have been sent: so the record is wrong, or the clock was, or the year is there already and R01
// speaks of the next one. Only in the first two cases the request was simply refused, and is
// asked for again by the schedule when it is due.

// saysEarly reports that R01 says so of a request.
func saysEarly(r store.Request, res mailform.Result) bool {
	return r.Kind == lifecycle.Prolong && res.Early()
}

// meantBy is what a reply says of a request. That a renewal comes too early is a refusal when it was
// handed over once, within the first days in which R01 takes it by our count: its own count may
// differ by some days.
func (g *Gateway) meantBy(r store.Request, res mailform.Result, event lifecycle.Event) lifecycle.Event {
	atTheEdge := r.Attempt == 1 && r.Base.DaysSince(policy.Today(g.now())) >= term.Opens-term.Slack
	if event == lifecycle.Doubted && saysEarly(r, res) && atTheEdge {
		return lifecycle.Rejected
	}
	return event
}

// settleEarly concludes a renewal of which R01 said that it came too early, once the registry
// shows that the year is not there: it was refused.
func (g *Gateway) settleEarly(tx *store.Tx, r *store.Request, s sighting) error {
	if r.Kind != lifecycle.Prolong || r.Hold != lifecycle.ToVerify || !s.present || !g.ours(s.Registrar) {
		return nil
	}
	said, err := tx.EarlyAt(r.ID)
	if err != nil || said.IsZero() || !s.asOf.After(said) {
		return err
	}
	_, err = g.weigh(tx, r, g.registrySays(*r, s, word{event: lifecycle.Rejected}), fact{actor: byRegistry, evidence: registrar.EvidenceRegistry,
		reason: fmt.Sprintf("R01 found it too early, and the registry shows it paid till %s: it is asked for again when it is due", s.PaidTill)})
	return err
}
