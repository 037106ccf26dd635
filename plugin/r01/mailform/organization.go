package mailform

import (
	"slices"
	"strings"

	"registrar.panel/shared/registrar"
)

// Organization is an ORGANIZATION template: a company, or a sole trader. What is
// empty is not sent. r01-mail 2.5
type Organization struct {
	Handle       string `json:"handle"`
	NameLatin    Lines  `json:"name_latin,omitempty"`
	Name         Lines  `json:"name,omitempty"`
	INN          Line   `json:"inn,omitempty"`
	KPP          Line   `json:"kpp,omitempty"`
	OGRN         Line   `json:"ogrn,omitempty"`
	LegalAddress Lines  `json:"legal_address,omitempty"`
	Bank         Lines  `json:"bank,omitempty"`
	Contacts
}

// latinText is printable ASCII with a letter in it.
const latinText = `^[ -~]*[A-Za-z][ -~]*$`

// organizationQuestions is everything asked of an organization.
func organizationQuestions() []question[Organization] {
	return append([]question[Organization]{
		{name: "org", fixed: true, at: func(o *Organization) value { return &o.NameLatin },
			Field: registrar.Field{Key: "name_latin", Label: label("Full name in Latin letters", "Полное название латиницей"), Type: registrar.FieldText,
				Required: true, Multiple: true, Pattern: latinText, Example: "Newtime JSC", Class: registrar.DataPublic}},
		{name: "org-r", fixed: true, at: func(o *Organization) value { return &o.Name },
			Field: registrar.Field{Key: "name", Label: label("Full name as registered", "Полное название по уставу"), Type: registrar.FieldText,
				Required: true, Multiple: true, Example: `Акционерное общество "Ньютайм"`, Class: registrar.DataPublic}},
		{name: "code", fixed: true, check: innDigits, at: func(o *Organization) value { return &o.INN },
			Field: registrar.Field{Key: "inn", Label: label("INN (residents)", "ИНН (резиденты)"), Type: registrar.FieldText,
				Pattern: `^(\d{10}|\d{12})$`, Example: "7707083893", Class: registrar.DataIdentity}},
		{name: "kpp", fixed: true, at: func(o *Organization) value { return &o.KPP },
			Field: registrar.Field{Key: "kpp", Label: label("KPP (residents, not sole traders)", "КПП (резиденты, кроме предпринимателей)"), Type: registrar.FieldText,
				Pattern: `^\d{9}$`, Example: "770701001", Class: registrar.DataIdentity}},
		{name: "ogrn", fixed: true, check: ogrnDigit, at: func(o *Organization) value { return &o.OGRN },
			Field: registrar.Field{Key: "ogrn", Label: label("OGRN (residents)", "ОГРН или ОГРНИП (резиденты)"), Type: registrar.FieldText,
				Pattern: `^(\d{13}|\d{15})$`, Example: "1027700132195", Class: registrar.DataIdentity}},
		{name: "address-r", at: func(o *Organization) value { return &o.LegalAddress },
			Field: registrar.Field{Key: "legal_address", Label: label("Legal address", "Юридический адрес"), Type: registrar.FieldAddress,
				Required: true, Multiple: true, Example: "123007, Москва, Тестовая ул., д. 1", Class: registrar.DataPersonal}},
		{name: "bank", at: func(o *Organization) value { return &o.Bank },
			Field: registrar.Field{Key: "bank", Label: label("Bank details", "Банковские реквизиты"), Type: registrar.FieldText,
				Multiple: true, Example: "р/с 40702810000000000001 в АКБ Тест, БИК 044525000", Class: registrar.DataPersonal}},
	}, contactQuestions(func(o *Organization) *Contacts { return &o.Contacts })...)
}

const (
	lenCompanyINN  = 10
	lenTraderINN   = 12
	lenCompanyOGRN = 13
	lenTraderOGRN  = 15
)

// numbersTogether holds which of the state's numbers go together. A resident company has
// an INN, a KPP and an OGRN; a sole trader the longer INN and OGRN and no KPP; a
// non-resident none. r01-mail 2.5
func numbersTogether(r registrar.Registrant) []registrar.Problem {
	get := func(key string) string { return strings.TrimSpace(r.Get(key)) }
	whose, wanted, lenOGRN := "a resident company", []string{"inn", "kpp", "ogrn"}, lenCompanyOGRN
	switch {
	case get("resident") == "false":
		whose, wanted = "a non-resident", nil
	case len(get("inn")) == lenTraderINN:
		whose, wanted, lenOGRN = "a sole trader", []string{"inn", "ogrn"}, lenTraderOGRN
	}
	var problems []registrar.Problem
	for _, key := range []string{"inn", "kpp", "ogrn"} {
		given, want := len(r.Fields[key]) > 0, slices.Contains(wanted, key)
		switch {
		case want && !given:
			problems = append(problems, problem("contact."+key, "is required of %s", whose))
		case !want && given:
			problems = append(problems, problem("contact."+key, "%s has none; leave it out", whose))
		case want && key == "ogrn" && len(get(key)) != lenOGRN:
			problems = append(problems, problem("contact."+key, "must have %d digits: by the INN this is %s", lenOGRN, whose))
		}
	}
	return problems
}

// innDigits verifies the check digits of an INN: the last one of a company's, the last
// two of a person's. The weights are the tax service's.
func innDigits(s string) string {
	weights := []int{3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8}
	right := func(n int) bool { // the digit after the first n
		sum := 0
		for i, w := range weights[len(weights)-n:] {
			sum += w * int(s[i]-'0')
		}
		return sum%11%10 == int(s[n]-'0')
	}
	if len(s) == lenCompanyINN && right(9) || len(s) > lenCompanyINN && right(10) && right(11) {
		return ""
	}
	return "its check digit is wrong: compare it with the certificate"
}

// ogrnDigit verifies the last digit: the remainder of the number before it by 11, or by 13
// for a sole trader.
func ogrnDigit(s string) string {
	last := len(s) - 1
	remainder := 0
	for _, c := range s[:last] {
		remainder = (remainder*10 + int(c-'0')) % (len(s) - 2)
	}
	if remainder%10 == int(s[last]-'0') {
		return ""
	}
	return "its check digit is wrong: compare it with the certificate"
}
