package registrar

import (
	"context"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// ContactRole is what a contact of a domain is for. The list is open: a registrar declares with each
// kind of order which roles it takes ([KindOffer]), and may have words of its own.
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

// Path is the path of the problems of a role's contact: "contact", and contacts["admin"].
func (r ContactRole) Path() string {
	if r == "" || r == RoleRegistrant {
		return "contact"
	}
	return `contacts["` + string(r) + `"]`
}

// Contacts are the contacts of a domain, by what each is for.
type Contacts map[ContactRole]Registrant

// Roles lists the roles, in alphabetical order.
func (c Contacts) Roles() []ContactRole { return slices.Sorted(maps.Keys(c)) }

// Everyone is every contact of the order, its registrant among them.
func (o Order) Everyone() Contacts {
	all := Contacts{}
	maps.Copy(all, o.Contacts)
	if o.Registrant != nil {
		all[RoleRegistrant] = *o.Registrant
	}
	return all
}

// ContactOffer is a role whose contact an order may bring, beside the registrant.
type ContactOffer struct {
	Role     ContactRole
	Required bool // an order must bring it; an update need not, for it stays as it is
}

// untaken reports the contacts of an order that are for roles which are not offered.
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

// MissingContacts reports the contacts that an order must bring beside its registrant, and does not.
func (d Description) MissingContacts(o Order) (problems []Problem) {
	offer, _ := d.Offered(o.Domain, o.Kind)
	for _, c := range offer.Contacts {
		if _, given := o.Contacts[c.Role]; c.Required && !given && o.Kind != KindUpdate {
			problems = append(problems, problemAt(c.Role.Path(), ProblemRequired, nil))
		}
	}
	return problems
}

// ContactReader is the power [CapContacts]: the registrar tells which contacts it has for a domain.
type ContactReader interface {
	// Contacts returns the contacts of a domain by role, the registrant's among them, as far as they
	// are known; none is an empty map. Values are masked by [DataClass.Masked], so that staff know
	// them again and can copy none. An erased contact is not known any more. Unknown domain:
	// [NotFound].
	Contacts(ctx context.Context, name string) (Contacts, error)
}

// maskedBy stands for a letter or digit that is not shown.
const maskedBy = '*'

// Fewest digits of a value of which the last few are shown, and how many they are.
const (
	fewestDigits = 7
	lastDigits   = 2
)

// Masked is a value as it may be shown to staff: its shape, the first letter of each word of three or
// more, and the last two digits of a number. Of what identifies a person only the shape is left.
// Masking again changes nothing.
func (c DataClass) Masked(value string) string {
	whole := c != DataPublic && c != DataPersonal
	runes := []rune(value)
	masked := make([]rune, len(runes))

	// From the end, where the digits stand that may be shown. What is masked already counts as a digit, or
	// a second masking would show other ones.
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

// longNumber reports whether a value is a number, as a telephone has, of which the end may be shown.
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

// leads reports whether the letter at a place begins a word of three or more.
func leads(value []rune, at int) bool {
	ofWord := func(i int) bool {
		return i >= 0 && i < len(value) && (unicode.IsLetter(value[i]) || unicode.IsMark(value[i]) || unicode.IsDigit(value[i]) || value[i] == maskedBy)
	}
	return !ofWord(at-1) && ofWord(at+1) && ofWord(at+2)
}

// Masked masks every contact for staff, by the class of each field; of a field that no form has, only
// the shape is left.
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
