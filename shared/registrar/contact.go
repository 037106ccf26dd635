package registrar

import (
	"context"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// ContactRole is what a contact of a domain is for. The list is open: a registrar declares the roles that
// it takes with each kind of order ([KindOffer]), and may have roles of its own.
type ContactRole string

const (
	RoleRegistrant ContactRole = "registrant" // who owns the domain: in an order it is Order.Registrant
	RoleAdmin      ContactRole = "admin"      // decides about the domain on the registrant's behalf
	RoleTech       ContactRole = "tech"       // looks after its nameservers and records
	RoleBilling    ContactRole = "billing"    // gets the bills for it
)

// ContactRoles lists the roles that the contract has words for.
func ContactRoles() []ContactRole {
	return []ContactRole{RoleRegistrant, RoleAdmin, RoleTech, RoleBilling}
}

// longestRole is the most characters of a role.
const longestRole = 32

// Valid reports whether a role is a word: 1 to 32 of a-z 0-9 -
func (r ContactRole) Valid() bool {
	return r != "" && len(r) <= longestRole && !strings.ContainsFunc(string(r), func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-'
	})
}

// Path returns the path of the problems of a role's contact: "contact", or contacts["admin"].
func (r ContactRole) Path() string {
	if r == "" || r == RoleRegistrant {
		return "contact"
	}
	return `contacts["` + string(r) + `"]`
}

// Contacts are the contacts of a domain by role.
type Contacts map[ContactRole]Registrant

// Roles lists the roles, in alphabetical order.
func (c Contacts) Roles() []ContactRole { return slices.Sorted(maps.Keys(c)) }

// Everyone returns every contact of the order, including its registrant.
func (o Order) Everyone() Contacts {
	all := Contacts{}
	maps.Copy(all, o.Contacts)
	if o.Registrant != nil {
		all[RoleRegistrant] = *o.Registrant
	}
	return all
}

// ContactOffer is a role whose contact an order may bring besides the registrant.
type ContactOffer struct {
	Role     ContactRole
	Required bool // an order must bring it; in an update it may be left out, and stays
}

// untaken reports the contacts of an order whose roles are not offered.
func (k KindOffer) untaken(registrar string, o Order) (problems []Problem) {
	for _, role := range o.Contacts.Roles() {
		p := Problem{Path: role.Path(), Code: "not_offered", Params: map[string]string{"registrar": registrar, "role": string(role)}}
		switch {
		case role == RoleRegistrant:
			p = Problem{Path: `contacts["registrant"]`, Code: "misplaced"}
			problems = append(problems, p.say("is the registrant: give it as the contact", "это владелец: укажите его как контакт (contact)"))
		case !role.Valid():
			p.Path, p.Params = "contacts", nil
			problems = append(problems, p.say("has a role that is no word of a-z, 0-9 and - with 32 characters at most",
				"роль должна быть словом из a-z, 0-9 и -, не длиннее 32 знаков"))
		case !slices.ContainsFunc(k.Contacts, func(c ContactOffer) bool { return c.Role == role }):
			problems = append(problems, p.say("is a contact that registrar "+registrar+" does not take: leave it out",
				"такого контакта регистратор "+registrar+" не принимает: уберите его"))
		}
	}
	return problems
}

// MissingContacts reports the contacts that an order must bring besides its registrant, and does not.
func (d Description) MissingContacts(o Order) (problems []Problem) {
	offer, _ := d.Offered(o.Domain, o.Kind)
	for _, c := range offer.Contacts {
		if _, given := o.Contacts[c.Role]; c.Required && !given && o.Kind != KindUpdate {
			problems = append(problems, problemAt(c.Role.Path(), ProblemRequired, nil))
		}
	}
	return problems
}

// ContactReader is the power [CapContacts]: the registrar reports which contacts it has for a domain.
type ContactReader interface {
	// Contacts returns the contacts of a domain by role, including the registrant's, as far as they are
	// known; none is an empty map. Values are masked by [DataClass.Masked], so that staff can recognise but
	// not copy them. An erased contact is no longer known. Unknown domain: [NotFound].
	Contacts(ctx context.Context, name string) (Contacts, error)
}

// maskedBy replaces a letter or digit that is not shown.
const maskedBy = '*'

// A number with at least fewestDigits digits shows its last lastDigits.
const (
	fewestDigits = 7
	lastDigits   = 2
)

// Masked returns a value as it may be shown to staff: its shape, the first letter of each word of three
// letters or more, and the last two digits of a number. A value that identifies a person keeps only its
// shape. Masking again changes nothing.
func (c DataClass) Masked(value string) string {
	whole := c != DataPublic && c != DataPersonal
	runes := []rune(value)
	masked := make([]rune, len(runes))

	// From the end, because the last digits may be shown. A character that is masked already counts as a
	// digit, or a second masking would show others.
	digits := 0
	for i, r := range slices.Backward(runes) {
		masked[i] = r
		switch {
		case r == maskedBy || unicode.IsDigit(r):
			digits++
			if whole || r == maskedBy || digits > lastDigits || !longNumber(runes) {
				masked[i] = maskedBy
			}
		case !unicode.IsLetter(r) && !unicode.IsMark(r): // what stands between words
		case whole || !leads(runes, i):
			masked[i] = maskedBy
		}
	}
	return string(masked)
}

// longNumber reports whether a value is a number whose end may be shown, such as a telephone number.
func longNumber(value []rune) bool {
	digits := 0
	for _, r := range value {
		switch {
		case unicode.IsDigit(r) || r == maskedBy:
			digits++
		case unicode.IsLetter(r):
			return false
		}
	}
	return digits >= fewestDigits
}

// leads reports whether the letter at a place begins a word of three letters or more.
func leads(value []rune, at int) bool {
	ofWord := func(i int) bool {
		return i >= 0 && i < len(value) && (unicode.IsLetter(value[i]) || unicode.IsMark(value[i]) || unicode.IsDigit(value[i]) || value[i] == maskedBy)
	}
	return !ofWord(at-1) && ofWord(at+1) && ofWord(at+2)
}

// Masked masks every contact for staff, by the class of each field; a field that no form has keeps only its
// shape.
func (c Contacts) Masked(form func(ContactRole, Registrant) Form) Contacts {
	masked := Contacts{}
	for role, r := range c {
		classes := map[string]DataClass{}
		for _, f := range form(role, r).Fields {
			classes[f.Key] = f.Class
		}

		shown := Registrant{Kind: r.Kind, Fields: map[string][]string{}}
		for key, values := range r.Fields {
			for _, v := range values {
				shown.Fields[key] = append(shown.Fields[key], classes[key].Masked(v))
			}
		}
		masked[role] = shown
	}
	return masked
}
