package web

import (
	"maps"
	"slices"
	"time"

	"registrar.panel/host/config"
	"registrar.panel/host/input"
	"registrar.panel/host/orders"
	"registrar.panel/host/supervisor"
	"registrar.panel/host/switchboard"
	"registrar.panel/host/web/api"
	"registrar.panel/shared/registrar"
)

// known returns null for an unknown value.
func known[T ~string](v T) *string {
	if v == "" {
		return nil
	}
	text := string(v)
	return &text
}

func knownNumber(n int) *int {
	if n == 0 {
		return nil
	}
	return &n
}

func knownDate(d registrar.Date) *string { return known(d.String()) }

func knownTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// list converts every element; it is never nil.
func list[In, Out any](in []In, convert func(In) Out) []Out {
	out := make([]Out, 0, len(in))
	for _, v := range in {
		out = append(out, convert(v))
	}
	return out
}

func texts[T ~string](in []T) []string { return list(in, func(v T) string { return string(v) }) }

func domainOf(d orders.Domain) api.Domain {
	out := api.Domain{Name: d.Name, Unicode: input.Unicode(d.Name), Status: string(d.Status), Registrar: d.Registrar, Customer: d.Customer,
		Handle: known(d.Handle), PaidTill: knownDate(d.PaidTill), Renewal: known(d.Renewal),
		Nameservers: list(d.Nameservers, nameserverOf), Registry: append([]string{}, d.Registry...), Alarms: list(d.Alarms, alarmOf), Standing: standingOf(d.Standing), Locked: d.Locked}
	if op := d.Operation; op != nil {
		out.Operation = &api.Operation{ID: string(op.ID), Kind: string(op.Kind), State: string(op.State),
			WaitsFor: known(op.WaitsFor), Error: known(op.Error), Version: known(op.Version), Deadline: knownTime(op.Deadline)}
	}
	return out
}

func nameserverOf(n registrar.Nameserver) api.Nameserver {
	return api.Nameserver{Host: n.Host, IPs: append([]string{}, n.IPs...)}
}

func nameservers(in []api.Nameserver) []registrar.Nameserver {
	return list(in, func(n api.Nameserver) registrar.Nameserver { return registrar.Nameserver{Host: n.Host, IPs: n.IPs} })
}

func alarmOf(a registrar.Alarm) api.Alarm {
	return api.Alarm{Key: a.Key, Since: a.Since.UTC(), Message: a.Message}
}

func operationOf(op registrar.Operation) api.Operation {
	return api.Operation{ID: string(op.ID), Kind: string(op.Kind), State: string(op.State), WaitsFor: known(op.WaitsFor), Error: known(op.Error), Version: known(op.Version), Deadline: knownTime(op.Deadline),
		OperationDetails: &api.OperationDetails{Order: known(op.Order), Domain: op.Domain, CreatedAt: op.CreatedAt.UTC(), UpdatedAt: op.UpdatedAt.UTC(),
			FinishedAt: knownTime(op.FinishedAt), History: list(op.History, stepOf), Advice: advice(op.Advice)}}
}

func stepOf(s registrar.Step) api.Step {
	return api.Step{At: s.At.UTC(), State: string(s.State), Message: s.Message, Actor: s.Actor, Evidence: known(s.Evidence), Mail: known(s.Mail)}
}

func orderOf(o orders.Order) api.Order {
	return api.Order{ID: string(o.ID), Kind: string(o.Kind), Domain: o.Domain, Unicode: input.Unicode(o.Domain), Customer: o.Customer,
		State: string(o.State), Operation: known(o.Operation), Registrar: o.Registrar, Own: o.Own, Error: known(whyFailed(o)), OrderStanding: orderStandingOf(o),
		CreatedAt: o.CreatedAt.UTC(), PaidAt: knownTime(o.PaidAt), ClosedAt: knownTime(o.ClosedAt), Reference: known(o.Reference),
		PaidTill: knownDate(o.PaidTill), Years: knownNumber(o.Years), DS: list(o.DS, registrar.DelegationSigner.String), Roles: texts(o.Roles), Notes: problems(o.Notes)}
}

func openOperationOf(d orders.Domain) api.OpenOperation {
	op := d.Operation
	return api.OpenOperation{ID: string(op.ID), Kind: string(op.Kind), State: string(op.State), Domain: d.Name, Unicode: input.Unicode(d.Name), Customer: d.Customer,
		Registrar: d.Registrar, WaitsFor: known(op.WaitsFor), Error: known(op.Error), Version: known(op.Version)}
}

// problems returns nil for no problems.
func problems(in []registrar.Problem) (out []api.Problem) {
	for _, p := range in {
		out = append(out, api.Problem(p))
	}
	return out
}

func entryOf(e orders.Entry) api.Entry {
	return api.Entry{ID: e.ID, At: e.At.UTC(), Domain: known(e.Domain), Actor: e.Actor, Level: string(e.Level), Event: string(e.Event),
		Message: e.Message, Operation: known(e.Operation), Mail: known(e.Mail), Order: known(e.Order), Registrar: e.Registrar, Standing: standingOf(e.Standing)}
}

// Entry returns an entry of the Action Log as the API and webhooks show it.
func Entry(e orders.Entry) api.Entry { return entryOf(e) }

func deliveryOf(d orders.Delivery) api.Webhook {
	return api.Webhook{Name: d.Name, Told: d.Told, Attempts: d.Attempts, FailingSince: knownTime(d.FailingSince), NextAt: knownTime(d.NextAt), Error: known(d.Error), Dead: d.Dead}
}

func deadOf(l orders.DeadLetter) api.DeadLetter {
	return api.DeadLetter{Entry: entryOf(l.Entry), GivenUpAt: l.At.UTC(), Attempts: l.Attempts, Error: l.Error}
}

func reviewOf(r registrar.Review) api.Review {
	return api.Review{ID: string(r.ID), ReceivedAt: r.ReceivedAt.UTC(), From: r.From, Subject: r.Subject, Reason: r.Reason,
		Candidates: texts(r.Candidates), Mail: string(r.Mail), Text: known(r.Text), ResolvedAt: knownTime(r.ResolvedAt),
		ResolvedBy: known(r.ResolvedBy), Outcome: known(r.Outcome), Version: known(r.Version),
		Stranger: r.Stranger, Note: known(r.Note)}
}

func pluginOf(s supervisor.Status) api.Plugin {
	return api.Plugin{Name: s.Name, Plugin: known(s.Plugin), Title: s.Title, Version: s.Version, State: string(s.State), TLDs: texts(s.TLDs), Kinds: texts(s.Kinds), Offers: list(s.Offers, offerOf),
		Capabilities: texts(s.Capabilities), Restarts: s.Restarts, Since: s.Since.UTC(), Error: known(s.Error),
		Health: list(s.Health, func(c registrar.Component) api.Component {
			return api.Component{Component: c.Name, OK: c.OK, Detail: c.Detail, Advice: advice(c.Advice), Figures: figures(c.Figures)}
		})}
}

// figures returns nil for no figures. It leaves out values of a plugin that can't be a time or a count.
func figures(in map[registrar.Figure]float64) *api.Figures {
	out := api.Figures{}
	instants := map[registrar.Figure]**time.Time{registrar.FigureLookedAt: &out.LookedAt, registrar.FigureHeardAt: &out.HeardAt, registrar.FigurePassedAt: &out.PassedAt, registrar.FigureNextAt: &out.NextAt,
		registrar.FigureUnansweredAt: &out.UnansweredAt}
	counts := map[registrar.Figure]**int{registrar.FigureLeft: &out.Left, registrar.FigureMost: &out.Most, registrar.FigureQueued: &out.Queued, registrar.FigureWaiting: &out.Waiting,
		registrar.FigureSent: &out.Sent, registrar.FigureRead: &out.Read, registrar.FigureApplied: &out.Applied, registrar.FigureForReview: &out.ForReview}

	for name, value := range in {
		// A time far in the future can't be written as JSON, and NaN is neither a time nor a count.
		if value < 0 || value > 1e11 || value != value {
			continue
		}
		if at, ok := instants[name]; ok {
			t := time.Unix(int64(value), 0).UTC()
			*at = &t
		}
		if n, ok := counts[name]; ok {
			count := int(value)
			*n = &count
		}
	}

	if out == (api.Figures{}) {
		return nil
	}
	return &out
}

// yearsOf returns null if there is no term to choose.
func yearsOf(y registrar.Years) *api.Years {
	if y.None() {
		return nil
	}
	return &api.Years{Min: y.Min, Max: y.Max}
}

func offerOf(o registrar.Offer) api.Offer {
	return api.Offer{TLDs: texts(o.TLDs), Kinds: list(o.Kinds, func(k registrar.KindOffer) api.KindOffer {
		return api.KindOffer{Kind: string(k.Kind), Years: yearsOf(k.Years), NameserversOptional: k.NameserversOptional, Contacts: list(k.Contacts, contactOfferOf)}
	})}
}

func contactOfferOf(c registrar.ContactOffer) api.ContactOffer {
	return api.ContactOffer{Role: string(c.Role), Required: c.Required}
}

func handleOf(h switchboard.Item[registrar.Handle]) api.Handle {
	return api.Handle{Handle: h.Value.Handle, Customer: h.Value.Customer, Registrar: h.Registrar, Kind: string(h.Value.Kind), State: string(h.Value.State)}
}

func stepOfPass(s switchboard.Item[registrar.RenewalStep]) api.RenewalStep {
	return api.RenewalStep{Domain: s.Value.Domain, Registrar: s.Registrar, PaidTill: knownDate(s.Value.PaidTill),
		Action: string(s.Value.Action), Reason: s.Value.Reason}
}

func mailOf(m registrar.Mail) api.Mail {
	return api.Mail{ID: string(m.ID), At: m.At.UTC(), Out: m.Out, From: m.From, To: m.To, Subject: m.Subject, Text: m.Text}
}

// Recognition returns what the API says of a captured mail.
func Recognition(r registrar.Recognition) api.Recognition {
	return api.Recognition{From: r.From, Subject: r.Subject, Kind: r.Kind, Doubt: known(r.Doubt), Proof: known(r.Proof), ProofDetail: known(r.ProofDetail),
		Fate: known(r.Fate), Reason: known(r.Reason), Stored: r.Stored,
		Bindings: list(r.Bindings, func(b registrar.Binding) api.Binding {
			return api.Binding{By: string(b.By), Value: b.Value, Operation: known(b.Operation)}
		}),
		Results: list(r.Results, func(r registrar.RecognisedResult) api.Result {
			return api.Result{Rule: r.Rule, Outcome: string(r.Outcome), Domain: known(r.Domain), Handle: known(r.Handle), Task: known(r.Task),
				Message: known(r.Message), State: known(r.State), PaidTill: knownDate(r.PaidTill)}
		})}
}

// registrantOf separates the kind from the fields.
func registrantOf(c api.Contact) *registrar.Registrant {
	if c == nil {
		return nil
	}
	r := &registrar.Registrant{Fields: map[string][]string{}}
	for key, values := range c {
		if key != "kind" {
			r.Fields[key] = values
		} else if len(values) == 1 {
			r.Kind = registrar.RegistrantKind(values[0])
		}
	}
	return r
}

// contactsOf returns contacts besides the registrant; nil = there are none.
func contactsOf(in map[string]api.Contact) registrar.Contacts {
	if len(in) == 0 {
		return nil
	}
	c := registrar.Contacts{}
	for role, contact := range in {
		c[registrar.ContactRole(role)] = registrar.Registrant{}
		if r := registrantOf(contact); r != nil {
			c[registrar.ContactRole(role)] = *r
		}
	}
	return c
}

// mostAdvice bounds how many pieces of advice a registrar gives at once, and the parameters of each.
const mostAdvice = 10

// advice returns nil for no advice.
func advice(in []registrar.Advice) (out []api.Advice) {
	for _, a := range in[:min(len(in), mostAdvice)] {
		said := api.Advice{Action: input.OneLine(string(a.Action), input.LongestID)}
		for _, name := range slices.Sorted(maps.Keys(a.Parameters))[:min(len(a.Parameters), mostAdvice)] {
			if said.Parameters == nil {
				said.Parameters = map[string]string{}
			}
			said.Parameters[input.OneLine(name, input.LongestID)] = input.OneLine(a.Parameters[name], input.LongestMessage)
		}
		out = append(out, said)
	}
	return out
}

func ruleOf(r registrar.SuggestedRule) api.Rule {
	return api.Rule{Rule: config.Rule(r), Block: known(r.Block), Name: known(r.Name), Why: known(r.Why),
		Settings: list(r.Settings, func(s registrar.Setting) api.RuleSetting { return api.RuleSetting(s) }),
		Tried:    r.Tried, Matched: r.Matched, Matches: list(r.Matches, func(m registrar.RuleMatch) api.RuleMatch {
			return api.RuleMatch{Mail: string(m.Mail), At: m.At.UTC(), From: m.From, Subject: m.Subject, Outcome: string(m.Outcome), Domain: known(m.Domain), State: string(m.State)}
		})}
}
