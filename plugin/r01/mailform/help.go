package mailform

// helped adds to questions the help about what to write and where to find it.
func helped[T any](questions []question[T], by map[string]map[string]string) []question[T] {
	for i := range questions {
		questions[i].Help = by[questions[i].Key]
	}
	return questions
}

func personHelp() map[string]map[string]string {
	return map[string]map[string]string{
		"name_latin": label("As in the passport for journeys abroad. An initial is enough for the second name.",
			"Как в загранпаспорте. Вместо отчества можно написать первую букву."),
		"name": label("Needed of residents of Russia. Of others the Latin name stands for it.",
			"Нужно резидентам России. У остальных вместо него пишется имя латиницей."),
		"passport":       label("The number, who has issued it, and the date of issue, in one line or several.", "Номер, кем выдан и дата выдачи, в одной строке или в нескольких."),
		"birth_date":     label("YYYY-MM-DD or DD.MM.YYYY. From 14 years on.", "ДД.ММ.ГГГГ или ГГГГ-ММ-ДД. Не младше 14 лет."),
		"postal_address": postalHelp(),
		"phones":         phoneHelp(),
		"emails":         emailHelp(),
		"resident":       residentHelp(),
	}
}

func organizationHelp() map[string]map[string]string {
	return map[string]map[string]string{
		"name_latin": label("As the charter has it. Of a sole trader: the name of the person.", "Как в уставе. У предпринимателя: его имя."),
		"name":       label("With the legal form. Needed of residents of Russia.", "С организационно-правовой формой. Нужно резидентам России."),
		"inn": label("10 digits, of a sole trader 12. Of a non-resident: that beginning with 9909, if there is one.",
			"10 цифр, у предпринимателя 12. У нерезидента: начинается с 9909, если есть."),
		"kpp":            label("9 signs. A sole trader has none.", "9 знаков. У предпринимателя его нет."),
		"ogrn":           label("13 digits, of a sole trader 15. A non-resident has none.", "13 цифр, у предпринимателя 15. У нерезидента его нет."),
		"legal_address":  label("With the postcode, as the register of companies has it.", "С индексом, как в реестре юридических лиц."),
		"bank":           label("Account, bank and BIK.", "Расчётный счёт, банк и БИК."),
		"postal_address": postalHelp(),
		"phones":         phoneHelp(),
		"emails":         emailHelp(),
		"resident":       residentHelp(),
	}
}

func postalHelp() map[string]string {
	return label("With the postcode: letters of the registrar go there.", "С индексом: туда приходят письма регистратора.")
}

func phoneHelp() map[string]string {
	return label("With the area code; abroad with + and the code of the country.", "С кодом города; за границей с + и кодом страны.")
}

func emailHelp() map[string]string {
	return label("The registrar writes there, and confirms changes by it.", "Туда пишет регистратор, и там подтверждаются изменения.")
}

func residentHelp() map[string]string {
	return label("Decides what else is needed. Without an answer: a resident.", "От этого зависит, что ещё нужно. Без ответа: резидент.")
}
