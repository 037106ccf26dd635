package r01sim

import (
	"strconv"
	"strings"

	"registrar.panel/shared/registrar"
)

const (
	stateDelegated    = "REGISTERED, DELEGATED"
	stateNotDelegated = "REGISTERED, NOT DELEGATED"
)

// The texts below are our own wording, because R01's answers by mail are not
// public. A comment marks the words that R01's back end is known to use.
const (
	noFunds      = "Not enough funds on the account."
	wrongAccount = "Wrong agreement or password."
	notDelegated = "The registrant's phone has not been checked."
)

// result is what an answer says about one template, or about a whole mail.
type result struct {
	task     int // 0 = there is none
	action   Action
	kind     Kind   // "" = about the whole mail
	object   string // handle or domain
	status   TaskStatus
	message  string
	state    string // of a domain: "REGISTERED, DELEGATED"; "" = the answer does not say
	paidTill registrar.Date
}

// lines writes a result in the layout of name: value lines.
func (r result) lines(language Language, extra bool) string {
	var b strings.Builder
	put := func(name, value string) {
		if value != "" {
			b.WriteString(name + ": " + value + "\n")
		}
	}

	if r.task != 0 {
		put("task", strconv.Itoa(r.task))
	}

	put("action", string(r.action))
	put("object", string(r.kind))

	if r.kind != "" {
		put(Template{Kind: r.kind}.key(), r.object)
	}
	if extra {
		put("queue", "partners-2")
	}

	put("status", string(r.status))
	put("message", translate(language, r.message))
	put("state", r.state)
	put("paid-till", writeDate("2006.01.02", r.paidTill))
	return b.String()
}

func writeDate(layout string, d registrar.Date) string {
	if d.IsZero() {
		return ""
	}
	return d.In(moscow()).Format(layout)
}

// translate translates our own few messages into Russian; the back end's literal ones are English in every language.
func translate(language Language, message string) string {
	if language != Russian {
		return message
	}
	switch message {
	case noFunds:
		return "Недостаточно средств на счёте."
	case wrongAccount:
		return "Неверный номер договора или пароль."
	case notDelegated:
		return "Не проверен телефон администратора домена."
	}
	return message
}

// prose writes a result as a sentence.
func (r result) prose(language Language) string {
	about := phrasesOf(language, r)
	date := "2006.01.02"
	if language == Russian {
		date = "02.01.2006"
	}
	return strings.NewReplacer(
		"{object}", r.object,
		"{task}", strconv.Itoa(r.task),
		"{message}", translate(language, r.message),
		"{date}", writeDate(date, r.paidTill),
	).Replace(about.sentence(r)) + "\n"
}

// phrases are the words for one kind of request.
type phrases struct {
	request  string // " to register domain {object}"; "" = about the whole mail
	queued   string
	rejected string
	done     string
	partly   string // done, but not delegated
}

func (p phrases) sentence(r result) string {
	switch {
	case r.status == TaskQueued:
		return p.queued
	case r.status == TaskFailure:
		return p.rejected
	case r.state == stateNotDelegated && r.action == ActionNew:
		return p.partly
	}
	return p.done
}

func phrasesOf(language Language, r result) phrases {
	p := english(r)
	p.queued = "The request" + p.request + " has been put in the queue (task {task})."
	p.rejected = "The request" + p.request + " has been rejected: {message}"
	p.partly = "Domain {object} has been registered but not delegated: {message} It is paid till {date}."
	if language == Russian {
		p = russian(r)
		p.queued = "Заявка" + p.request + " поставлена в очередь (задание {task})."
		p.rejected = "Заявка" + p.request + " отклонена: {message}"
		p.partly = "Домен {object} зарегистрирован, но не делегирован: {message} Оплачен до {date}."
	}
	return p
}

func english(r result) phrases {
	switch {
	case r.kind == "":
		return phrases{}
	case r.kind == KindDomain && r.action == ActionNew:
		return phrases{request: " to register domain {object}",
			done: "Domain {object} has been registered and delegated. It is paid till {date}."}
	case r.kind == KindDomain && r.action == ActionProlong:
		return phrases{request: " to prolong domain {object}",
			done: "Domain {object} has been prolonged until {date}."}
	case r.kind == KindDomain:
		return phrases{request: " to change domain {object}", done: "Domain {object} has been changed."}
	case r.action == ActionNew:
		return phrases{request: " to register client {object}", done: "Client {object} has been registered."}
	}
	return phrases{request: " to change client {object}", done: "Client {object} has been changed. {message}"}
}

func russian(r result) phrases {
	switch {
	case r.kind == "":
		return phrases{}
	case r.kind == KindDomain && r.action == ActionNew:
		return phrases{request: " на регистрацию домена {object}",
			done: "Домен {object} зарегистрирован и делегирован. Оплачен до {date}."}
	case r.kind == KindDomain && r.action == ActionProlong:
		return phrases{request: " на продление домена {object}",
			done: "Домен {object} продлён до {date}."}
	case r.kind == KindDomain:
		return phrases{request: " на изменение домена {object}", done: "Домен {object} изменён."}
	case r.action == ActionNew:
		return phrases{request: " на регистрацию клиента {object}", done: "Клиент {object} зарегистрирован."}
	}
	return phrases{request: " на изменение клиента {object}", done: "Клиент {object} изменён. {message}"}
}

// garbled returns an answer that names no object and states no fact.
func garbled(language Language) string {
	if language == Russian {
		return "Результат операции смотрите в личном кабинете, раздел 7.\n"
	}
	return "For the outcome see section 7 of your personal account.\n"
}
