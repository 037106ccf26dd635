package mailform

import (
	"strings"

	"registrar.panel/internal/lazyregexp"
	"registrar.panel/shared/registrar"
)

// sentence is a pattern in which braces mark recurring parts.
type sentence struct {
	name    string
	outcome registrar.ReplyOutcome
	action  Action
	pattern string
	message string
}

// Recurring parts of sentences. Blanks are single there, and case does not matter.
const (
	aDomain = `["'«]?(?P<domain>[\pL\pN][\pL\pN.-]*\.[\pL\pN-]*[\pL\pN])["'»]?`
	aClient = `["'«]?(?P<handle>[0-9A-Z_]+(?:-ORG)?-(?:R01|GPT))["'»]?`
	aDate   = `(?P<paid_till>\d{4}[.-]\d\d[.-]\d\d(?:T\d\d:\d\d:\d\d(?:Z|[+-]\d\d:?\d\d))?|\d\d\.\d\d\.\d{4})`
	anEnd   = `(?:[.!;]+(?: |$)|$)`
)

var parts = strings.NewReplacer(
	"{domain}", aDomain,
	"{client}", aClient,
	"{date}", aDate,
	"{end}", anEnd,
	"{task}", `(?:,? ?\(?(?:task|задание|номер задания)(?: id| no\.?| №| #)?:? ?(?P<task>\d+)\)?)?`,
	"{last}", `[.!;]* ?$`, // of the paragraph

	"{is}", `(?:has been|was|is)(?: successfully)?`,
	"{request}", `(?:(?:the|your) )?(?:request|application)(?: to (?P<verb>register|prolong|renew|change|update) (?:(?:the )?domain(?: name)? `+aDomain+`|(?:the )?client `+aClient+`))?`,
	"{paid}", `(?:[.,;]? (?:it is |the domain is )?paid (?:till|until|up to):? `+aDate+`)?`,
	"{because}", `(?:(?::| because| -|\.) ?(?P<message>.*))?$`,

	"{был}", `(?:(?:был|была|успешно) )*`,
	"{заявка}", `(?:ваша? )?(?:заявка|запрос)(?: на (?P<verb>регистрацию|продление|изменение) (?:домена `+aDomain+`|клиента `+aClient+`))?`,
	"{оплачен}", `(?:[.,;]? оплачен до:? `+aDate+`)?`,
	"{причина}", `(?:(?::| -| —|\.) ?(?P<message>.*))?$`,
)

// actions are the meanings of the verbs of a request.
var actions = map[string]Action{
	"register": ActionNew, "prolong": ActionProlong, "renew": ActionProlong, "change": ActionUpdate, "update": ActionUpdate,
	"регистрацию": ActionNew, "продление": ActionProlong, "изменение": ActionUpdate,
	"регистрации": ActionNew, "продлении": ActionProlong, "изменении": ActionUpdate,
}

// sentences lists, in order, every sentence that is understood.
func sentences() []sentence {
	var all []sentence
	for _, some := range [][]sentence{literals(), english(), russian()} {
		all = append(all, some...)
	}
	return all
}

// literals are messages of R01's back end, word for word. r01-mail 3.5
func literals() []sentence {
	const rejected, notice = registrar.ReplyRejected, registrar.ReplyNotice
	return []sentence{
		{"already registered", rejected, ActionNew, `(?P<message>domain {domain} is already registered)\.?$`, ""},
		{"not filled", rejected, "", `(?P<message>[A-Z][A-Z0-9_-]* not filled\. You should fill all the necessary parameters to proceed)\.?$`, ""},
		{"status name", rejected, "", `(?P<message>WRONG_BIRTH_DATE|DADMIN_EXIST){end}`, ""},
		{"no such task", notice, "", `(?P<message>No task with ID = (?P<task>\d+) found on this agreement for the last 7 days){end}`, ""},
	}
}

func english() []sentence {
	const (
		queued, done, partly         = registrar.ReplyQueued, registrar.ReplyDone, registrar.ReplyNotDelegated
		rejected, noFunds, authFails = registrar.ReplyRejected, registrar.ReplyNoFunds, registrar.ReplyAuthFailed
	)
	return []sentence{
		{"queued", queued, "", `{request} {is} (?:queued|(?:put in|put into|placed in|added to) the (?:task )?queue){task}{end}`, ""},
		{"rejected", rejected, "", `{request} {is} (?:rejected|refused|declined){task}{because}`, ""},
		{"registered and delegated", done, ActionNew, `(?:the )?domain(?: name)? {domain} {is} registered(?: and|,)(?: successfully)? delegated{paid}{end}`, ""},
		{"registered, not delegated", partly, ActionNew, `(?:the )?domain(?: name)? {domain} {is} registered,? (?:but|and)(?: it)?(?: has| was| is)?(?: been)? not(?: yet)?(?: been)? delegated(?:: (?P<message>.*?))??{paid}{last}`, ""},
		{"registered", partly, ActionNew, `(?:the )?domain(?: name)? {domain} {is} registered{paid}{end}`, notConfirmed},
		{"prolonged", done, ActionProlong, `(?:the )?(?:registration of )?(?:the )?domain(?: name)? {domain} {is} (?:prolonged|renewed|extended)(?: (?:until|till|up to|to):? {date})?{end}`, ""},
		{"changed", done, ActionUpdate, `(?:the )?domain(?: name)? {domain} {is} (?:changed|updated|modified){end}`, ""},
		{"client registered", done, ActionNew, `(?:the )?client {client} {is} registered{end}`, ""},
		{"client changed", done, ActionUpdate, `(?:the )?client {client} {is} (?:changed|updated|modified){end}(?P<message>WARNING_CANT_CHANGE_READONLY)?{end}`, ""},
		{"no funds", noFunds, "", `(?P<message>(?:not enough|insufficient) funds(?: on (?:the|your) account)?){end}`, ""},
		{"not authorised", authFails, "", `(?P<message>(?:wrong|invalid|incorrect) agreement(?: number)? or password){end}`, ""},
	}
}

func russian() []sentence {
	const (
		queued, done, partly         = registrar.ReplyQueued, registrar.ReplyDone, registrar.ReplyNotDelegated
		rejected, noFunds, authFails = registrar.ReplyRejected, registrar.ReplyNoFunds, registrar.ReplyAuthFailed
	)

	return []sentence{
		{"поставлена в очередь", queued, "", `{заявка} {был}(?:поставлена?|помещена?|помещ[её]н|добавлена?) в очередь(?: заданий)?{task}{end}`, ""},
		{"отклонена", rejected, "", `{заявка} {был}(?:отклонена|отклон[её]н){task}{причина}`, ""},
		{"отказано", rejected, "", `в (?P<verb>регистрации|продлении|изменении) (?:домена {domain}|клиента {client}) отказано{причина}`, ""},
		{"зарегистрирован и делегирован", done, ActionNew, `домен {domain} {был}зарегистрирован(?: и|,) {был}делегирован{оплачен}{end}`, ""},
		{"не делегирован", partly, ActionNew, `домен {domain} {был}зарегистрирован,?(?: но| и)? (?:ещ[её] )?не делегирован(?:: (?P<message>.*?))??{оплачен}{last}`, ""},
		{"зарегистрирован", partly, ActionNew, `домен {domain} {был}зарегистрирован{оплачен}{end}`, notConfirmed},
		{"продлён", done, ActionProlong, `(?:домен|(?:срок )?регистраци[яи] домена) {domain} {был}продл[её]на?(?: до:? {date})?{end}`, ""},
		{"изменён", done, ActionUpdate, `(?:домен|данные домена) {domain} {был}измен(?:[её]н|ены){end}`, ""},
		{"клиент зарегистрирован", done, ActionNew, `клиент {client} {был}зарегистрирован{end}`, ""},
		{"клиент изменён", done, ActionUpdate, `(?:клиент|данные клиента) {client} {был}измен(?:[её]н|ены){end}(?P<message>WARNING_CANT_CHANGE_READONLY)?{end}`, ""},
		{"недостаточно средств", noFunds, "", `(?P<message>недостаточно средств(?: на (?:лицевом )?сч[её]те)?){end}`, ""},
		{"неверный договор или пароль", authFails, "", `(?P<message>неверн(?:ый|ые) (?:номер )?договора? или пароль){end}`, ""},
	}
}

// refusals classify a refusal by words anywhere in its message: a refusal that stands until a person
// acts, or one because the request was carried out already or can't be carried out now, which must be
// looked at. Any other is a permanent refusal of the request. The first pattern that matches decides.
var refusals = []struct {
	outcome registrar.ReplyOutcome
	pattern *lazyregexp.Regexp
}{
	{registrar.ReplyAuthFailed, lazyregexp.New(`(?i)(?:wrong|invalid|incorrect) (?:agreement|login|password)|неверн(?:ый|ые) (?:номер договора|договор|пароль)`)},
	{registrar.ReplyNoFunds, lazyregexp.New(`(?i)(?:not enough|insufficient) funds|недостаточно средств`)},
	// r01-mail 4.1: renewed already
	{registrar.ReplyVerify, lazyregexp.New(`(?i)already (?:been )?(?:prolonged|renewed|extended)|уже (?:был[ао]? )?продл[её]н`)},
	// r01-mail 4.1: outside the window
	{registrar.ReplyVerify, lazyregexp.New(`(?i)(?:prolonged|renewed|extended) (?:not earlier|no earlier|no longer|only)|(?:too early|too late) to (?:prolong|renew|extend)|` +
		`не (?:ранее|раньше),? чем за \d+|продл(?:ить|ение) (?:ещ[её] рано|уже нельзя|ещ[её] нельзя|ещ[её] не ?возможно|больше не ?возможно)|срок продления (?:ещ[её] не наступил|ист[её]к)`)},
}

func refusal(message string) registrar.ReplyOutcome {
	for _, r := range refusals {
		if r.pattern.MatchString(message) {
			return r.outcome
		}
	}
	return registrar.ReplyRejected
}
