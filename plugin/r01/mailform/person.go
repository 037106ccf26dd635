package mailform

import (
	"net/mail"

	"registrar.panel/shared/registrar"
)

// Person is a PERSON template. What is empty is not sent. r01-mail 2.4
type Person struct {
	Handle    string `json:"handle"`
	NameLatin Line   `json:"name_latin,omitempty"`
	Name      Line   `json:"name,omitempty"`
	Passport  Lines  `json:"passport,omitempty"`
	BirthDate Day    `json:"birth_date,omitzero"`
	Contacts
}

// Contacts is how to reach a client.
type Contacts struct {
	PostalAddress Lines `json:"postal_address,omitempty"`
	Phones        Lines `json:"phones,omitempty"`
	Faxes         Lines `json:"faxes,omitempty"`
	Emails        Lines `json:"emails,omitempty"`
}

// R01's own classes of letters are not public; these are its clients'.
const (
	latinName   = `^[A-Za-z]+([ -][A-Za-z]+)* [A-Za-z]+(-[A-Za-z]+)*$`
	nativeName  = `^[A-Za-zА-Яа-яЁё]+([ -][A-Za-zА-Яа-яЁё]+)*$`
	phoneNumber = `^\+\d{1,3} \d{2,5} \d{4,8}$`
	mailAddress = `^[!-~]+@[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)+$`
	isoDate     = `^\d{4}-\d{2}-\d{2}$`
	yesNo       = `^(true|false)$`
)

// personQuestions is everything asked of a person.
func personQuestions() []question[Person] {
	return append([]question[Person]{
		{name: "person", fixed: true, at: func(p *Person) value { return &p.NameLatin },
			Field: registrar.Field{Key: "name_latin", Label: label("Name in Latin letters", "Имя латиницей"), Type: registrar.FieldText,
				Required: true, Pattern: latinName, Example: "Sidor S Sidorov", Class: registrar.DataPersonal}},
		{name: "person-r", fixed: true, at: func(p *Person) value { return &p.Name },
			Field: registrar.Field{Key: "name", Label: label("Name as in the passport", "Фамилия, имя, отчество как в паспорте"), Type: registrar.FieldText,
				Required: true, Pattern: nativeName, Example: "Сидоров Сидор Сидорович", Class: registrar.DataPersonal}},
		{name: "passport", fixed: true, at: func(p *Person) value { return &p.Passport },
			Field: registrar.Field{Key: "passport", Label: label("Passport: number, issuer, date", "Паспорт: номер, кем и когда выдан"), Type: registrar.FieldText,
				Required: true, Multiple: true, Example: "4510 123456", Class: registrar.DataIdentity}},
		{name: "birth-date", fixed: true, check: existingDate, at: func(p *Person) value { return &p.BirthDate },
			Field: registrar.Field{Key: "birth_date", Label: label("Date of birth", "Дата рождения"), Type: registrar.FieldDate,
				Required: true, Pattern: isoDate, Example: "1965-10-18", Class: registrar.DataIdentity}},
	}, contactQuestions(func(p *Person) *Contacts { return &p.Contacts })...)
}

// contactQuestions is what is asked of either kind.
func contactQuestions[T any](of func(*T) *Contacts) []question[T] {
	return []question[T]{
		{name: "p-addr", at: func(t *T) value { return &of(t).PostalAddress },
			Field: registrar.Field{Key: "postal_address", Label: label("Postal address", "Почтовый адрес"), Type: registrar.FieldAddress,
				Required: true, Multiple: true, Example: "123007, Москва, Тестовая ул., д. 1, кв. 2", Class: registrar.DataPersonal}},
		{name: "phone", at: func(t *T) value { return &of(t).Phones },
			Field: registrar.Field{Key: "phones", Label: label("Phones", "Телефоны"), Type: registrar.FieldPhone,
				Required: true, Multiple: true, Pattern: phoneNumber, Example: "+7 495 1234567", Class: registrar.DataPersonal}},
		{name: "fax-no", at: func(t *T) value { return &of(t).Faxes },
			Field: registrar.Field{Key: "faxes", Label: label("Faxes", "Факсы"), Type: registrar.FieldPhone,
				Multiple: true, Pattern: phoneNumber, Example: "+7 495 1234568", Class: registrar.DataPersonal}},
		{name: "e-mail", check: mailable, at: func(t *T) value { return &of(t).Emails },
			Field: registrar.Field{Key: "emails", Label: label("Mail addresses", "Адреса электронной почты"), Type: registrar.FieldEmail,
				Required: true, Multiple: true, Pattern: mailAddress, Example: "sidorov@example.ru", Class: registrar.DataPersonal}},
		// How the mail interface spells this is not known; it decides what else is asked.
		{Field: registrar.Field{Key: "resident", Label: label("Resident of Russia", "Резидент России"), Type: registrar.FieldYesNo,
			Pattern: yesNo, Example: "true", Class: registrar.DataPersonal}},
	}
}

func label(en, ru string) map[string]string { return map[string]string{"en": en, "ru": ru} }

func existingDate(s string) string {
	if _, err := registrar.ParseDate(s); err != nil {
		return "is not a day of the calendar"
	}
	return ""
}

func mailable(s string) string {
	if a, err := mail.ParseAddress(s); err != nil || a.Address != s {
		return "is not a mail address"
	}
	return ""
}

func (p *Person) unborn(today registrar.Date) []registrar.Problem {
	if p.BirthDate.IsZero() || p.BirthDate.Before(today) {
		return nil
	}
	return []registrar.Problem{problem("contact.birth_date", "lies in the future")}
}
