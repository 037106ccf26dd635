package views

import (
	"context"
	"fmt"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/registry"
	"registrar.panel/shared/registrar"
)

// Transferable says why, by the registry's word, a domain can't be transferred to R01, or, in
// notes, that the registry said nothing. today is Moscow's. r01-mail 2.9
func (vs *Views) Transferable(ctx context.Context, name string, today registrar.Date) (problems, notes []registrar.Problem) {
	if vs.whois == nil {
		return nil, []registrar.Problem{unheard(name, "no whois is configured")}
	}

	shown := mailform.Unicode(name)
	a := vs.look(ctx, name)
	switch {
	case a.Status == registry.Absent:
		return []registrar.Problem{said("transfer_free", shown+" is not registered: register it", shown+" ни у кого не зарегистрировано: регистрируйте")}, nil
	case a.Status != registry.Registered:
		return nil, []registrar.Problem{unheard(name, a.Why)}
	case vs.engine.Ours(a.Record.Registrar):
		return []registrar.Problem{said("transfer_ours", fmt.Sprintf("%s is registered with %s already: if it is ours, import it", shown, a.Record.Registrar),
			fmt.Sprintf("%s уже зарегистрировано через %s: если оно ваше, его нужно импортировать", shown, a.Record.Registrar))}, nil
	case !a.Record.PaidTill.IsZero() && a.Record.PaidTill.AddDays(engine.TransferCloses).Before(today):
		return []registrar.Problem{said("transfer_late", fmt.Sprintf("%s is paid till %s: it can be transferred %d days before at the latest, so renew it first", shown, a.Record.PaidTill, -engine.TransferCloses),
			fmt.Sprintf("%s оплачено до %s, а перенести можно не позже чем за %d дней: сначала продлите", shown, a.Record.PaidTill, -engine.TransferCloses))}, nil
	}

	return nil, nil
}

func unheard(name, why string) registrar.Problem {
	return said("transfer_unknown", "the registry was not heard on "+mailform.Unicode(name)+": "+why, "реестр не ответил о "+mailform.Unicode(name)+": "+why)
}

func said(code, en, ru string) registrar.Problem {
	return registrar.Problem{Path: "domain", Code: code, Message: en, Texts: map[string]string{"en": en, "ru": ru}}
}
