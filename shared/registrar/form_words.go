package registrar

import (
	"strings"
	"sync"
)

// Codes of the problems that [Form.Problems] reports, with their parameters. A registrar that finds the
// same mistakes by itself uses them, too, and may have others.
const (
	ProblemRequired     = "required"         // example
	ProblemOneValue     = "one_value"        // count
	ProblemNotAsked     = "not_asked"        // the form has no such field
	ProblemNotAskedHere = "not_asked_here"   // fields: those whose answers decide that it is not asked
	ProblemKind         = "other_registrant" // kind: the kind of registrant that the form is for
	ProblemUTF8         = "utf8"
	ProblemChoice       = "choice"    // choices
	ProblemTooShort     = "too_short" // characters
	ProblemTooLong      = "too_long"  // characters
	ProblemPattern      = "pattern"   // example
	ProblemDate         = "date"      // example
	ProblemYesNo        = "yes_no"
	ProblemAgreement    = "agreement"
	ProblemEmail        = "email" // example
	ProblemPhone        = "phone" // example
)

// wording is the text of a problem, in English and in Russian. {NAME} is a parameter.
type wording struct {
	en, ru  string
	example bool // the field's example follows, if it has one
}

// wordings has every code of a form's problems.
var wordings = sync.OnceValue(func() map[string]wording {
	return map[string]wording{
		ProblemRequired:     {"is required", "нужно заполнить", true},
		ProblemOneValue:     {"has one value, not {count}", "должно быть одно значение, а не {count}", false},
		ProblemNotAsked:     {"is not asked of a registrant of this kind; remove it", "для владельца этого вида не спрашивается, уберите", false},
		ProblemNotAskedHere: {"is not asked, by the answer to {fields}; remove it", "при таком ответе на {fields} не спрашивается, уберите", false},
		ProblemKind:         {`must be "{kind}": that is whom the form is for`, "должно быть «{kind}»: для такого владельца эта форма", false},
		ProblemUTF8:         {"is not valid UTF-8", "это не текст в UTF-8", false},
		ProblemChoice:       {"must be one of: {choices}", "должно быть одно из: {choices}", false},
		ProblemTooShort:     {"is too short: it must have {characters} characters at least", "слишком коротко: нужно не меньше {characters} знаков", false},
		ProblemTooLong:      {"is too long: shorten it to {characters} characters", "слишком длинно: не больше {characters} знаков", false},
		ProblemPattern:      {"is not of the right form", "написано не так, как нужно", true},
		ProblemDate:         {"is no day of the calendar, written YYYY-MM-DD", "это не дата в виде ГГГГ-ММ-ДД", true},
		ProblemYesNo:        {"must be true or false", "должно быть да или нет (true или false)", false},
		ProblemAgreement:    {"must be accepted: true", "нужно принять: true", false},
		ProblemEmail:        {"is not a mail address", "это не адрес электронной почты", true},
		ProblemPhone:        {"is not a phone number", "это не номер телефона", true},
	}
})

// problemAt returns the problem of a form with a code, at a path; params fill its texts.
func problemAt(path, code string, params map[string]string) Problem {
	w := wordings()[code]
	en, ru := w.en, w.ru
	if w.example && params["example"] != "" {
		en, ru = en+`, such as "{example}"`, ru+", например: «{example}»"
	}

	var places []string
	for name, value := range params {
		places = append(places, "{"+name+"}", value)
	}
	fill := strings.NewReplacer(places...)
	en, ru = fill.Replace(en), fill.Replace(ru)

	if len(params) == 0 {
		params = nil
	}
	return Problem{Path: path, Code: code, Params: params, Message: en, Texts: map[string]string{"en": en, "ru": ru}}
}
