package mailform

import (
	"strconv"

	"registrar.panel/shared/registrar"
)

// Person is a PERSON template. Empty fields are not sent. r01-mail 2.4
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

// personQuestions returns everything that a person is asked for.
func personQuestions() []question[Person] {
	return helped(append([]question[Person]{
		{name: "person", fixed: true, form: nameForm, check: latinName, at: func(p *Person) value { return &p.NameLatin },
			Field: registrar.Field{Key: "name_latin", Label: label("Name in Latin letters", "Имя латиницей"), Type: registrar.FieldText,
				Required: true, Example: "Sidor S Sidorov", Class: registrar.DataPersonal}},
		{name: "person-r", fixed: true, form: nameForm, check: ownName, at: func(p *Person) value { return &p.Name },
			Field: registrar.Field{Key: "name", Label: label("Name as in the passport (residents)", "Фамилия, имя, отчество как в паспорте (резиденты)"), Type: registrar.FieldText,
				Example: "Сидоров Сидор Сидорович", Class: registrar.DataPersonal}},
		{name: "passport", fixed: true, whole: passportWhole, at: func(p *Person) value { return &p.Passport },
			Field: registrar.Field{Key: "passport", Label: label("Passport: number, issuer, date", "Паспорт: номер, кем и когда выдан"), Type: registrar.FieldText,
				Required: true, Multiple: true, Example: "4510 123456, выдан ОВД Тверского района г. Москвы 30.01.2010", Class: registrar.DataIdentity}},
		{name: "birth-date", fixed: true, form: dateForm, check: existingDate, at: func(p *Person) value { return &p.BirthDate },
			Field: registrar.Field{Key: "birth_date", Label: label("Date of birth", "Дата рождения"), Type: registrar.FieldDate,
				Required: true, Example: "1965-10-18", Class: registrar.DataIdentity}},
	}, contactQuestions(func(p *Person) *Contacts { return &p.Contacts })...), personHelp())
}

// contactQuestions returns the questions that both kinds are asked.
func contactQuestions[T any](of func(*T) *Contacts) []question[T] {
	return []question[T]{
		{name: "p-addr", at: func(t *T) value { return &of(t).PostalAddress },
			Field: registrar.Field{Key: "postal_address", Label: label("Postal address", "Почтовый адрес"), Type: registrar.FieldAddress,
				Required: true, Multiple: true, Example: "123007, Москва, Тестовая ул., д. 1, кв. 2", Class: registrar.DataPersonal}},
		{name: "phone", form: phoneForm, check: phone, at: func(t *T) value { return &of(t).Phones },
			Field: registrar.Field{Key: "phones", Label: label("Phones", "Телефоны"), Type: registrar.FieldPhone,
				Required: true, Multiple: true, Example: "+7 495 1234567", Class: registrar.DataPersonal}},
		{name: "fax-no", form: phoneForm, check: phone, at: func(t *T) value { return &of(t).Faxes },
			Field: registrar.Field{Key: "faxes", Label: label("Faxes", "Факсы"), Type: registrar.FieldPhone,
				Multiple: true, Example: "+7 495 1234568", Class: registrar.DataPersonal}},
		{name: "e-mail", form: emailForm, check: mailable, at: func(t *T) value { return &of(t).Emails },
			Field: registrar.Field{Key: "emails", Label: label("Mail addresses", "Адреса электронной почты"), Type: registrar.FieldEmail,
				Required: true, Multiple: true, Example: "sidorov@example.ru", Class: registrar.DataPersonal}},
		// It is not known how the mail interface spells this; it only decides what else is asked.
		{form: yesNoForm, check: yesNo, Field: registrar.Field{Key: "resident", Label: label("Resident of Russia", "Резидент России"), Type: registrar.FieldYesNo,
			Example: "true", Class: registrar.DataPersonal}},
	}
}

func label(en, ru string) map[string]string { return map[string]string{"en": en, "ru": ru} }

const (
	youngest = 14 // a Russian gets a passport at this age
	oldest   = 120
)

// age checks that a person with the birth date may have a passport.
func (p *Person) age(today registrar.Date) []registrar.Problem {
	if p.BirthDate.IsZero() {
		return nil
	}
	const path = "contact.birth_date"
	switch years := yearsBetween(p.BirthDate.Date, today); {
	case !p.BirthDate.Before(today):
		return []registrar.Problem{says(codeFuture).at(path)}
	case years < youngest:
		return []registrar.Problem{says(codeTooYoung, "years", strconv.Itoa(youngest)).at(path)}
	case years > oldest:
		return []registrar.Problem{says(codeTooOld, "years", strconv.Itoa(oldest)).at(path)}
	}
	return nil
}

// yearsBetween counts whole years.
func yearsBetween(from, to registrar.Date) int {
	years := to.Year - from.Year
	if to.Month < from.Month || to.Month == from.Month && to.Day < from.Day {
		years--
	}
	return years
}
