package r01sim

import (
	"fmt"
	"strings"
	"time"

	"registrar.panel/shared/registrar"
)

// quotedMails are mails that quote the success of another request without a "> ".
func quotedMails() []lieRow {
	return []lieRow{
		{kind: "quoted-indented", says: "the success is indented below a line that denies it", write: func(f *forger) (forged, bool) {
			indent := pick(f.Rand, []string{"    ", "\t", "  "})
			return f.say(f.denial()+indent+strings.ReplaceAll(strings.TrimRight(f.statement(), "\n"), "\n", "\n"+indent)+"\n", f.claim())
		}},
		{kind: "quoted-forward", says: "forwarded by one of several mail programs", write: func(f *forger) (forged, bool) {
			head := pick(f.Rand, forwardHeads())
			return f.say(f.denial()+f.headed(head)+f.statement(), f.claim())
		}},
		{kind: "quoted-attribution", says: "below a line that says who wrote it", write: func(f *forger) (forged, bool) {
			head := pick(f.Rand, []string{
				"пн, 23 нояб. 2025 г. в 10:00, R01 <{robot}>:", "On Mon, Nov 23, 2025 at 10:00 AM R01 <{robot}> wrote:",
				"R01 <{robot}> писал(а) 23.11.2025 10:00:", "Вы писали 23 ноября 2025 г., 10:00:00:", "23.11.2025 10:00, R01 пишет:"})
			return f.say(f.denial()+f.headed(head)+f.statement(), f.claim())
		}},
		{kind: "quoted-struck", says: "HTML in which the success is struck out or hidden", write: func(f *forger) (forged, bool) {
			mark := pick(f.Rand, [][2]string{{"<s>", "</s>"}, {"<del>", "</del>"}, {"<strike>", "</strike>"},
				{`<span style="text-decoration: line-through">`, "</span>"}, {`<div style="display:none">`, "</div>"}, {`<div hidden>`, "</div>"}})
			r := f.letter()
			r.media = "text/html; charset=utf-8"
			r.body = "<p>" + strings.TrimSpace(f.denial()) + "</p>\n" + mark[0] + "<p>" + strings.TrimSpace(f.sentence()) + "</p>" + mark[1] + "\n"
			return f.seal(r, f.plain(), f.claim())
		}},
		{kind: "quoted-attached", says: "a mail is attached that says it", write: func(f *forger) (forged, bool) {
			return f.multipart("mixed", "Content-Type: text/plain; charset=utf-8\n\n"+f.denial(),
				"Content-Type: message/rfc822\n\n"+f.inner()+f.statement())
		}},
		{kind: "quoted-digest", says: "a digest with a mail that says it", write: func(f *forger) (forged, bool) {
			return f.multipart("digest", "\n"+f.inner()+f.statement())
		}},
		{kind: "quoted-report", says: "a spam filter's report, with a preview of it", write: func(f *forger) (forged, bool) {
			preview := strings.TrimSpace(f.sentence())
			return f.multipart("mixed",
				"Content-Type: text/plain; charset=utf-8\nContent-Disposition: inline\n\nThe filter takes this mail for spam. The mail itself is attached.\n\n"+
					"Content preview:  "+preview+" [...]\n\nContent analysis details:   (6.1 points, 5.0 required)\n",
				"Content-Type: message/rfc822; x-spam-type=original\nContent-Disposition: inline\n\n"+f.inner()+preview+"\n"+f.reversal()+"\n")
		}},
	}
}

func forwardHeads() []string {
	return []string{
		"Начало переадресованного сообщения:\n\nОт: {robot}\nТема: Re: Request\nДата: 24 ноября 2025 г., 12:00:00 GMT+3\nКому: {callback}",
		"Begin forwarded message:\n\nFrom: {robot}\nSubject: Re: Request\nDate: 24 November 2025 at 12:00:00 GMT+3\nTo: {callback}",
		"-------- Перенаправленное сообщение --------\nТема: Re: Request\nДата: Mon, 24 Nov 2025 12:00:00 +0300\nОт: {robot}\nКому: {callback}",
		"---------- Forwarded message ---------\nFrom: R01 <{robot}>\nDate: Mon, Nov 24, 2025 at 12:00 PM\nSubject: Re: Request\nTo: <{callback}>",
		"----- Forwarded by Ivanov/R01 on 24.11.2025 12:00 -----\n\nFrom:    {robot}\nTo:      {callback}\nDate:    24.11.2025 12:00\nSubject: Re: Request",
		"----- Forwarded message from R01 <{robot}> -----\n\nDate: Mon, 24 Nov 2025 12:00:00 +0300\nFrom: R01 <{robot}>\nTo: {callback}\nSubject: Re: Request",
		"*From:* R01 <{robot}>\n*Sent:* Monday, November 24, 2025 12:00 PM\n*To:* {callback}\n*Subject:* Re: Request",
		"*От:* R01 <{robot}>\n*Отправлено:* 24 ноября 2025 г. 12:00\n*Кому:* {callback}\n*Тема:* Re: Request",
		"-------- Исходное сообщение --------\nТема: Re: Request\nДата: 24.11.2025 12:00\nОт: {robot}\nДо: {callback}",
		"От кого: R01 <{robot}>\nКому: {callback}\nДата: Понедельник, 24 ноября 2025, 12:00 +03:00\nТема: Re: Request",
	}
}

func (f *forger) headed(head string) string {
	return strings.NewReplacer("{robot}", f.robot, "{callback}", f.callback).Replace(head) + "\n\n"
}

// inner returns the header of a mail within the mail.
func (f *forger) inner() string {
	return "From: " + f.robot + "\nTo: " + f.callback + "\nSubject: Re: Request\nDate: Mon, 24 Nov 2025 12:00:00 +0300\n\n"
}

func (f *forger) multipart(kind string, parts ...string) (forged, bool) {
	r := f.letter()
	r.media = "multipart/" + kind + `; boundary="=_P"`
	r.body = "--=_P\n" + strings.Join(parts, "\n--=_P\n") + "\n--=_P--\n"
	return f.seal(r, f.plain(), f.claim())
}

// denial returns a text that denies what follows it. It names no object.
func (f *forger) denial() string {
	return pick(f.Rand, []string{
		"The message below was sent by mistake, nothing of it was carried out.", "Please ignore what our robot wrote, see below.",
		"Это ошибка, выполнения не было.", "Проверяем вашу заявку, ниже прошлогодний ответ для сравнения."}) + "\n\n"
}

func (f *forger) claim() Allegation { return claimOf(f.success()) }

// doubts are mails that say success and do not mean it.
func doubts() []lieRow {
	return []lieRow{
		{kind: "contradiction", says: "success and refusal in one mail", write: contradict},
		{kind: "taken-back", says: "the next sentence takes the success back", write: func(f *forger) (forged, bool) {
			statement := strings.TrimRight(f.sentence(), "\n")
			between := pick(f.Rand, []string{" ", "\n", "\n\n"})
			return f.say(statement+between+f.reversal()+"\n", f.claim())
		}},
		{kind: "denied-lines", says: "a sentence beside the lines denies them", write: func(f *forger) (forged, bool) {
			text := f.lines() + "\n" + f.reversal() + "\n"
			if f.IntN(2) == 0 {
				text = f.reversal() + "\n\n" + f.lines()
			}
			return f.say(text, f.claim())
		}},
		{kind: "conditional", says: "the success is a condition, a forecast or an example", write: func(f *forger) (forged, bool) {
			s := strings.TrimSpace(f.sentence())
			before := pick(f.Rand, []string{"After payment you will get a mail that says: ", "По готовности вы получите письмо следующего содержания: ",
				"Пример ответа: ", "Тестовый режим; ", "If the registry agrees: ", "Sample: "})
			return f.say(before+s+"\n", f.claim())
		}},
	}
}

// reversal takes a success back, in words other than a plain "not".
func (f *forger) reversal() string {
	o := f.about.object
	return pick(f.Rand, []string{
		"Операция аннулирована реестром 24.11.2026.", "Заявка отозвана, средства возвращены.", "Делегирование приостановлено до подтверждения данных.",
		"The operation was revoked by the registry.", "It has since been withdrawn.", "Delegation is suspended until the registrant is identified.",
		"Запись " + o + " удалена из реестра.", "Object " + o + " is blocked pending verification.", "Срок оплаты истёк, услуга прекращена."})
}

func contradict(f *forger) (forged, bool) {
	yes, no := f.success(), f.refusal("refused by the registry")
	nameless, byTask := no, no
	nameless.object, nameless.kind, nameless.action = "", "", ""
	yes.task, byTask.task = f.nextTask(), f.nextTask()
	byTask.object, byTask.kind, byTask.action = "", "", ""
	pairs := [][2]result{{yes, no}, {yes, nameless}, {yes, byTask}}
	pair := pick(f.Rand, pairs)
	if f.IntN(2) == 0 {
		pair[0], pair[1] = pair[1], pair[0]
	}
	style := f.style()
	style.Layout = LayoutLines
	return f.seal(f.letter(pair[0], pair[1]), style, claims(pair[:])...)
}

// misfits are plain statements that can't answer the request they are bound to.
func misfits() []lieRow {
	return []lieRow{
		{kind: "impossible-date", says: "paid till a day that no registry sells", suits: aboutPaid, write: func(f *forger) (forged, bool) {
			r := f.success()
			days := []registrar.Date{{Year: 2206, Month: time.December, Day: 24}, f.today.AddYears(5), f.today.AddDays(1)}
			if r.action == ActionProlong {
				days = append(days, f.about.paidTill, f.about.paidTill.AddDays(1), f.about.paidTill.AddYears(-1))
			}
			r.paidTill = pick(f.Rand, days)
			return f.tell(r)
		}},
		{kind: "before-request", says: "it is of a time before the request", write: func(f *forger) (forged, bool) {
			r := f.letter(f.success())
			r.date = pick(f.Rand, []time.Time{f.now.AddDate(0, 0, -2), f.now.AddDate(0, -1, 0), f.now.AddDate(-1, 0, 0)})
			return f.seal(r, f.style(), f.claim())
		}},
		{kind: "other-recipient", says: "it is for another partner", write: func(f *forger) (forged, bool) {
			r := f.letter(f.success())
			r.to = "callback@partner-2.example"
			return f.seal(r, f.style(), f.claim())
		}},
		{kind: "other-domain", says: "it is about another domain than the request", write: func(f *forger) (forged, bool) {
			r := f.successOf(f.other())
			r.kind = KindDomain
			if r.action == ActionNew {
				r.state = stateDelegated
			}
			return f.tell(r)
		}},
		{kind: "other-domains", says: "more than twenty domains in one mail, the request's among them", suits: aboutDomain, write: manyNames},
		{kind: "other-action", says: "another action than was asked for is carried out", suits: aboutDomain, write: func(f *forger) (forged, bool) {
			r := f.success()
			r.action = map[Action]Action{ActionNew: ActionProlong, ActionProlong: ActionNew, ActionUpdate: ActionNew}[r.action]
			style := f.style()
			style.Layout = LayoutLines
			return f.seal(f.letter(r), style, claimOf(r))
		}},
		{kind: "passport-task", says: "a passport stands in the place of the task number", write: func(f *forger) (forged, bool) {
			task := "Сидоров Сидор 4510 123456"
			r := f.result(TaskQueued, "")
			return f.say("task: "+task+"\n"+r.lines(English, false), Allegation{Action: r.action, Object: r.object, Task: task, Fact: FactQueued})
		}},
		{kind: "out-of-office", says: "a person's or a help desk's automatic reply, which says nothing of the request", write: func(f *forger) (forged, bool) {
			r := f.letter()
			r.from, r.more = "ivanov@"+f.robot[strings.LastIndex(f.robot, "@")+1:], []headerLine{{"X-Auto-Response-Suppress", "All"}}
			r.body = pick(f.Rand, []string{"Я в отпуске до 30 ноября.\n", "I am out of the office until 30 November.\n",
				fmt.Sprintf("Ваше обращение зарегистрировано под номером %d.\n", 100+f.IntN(900)), "Your ticket has been registered.\n"})
			return f.seal(r, f.plain())
		}},
	}
}
