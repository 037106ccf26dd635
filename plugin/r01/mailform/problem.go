package mailform

import (
	"strings"
	"sync"

	"registrar.panel/shared/registrar"
)

// Codes of mistakes in a value that a customer has entered, beside those of every form.
const (
	codeRequiredOf  = "required_of"
	codeByLetter    = "by_letter"
	codeNotSent     = "not_sent"
	codeNothing     = "nothing_to_change"
	codeKind        = "kind"
	codeOther       = "other_contact"
	codeUnknown     = "unknown_contact"
	codeUTF8        = "utf8"
	codeLineBreak   = "line_break"
	codeInvisible   = "invisible"
	codeHeading     = "heading"
	codeTooLong     = "too_long"
	codeLetters     = "letters"
	codeLatin       = "latin"
	codeCharacter   = "name_character"
	codeName        = "name"
	codePhone       = "phone"
	codeCountry     = "phone_country"
	codeEmail       = "email"
	codeEmailLocal  = "email_local"
	codeDate        = "date"
	codeDateOrder   = "date_order"
	codeFuture      = "future"
	codeTooYoung    = "too_young"
	codeTooOld      = "too_old"
	codePassport    = "passport"
	codeYesNo       = "yes_no"
	codeINN         = "inn"
	codeForeignINN  = "inn_foreign"
	codeKPP         = "kpp"
	codeOGRN        = "ogrn"
	codeCheckDigit  = "check_digit"
	codeOGRNLength  = "ogrn_length"
	codeNoneOf      = "none_of"
	codeFewServers  = "nameservers_few"
	codeServer      = "nameserver"
	codeServerTwice = "nameserver_twice"
	codeInside      = "nameserver_inside"
	codeOutside     = "nameserver_outside"
	codeAddress     = "address"
	codePrivate     = "address_private"
	codeAddressMore = "address_twice"
)

// wording is the text of a problem, in English and in Russian. {NAME} is a parameter.
type wording struct{ en, ru string }

// wordings has the wording of every code. No text shows a value of a personal field, only single letters.
var wordings = sync.OnceValue(func() map[string]wording {
	return map[string]wording{
		codeRequiredOf: {"is required of {whom}", "нужно заполнить: {whom_ru}"},
		codeByLetter:   {"R01 changes it by letter only; leave it out and write to R01", "R01 меняет это только по письменному заявлению: уберите и напишите в R01"},
		codeNotSent:    {"is not sent to R01, so nothing would change; leave it out", "в R01 не отправляется и ничего не изменит, уберите"},
		codeNothing:    {"needs a field to change at least", "нужно хотя бы одно изменённое поле"},
		codeKind:       {"must be one of {kinds}", "должно быть одно из: {kinds}"},

		codeOther: {"differs from what client {handle} was registered with: R01 is asked to change it first, and then for the domain",
			"отличается от данных, с которыми зарегистрирован клиент {handle}: сначала R01 получит их изменение, затем заявку на домен"},
		codeUnknown: {"is not sent with this order: client {handle} was taken over, and what R01 has of it is not known; to change it, order an update of the contact for a domain of that client",
			"с этим заказом не отправляется: клиент {handle} взят готовым, и что о нём записано в R01, неизвестно; чтобы изменить данные, закажите изменение контактов для домена этого клиента"},

		codeUTF8:      {"is not valid UTF-8", "это не текст в UTF-8"},
		codeLineBreak: {"must be one line: it holds a line break", "должна быть одна строка, а здесь перевод строки"},
		codeInvisible: {"holds the invisible character {character}; remove it", "содержит невидимый знак {character}, уберите его"},
		codeHeading:   {"must not begin with " + headingMark + ", which opens a template of R01", "не может начинаться с " + headingMark + ": так начинаются шаблоны R01"},
		codeTooLong:   {"is too long for one line of mail: shorten it to {characters} characters", "слишком длинно для одной строки письма: не больше {characters} знаков"},
		codeLetters:   {"{letters} can't be written to R01{advice}", "{letters} в R01 не записать{advice_ru}"},
		codeLatin:     {"must be in Latin letters; {letters} is not{advice}", "нужны латинские буквы, а здесь {letters}{advice_ru}"},

		codeCharacter: {"holds {character}, which no name has: write the name alone, as in the passport", "содержит {character}: напишите только имя, как в паспорте"},
		codeName:      {`must look like "{example}"`, "должно выглядеть так: «{example}»"},
		codePhone:     {`is no phone number with its area code, such as "{example}"`, "это не номер телефона с кодом города, например: «{example}»"},
		codeCountry:   {`must begin with + and the code of the country, such as "{example}"`, "должен начинаться с + и кода страны, например: «{example}»"},
		codeEmail:     {`is not a mail address, such as "{example}"`, "это не адрес электронной почты, например: «{example}»"},
		codeEmailLocal: {"has {letters} before the @, which R01 does not take: the name of the mailbox must be in Latin letters; the name of the host need not",
			"содержит {letters} перед @, а R01 принимает имя ящика только латиницей (имя узла может быть и кириллическим)"},

		codeDate:      {"is no day of the calendar, written DD.MM.YYYY or YYYY-MM-DD", "это не дата: напишите ДД.ММ.ГГГГ или ГГГГ-ММ-ДД"},
		codeDateOrder: {"may be read in two ways: write DD.MM.YYYY or YYYY-MM-DD", "можно прочесть двояко: напишите ДД.ММ.ГГГГ или ГГГГ-ММ-ДД"},
		codeFuture:    {"lies in the future", "ещё не наступила"},
		codeTooYoung:  {"makes the registrant younger than {years}: there is no passport before that age", "владельцу меньше {years} лет: до этого возраста нет паспорта"},
		codeTooOld:    {"makes the registrant older than {years}", "владельцу больше {years} лет"},
		codePassport:  {"lacks {missing}: give the number, who has issued it, and the date of issue", "не хватает: {missing_ru}. Нужны номер, кем выдан и дата выдачи"},
		codeYesNo:     {"must be true or false", "должно быть да или нет (true или false)"},

		codeINN:        {"must be the Russian INN, 10 or 12 digits; a number of another state: leave it out", "нужен российский ИНН, 10 или 12 цифр; номер другого государства не указывайте"},
		codeForeignINN: {"of a non-resident begins with 9909; leave it out if there is none, or say that the organization is a resident", "у нерезидента начинается с 9909; если его нет, не указывайте, а если организация резидент, укажите это"},
		codeKPP:        {`must be 9 signs, such as "770701001"; the fifth and sixth may be Latin letters`, "нужны 9 знаков, например «770701001»; пятый и шестой могут быть латинскими буквами"},
		codeOGRN:       {"must be 13 digits, or 15 of a sole trader", "нужны 13 цифр, у предпринимателя 15"},
		codeCheckDigit: {"its check digit is wrong: compare it with the certificate", "контрольная цифра не сходится: сверьте со свидетельством"},
		codeOGRNLength: {"must have {digits} digits: by the INN this is {whom}", "нужно {digits} цифр: судя по ИНН, {whom_ru}"},
		codeNoneOf:     {"{whom} has none; leave it out", "не указывайте: {whom_ru}"},

		codeFewServers:  {"{count} are needed at least for delegation", "для делегирования нужно не меньше {count}"},
		codeServer:      {"must be a host name in lower case without a trailing dot, international ones as xn--…", "нужно имя узла строчными буквами без точки в конце, кириллическое как xn--…"},
		codeServerTwice: {"is {first} again", "повторяет {first}"},
		codeInside:      {"lies inside {domain} and so needs its IP address", "находится в самом домене {domain}, поэтому нужен IP-адрес"},
		codeOutside:     {"lies outside {domain} and so must have no IP address", "находится не в домене {domain}, поэтому IP-адрес не указывается"},
		codeAddress:     {`"{address}" is not an IP address that others can reach`, "«{address}» не IP-адрес, доступный другим"},
		codePrivate:     {`"{address}" is kept for private networks or for examples: others can't reach it`, "«{address}» из адресов для частных сетей или примеров: другим он недоступен"},
		codeAddressMore: {`"{address}" stands twice`, "«{address}» указан дважды"},
	}
})

// complaint is what is wrong with a value; the zero complaint means that nothing is.
type complaint struct {
	code   string
	params map[string]string
}

func (c complaint) none() bool { return c.code == "" }

// says makes a complaint. params are names and values, alternating.
func says(code string, params ...string) complaint {
	c := complaint{code: code}
	if len(params) > 0 {
		c.params = map[string]string{}
	}
	for i := 0; i+1 < len(params); i += 2 {
		c.params[params[i]] = params[i+1]
	}
	return c
}

// about adds the example of a field, if the complaint mentions one.
func (c complaint) about(example string) complaint {
	if !strings.Contains(wordings()[c.code].en, "{example}") {
		return c
	}
	return says(c.code, "example", example)
}

// at returns the complaint as a problem of a field.
func (c complaint) at(path string) registrar.Problem {
	w := wordings()[c.code]
	p := registrar.Problem{Path: path, Code: c.code, Params: c.params, Message: c.filled(w.en)}
	p.Texts = map[string]string{"en": p.Message, "ru": c.filled(w.ru)}
	return p
}

func (c complaint) filled(text string) string {
	for name, value := range c.params {
		text = strings.ReplaceAll(text, "{"+name+"}", value)
	}
	return text
}

// english returns a complaint without its place.
func (c complaint) english() string { return c.filled(wordings()[c.code].en) }
