package witness

import (
	"errors"
	"fmt"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/registry"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// seeTransfer weighs a sighting of a domain on its way to us. While another registrar has the
// domain, its expiry dates the steps. If it was never seen elsewhere, its being with R01 proves
// nothing: another partner of R01 may hold it.
func (j *Judge) seeTransfer(tx *store.Tx, r store.Request, d registrar.Domain, s Sighting, w Finding) (Finding, error) {
	switch {
	case w.event == lifecycle.Confirmed && d.PaidTill.IsZero():
		return Finding{lifecycle.Confirmed, "the registry shows it with R01 already, and did so when it was first looked at: if the transfer is done resolve it with done"}, nil
	case w.event != "" || !s.Present || j.engine.Ours(s.Registrar) || !d.PaidTill.IsZero():
		return w, nil
	}
	d.PaidTill = s.PaidTill
	last := engine.LastDay(r.Kind, s.PaidTill)
	message := fmt.Sprintf("the registry shows %s with registrar %s, paid till %s: apply for the transfer by %s",
		mailform.Unicode(d.Name), s.Registrar, s.PaidTill, last)
	err := errors.Join(tx.Domains.Put(d, j.now()), tx.Requests.SetDeadline(r, engine.Earlier(r.Deadline, last.In(registry.Moscow))))
	if err != nil {
		return w, err
	}
	return w, j.timeline.NoteRegistry(tx, r, message)
}
