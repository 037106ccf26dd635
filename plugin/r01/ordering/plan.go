package ordering

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/shared/registrar"
)

// validateOrder plans an order and also checks the ID that the caller chose.
func (pl *Planner) validateOrder(o registrar.Order) (plan, []registrar.Problem) {
	p, problems := pl.plan(o)
	if !o.ID.Valid() {
		problems = append(problems, registrar.Problem{Path: "id", Message: "must be 1 to 64 of A-Z a-z 0-9 . _ -"})
	}
	return p, problems
}

// Planner says what mails an order comes to. It does not use the store.
type Planner struct {
	engine   *engine.Engine
	settings *engine.Settings
	now      func() time.Time
}

// plan is what an order comes to in mails.
type plan struct {
	kind      lifecycle.Kind
	templates []mailform.Template // of the first mail
	// about makes the template that needs the handle of the client: for the domain that waits
	// for a new client, or for the change.
	about func(handle string) (mailform.Template, []registrar.Problem)
}

func (pl *Planner) plan(o registrar.Order) (plan, []registrar.Problem) {
	var problems []registrar.Problem
	if name, err := mailform.Name(o.Domain); err != nil || name != o.Domain {
		problems = append(problems, registrar.Problem{Path: "domain", Message: nameProblem(o.Domain, name, err)})
	}
	if o.Customer == "" && o.Kind != registrar.KindRenew {
		problems = append(problems, registrar.Problem{Path: "customer", Message: "is required"})
	}
	p, more := pl.planKind(o)
	return p, append(problems, more...)
}

func nameProblem(given, name string, err error) string {
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("must be given as %s, not %s", name, given)
}

func (pl *Planner) planKind(o registrar.Order) (plan, []registrar.Problem) {
	switch o.Kind {
	case registrar.KindRegister:
		return pl.planRegister(o)
	case registrar.KindTransfer:
		return pl.planTransfer(o)
	case registrar.KindTrade:
		return pl.planTrade(o)
	case registrar.KindAuthCode:
		return plan{kind: lifecycle.AuthCode}, superfluous(o)
	case registrar.KindDelete:
		return plan{kind: lifecycle.Delete}, superfluous(o)
	case registrar.KindRenew:
		t := mailform.Prolong(o.Domain)
		var problems []registrar.Problem
		if o.PaidTill.IsZero() {
			problems = append(problems, registrar.Problem{Path: "paid_till", Message: "is required: the expiry to renew from"})
		}
		return plan{kind: lifecycle.Prolong, templates: []mailform.Template{t}}, problems
	case registrar.KindUpdate:
		return pl.planUpdate(o)
	}
	return plan{}, []registrar.Problem{{Path: "kind", Message: fmt.Sprintf("R01 can't do %q; it can do %v", o.Kind, lifecycle.OperationKinds())}}
}

// sample stands for a handle that is not known yet, so that a whole form can be checked.
const sample = "NEW_1_CLIENT"

func (pl *Planner) planRegister(o registrar.Order) (plan, []registrar.Problem) {
	var problems []registrar.Problem
	registrant := registrar.Registrant{}
	if o.Registrant == nil {
		problems = append(problems, registrar.Problem{Path: "contact", Message: "is required"})
	} else {
		registrant = *o.Registrant
		_, more := mailform.Client(sample+"-R01", registrant, registrar.DateOf(pl.now()))
		problems = append(problems, more...)
	}

	domain, more := mailform.NewDomain(o.Domain, sample+"-R01", o.Nameservers)
	problems = append(problems, more...)
	p := plan{kind: lifecycle.NewClient,
		about: func(handle string) (mailform.Template, []registrar.Problem) {
			return mailform.NewDomain(o.Domain, handle, o.Nameservers)
		}}

	// Only a form without mistakes can be encoded, to see which charset has all its letters.
	if len(problems) == 0 {
		p.templates = []mailform.Template{pl.clientTemplate(sample+"-R01", registrant)}
		problems = pl.unencodable(p.templates[0], domain)
	}

	return p, problems
}

// clientTemplate makes the template of a registrant who was checked before.
func (pl *Planner) clientTemplate(handle string, r registrar.Registrant) mailform.Template {
	t, _ := mailform.Client(handle, r, registrar.DateOf(pl.now()))
	return t
}

// unencodable finds text that fits no charset R01 reads. r01-mail 1.3
func (pl *Planner) unencodable(templates ...mailform.Template) []registrar.Problem {
	var problems []registrar.Problem
	for _, t := range templates {
		// Each letter was found in some charset. One charset must have all the letters of a mail.
		_, err := mailform.Format(pl.engine.Compose(lifecycle.NewClient, "", []mailform.Template{t}), "", pl.settings.Charset)
		var bad *mailform.FieldError
		switch {
		case errors.As(err, &bad):
			problems = append(problems, registrar.Problem{Path: bad.Path, Message: bad.Message})
		case err != nil:
			problems = append(problems, registrar.Problem{Path: "contact", Message: err.Error()})
		}
	}
	return problems
}

// planUpdate changes either the nameservers of a domain or the contact data of its client. r01-mail 2.7
func (pl *Planner) planUpdate(o registrar.Order) (plan, []registrar.Problem) {
	switch {
	case o.Registrant != nil && len(o.Nameservers) > 0:
		return plan{}, []registrar.Problem{{Path: "contact", Message: "can't be changed together with the nameservers: order one after the other"}}
	case o.Registrant != nil:
		handle := mailform.Handle(sample, 1, "X", o.Registrant.Kind, pl.settings.Handles.Suffix)
		t, problems := mailform.UpdateClient(handle, *o.Registrant)
		if len(problems) == 0 {
			problems = pl.unencodable(t)
		}
		return plan{kind: lifecycle.UpdateClient, about: func(handle string) (mailform.Template, []registrar.Problem) {
			return mailform.UpdateClient(handle, *o.Registrant)
		}}, problems
	}
	_, problems := mailform.UpdateDomain(o.Domain, sample+"-R01", o.Nameservers)
	return plan{kind: lifecycle.UpdateDomain, about: func(handle string) (mailform.Template, []registrar.Problem) {
		return mailform.UpdateDomain(o.Domain, handle, o.Nameservers)
	}}, problems
}

const longestCode = 255

func (pl *Planner) planTransfer(o registrar.Order) (plan, []registrar.Problem) {
	var problems []registrar.Problem
	if !isCode(o.AuthCode) {
		problems = append(problems, registrar.Problem{Path: "auth_code", Message: "is required: the code that the present registrar gives out, in one line"})
	}

	if len(o.Nameservers) > 0 {
		problems = append(problems, registrar.Problem{Path: "nameservers", Message: "stay as they are in a transfer: change them when it is done"})
	}
	p, more := pl.planClient(o)
	return p, append(problems, more...)
}

// isCode reports whether a text can be a transfer code.
func isCode(c registrar.AuthCode) bool {
	return c != "" && len(c) <= longestCode && !strings.ContainsFunc(string(c), func(r rune) bool { return !unicode.IsPrint(r) })
}

// planTrade makes sure that R01 knows the client who gets the domain. A person has the domain handed over. r01-mail 2.9
func (pl *Planner) planTrade(o registrar.Order) (plan, []registrar.Problem) {
	problems := superfluous(o)
	p, more := pl.planClient(o)
	return p, append(problems, more...)
}

// superfluous finds fields that an order that a person carries out can't have.
func superfluous(o registrar.Order) (problems []registrar.Problem) {
	none := func(given bool, path string) {
		if given {
			problems = append(problems, registrar.Problem{Path: path, Code: "superfluous", Message: "belongs to no order of this kind: leave it out"})
		}
	}
	none(o.Registrant != nil && !o.Kind.NeedsRegistrant(), "contact")
	none(len(o.Nameservers) > 0, "nameservers")
	none(o.AuthCode != "", "auth_code")
	return problems
}

// planClient makes sure by mail that R01 knows a client, for what a person does with the client's domain.
func (pl *Planner) planClient(o registrar.Order) (plan, []registrar.Problem) {
	if o.Registrant == nil {
		return plan{}, []registrar.Problem{{Path: "contact", Message: "is required"}}
	}

	_, problems := mailform.Client(sample+"-R01", *o.Registrant, registrar.DateOf(pl.now()))
	p := plan{kind: lifecycle.NewClient, about: func(string) (mailform.Template, []registrar.Problem) { return mailform.Template{}, nil }}
	if len(problems) == 0 {
		p.templates = []mailform.Template{pl.clientTemplate(sample+"-R01", *o.Registrant)}
		problems = pl.unencodable(p.templates[0])
	}

	return p, problems
}
