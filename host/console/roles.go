package console

import (
	"maps"
	"net/url"
	"slices"
	"strings"

	"registrar.panel/host/web/api"
	"registrar.panel/shared/registrar"
)

// role is a contact besides the registrant that an order may have, as New order asks for it.
type role struct {
	Role     string
	Required bool
	Kind     string // the kind of registrant
	form     api.Form
	values   url.Values
	problems func(path string) []string
}

// role adds the registrar's questions about a contact.
func (v *visit) role(o newOrder, offered api.ContactOffer) (role, error) {
	r := role{Role: offered.Role, Required: offered.Required && o.Kind != string(registrar.KindUpdate), values: o.values}
	r.Kind = or(strings.TrimSpace(o.values.Get(r.KindName())), string(registrar.Person))
	var err error
	r.form, err = v.formFor(o.Domain, url.Values{"kind": {o.Kind}, "registrant": {r.Kind}, "role": {r.Role}})
	return r, err
}

// Roles returns the contacts besides the registrant that are asked for, with what is wrong with them.
func (o newOrder) Roles() []role {
	asked := slices.Clone(o.roles)
	for i := range asked {
		asked[i].problems = o.Problems
	}
	return asked
}

// KindName returns the name of the input for the kind of the contact.
func (r role) KindName() string { return "r." + r.Role + ".kind" }

func (r role) path() string { return registrar.ContactRole(r.Role).Path() }

func (r role) prefix() string { return "r." + r.Role + "." }

// Wrong returns what is wrong with the contact apart from its questions.
func (r role) Wrong() (texts []string) {
	texts = slices.Clone(r.problems(r.path()))
	for _, q := range r.Questions() {
		texts = slices.DeleteFunc(texts, func(text string) bool { return slices.Contains(q.Wrong, text) })
	}
	return texts
}

// Conditional reports whether another answer may change which fields are asked.
func (r role) Conditional() bool { return conditional(r.form) }

// Questions returns the fields that are asked after the answers so far.
func (r role) Questions() (all []question) {
	for _, f := range askedOf(r.form, r.values, r.prefix()) {
		name := r.prefix() + f.Key
		id := "r-" + r.Role + "-" + f.Key
		all = append(all, question{Field: f, ID: id, Name: name, Hint: "h-" + id, Mark: id, Wrong: r.problems(r.path() + "." + f.Key), answered: r.values[name]})
	}
	return all
}

// contact returns the answers; nil = there are none.
func (r role) contact() api.Contact {
	contact := api.Contact{"kind": {r.Kind}}
	for _, f := range askedOf(r.form, r.values, r.prefix()) {
		if answers := answersTo(f, r.values[r.prefix()+f.Key]); len(answers) > 0 {
			contact[f.Key] = answers
		}
	}
	if len(contact) == 1 {
		return nil
	}
	return contact
}

// contacts returns the contacts besides the registrant that were filled in; nil = none was.
func (o newOrder) contacts() map[string]api.Contact {
	var all map[string]api.Contact
	for _, r := range o.roles {
		if contact := r.contact(); contact != nil {
			if all == nil {
				all = map[string]api.Contact{}
			}
			all[r.Role] = contact
		}
	}
	return all
}

// linesOf returns the lines of an entry that are not empty.
func linesOf(entered string) (lines []string) {
	for line := range strings.Lines(entered) {
		if line = strings.Join(strings.Fields(line), " "); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// masked is a contact that a registrar has for a domain, with its answers in the order of their keys.
type masked struct {
	Role   string
	Kind   string
	Fields []labelled
}

// maskedContacts returns the contacts of a domain as its registrar shows them, if it does.
func (v *visit) maskedContacts(name string) (all []masked) {
	list, err := get[[]api.MaskedContact](v, api.Path("domains", name, "contacts"), nil)
	// Not every registrar shows contacts, and one may be silent: the page is shown without them.
	if err != nil {
		return nil
	}
	for _, c := range list {
		m := masked{Role: c.Role, Kind: c.Kind}
		for _, key := range slices.Sorted(maps.Keys(c.Fields)) {
			m.Fields = append(m.Fields, labelled{key, c.Fields[key]})
		}
		all = append(all, m)
	}
	return all
}
