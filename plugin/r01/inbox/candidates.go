package inbox

import (
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// candidates are the operations that a mail may belong to, for the person who decides. The
// requests that it names were looked up before.
func candidates(tx *store.Tx, l letter, sure []store.Request, about *store.Request) ([]registrar.OperationID, error) {
	var requests []string
	for _, r := range sure {
		requests = append(requests, r.ID)
	}
	if about != nil {
		requests = append(requests, about.ID)
	}

	var ids []registrar.OperationID
	seen := map[string]bool{}
	// Requests that the mail answers come before those that it only names.
	for _, r := range append(requests, l.named...) {
		if seen[r] {
			continue
		}

		seen[r] = true
		ops, err := tx.Operations.Of(r)
		if err != nil {
			return nil, err
		}

		for _, op := range ops {
			ids = append(ids, op.ID)
		}
	}

	return ids, nil
}

// sure returns the requests that a mail answers or returns, in whatever state they are by now.
func (mt *Matcher) sure(tx *store.Tx, l letter, b bond) ([]store.Request, error) {
	if len(b.requests) > 0 {
		return b.requests, nil
	}
	return mt.bounced(tx, l)
}
