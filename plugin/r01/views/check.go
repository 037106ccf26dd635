package views

import (
	"context"
	"errors"
	"fmt"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/registry"
	"registrar.panel/shared/registrar"
)

// Check answers for each name whether it may be registered. Only the registry's own word
// that there is no such domain is Available.
func (vs *Views) Check(ctx context.Context, names []string) ([]registrar.Availability, error) {
	answers := make([]registrar.Availability, 0, len(names))
	for _, name := range names {
		a, err := vs.check(ctx, name)
		if err != nil {
			return nil, err
		}
		answers = append(answers, a)
	}
	return answers, nil
}

func (vs *Views) check(ctx context.Context, asked string) (registrar.Availability, error) {
	answer := func(s registrar.AvailabilityStatus, detail string) (registrar.Availability, error) {
		return registrar.Availability{Name: asked, Status: s, Detail: detail}, nil
	}
	name, err := mailform.Name(asked)
	if err != nil {
		return answer(registrar.NameInvalid, err.Error())
	}

	d, err := vs.Domain(ctx, name)
	switch {
	case err == nil && d.Status.Held():
		return answer(registrar.Taken, "registered here")
	case err == nil && d.Operation != nil:
		return answer(registrar.Taken, fmt.Sprintf("its %s is under way here", engine.Nouns[d.Operation.Kind]))
	case err != nil && !errors.Is(err, registrar.NotFound):
		return registrar.Availability{}, err
	case vs.whois == nil:
		return answer(registrar.AvailabilityUnknown, "no whois is configured")
	}

	switch a := vs.look(ctx, name); a.Status {
	case registry.Absent:
		return answer(registrar.Available, "")
	case registry.Registered:
		if vs.engine.Ours(a.Record.Registrar) { // a zone list can't tell whose: that is for a person to know
			return answer(registrar.Taken, fmt.Sprintf("registered with %s, paid till %s; if it is ours: panel domain import %s --paid-till %[2]s",
				a.Record.Registrar, a.Record.PaidTill, name))
		}
		return answer(registrar.Taken, "registered with "+a.Record.Registrar+", paid till "+a.Record.PaidTill.String())
	default:
		return answer(registrar.AvailabilityUnknown, a.Why)
	}
}

// look asks whois, and leaves it to other questions where they wait.
func (vs *Views) look(ctx context.Context, name string) registry.Answer {
	if vs.witness.IsWanted() {
		return vs.whois.RecallSparingly(ctx, name)
	}
	return vs.whois.Recall(ctx, name)
}
