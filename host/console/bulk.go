package console

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"registrar.panel/host/access"
	"registrar.panel/host/web/api"
	"registrar.panel/shared/registrar"
)

// routeBulk mounts the actions on all ticked rows of a list: first a page says what will happen
// with each row, then the same page says what became of it.
func (c *Console) routeBulk() {
	for _, d := range deeds() {
		c.mux.HandleFunc("POST /"+d.list+"/ticked/"+d.code, func(w http.ResponseWriter, r *http.Request) { c.bulk(w, r, d) })
	}
	c.mux.HandleFunc("POST /domains/ticked/csv", c.chosenDomains)
}

// bulkDeed is an action on several rows of a list at once.
type bulkDeed struct {
	list, code string
	rights     []access.Right
	note       bool // the page asks for a reason, for the timeline
	look       func(v *visit, id string) (row, error)
	do         func(v *visit, t row) (told string, err error)
}

// row is a ticked row of a list: what it is, what was seen of it, and what will happen or has happened.
type row struct {
	ID, Seen  string // Seen is a version or an attempt, so that a second click changes nothing
	Name, At  string // Name and the address of its page
	State     string // in the words of the page
	Effect    string
	Forbidden string // why nothing is done with it; "" = something is
	Told      string // what became of it
	Refused   string // why it was refused
}

// bulkPage shows the ticked rows, before or after the action.
type bulkPage struct {
	List, Code, Back string
	Rows             []row
	Note             string
	AsksNote, Done   bool
	Can              int // rows with which something can be, or was, done
}

// deeds returns all actions on ticked rows, as data; the panel judges each of them again.
func deeds() []bulkDeed {
	all := []bulkDeed{
		{list: "domains", code: "auto", rights: money, look: domainFor("auto"), do: setMode(registrar.RenewAuto)},
		{list: "domains", code: "manual", rights: money, look: domainFor("manual"), do: setMode(registrar.RenewManual)},
		{list: "domains", code: "refresh", rights: ordering, look: domainFor("refresh"), do: refreshOne},
		{list: "orders", code: "retry", rights: money, look: orderFor("retry"), do: retryOne},
		{list: "orders", code: "dismiss", rights: order, note: true, look: orderFor("dismiss"), do: dismissOne},
		{list: "orders", code: "cancel", rights: order, look: orderFor("cancel"), do: cancelOne},
	}
	for _, v := range registrar.Verdicts() {
		all = append(all, bulkDeed{list: "operations", code: string(v), rights: money, note: true, look: operationFor(v), do: decideOne(v)})
	}
	return all
}

// nothingTicked refuses a form of ticks that has none, or has lost a part.
func nothingTicked(v *visit) error {
	return &api.Error{Code: string(registrar.Invalid), Message: v.lang.Text("failure.nothing-ticked")}
}

// bulk shows what will happen with the ticked rows; with the step "do" it does it.
func (c *Console) bulk(w http.ResponseWriter, r *http.Request, d bulkDeed) {
	v, ok := c.posted(w, r, d.rights)
	if !ok {
		return
	}

	p := bulkPage{List: d.list, Code: d.code, Back: local(v.PostFormValue("back")), Note: strings.TrimSpace(v.PostFormValue("note")), AsksNote: d.note, Done: v.PostFormValue("step") == "do"}
	ids, seen := v.PostForm["id"], v.PostForm["seen"]
	// Each row is dealt with by what was seen of it, so a form that has lost a part is refused.
	if len(ids) == 0 || len(ids) > rowsOnPage || p.Done && len(ids) != len(seen) {
		c.fail(w, v, nothingTicked(v))
		return
	}

	for i, id := range ids {
		var t row
		if p.Done {
			t = v.dealtWith(d, row{ID: id, Seen: seen[i]})
		} else {
			t = v.lookedAt(d, id)
		}
		if t.Forbidden == "" && t.Refused == "" {
			p.Can++
		}
		p.Rows = append(p.Rows, t)
	}
	c.render(w, v, screen{"bulk.html", d.rights, func(*visit) (any, error) { return p, nil }})
}

// lookedAt returns a row before anything is done with it.
func (v *visit) lookedAt(d bulkDeed, id string) row {
	t, err := d.look(v, id)
	if err != nil {
		t = row{ID: id, Name: id, At: address(d.list, id), Forbidden: v.refusal(err)}
	}
	return t
}

// dealtWith returns a row after its deed was done or refused. A refusal does not stop the other rows.
func (v *visit) dealtWith(d bulkDeed, t row) row {
	told, err := d.do(v, t)
	// The row shows its new state. If that can't be read, the row still says what was done.
	if now, gone := d.look(v, t.ID); gone == nil {
		t.Name, t.At, t.State = now.Name, now.At, now.State
	} else {
		t.Name, t.At = t.ID, address(d.list, t.ID)
	}
	if t.Told = told; err != nil {
		t.Told, t.Refused = "", v.refusal(err)
	}
	return t
}

// refusal says in one line why something was refused.
func (v *visit) refusal(err error) string {
	t := v.troubleOf(err)
	lines := []string{}
	if t.Message != "" && t.Message != string(t.Code) {
		lines = append(lines, v.lang.phrases.Line(t.Message))
	}
	for _, p := range t.Problems {
		lines = append(lines, p.Path+": "+v.lang.phrases.Line(p.Text))
	}
	if len(lines) == 0 {
		return v.lang.Text("headline." + t.Code)
	}
	return strings.Join(lines, "; ")
}

// domainFor looks at a domain for an action that suits every domain.
func domainFor(code string) func(v *visit, id string) (row, error) {
	return func(v *visit, id string) (row, error) {
		d, err := get[api.Domain](v, api.Path("domains", id), nil)
		return row{ID: d.Name, Name: d.Unicode, At: address("domains", d.Name), State: v.lang.Word("status", d.Status), Effect: v.lang.Word("will", code)}, err
	}
}

func setMode(mode registrar.RenewalMode) func(v *visit, t row) (string, error) {
	return func(v *visit, t row) (string, error) {
		d, err := post[api.Domain](v, api.Path("domains", t.ID, "renewal"), api.Renewal{Mode: string(mode)})
		return v.lang.Text("done.renewal-set", "Name", d.Unicode, "Mode", v.lang.Word("renewal", d.Renewal)), err
	}
}

func refreshOne(v *visit, t row) (string, error) {
	d, err := post[api.Domain](v, api.Path("domains", t.ID, "refresh"), struct{}{})
	return v.lang.Text("done.refreshed", "Name", d.Unicode), err
}

// orderFor looks at an order for an action that its stage may forbid.
func orderFor(code string) func(v *visit, id string) (row, error) {
	return func(v *visit, id string) (row, error) {
		o, err := get[api.Order](v, api.Path("orders", id), nil)
		t := row{ID: o.ID, Seen: strconv.Itoa(o.Attempt), Name: o.Unicode, At: address("orders", o.ID), State: v.lang.Word("payment", o.State), Effect: v.lang.Word("will", code)}
		if o.Outcome != nil {
			t.State = v.lang.Word("ended", *o.Outcome)
		}
		if err == nil && !stagePermits(o)[code] {
			t.Forbidden = v.lang.Text("bulk.stage")
		}
		return t, err
	}
}

func retryOne(v *visit, t row) (string, error) {
	attempt, _ := strconv.Atoi(t.Seen) // a number that is no attempt's is refused
	o, err := post[api.Changed](v, api.Path("orders", t.ID, "retry"), api.Retry{Attempt: attempt})
	return v.lang.Text(either(o.Changed, "done.retried", "done.retried-before"), "Name", o.Unicode, "Order", o.ID), err
}

func dismissOne(v *visit, t row) (string, error) {
	o, err := post[api.Changed](v, api.Path("orders", t.ID, "dismiss"), api.GiveUp{Note: strings.TrimSpace(v.PostFormValue("note"))})
	return v.lang.Text(either(o.Changed, "done.dismissed", "done.ended-before"), "Name", o.Unicode, "Order", o.ID), err
}

func cancelOne(v *visit, t row) (string, error) {
	o, err := post[api.Changed](v, api.Path("orders", t.ID, "cancel"), struct{}{})
	return v.lang.Text(either(o.Changed, "done.cancelled", "done.cancelled-before"), "Name", o.Unicode, "Order", o.ID), err
}

func either(first bool, one, other string) string {
	if first {
		return one
	}
	return other
}

// operationFor looks at an operation for a verdict, whose effect depends on the operation's kind.
func operationFor(chosen registrar.Verdict) func(v *visit, id string) (row, error) {
	return func(v *visit, id string) (row, error) {
		op, err := get[api.Operation](v, api.Path("operations", id), nil)
		if err != nil {
			return row{}, err
		}
		if op.OperationDetails == nil {
			op.OperationDetails = &api.OperationDetails{}
		}

		d := api.Domain{Name: op.Domain, Unicode: op.Domain}
		if found, err := get[api.Domain](v, api.Path("domains", op.Domain), nil); err == nil {
			d = found
		}
		t := row{ID: op.ID, Seen: text(op.Version), Name: d.Unicode, At: address("operations", op.ID), State: v.lang.Word("kind", op.Kind) + ": " + v.lang.Word("state", op.State)}
		permitted := verdicts(op, v.sends(d.Registrar))
		at := slices.IndexFunc(permitted, func(one verdict) bool { return one.Code == string(chosen) })
		switch {
		case at < 0:
			t.Forbidden = v.lang.Text("bulk.state")
		case op.Kind == string(registrar.KindAuthCode) && chosen == registrar.VerdictDone:
			// Each has a code of its own, and a list has no field for it.
			t.Forbidden = v.lang.Text("bulk.code")
		default:
			t.Effect = v.lang.Text(permitted[at].Effect, "Name", d.Unicode)
		}
		return t, nil
	}
}

func decideOne(chosen registrar.Verdict) func(v *visit, t row) (string, error) {
	return func(v *visit, t row) (string, error) {
		op, err := post[api.Operation](v, api.Path("operations", t.ID, "resolve"), api.Decision{Version: t.Seen, Outcome: string(chosen), Note: strings.TrimSpace(v.PostFormValue("note"))})
		return v.lang.Text("done.decided", "Verdict", v.lang.Word("verdict", chosen), "State", v.lang.Word("state", op.State)), err
	}
}

// chosenDomains answers with the ticked domains as a table.
func (c *Console) chosenDomains(w http.ResponseWriter, r *http.Request) {
	v, ok := c.posted(w, r, look)
	if !ok {
		return
	}
	names := v.PostForm["id"]
	if len(names) == 0 || len(names) > rowsOnPage {
		c.fail(w, v, nothingTicked(v))
		return
	}

	// All are read before the first line is sent, so that a failure becomes a page and not a table that ends early.
	var chosen []api.Domain
	for _, name := range names {
		d, err := get[api.Domain](v, api.Path("domains", name), nil)
		if err != nil {
			c.fail(w, v, err)
			return
		}
		chosen = append(chosen, d)
	}
	out := beginTable(w, "domains", domainColumns)
	for _, d := range chosen {
		_ = out.Write(plain(domainCells(d)...))
	}
	out.Flush() // an error means that the reader has gone
}
