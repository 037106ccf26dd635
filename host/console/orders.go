package console

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"registrar.panel/host/access"
	"registrar.panel/host/web/api"
	"registrar.panel/shared/registrar"
)

func (c *Console) routeOrders() {
	one := screen{"order.html", look, showOrder}
	c.page("GET /orders", screen{"orders.html", look, showOrders})
	c.page("GET /orders/{id}", one)
	c.act("POST /orders/{id}/pay", money, payOrder, one)
	c.act("POST /orders/{id}/cancel", order, cancelOrder, one)
	c.act("POST /orders/{id}/retry", money, retryOrder, one)
	c.act("POST /orders/{id}/refund", money, giveUp("refund", "done.refunded"), one)
	c.act("POST /orders/{id}/dismiss", order, giveUp("dismiss", "done.dismissed"), one)
	c.reveal("POST /orders/{id}/contact", "contact.html", one, readContact)
	c.reveal("POST /orders/{id}/code", "code.html", one, readCode)
}

// deedRights returns the rights for an action that an entry of Today offers.
func deedRights(code string) []access.Right {
	switch code {
	case "upgrade":
		return admin
	case "dismiss":
		return order
	}
	return money
}

// orderFilters are the parameters that narrow the list of orders.
var orderFilters = []string{"q", "state", "outcome", "operation_state", "kind", "customer", "domain", "registrar", "reference", "open", "sort"}

// orderViews are the views of the list of orders, each a set of parameters.
var orderViews = []view{
	{"all", nil}, {"open", map[string]string{"open": "1"}}, {"unpaid", map[string]string{"state": "unpaid"}},
	{"failed", map[string]string{"state": "paid", "outcome": "failed"}}, {"succeeded", map[string]string{"outcome": "succeeded"}},
	{"cancelled", map[string]string{"state": "cancelled"}},
}

// view is a view of a list, by its code.
type view struct {
	Code string
	by   map[string]string
}

// orderList is a part of the list of orders.
type orderList struct {
	list[api.Order]
	Views []chosen
}

// chosen is a view with its address, and whether it is the one that is shown.
type chosen struct {
	Code, To string
	Chosen   bool
	Count    *int // how many rows it has; nil = they are not counted
}

func showOrders(v *visit) (any, error) {
	sort := map[string][]string{}
	if q := v.URL.Query(); q.Get("sort") == "" && q.Get("q") == "" {
		sort["sort"] = []string{"-created"} // the newest first
	}
	rows, err := listOf[api.Order](v, api.Path("orders"), orderFilters, sort)
	if err != nil {
		return nil, err
	}
	status, err := get[api.Status](v, api.Path("status"), nil)
	unpaid := status.Orders["unpaid"]
	open := unpaid + status.Orders["paid"]
	views := countedViews(v.views("/orders", orderViews, "state", "outcome", "open"), map[string]int{"open": open, "unpaid": unpaid, "failed": status.Failed})
	return orderList{rows, views}, err
}

// countedViews adds to views how many rows each has, as far as that is known.
func countedViews(views []chosen, counts map[string]int) []chosen {
	for i, w := range views {
		if n, known := counts[w.Code]; known {
			views[i].Count = &n
		}
	}
	return views
}

// views returns views with their addresses. A view sets the parameters that it decides about and leaves the others.
func (v *visit) views(path string, all []view, decides ...string) (links []chosen) {
	asked := v.URL.Query()
	for _, w := range all {
		query := asked
		for _, name := range append(decides, "after") {
			query = with(query, name, w.by[name])
		}
		same := !slices.ContainsFunc(decides, func(name string) bool { return asked.Get(name) != w.by[name] })
		to := path
		if len(query) > 0 {
			to += "?" + query.Encode()
		}
		links = append(links, chosen{Code: w.Code, To: to, Chosen: same})
	}
	return links
}

// orderPage is an order with what would be, or was, sent for it.
type orderPage struct {
	api.Order
	Preview string
	Can     map[string]bool // what its stage permits
	Again   retryForm
}

// retryForm has the values that may be changed when an order is tried again.
type retryForm struct{ Nameservers string }

func showOrder(v *visit) (any, error) {
	o, err := get[api.Order](v, api.Path("orders", v.PathValue("id")), nil)
	if err != nil {
		return nil, err
	}
	p := orderPage{Order: o, Can: stagePermits(o), Again: retryForm{v.PostFormValue("nameservers")}}
	// If the registrar does not answer, the page lacks only the preview.
	if preview, err := get[api.Preview](v, api.Path("orders", o.ID, "preview"), nil); err == nil {
		p.Preview = preview.Preview
	}
	return p, nil
}

// stagePermits returns what can be done with an order, by the book's table of stages; the book itself decides.
func stagePermits(o api.Order) map[string]bool {
	unpaid, failed := o.State == "unpaid", o.Outcome != nil && *o.Outcome != string(registrar.OutcomeSucceeded)
	paid := o.State == "paid"
	return map[string]bool{"pay": unpaid, "cancel": unpaid, "retry": paid && failed, "refund": paid && failed && o.RefundedAt == nil,
		"dismiss": paid && failed && o.DismissedAt == nil,
		"code":    o.Kind == string(registrar.KindTransfer) || o.Kind == string(registrar.KindAuthCode) && o.Outcome != nil && !failed}
}

func payOrder(v *visit) (done, error) {
	o, err := post[api.Changed](v, api.Path("orders", v.PathValue("id"), "pay"), struct{}{})
	return changed(o, "done.paid", "done.paid-before"), err
}

func cancelOrder(v *visit) (done, error) {
	o, err := post[api.Changed](v, api.Path("orders", v.PathValue("id"), "cancel"), struct{}{})
	return changed(o, "done.cancelled", "done.cancelled-before"), err
}

// changed says what became of an order, or that another person has done the same before.
func changed(o api.Changed, now, before string) done {
	if !o.Changed {
		now = before
	}
	return done{address("orders", o.ID), told(now, "Name", o.Unicode, "Order", o.ID)}
}

func retryOrder(v *visit) (done, error) {
	attempt, _ := strconv.Atoi(v.PostFormValue("attempt"))
	o, err := post[api.Changed](v, api.Path("orders", v.PathValue("id"), "retry"), api.Retry{Attempt: attempt,
		Nameservers: nameserversOf(v.PostFormValue("nameservers")), AuthCode: strings.TrimSpace(v.PostFormValue("auth_code"))})
	return changed(o, "done.retried", "done.retried-before"), err
}

// giveUp makes the action of a refund or a dismissal.
func giveUp(verb, now string) func(v *visit) (done, error) {
	return func(v *visit) (done, error) {
		o, err := post[api.Changed](v, api.Path("orders", v.PathValue("id"), verb), api.GiveUp{Note: v.PostFormValue("note")})
		return changed(o, now, "done.ended-before"), err
	}
}

// reveal mounts an action that shows a secret, once, in the answer to a form, to people with the right; it is recorded.
func (c *Console) reveal(pattern, template string, again screen, read func(v *visit) (any, error)) {
	c.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		v, ok := c.posted(w, r, secrets)
		if !ok {
			return
		}

		secret, err := read(v)
		if err != nil {
			v.trouble = v.troubleOf(err)
			c.render(w, v, again)
			return
		}
		c.write(w, v, http.StatusOK, template, secret)
	})
}

// contactPage is the contact data of an order, as they were given.
type contactPage struct {
	Order  api.Order
	Fields []labelled
	Others []contactOf // contacts besides the registrant
}

// contactOf is the contact of a role.
type contactOf struct {
	Role   string
	Fields []labelled
}

// labelled is a value with the label of its question.
type labelled struct {
	Label  string
	Values []string
}

func readContact(v *visit) (any, error) {
	id := v.PathValue("id")
	o, err := get[api.Order](v, api.Path("orders", id), nil)
	if err != nil {
		return nil, err
	}
	contact, err := post[api.OrderContact](v, api.Path("orders", id, "contact"), api.ContactReader{Reason: strings.TrimSpace(v.PostFormValue("reason"))})
	if err != nil {
		return nil, err
	}

	page := contactPage{Order: o}
	// The registrant's contact holds the contacts of other roles under a key that is no field.
	others, _ := contact["contacts"].(map[string]any)
	for _, role := range slices.Sorted(maps.Keys(others)) {
		if other, ok := others[role].(map[string]any); ok {
			page.Others = append(page.Others, contactOf{role, v.labelled(o, role, other)})
		}
	}
	if len(others) > 0 {
		delete(contact, "contacts")
	}
	page.Fields = v.labelled(o, "", contact)
	return page, nil
}

// labelled puts the answers under the questions of the form, in its order; answers to no question follow.
func (v *visit) labelled(o api.Order, role string, contact map[string]any) (fields []labelled) {
	kind, _ := contact["kind"].(string)
	form, err := v.formFor(o.Domain, url.Values{"kind": {o.Kind}, "registrant": {kind}, "role": {role}})
	if err != nil {
		form = api.Form{} // the keys are their own labels then
	}

	left := maps.Clone(contact)
	for _, f := range form.Fields {
		if value, ok := left[f.Key]; ok {
			fields = append(fields, labelled{v.lang.Of(f.Label, f.Key), v.answers(value)})
			delete(left, f.Key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(left)) {
		fields = append(fields, labelled{key, v.answers(left[key])})
	}
	return fields
}

// answers returns the values of a field as texts.
func (v *visit) answers(value any) (all []string) {
	switch value := value.(type) {
	case string:
		return []string{value}
	case bool:
		return []string{v.lang.Word("yesno", value)}
	case []any:
		for _, one := range value {
			all = append(all, v.answers(one)...)
		}
	}
	return all
}

// codePage is the transfer code of an order.
type codePage struct {
	Order api.Order
	Code  string
}

func readCode(v *visit) (any, error) {
	id := v.PathValue("id")
	o, err := get[api.Order](v, api.Path("orders", id), nil)
	if err != nil {
		return nil, err
	}
	code, err := post[api.TransferCode](v, api.Path("orders", id, "secret"), api.Reader{})
	return codePage{o, code.Code}, err
}
