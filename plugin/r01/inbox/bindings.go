package inbox

import (
	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// bindings lists what ties a mail to requests, the strongest first.
func (fs *Foresight) bindings(tx *store.Tx, l letter, b bond) (all []registrar.Binding, err error) {
	switch b.by {
	case lifecycle.Against:
		all = append(all, registrar.Binding{By: registrar.BindingAgainst, Value: b.against})
	case lifecycle.ByThread, lifecycle.ByToken:
		by := registrar.BindingKind(b.by)
		for _, r := range b.requests {
			value := r.MessageID
			if b.by == lifecycle.ByToken {
				value = r.Token
			}
			some, err := operationsBound(tx, by, value, r)
			if err != nil {
				return nil, err
			}
			all = append(all, some...)
		}
	}

	for _, res := range l.results {
		r, by, err := fs.matcher.hinted(tx, res)
		clue, named := clueOf(res, registrar.BindingHint)
		switch {
		case !named:
		case err != nil: // of no known request, or of several
			all = append(all, clue)
		default:
			if by == lifecycle.ByHandle {
				clue.By, clue.Value = registrar.BindingHandle, res.Handle
			}
			some, err := operationsBound(tx, clue.By, clue.Value, r)
			if err != nil {
				return nil, err
			}
			all = append(all, some...)
		}
	}

	return all, nil
}

// clueOf returns what a result names.
func clueOf(res mailform.Result, by registrar.BindingKind) (registrar.Binding, bool) {
	for _, name := range []string{res.Handle, res.Domain, res.Task} {
		if name != "" {
			return registrar.Binding{By: by, Value: name}, true
		}
	}
	return registrar.Binding{}, false
}

// operationsBound returns a binding to each operation of a request.
func operationsBound(tx *store.Tx, by registrar.BindingKind, value string, r store.Request) ([]registrar.Binding, error) {
	ops, err := tx.Operations.Of(r.ID)
	if err != nil {
		return nil, err
	}
	all := []registrar.Binding{}
	for _, op := range ops {
		all = append(all, registrar.Binding{By: by, Value: value, Operation: op.ID})
	}
	if len(all) == 0 { // they went on with another request
		all = append(all, registrar.Binding{By: by, Value: value})
	}
	return all, nil
}
