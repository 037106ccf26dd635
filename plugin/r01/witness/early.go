package witness

import (
	"fmt"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// settleEarly concludes a renewal that, by R01's word, came too early, once the registry shows
// that the year was not added: it was refused.
func (j *Judge) settleEarly(tx *store.Tx, r *store.Request, s Sighting) error {
	if r.Kind != lifecycle.Prolong || r.Stall != lifecycle.ToVerify || !s.Present || !j.engine.Ours(s.Registrar) {
		return nil
	}
	said, err := tx.Renewals.EarlyAt(r.ID)
	if err != nil || said.IsZero() || !s.AsOf.After(said) {
		return err
	}
	_, err = j.engine.Weigh(tx, r, j.registrySays(*r, s, Finding{event: lifecycle.Rejected}), engine.Fact{Actor: engine.ByRegistry, Evidence: registrar.EvidenceRegistry,
		Reason: fmt.Sprintf("R01 found it too early, and the registry shows it paid till %s: it is asked for again when it is due", s.PaidTill)})
	return err
}
