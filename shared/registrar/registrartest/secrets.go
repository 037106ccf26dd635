package registrartest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"registrar.panel/shared/registrar"
)

// shortestCanary is the fewest characters of a value that is searched for: a shorter one may occur anywhere
// by chance.
const shortestCanary = 5

var secretChecks = []check{
	{Rule{ID: "secrets/answers", Level: Must, Needs: []Need{NeedSettings},
		Demand: "Nothing that comes back holds a secret of the settings, a transfer code, or a registrant's personal or identity data.", Place: "package registrar: secrets and personal data",
		Remedy: "Mask by field before anything is stored for showing. Operations, events and previews name handles and domains, not people."}, answersMasked},
	{Rule{ID: "secrets/refusals", Level: Must, Needs: []Need{NeedSettings},
		Demand: "A message about mistakes in an order repeats no value of a secret or personal field.", Place: "Problem.Message",
		Remedy: "Say what the field must be, not what it is."}, refusesMasked},
	{Rule{ID: "secrets/log", Level: Must, Needs: []Need{NeedSettings},
		Demand: "The log holds no secret of the settings, no transfer code, and no personal or identity data, at any level.", Place: "package registrar: secrets and personal data",
		Remedy: "Log IDs and names of domains; never log an order, settings or a mail."}, logsMasked},
}

// canariesOf returns the values of settings and of an order that must never come back.
func canariesOf(e *exam, p registrar.Catalogue, o registrar.Order) ([]string, error) {
	found := secretsOf(e.description.Schema, e.subject.Config)
	if o.AuthCode != "" {
		found = append(found, string(o.AuthCode))
	}

	form, err := p.Form(e.ctx, e.query(o.Kind))
	if err != nil {
		return nil, fmt.Errorf("read the form: %w", err)
	}

	for _, f := range form.Fields {
		if f.Class == registrar.DataPublic || o.Registrant == nil {
			continue
		}
		for _, v := range o.Registrant.Fields[f.Key] {
			if len(v) >= shortestCanary {
				found = append(found, v)
			}
		}
	}

	return found, nil
}

// sings records each canary that a text contains.
func sings(e *exam, where, text string, canaries []string) {
	for _, c := range canaries {
		if strings.Contains(text, c) {
			e.broken("%s hold %q", where, c)
		}
	}
}

// conversation returns everything that a registrar answers about one order, by call.
func conversation(e *exam, l *life, o registrar.Order) (map[string][]any, error) {
	said := map[string][]any{}
	add := func(what string, v any, err error) {
		said[what] = append(said[what], v)
		if err != nil {
			said["errors"] = append(said["errors"], err.Error())
		}
	}

	v, err := l.Validate(e.ctx, o)
	add("previews", v, err)

	op, err := l.Submit(e.ctx, o)
	if err != nil {
		return nil, fmt.Errorf("submit a good order: %w", err)
	}

	add("operations", op, err)

	// The same ID with other contents: a plugin finds a conflict by comparing, and may show what it compared.
	other := e.spoil(o, func(o *registrar.Order) { o.Domain = e.domain() })
	other.ID = o.ID
	v, err = l.Validate(e.ctx, other)
	add("previews", v, err)
	_, err = l.Submit(e.ctx, other)
	add("errors", nil, err)

	ended, err := e.conclude(l, op.ID)
	add("operations", ended, err)
	d, err := l.Domain(e.ctx, o.Domain)
	add("domains", d, err)
	h, err := l.Health(e.ctx)
	add("health", h, err)

	events, err := e.about(l, op.ID, 1)
	if err != nil {
		return nil, err
	}

	for _, v := range events {
		add("events", v, nil)
	}

	return said, nil
}

// acquiring lists the registrar's kinds by which a domain becomes ours.
func acquiring(e *exam) []registrar.OperationKind {
	return slices.DeleteFunc(slices.Clone(e.description.Kinds), func(k registrar.OperationKind) bool { return !k.Acquires() })
}

func answersMasked(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}

	for _, kind := range acquiring(e) {
		o, err := e.orderOf(l, kind)
		if err != nil {
			return err
		}

		canaries, err := canariesOf(e, l, o)
		if err != nil {
			return err
		}

		said, err := conversation(e, l, o)
		if err != nil {
			return err
		}

		for what, values := range said {
			text, err := json.Marshal(values)
			if err != nil {
				return err
			}
			sings(e, what, plain(text), canaries)
		}
	}

	return nil
}

// plain undoes JSON's escapes in a text.
func plain(text []byte) string {
	var v any
	if json.Unmarshal(text, &v) != nil {
		return string(text)
	}
	return fmt.Sprint(v)
}

func refusesMasked(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}

	good, err := e.order(l)
	if err != nil {
		return err
	}

	form, err := l.Form(e.ctx, e.query(good.Kind))
	if err != nil {
		return err
	}

	// Each field has a value that fits no rule, and one value too many: the mistakes that a message is most
	// likely to quote.
	const canary = "order-CANARY-0815"
	bad := e.spoil(good, func(o *registrar.Order) {
		o.Domain = "-"
		for _, f := range form.Fields {
			if f.Class != registrar.DataPublic {
				o.Registrant.Fields[f.Key] = []string{canary + "\x01", canary}
			}
		}
	})

	v, err := l.Validate(e.ctx, bad)
	if err != nil {
		return err
	}

	_, refusal := l.Submit(e.ctx, bad)
	if len(v.Problems) == 0 || refusal == nil {
		return fmt.Errorf("an order with mistakes was accepted")
	}

	sings(e, "problems", fmt.Sprint(v.Problems), []string{canary})
	sings(e, "refusals", refusal.Error(), []string{canary})
	return nil
}

func logsMasked(e *exam) error {
	l, err := e.working()
	if err != nil {
		return err
	}

	var canaries []string
	for _, kind := range acquiring(e) {
		o, err := e.orderOf(l, kind)
		if err != nil {
			return err
		}

		found, err := canariesOf(e, l, o)
		if err != nil {
			return err
		}

		if _, err := conversation(e, l, o); err != nil {
			return err
		}

		canaries = append(canaries, found...)
	}

	e.end(l) // lines that it logs while draining count, too
	sings(e, "lines of the log", l.Log(), canaries)
	return nil
}
