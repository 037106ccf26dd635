package r01sim

import (
	"fmt"
	"net/netip"
	"strings"
)

// fieldRule is the rule for one field of a template.
type fieldRule struct {
	name     string
	multi    bool              // may be repeated
	required bool              // in a NEW request
	readOnly bool              // identity: can't be changed by UPDATE
	valid    func(string) bool // nil: any text
	message  string            // for an invalid value; "" = the general one
}

// fieldRules lists the fields of each kind. R01's own list is not public:
// these come from the registries and clients of the same family.
func fieldRules(kind Kind) []fieldRule {
	switch kind {
	case KindPerson:
		return personRules()
	case KindOrganization:
		return organizationRules()
	default:
		return domainRules()
	}
}

func personRules() []fieldRule {
	return append([]fieldRule{
		{name: "nic-hdl", required: true, valid: isPersonHandle},
		{name: "person", required: true, readOnly: true, valid: isLatinName},
		{name: "person-r", required: true, readOnly: true},
		{name: "passport", multi: true, required: true, readOnly: true},
		{name: "birth-date", required: true, readOnly: true, valid: isDate, message: "WRONG_BIRTH_DATE"},
	}, contactRules()...)
}

func organizationRules() []fieldRule {
	return append([]fieldRule{
		{name: "nic-hdl", required: true, valid: isOrganizationHandle},
		{name: "org", multi: true, required: true, readOnly: true, valid: isLatinText},
		{name: "org-r", multi: true, required: true, readOnly: true},
		{name: "code", readOnly: true, valid: isINN},
		{name: "kpp", readOnly: true, valid: isKPP},
		{name: "ogrn", readOnly: true, valid: isOGRN},
		{name: "address-r", multi: true, required: true},
		{name: "bank", multi: true},
	}, contactRules()...)
}

func contactRules() []fieldRule {
	return []fieldRule{
		{name: "p-addr", multi: true, required: true},
		{name: "phone", multi: true, required: true, valid: isPhone},
		{name: "fax-no", multi: true, valid: isPhone},
		{name: "e-mail", multi: true, required: true, valid: isEmail},
	}
}

func domainRules() []fieldRule {
	return []fieldRule{
		{name: "domain", required: true, valid: isDomain},
		{name: "admin-o", required: true, valid: isHandle},
		{name: "nserver", multi: true, valid: isNameserver},
		{name: "state", valid: oneOf("DELEGATED", "NOT DELEGATED")},
		{name: "type", valid: oneOf("CORPORATE")},
		{name: "descr", multi: true},
	}
}

func oneOf(values ...string) func(string) bool {
	return func(s string) bool {
		for _, v := range values {
			if s == v {
				return true
			}
		}
		return false
	}
}

// rulesFor narrows the rules to an action: PROLONG takes only
// the name of the domain, and UPDATE requires only the key.
func rulesFor(action Action, kind Kind) []fieldRule {
	rules := fieldRules(kind)
	switch action {
	case ActionProlong:
		return rules[:1]
	case ActionUpdate:
		for i := range rules[1:] {
			rules[i+1].required = false
		}
	}
	return rules
}

func fieldNames(action Action, t Template) *Rejection {
	rules := map[string]fieldRule{}
	for _, rule := range rulesFor(action, t.Kind) {
		rules[rule.name] = rule
	}
	seen := map[string]bool{}
	for _, f := range t.Fields {
		rule, known := rules[f.Name]
		if !known {
			return t.reject(ReasonField, fmt.Sprintf("Unknown field %q.", f.Name))
		}
		if seen[f.Name] && !rule.multi {
			return t.reject(ReasonField, fmt.Sprintf("Field %s is given twice.", f.Name))
		}
		seen[f.Name] = true
	}
	return nil
}

func requiredFields(action Action, t Template) *Rejection {
	for _, rule := range rulesFor(action, t.Kind) {
		if rule.required && t.Value(rule.name) == "" {
			return t.reject(ReasonRequired, notFilled(rule.name))
		}
	}
	if t.Kind == KindOrganization && action == ActionNew {
		return identityNumbers(t)
	}
	return nil
}

// notFilled returns a literal message of R01's back end.
func notFilled(field string) string {
	return strings.ToUpper(field) + " not filled. You should fill all the necessary parameters to proceed."
}

// identityNumbers checks that a resident gives all its numbers, and a non-resident none, or
// those of the tax roll. An entrepreneur, with an INN of 12 digits, has no KPP. r01-mail 2.5
func identityNumbers(t Template) *Rejection {
	const foreign = "9909" // begins the INN of a foreign organization
	if strings.HasPrefix(t.Value("code"), foreign) && t.Value("ogrn") == "" {
		return nil
	}
	if t.Value("code") == "" && t.Value("kpp") == "" && t.Value("ogrn") == "" {
		return nil
	}
	names := []string{"code", "ogrn"}
	if len(t.Value("code")) != lenPersonINN {
		names = append(names, "kpp")
	}
	for _, name := range names {
		if t.Value(name) == "" {
			return t.reject(ReasonRequired, notFilled(name))
		}
	}
	return nil
}

func fieldFormats(action Action, t Template) *Rejection {
	for _, rule := range rulesFor(action, t.Kind) {
		for _, value := range t.Values(rule.name) {
			if value == "" || rule.valid == nil || rule.valid(value) {
				continue
			}
			message := rule.message
			if message == "" {
				message = fmt.Sprintf("Field %s has a wrong value.", rule.name)
			}
			return t.reject(ReasonFormat, message)
		}
	}
	if t.Kind == KindDomain {
		return nameservers(t)
	}
	return nil
}

// nameservers checks the rules of delegation: at least two servers, and
// an address exactly if the server lies inside the domain. r01-mail 2.6
func nameservers(t Template) *Rejection {
	hosts := map[string]bool{}
	for _, value := range t.Values("nserver") {
		host, address, _ := strings.Cut(value, " ")
		host = strings.ToLower(host)
		hosts[host] = true
		inside := host == t.Object || strings.HasSuffix(host, "."+t.Object)
		if inside && address == "" {
			return t.reject(ReasonFormat, "A name server inside the domain needs an IP address.")
		}
		if !inside && address != "" {
			return t.reject(ReasonFormat, "Only a name server inside the domain may have an IP address.")
		}
	}
	if len(hosts) < 2 && (len(hosts) == 1 || t.Value("state") == "DELEGATED") {
		return t.reject(ReasonFormat, "Delegation needs at least two name servers.")
	}
	return nil
}

func isNameserver(s string) bool {
	host, address, glue := strings.Cut(s, " ")
	if !isHost(host) {
		return false
	}
	_, err := netip.ParseAddr(address)
	return !glue || err == nil
}
