package mailform

import (
	"slices"
	"strconv"
	"strings"

	"registrar.panel/internal/lazyregexp"
	"registrar.panel/shared/registrar"
)

// Organization is an ORGANIZATION template: a company, or a sole trader. Empty fields are not sent. r01-mail 2.5
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

// organizationQuestions returns everything that an organization is asked for.
func organizationQuestions() []question[Organization] {
	return helped(append([]question[Organization]{
		{name: "org", fixed: true, check: latinText, at: func(o *Organization) value { return &o.NameLatin },
			Field: registrar.Field{Key: "name_latin", Label: label("Full name in Latin letters", "Полное название латиницей"), Type: registrar.FieldText,
				Required: true, Multiple: true, Example: "Newtime JSC", Class: registrar.DataPublic}},
		{name: "org-r", fixed: true, at: func(o *Organization) value { return &o.Name },
			Field: registrar.Field{Key: "name", Label: label("Full name as registered (residents)", "Полное название по уставу (резиденты)"), Type: registrar.FieldText,
				Multiple: true, Example: `Акционерное общество "Ньютайм"`, Class: registrar.DataPublic}},
		{name: "code", fixed: true, form: numberForm, check: inn, at: func(o *Organization) value { return &o.INN },
			Field: registrar.Field{Key: "inn", Label: label("INN (residents)", "ИНН (резиденты)"), Type: registrar.FieldText,
				Example: "7707083893", Class: registrar.DataIdentity}},
		{name: "kpp", fixed: true, form: numberForm, check: kpp, at: func(o *Organization) value { return &o.KPP },
			Field: registrar.Field{Key: "kpp", Label: label("KPP (residents, not sole traders)", "КПП (резиденты, кроме предпринимателей)"), Type: registrar.FieldText,
				Example: "770701001", Class: registrar.DataIdentity}},
		{name: "ogrn", fixed: true, form: numberForm, check: ogrn, at: func(o *Organization) value { return &o.OGRN },
			Field: registrar.Field{Key: "ogrn", Label: label("OGRN (residents)", "ОГРН или ОГРНИП (резиденты)"), Type: registrar.FieldText,
				Example: "1027700132195", Class: registrar.DataIdentity}},
		{name: "address-r", at: func(o *Organization) value { return &o.LegalAddress },
			Field: registrar.Field{Key: "legal_address", Label: label("Legal address", "Юридический адрес"), Type: registrar.FieldAddress,
				Required: true, Multiple: true, Example: "123007, Москва, Тестовая ул., д. 1", Class: registrar.DataPersonal}},
		{name: "bank", at: func(o *Organization) value { return &o.Bank },
			Field: registrar.Field{Key: "bank", Label: label("Bank details", "Банковские реквизиты"), Type: registrar.FieldText,
				Multiple: true, Example: "р/с 40702810000000000001 в АКБ Тест, БИК 044525000", Class: registrar.DataPersonal}},
	}, contactQuestions(func(o *Organization) *Contacts { return &o.Contacts })...), organizationHelp())
}

const (
	lenCompanyINN  = 10
	lenTraderINN   = 12
	lenCompanyOGRN = 13
	lenTraderOGRN  = 15
)

// owner says which official numbers an organization has.
type owner struct {
	whom, whomRu string
	must, may    []string // keys
	lenOGRN      int
}

// ownerOf derives the sort of an organization from residency and INN. A resident company has an INN,
// a KPP and an OGRN; a sole trader has the longer INN and OGRN and no KPP; a foreign organization
// has an INN and a KPP if it is on the tax roll of Russia, and never an OGRN. r01-mail 2.5
func ownerOf(r registrar.Registrant) owner {
	switch number := r.Get("inn"); {
	case abroad(r), strings.HasPrefix(number, foreignINN):
		return owner{whom: "a non-resident", whomRu: "у нерезидента этого нет", may: []string{"inn", "kpp"}}
	case len(number) == lenTraderINN:
		return owner{whom: "a sole trader", whomRu: "это индивидуальный предприниматель", must: []string{"inn", "ogrn"}, lenOGRN: lenTraderOGRN}
	}
	return owner{whom: "a resident company", whomRu: "это российская компания", must: []string{"inn", "kpp", "ogrn"}, lenOGRN: lenCompanyOGRN}
}

// foreignINN begins the INN of a foreign organization.
const foreignINN = "9909"

// numbersTogether checks which official numbers are given together.
func numbersTogether(r registrar.Registrant) (problems []registrar.Problem) {
	o := ownerOf(r)
	for _, key := range []string{"inn", "kpp", "ogrn"} {
		given, want, number := len(r.Fields[key]) > 0, slices.Contains(o.must, key), r.Get(key)
		var c complaint
		switch {
		case want && !given:
			c = says(codeRequiredOf, "whom", o.whom, "whom_ru", o.whomRu)
		case !want && given && !slices.Contains(o.may, key):
			c = says(codeNoneOf, "whom", o.whom, "whom_ru", o.whomRu)
		// A number that is wrong by itself has been reported by its own check.
		case key == "inn" && given && !want && inn(number).none() && !strings.HasPrefix(number, foreignINN):
			c = says(codeForeignINN)
		case want && key == "ogrn" && ogrn(number).none() && len(number) != o.lenOGRN:
			c = says(codeOGRNLength, "digits", strconv.Itoa(o.lenOGRN), "whom", o.whom, "whom_ru", o.whomRu)
		}

		if !c.none() {
			problems = append(problems, c.at("contact."+key))
		}
	}

	return problems
}

var (
	innPattern  = lazyregexp.New(`^(\d{10}|\d{12})$`)
	kppPattern  = lazyregexp.New(`^\d{4}[0-9A-Z]{2}\d{3}$`)
	ogrnPattern = lazyregexp.New(`^(\d{13}|\d{15})$`)
)

func inn(s string) complaint {
	if !innPattern.MatchString(s) {
		return says(codeINN)
	}
	return innDigits(s)
}

func kpp(s string) complaint {
	if !kppPattern.MatchString(s) {
		return says(codeKPP)
	}
	return complaint{}
}

func ogrn(s string) complaint {
	if !ogrnPattern.MatchString(s) {
		return says(codeOGRN)
	}
	return ogrnDigit(s)
}

// innDigits verifies the check digits of an INN: the last one of a company's, the last two of a
// person's. The weights are the tax service's.
func innDigits(s string) complaint {
	weights := []int{3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8}
	right := func(n int) bool { // the digit after the first n
		sum := 0
		for i, w := range weights[len(weights)-n:] {
			sum += w * int(s[i]-'0')
		}
		return sum%11%10 == int(s[n]-'0')
	}
	if len(s) == lenCompanyINN && right(9) || len(s) > lenCompanyINN && right(10) && right(11) {
		return complaint{}
	}
	return says(codeCheckDigit)
}

// ogrnDigit verifies the last digit: the remainder of the number before it modulo 11, or 13 for a sole trader.
func ogrnDigit(s string) complaint {
	last := len(s) - 1
	remainder := 0
	for _, c := range s[:last] {
		remainder = (remainder*10 + int(c-'0')) % (len(s) - 2)
	}
	if remainder%10 == int(s[last]-'0') {
		return complaint{}
	}
	return says(codeCheckDigit)
}
