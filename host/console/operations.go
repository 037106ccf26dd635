package console

import (
	"slices"
	"strings"

	"registrar.panel/host/web/api"
	"registrar.panel/shared/registrar"
)

func (c *Console) routeOperations() {
	one := screen{"operation.html", look, showOperation}
	c.page("GET /operations", screen{"operations.html", look, showOperations})
	c.page("GET /operations/{id}", one)
	c.act("POST /operations/{id}/decide", money, decide, one)
}

var operationFilters = []string{"q", "state", "registrar", "customer", "sort"}

// operationViews are the states of operations that are under way, those that wait for a person first.
var operationViews = []view{{"all", nil}, {"NeedsAction", map[string]string{"state": "NeedsAction"}}, {"Uncertain", map[string]string{"state": "Uncertain"}},
	{"Queued", map[string]string{"state": "Queued"}}, {"Sent", map[string]string{"state": "Sent"}}, {"Accepted", map[string]string{"state": "Accepted"}}}

// operationList is a part of the list of operations that are under way.
type operationList struct {
	list[api.OpenOperation]
	Views []chosen
}

func showOperations(v *visit) (any, error) {
	rows, err := listOf[api.OpenOperation](v, api.Path("operations"), operationFilters, nil)
	if err != nil {
		return nil, err
	}
	page := operationList{rows, v.views("/operations", operationViews, "state")}
	// The counts are of everything that is under way: beside a narrowed list they would contradict it.
	if len(v.only("q", "registrar", "customer")) == 0 {
		var counts map[string]int
		counts, err = v.underWay()
		countedViews(page.Views, counts)
	}
	return page, err
}

// underWay counts the operations that are under way, all together and in each state.
func (v *visit) underWay() (map[string]int, error) {
	states, err := get[[]api.UnderWay](v, api.Path("operations", "counts"), nil)
	counts := map[string]int{}
	for _, w := range operationViews {
		counts[w.Code] = 0
	}
	for _, s := range states {
		counts[s.State] = s.Count
		counts["all"] += s.Count
	}
	return counts, err
}

// operationPage is an operation with its history, and the decisions that it permits.
type operationPage struct {
	api.Operation
	Domain   api.Domain
	Steps    []api.Step        // the newest first
	Mails    map[string]string // the mails behind the steps, by ID
	Verdicts []verdict
	Chosen   string
	Note     string
}

// verdict is a decision that the state of an operation permits, with its effect.
type verdict struct{ Code, Effect string }

func showOperation(v *visit) (any, error) {
	op, err := get[api.Operation](v, api.Path("operations", v.PathValue("id")), nil)
	if err != nil {
		return nil, err
	}
	p := operationPage{Operation: op, Chosen: or(v.PostFormValue("verdict"), v.URL.Query().Get("verdict")), Note: v.PostFormValue("note")}
	if op.OperationDetails == nil {
		return p, nil
	}

	p.Steps = slices.Clone(op.History)
	// Reversed before the mails are read, because only a few are folded under the steps: those of the newest steps.
	slices.Reverse(p.Steps)
	var behind []*string
	for _, s := range p.Steps {
		behind = append(behind, s.Mail)
	}
	p.Mails = v.folded(behind)
	if d, err := get[api.Domain](v, api.Path("domains", op.OperationDetails.Domain), nil); err == nil {
		p.Domain = d
	}
	p.Verdicts = verdicts(op, v.sends(p.Domain.Registrar))
	return p, nil
}

// sends reports whether a registrar gets requests that can be sent again.
func (v *visit) sends(name string) bool {
	plugins, err := v.plugins()
	// If that is not known the verdict is offered, and the registrar judges it.
	return err != nil || slices.ContainsFunc(plugins, func(p api.Plugin) bool {
		return p.Name == name && slices.Contains(p.Capabilities, string(registrar.CapMail))
	})
}

// verdicts returns the decisions that the contract has for a state. The registrar judges each, and
// says why if it refuses one.
func verdicts(op api.Operation, sends bool) (all []verdict) {
	effect := func(code registrar.Verdict) verdict {
		return verdict{string(code), "effect." + string(code) + "." + op.Kind}
	}
	state := registrar.OperationState(op.State)
	switch {
	case state == registrar.Queued:
		return []verdict{effect(registrar.VerdictCancel)}
	case state.WaitsForPerson():
		all = []verdict{effect(registrar.VerdictDone), effect(registrar.VerdictFailed)}
		if sends {
			all = append(all, effect(registrar.VerdictResend))
		}
	}
	return all
}

// decide passes a verdict on, with the version of what the person saw.
func decide(v *visit) (done, error) {
	id, chosen := v.PathValue("id"), v.PostFormValue("verdict")
	if chosen == "" {
		return done{}, &api.Error{Code: string(registrar.Invalid), Message: v.lang.Text("failure.no-verdict")}
	}
	op, err := post[api.Operation](v, api.Path("operations", id, "resolve"), api.Decision{Version: v.PostFormValue("version"), Outcome: chosen,
		Note: strings.TrimSpace(v.PostFormValue("note")), AuthCode: strings.TrimSpace(v.PostFormValue("auth_code"))})
	return done{address("operations", id), told("done.decided", "Verdict", v.lang.Word("verdict", chosen), "State", v.lang.Word("state", op.State))}, err
}
