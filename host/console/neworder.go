package console

import (
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"registrar.panel/host/input"
	"registrar.panel/host/web/api"
	"registrar.panel/shared/registrar"
)

func (c *Console) routeNewOrder() {
	c.page("GET /orders/new", screen{"neworder.html", ordering, showNewOrder})
	c.mux.HandleFunc("POST /orders/new", c.newOrder)
}

// newOrder is an order that is being filled in.
type newOrder struct {
	ID, Kind, Domain, Customer, Registrant string
	Nameservers, AuthCode, PaidTill, Years string
	DS                                     string                    // a record a line
	AcceptPrice                            string                    // of a name that has a price of its own, as the page asked
	Kinds                                  []registrar.OperationKind // to choose from, in the first step
	Reference                              string
	Own                                    bool
	Form                                   *api.Form // the registrar's questions; nil = the first step
	roles                                  []role    // of contacts besides the registrant
	Availability                           *api.Availability
	Judgement                              *api.Judgement // the result of judging it; nil = not asked yet
	values                                 url.Values     // of the contact, by "c." and the field's key
	problems                               []problem
}

// Problems returns the problems of a field and of its parts.
func (o newOrder) Problems(path string) (texts []string) {
	for _, p := range o.problems {
		if about(p.Path, path) {
			texts = append(texts, p.Text)
		}
	}
	return texts
}

func about(problem, path string) bool {
	rest, ok := strings.CutPrefix(problem, path)
	return ok && (rest == "" || rest[0] == '[' || rest[0] == '.')
}

// Elsewhere returns the problems that belong to no field of the page.
func (o newOrder) Elsewhere() (left []problem) {
	for _, p := range o.problems {
		if !o.asks(p.Path) {
			left = append(left, p)
		}
	}
	return left
}

func (o newOrder) asks(path string) bool {
	for _, field := range []string{"domain", "customer", "nameservers", "auth_code", "paid_till", "years", "accept_price", "reference", "ds"} {
		if about(path, field) {
			return true
		}
	}
	if o.Form == nil {
		return false
	}
	for _, f := range o.asked() {
		if about(path, "contact."+f.Key) {
			return true
		}
	}
	return slices.ContainsFunc(o.roles, func(r role) bool { return about(path, r.path()) })
}

// TakesNameservers reports whether an order of the kind can name nameservers.
func (o newOrder) TakesNameservers() bool {
	k := registrar.OperationKind(o.Kind)
	return k.Acquires() || k == registrar.KindUpdate
}

// filled reads an order from a form, or from the address of the page.
func (v *visit) filled(values url.Values) newOrder {
	line := func(name string) string { return strings.TrimSpace(values.Get(name)) }
	return newOrder{DS: values.Get("ds"), ID: or(line("id"), newID()), Kind: or(line("kind"), string(registrar.KindRegister)), Domain: line("domain"), Customer: line("customer"),
		Registrant: or(line("registrant"), string(registrar.Person)), Nameservers: values.Get("nameservers"), AuthCode: line("auth_code"),
		PaidTill: line("paid_till"), Years: line("years"), AcceptPrice: line("accept_price"), Reference: line("reference"), Own: values.Get("own") != "", values: values}
}

// newID names an order before it is placed, so that a form that is sent twice places one order.
func newID() string { return "web-" + strings.ToLower(rand.Text()) }

// form asks for the questions about a domain's order.
func (v *visit) form(domain, kind, registrant string) (api.Form, error) {
	return v.formFor(domain, url.Values{"kind": {kind}, "registrant": {registrant}})
}

func (v *visit) formFor(domain string, query url.Values) (api.Form, error) {
	plugins, err := v.plugins()
	if err != nil {
		return api.Form{}, err
	}
	return get[api.Form](v, api.Path("form", or(zoneOf(domain, plugins), "-")), query)
}

// zoneOf returns the zone of the panel in which a typed name is, or else its TLD.
func zoneOf(domain string, plugins []api.Plugin) string {
	var zones []string
	for _, p := range plugins {
		zones = append(zones, p.TLDs...)
	}
	ace, err := input.ACE(domain)
	if err != nil {
		ace = strings.TrimSuffix(domain, ".")
	}
	return or(registrar.ZoneOf(ace, zones), input.TLD(ace))
}

// whileTyped marks a question that the script asks while the person is still typing.
const whileTyped = "typed"

func showNewOrder(v *visit) (any, error) {
	o, check := v.filled(v.URL.Query()), v.URL.Query().Get("check")
	if o.Domain != "" && check == "" {
		return v.asked(o), nil
	}

	o.Kinds = v.kindsOffered()
	// The beginning of a name is in no zone that is sold here, and that is no mistake.
	if o.Domain == "" || check == whileTyped && !v.sold(o.Domain) {
		return o, nil
	}
	var err error
	o.Availability, err = v.available(o.Domain)
	return o, err
}

// sold reports whether a name is in a zone that is sold here.
func (v *visit) sold(domain string) bool {
	plugins, err := v.plugins()
	if err != nil || !strings.Contains(strings.Trim(domain, "."), ".") {
		return false
	}
	zone := zoneOf(domain, plugins)
	return slices.ContainsFunc(plugins, func(p api.Plugin) bool { return slices.Contains(p.TLDs, zone) })
}

// available asks whether a name is free.
func (v *visit) available(domain string) (*api.Availability, error) {
	answers, err := get[[]api.Availability](v, api.Path("availability"), url.Values{"name": {domain}})
	if err != nil || len(answers) == 0 {
		return nil, err
	}
	return &answers[0], nil
}

// Acquiring returns the kinds of orders for which it matters whether the name is free.
func (newOrder) Acquiring() string {
	var kinds []string
	for _, k := range registrar.OperationKinds() {
		if k.Acquires() {
			kinds = append(kinds, string(k))
		}
	}
	return strings.Join(kinds, " ")
}

// Hindered reports whether what is known of the name rules out such an order.
func (o newOrder) Hindered() bool {
	if o.Availability == nil {
		return false
	}
	status := registrar.AvailabilityStatus(o.Availability.Status)
	return status == registrar.NameInvalid || status == registrar.Taken && o.Kind == string(registrar.KindRegister)
}

// asked adds the registrar's questions, and whether the name is free.
func (v *visit) asked(o newOrder) newOrder {
	form, err := v.form(o.Domain, o.Kind, o.Registrant)
	if err != nil {
		v.trouble, o.Kinds = v.troubleOf(err), v.kindsOffered()
		return o
	}
	o.Form = &form

	for _, offered := range form.Contacts {
		r, err := v.role(o, offered)
		if err != nil {
			v.trouble = v.troubleOf(err)
			return o
		}
		o.roles = append(o.roles, r)
	}
	if registrar.OperationKind(o.Kind).Acquires() {
		o.Availability, _ = v.available(o.Domain) // without an answer the preview decides
	}
	return o
}

// order returns the order as the API takes it.
func (o newOrder) order() api.NewOrder {
	in := api.NewOrder{ID: o.ID, Reference: o.Reference, Kind: o.Kind, Domain: o.Domain, Customer: o.Customer, Own: o.Own,
		Nameservers: nameserversOf(o.Nameservers), AuthCode: o.AuthCode, PaidTill: o.PaidTill, Years: yearsIn(o.Years)}
	if amount, currency, ok := strings.Cut(o.AcceptPrice, " "); ok {
		in.AcceptPrice = &api.Price{Amount: amount, Currency: currency}
	}
	in.DS, in.Contacts = linesOf(o.DS), o.contacts()
	if o.Form == nil || len(o.Form.Fields) == 0 {
		return in
	}

	// An empty contact is sent only if one is needed: the registrar says what it lacks. In an update it would be a change.
	contact, given := api.Contact{"kind": {o.Registrant}}, false
	for _, f := range o.asked() {
		if answers := answersTo(f, o.values["c."+f.Key]); len(answers) > 0 {
			contact[f.Key], given = answers, true
		}
	}
	if given || registrar.OperationKind(o.Kind).NeedsRegistrant() {
		in.Contact = contact
	}
	return in
}

// yearsIn reads a term. A text that is no number becomes a term that no registrar offers.
func yearsIn(entered string) int {
	if entered == "" {
		return 0
	}
	if n, err := strconv.Atoi(entered); err == nil {
		return n
	}
	return -1
}

// newOrder judges an order and shows the result, or places the order.
func (c *Console) newOrder(w http.ResponseWriter, r *http.Request) {
	v, ok := c.posted(w, r, ordering)
	if !ok {
		return
	}

	o := v.asked(v.filled(v.PostForm))
	if v.trouble == nil {
		var err error
		switch v.PostFormValue("step") {
		case "place":
			var d done
			if d, err = v.place(o.order()); err == nil {
				// The form carries the order's ID, so a form that is sent twice leads to the same order.
				remember(w, r, d.told)
				http.Redirect(w, r, d.to, http.StatusSeeOther)
				return
			}
		case "ask": // the questions depend on the answers so far
		default:
			o, err = v.judged(o)
		}
		o = v.wrong(o, err)
	}
	c.render(w, v, screen{"neworder.html", ordering, func(*visit) (any, error) { return o, nil }})
}

// judged asks what would come of placing the order.
func (v *visit) judged(o newOrder) (newOrder, error) {
	j, err := post[api.Judgement](v, api.Path("orders", "validate"), o.order())
	if err != nil {
		return o, err
	}
	if !j.Valid {
		return o, &api.Error{Code: string(registrar.Invalid), Message: api.RequestMistakes, Problems: j.Problems}
	}
	o.Judgement = &j
	return o, nil
}

// wrong puts the mistakes of the order beside its fields.
func (v *visit) wrong(o newOrder, err error) newOrder {
	if err == nil {
		return o
	}
	v.trouble = v.troubleOf(err)
	o.problems = v.trouble.Problems
	v.trouble.Problems = o.Elsewhere()
	var refused *api.Error
	if errors.As(err, &refused) && refused.Order != nil {
		v.trouble.Message = refused.Message
	}
	return o
}
