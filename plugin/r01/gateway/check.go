package gateway

import (
	"context"
	"errors"
	"fmt"
	"time"

	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/registry"
	"registrar.panel/shared/registrar"
)

// Check answers for each name whether it may be registered. Only the registry's own word
// that there is no such domain is Available.
func (g *Gateway) Check(ctx context.Context, names []string) ([]registrar.Availability, error) {
	answers := make([]registrar.Availability, 0, len(names))
	for _, name := range names {
		a, err := g.check(ctx, name)
		if err != nil {
			return nil, err
		}
		answers = append(answers, a)
	}
	return answers, nil
}

func (g *Gateway) check(ctx context.Context, asked string) (registrar.Availability, error) {
	answer := func(s registrar.AvailabilityStatus, detail string) (registrar.Availability, error) {
		return registrar.Availability{Name: asked, Status: s, Detail: detail}, nil
	}
	name, err := mailform.Name(asked)
	if err != nil {
		return answer(registrar.NameInvalid, err.Error())
	}
	d, err := g.Domain(ctx, name)
	switch {
	case err == nil && held(d.Status):
		return answer(registrar.Taken, "registered here")
	case err == nil && d.Operation != nil:
		return answer(registrar.Taken, fmt.Sprintf("its %s is under way here", nouns[d.Operation.Kind]))
	case err != nil && !errors.Is(err, registrar.NotFound):
		return registrar.Availability{}, err
	case g.whois == nil:
		return answer(registrar.AvailabilityUnknown, "no whois is configured")
	}
	look := g.whois.Recall
	if g.witness.isWanted() {
		look = g.whois.RecallSparingly
	}
	switch a := look(ctx, name); a.Status {
	case registry.Absent:
		return answer(registrar.Available, "")
	case registry.Registered:
		if g.ours(a.Record.Registrar) { // a zone list can't tell whose: that is for a person to know
			return answer(registrar.Taken, fmt.Sprintf("registered with %s, paid till %s; if it is ours: panel domain import %s --paid-till %[2]s",
				a.Record.Registrar, a.Record.PaidTill, name))
		}
		return answer(registrar.Taken, "registered with "+a.Record.Registrar+", paid till "+a.Record.PaidTill.String())
	default:
		return answer(registrar.AvailabilityUnknown, a.Why)
	}
}

// registryHealth tells when the registry was heard last and what is wrong; no component
// when none is configured.
func (g *Gateway) registryHealth() []registrar.Component {
	if g.whois == nil && len(g.zoneLists) == 0 {
		return nil
	}
	g.witness.mu.Lock()
	defer g.witness.mu.Unlock()
	c := registrar.Component{Name: "registry", OK: true}
	add := func(ok bool, text string) {
		c.OK = c.OK && ok
		if c.Detail != "" {
			c.Detail += "; "
		}
		c.Detail += text
	}
	if g.whois != nil {
		switch {
		case g.witness.silent != "":
			add(false, "whois: "+g.witness.silent)
		case g.witness.heard.IsZero():
			add(true, "whois: nothing was asked so far")
		default:
			add(true, "whois: answered at "+g.witness.heard.UTC().Format(time.RFC3339))
		}
	}
	for _, list := range g.zoneLists {
		switch s := g.witness.lists[list.String()]; {
		case s.err != "":
			add(false, s.err)
		case s.at.IsZero():
			add(true, list.String()+": not read so far")
		default:
			add(true, list.String()+": looked at "+s.at.UTC().Format(time.RFC3339))
		}
	}
	return []registrar.Component{c}
}
