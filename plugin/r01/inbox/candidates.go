package inbox

import (
	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// candidates are the operations a mail may belong to, for the person who decides.
func (mt *Matcher) candidates(tx *store.Tx, l letter, about *store.Request) ([]registrar.OperationID, error) {
	b, err := mt.bind(tx, l)
	if err != nil {
		return nil, err
	}
	requests := b.requests
	if about != nil {
		requests = append(requests, *about)
	}
	returned, err := mt.bounced(tx, l)
	if err != nil {
		return nil, err
	}
	requests = append(requests, returned...)
	for _, object := range mailform.Objects(l.Text) {
		open, err := tx.Requests.Open(object)
		if err != nil {
			return nil, err
		}
		requests = append(requests, open...)
	}
	var ids []registrar.OperationID
	seen := map[string]bool{}
	for _, r := range requests {
		if seen[r.ID] {
			continue
		}
		seen[r.ID] = true
		ops, err := tx.Operations.Of(r.ID)
		if err != nil {
			return nil, err
		}
		for _, op := range ops {
			ids = append(ids, op.ID)
		}
	}
	return ids, nil
}

// answered names the request that a mail answers or returns, however it stands by now; "" =
// none.
func (mt *Matcher) answered(tx *store.Tx, l letter) (string, error) {
	b, err := mt.bind(tx, l)
	if err != nil || len(b.requests) > 0 {
		return engine.Alone(b.requests), err
	}
	returned, err := mt.bounced(tx, l)
	return engine.Alone(returned), err
}
