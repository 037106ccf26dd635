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

// Check reports for each name whether it may be registered. Only if the registry itself says
// that there is no such domain, the name is Available.
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

// reasons are why a name has a status, for the statuses that have a single reason.
var reasons = map[registrar.AvailabilityStatus]registrar.AvailabilityReason{
	registrar.Taken:       registrar.ReasonTaken,
	registrar.NameInvalid: registrar.ReasonInvalid,
}

func (vs *Views) check(ctx context.Context, asked string) (registrar.Availability, error) {
	answer := func(s registrar.AvailabilityStatus, en, ru string) (registrar.Availability, error) {
		a := registrar.Availability{Name: asked, Status: s, Detail: en, Reason: reasons[s]}
		if ru != "" {
			a.Texts = map[string]string{"en": en, "ru": ru}
		}
		return a, nil
	}

	name, err := mailform.Name(asked)
	if err != nil {
		return answer(registrar.NameInvalid, err.Error(), "такого имени здесь быть не может")
	}

	// Our own record first: the registry does not show yet what is under way here.
	d, err := vs.Domain(ctx, name)
	switch {
	case err == nil && d.Status.Held():
		return answer(registrar.Taken, "registered here", "зарегистрирован у нас")
	case err == nil && d.Operation != nil:
		return answer(registrar.Taken, fmt.Sprintf("its %s is under way here", engine.Nouns[d.Operation.Kind]), "заявка на него уже выполняется у нас")
	case err != nil && !errors.Is(err, registrar.NotFound):
		return registrar.Availability{}, err
	case vs.whois == nil:
		return answer(registrar.AvailabilityUnknown, "no whois is configured", "проверить нельзя: whois не настроен")
	}

	switch a := vs.look(ctx, name); a.Status {
	case registry.Absent:
		return answer(registrar.Available, "", "")
	case registry.Registered:
		var advice []registrar.Advice
		en := fmt.Sprintf("registered with %s, paid till %s", a.Record.Registrar, a.Record.PaidTill)
		ru := fmt.Sprintf("зарегистрирован через %s, оплачен до %s", a.Record.Registrar, a.Record.PaidTill)
		if vs.engine.Ours(a.Record.Registrar) { // a zone list can't tell whose: that is for a person to know
			en, ru = en+"; if it is ours, it can be imported", ru+"; если он наш, его можно принять на учёт"
			advice = []registrar.Advice{{Action: registrar.AdviseImport, Parameters: map[string]string{"domain": name, "paid_till": a.Record.PaidTill.String()}}}
		}
		taken, err := answer(registrar.Taken, en, ru)
		taken.Advice = advice
		return taken, err
	default:
		return answer(registrar.AvailabilityUnknown, a.Why, "реестр сейчас не отвечает так, чтобы это было понятно; повторите позже")
	}
}

// look asks whois, but leaves a share of its pace to other questions if any wait.
func (vs *Views) look(ctx context.Context, name string) registry.Answer {
	if vs.witness.IsWanted() {
		return vs.whois.RecallSparingly(ctx, name)
	}
	return vs.whois.Recall(ctx, name)
}
