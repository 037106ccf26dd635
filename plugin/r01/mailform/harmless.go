package mailform

import (
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"

	"registrar.panel/internal/lazyregexp"
	"registrar.panel/shared/registrar"
)

// Sentences beside the statements of a mail must be known to be harmless: a list of words that
// take a statement back would never be complete. r01-mail 3.4

// tone is how a sentence that states nothing agrees with the statements of a mail.
type tone string

const (
	unknown tone = "unknown" // it is not understood
	neutral tone = "neutral" // it says nothing about any request
	warning tone = "warning" // the same, and it says what not to do with the mail
	hopeful tone = "hopeful" // an answer is still to come
	glad    tone = "glad"    // all went well
	sorry   tone = "sorry"   // it did not
	dated   tone = "dated"   // it names a date till which a domain is paid
)

// phrase is a known sentence. If it has a word that may take something back, it does not count,
// unless it is a warning, is sorry or names a date.
type phrase struct {
	tone    tone
	pattern string
}

// Recurring parts of phrases. Blanks are single there, and case does not matter.
var phraseParts = strings.NewReplacer(
	"{domain}", aDomain, "{date}", aDate,
	"{words}", `[\pL ,'’-]{0,60}`,
	"{request}", `(?:request|application|order|task|operation|mail|e-mail|message|letter)s?`,
	"{заявка}", `(?:заявк\pL+|запрос\pL*|обращени\pL+|письм\pL+|операци\pL+|задани\pL+|сообщени\pL+)`,
)

func phrases() []phrase {
	return []phrase{
		// For whom the mail is, who wrote it, and how to reach them.
		{neutral, `(?:уважаем\pL+|здравствуйте|добрый (?:день|вечер)|доброе утро|приветствуем(?: вас)?)(?:[ ,]+` + addresseeRu + `){0,4}`},
		{neutral, `(?:dear|hello|hi|greetings|good (?:morning|day|afternoon|evening))(?:[ ,]+` + addresseeEn + `){0,4}`},
		{neutral, `(?:с (?:наилучшими пожеланиями|уважением)|всего (?:доброго|хорошего)|(?:ваш[аи]? )?(?:команда|служба (?:поддержки|регистрации)|отдел \pL+|техническая поддержка|техподдержка))[,\s]*{signer}`},
		{neutral, `(?:(?:best|kind|warm)(?:est)? (?:regards|wishes)|regards|sincerely(?: yours)?|yours (?:sincerely|truly|faithfully)|cheers|(?:the |your )?(?:team|support|customer service|registration department))[,\s]*{signer}`},
		{neutral, `(?:the |your |ваш |это |this is (?:the )?)?(?:(?:mail|registration|почтовый|автоматический)[ -])?(?:robot|registrar|автомат|робот|регистратор)?,? ?(?:of |at )?{R01}[,\s]*{signer}`},
		{neutral, `(?:тел(?:ефон)?|факс|phone|tel|fax|e-?mail|почта|сайт|site|web(?:site)?|www|адрес|address|icq|skype|telegram|url|личный кабинет|ваш личный кабинет|(?:personal|your) account|техническая поддержка|support|подробнее|подробности|details|more(?: information)?)(?: \pL+){0,4} ?[.:]? ?{contact}`},
		{neutral, `(?:по (?:всем|любым|возникшим) вопросам|если (?:у вас )?(?:есть|возник\pL+|остал\pL+|появ\pL+)(?: какие-либо| дополнительные)? вопрос\pL*)[,\s].{0,160}`},
		{neutral, `(?:for (?:any|all) (?:further )?questions|if you have (?:any )?(?:further |other )?questions|should you have (?:any )?(?:further )?questions|in case of (?:any )?questions|(?:please )?contact (?:us|our support){words})[,\s]?.{0,120}`},
		{neutral, `(?:большое )?(?:спасибо|благодарим(?: вас)?),?(?: \pL+,?){0,3}(?: что | за )(?:пользу\pL+|выбра\pL+|выбор|работа\pL+|доверие|сотрудничество|обращени\pL+|внимание|использовани\pL+|регистраци\pL+|покупк\pL+|заказ\pL*|оплат\pL+)(?: \pL+){0,4}(?: {R01})?`},
		{neutral, `(?:большое )?спасибо|thanks|thank you(?: (?:very much|for (?:using|choosing|being|your (?:order|registration|trust|business|attention|cooperation|payment))(?: \pL+){0,4}(?: {R01})?))?`},

		// Words of a banner, and how the mail was made.
		{neutral, `(?:внимание|осторожно|важно|caution|warning|attention|notice|important|external(?: (?:e-?mail|mail|message|sender))?|внешн(?:ее|яя) (?:письмо|почта|сообщение)|disclaimer|confidential(?:ity notice)?|конфиденциально)`},
		{warning, `(?:это|данное|настоящее)? ?(?:письмо|сообщение|уведомление)? ?(?:было )?(?:сформирован\pL*|создан\pL*|отправлен\pL*|сгенерирован\pL*|составлен\pL*|является)? ?(?:автоматическ\pL+|почтовым роботом|роботом|автоматом)(?: (?:письмо|сообщение|уведомление|ответ|роботом|почтовым роботом|системой|{R01}))*(?:[,;]? (?:и )?(?:пожалуйста,? )?не (?:отвечайте|требует ответа|нужно отвечать|надо отвечать)(?: на (?:него|это письмо|него письмом))?)?`},
		{warning, `(?:пожалуйста,? |просьба |просим )?(?:не (?:отвечайте|отвечать)|отвечать)(?: на (?:это|данное) (?:письмо|сообщение|уведомление)| на него)?(?: не (?:нужно|надо|требуется|следует))?`},
		{warning, `(?:this (?:is an?|e?-?mail was|message was|mail was|letter was|notice was) )?(?:automatic(?:ally)?|automated|computer)[ -]?(?:generated|sent|created|produced)?(?: (?:mail|e-mail|email|message|notice|reply|response|notification|answer|by (?:a|the|our) (?:robot|system|program)))*(?:[,;]? (?:and )?(?:please )?(?:do not|don't) (?:reply|answer|respond)(?: to (?:it|this (?:mail|e-mail|email|message)))?)?`},
		{warning, `please,? (?:do not|don't) (?:reply|answer|respond)(?: (?:directly )?to (?:it|this (?:mail|e-mail|email|message|address)))?|(?:do not|don't) (?:reply|answer|respond)(?: to (?:it|this (?:mail|e-mail|email|message|address)))?`},
		{warning, `no (?:viruses|virus|threats|malware) (?:were |was |has been |have been )?(?:found|detected)(?: in \pL+(?: \pL+)?)?|(?:вирусов|угроз|вредоносн\pL+ программ) не (?:обнаружено|найдено|выявлено)`},
		{warning, `you don't often get e-?mail from {contact}|learn why this is important(?: at)?(?: {contact})?|вы редко получаете (?:почту|письма|сообщения)(?: электронной почты)? от {contact}`},
		{neutral, `(?:sent|отправлено) (?:from|с|из|via|by) (?:my |моего |мобильн\pL+ )?[\pL\pN. ]{1,40}`},

		// The subject of the mail.
		{neutral, `(?:ниже |вот )?(?:привод\pL+ |привед[её]н\pL* |следу\pL+ )?(?:результат\pL*|итог\pL*|ответ\pL*|отч[её]т\pL*|уведомлени\pL+)(?: (?:обработки|выполнения|рассмотрения|исполнения|регистратора|робота|почтового робота|о результат\pL+|об? (?:обработке|выполнении|регистрации|продлении|изменении|рассмотрении)(?: домена(?: {domain})?)?|{R01})){0,3}(?: (?:на|по|о|об))?(?: ваш\pL*)?(?: {заявка})?(?: {R01})?`},
		{neutral, `ваш\pL* {заявка} (?:был\pL* )?(?:получен\pL*(?: и)? ?)?(?:обработан\pL*|рассмотрен\pL*)`},
		{neutral, `(?:this is|here (?:is|are)|below (?:is|are)|see below,?) (?:what became of|the (?:results?|outcome|answers?|repl(?:y|ies)|report)(?: of(?: processing)?| to| on)?) ?(?:your |the )?{request}?`},
		{neutral, `(?:the )?(?:results?|outcome|report|answers?) (?:of|to|on) (?:the )?(?:processing (?:of )?)?(?:your |the )?{request}`},
		{neutral, `(?:your |the ){request} (?:has been|was|is|have been|were) (?:received and )?processed`},
		{glad, `(?:ваш\pL* )?{заявка} (?:был\pL* )?(?:успешно )?(?:выполнен\pL*|исполнен\pL*|завершен\pL*|завершён\pL*)(?: успешно)?`},
		{glad, `(?:(?:your|the) )?{request} (?:has been|was|is|have been|were) (?:successfully )?(?:completed|carried out|executed|fulfilled)(?: successfully)?`},
		{glad, `поздравляем(?: вас)?(?: с (?:успешной )?(?:регистрацией|продлением)(?: домена(?: {domain})?)?)?|congratulations`},
		{glad, `(?:вы можете |можно )?(?:управлять|управляйте) (?:домен\pL+|им|доменным именем)(?: \pL+){0,4}`},
		{glad, `(?:you can|please) manage (?:it|(?:your|the) domain){words}`},
		{glad, `(?:изменения|делегирование|домен(?: {domain})?|он|данные) (?:вступ\pL+ в силу|начн[её]т (?:работать|действовать)|будет (?:доступен|работать)|станет (?:доступен|доступным)|произойд[её]т|обнов\pL+)(?: в сети| в dns)? в течение (?:\d+(?:[-–]\d+)? (?:час\pL*|сут\pL+|дн\pL+|минут\pL*)|суток|нескольких часов|дня|часа)`},
		{glad, `(?:(?:the )?changes|(?:the )?delegation|(?:the |your )?domain(?: {domain})?|it|dns changes) (?:will )?(?:take effect|become active|be (?:available|visible|active)|may take|take|work)(?: up to)? ?(?:with)?in? ?(?:\d+(?:[-–]\d+)? (?:hours?|days?|minutes?)|a (?:day|few hours))`},
		{sorry, `(?:к сожалению,? )?(?:мы )?(?:ваш\pL* )?{заявка} (?:не (?:был\pL* )?(?:выполнен\pL*|исполнен\pL*)|не может быть (?:выполнен\pL*|исполнен\pL*))`},
		{sorry, `(?:unfortunately,? )?(?:your|the) {request} (?:has not been|was not|could not be|can not be|cannot be) (?:completed|carried out|executed|fulfilled|processed)`},

		// An answer will follow.
		{hopeful, `(?:о результат\pL+(?: \pL+){0,4} (?:вы )?(?:будет|будете|получите|узнаете|сообщим)|(?:вы )?(?:получите|будете|вам (?:прид[её]т|будет|поступит)))(?: \pL+,?){0,12}`},
		{hopeful, `(?:пожалуйста,? )?(?:ожидайте|дождитесь|ждите)(?: \pL+){0,8}|обработка (?:займ[её]т|длится|занимает)(?: [\pL\pN-]+){0,5}|(?:ваш\pL* )?{заявка} (?:обрабатывается|находится в обработке|в обработке|принят\pL* к (?:исполнению|обработке|рассмотрению)|получен\pL*|принят\pL*)`},
		{hopeful, `(?:you will|we will|we'll) (?:be (?:informed|notified|told)|receive|get|inform you|notify you|let you know)(?: \pL+,?){0,14}`},
		{hopeful, `please (?:wait|be patient)(?: \pL+){0,8}|processing (?:takes|may take|will take)(?: [\pL\pN-]+){0,6}|(?:your|the) {request} (?:is being processed|is in progress|has been (?:received|accepted)|was (?:received|accepted))`},

		// Until when a domain is paid.
		{dated, `(?:(?:it|the domain(?: name)?|the registration|(?:the )?domain(?: name)? {domain}) (?:is |will be )?)?(?:now )?(?:paid|valid|registered|active|paid and delegated|prolonged|renewed)[ -](?:till|until|up to|through):? {date}`},
		{dated, `(?:the |its |new |the new )?(?:expir(?:y|ation)|paid[ -]till|renewal) date(?: of (?:the )?domain(?: {domain})?)?(?: is|:)? ?{date}`},
		{dated, `(?:it|the domain|the registration|domain {domain}) expires(?: on)? {date}`},
		{dated, `the registration period (?:ends|is|lasts)(?: on| till| until| up to)? {date}`},
		{dated, `(?:он |регистрация )?(?:был )?(?:оплачен[ао]?|действует|действительн[аоы]|зарегистрирован[ао]?|продл[её]н[ао]?|оплачен и продл[её]н)(?: до| по):? {date}`},
		{dated, `(?:домен|регистрация домена)(?: {domain})? (?:был )?(?:оплачен[ао]?|действует|действительн[аоы]|зарегистрирован[ао]?|продл[её]н[ао]?|оплачен и продл[её]н)(?: до| по):? {date}`},
		{dated, `(?:новый |новая )?(?:срок (?:действия|регистрации|оплаты|окончания|делегирования)|дата (?:окончания|завершения|истечения|оплаты))(?: \pL+){0,3}(?: {domain})?(?: истекает| заканчивается| составляет)?:?(?: -| —| до| по)? ?{date}`},
	}
}

// known are the phrases compiled as patterns of a whole sentence, once.
var known = sync.OnceValue(func() (all []knownPhrase) {
	more := strings.NewReplacer(
		"{R01}", `(?:R01|РО1|Р01|www\.r01\.ru|«R01»|"R01"|ООО «?"?Регистратор R01»?"?|Регистратор\pL* R01)`,
		"{signer}", `(?:(?:(?-i:[A-ZА-ЯЁ][\pL\pN.&-]*)|"[^"]{1,40}"|«[^»]{1,40}»|\+?[\d() -]{6,20}|(?:https?://|www\.)\S+|\S+@\S+|[\w-]+\.(?:ru|su|com)|ваш[аи]?|служба|служб\pL+|поддержки|отдел\pL*|команда|группа|техническ\pL+|регистрации|доменов|доменных|имен|имён|компани\pL+|регистратор\pL*|робот|автомат|и|тел|факс|`+
			`the|your|team|of|support|robot|customer|service|department|registration|and)[,.:;|\s]*){0,12}`,
		"{contact}", `(?:(?:https?://|www\.)\S+|\S+@\S+|[\pL\pN-]+\.(?:ru|com|su|рф)\S*|\+?[\d() -]{5,25})(?:[,;|\s]+(?:\S+@\S+|https?://\S+|www\.\S+|\+?[\d() -]{5,25}|(?:тел(?:ефон)?|факс|phone|tel|fax|e-?mail|или|or|и|and)[.:]?))*`,
	)
	for _, p := range phrases() {
		pattern := phraseParts.Replace(more.Replace(p.pattern))
		all = append(all, knownPhrase{p.tone, regexp.MustCompile(`^(?i:` + pattern + `)(?: ?г(?:ода|\.)?)?[\s.,:;!…)]*$`)})
	}
	return all
})

type knownPhrase struct {
	tone    tone
	pattern *regexp.Regexp
}

// longestSentence is longer than any known sentence, in bytes.
const longestSentence = 2000

// harmless classifies a sentence that states nothing, and returns the date that the sentence mentions.
func harmless(sentence string) (tone, Result) {
	text := strings.Join(strings.Fields(sentence), " ")
	if !hasLetter.MatchString(addressed.ReplaceAllString(text, "")) {
		return neutral, Result{}
	}

	if len(text) > longestSentence {
		return unknown, Result{}
	}

	for _, p := range known() {
		m := p.pattern.FindStringSubmatch(text)
		switch {
		case m == nil:
			continue
		// Its words that take something back are about the mail itself.
		case p.tone == warning:
			return neutral, Result{}
		case p.tone != sorry && p.tone != dated && takesBack(text):
			continue
		case p.tone != dated:
			return p.tone, Result{}
		}

		if r, ok := resultOf("", registrar.ReplyNotice, groups(p.pattern, m)); ok && !r.PaidTill.IsZero() {
			return dated, r
		}

		return unknown, Result{}
	}

	return unknown, Result{}
}

var (
	hasLetter = lazyregexp.New(`\pL`)
	// addressed are links, addresses and phone numbers.
	addressed = lazyregexp.New(`(?i)<?(?:https?://|www\.|mailto:)\S+|\S+@\S+|\br01\b|r01\.ru`)
	aWord     = lazyregexp.New(`[\pL]+(?:['’-][\pL]+)*`)
	condition = lazyregexp.New(`(?i)(?:^|[^\pL])(?:if|unless|should you|если|в случае)(?:[^\pL]|$)`)
)

// ofMail reports whether a text is a banner or a disclaimer: every word is about the mail
// itself, who may read it, and what to do with it.
func ofMail(text string, conditionBefore bool) bool {
	conditional := condition.MatchString(text)
	about, words := false, 0
	if strings.HasSuffix(text, ":") { // it speaks of what follows
		return false
	}
	for _, w := range aWord.FindAllString(strings.ToLower(addressed.ReplaceAllString(text, " ")), -1) {
		kind := vocabulary(strings.ReplaceAll(w, "ё", "е"))
		if kind == "" || kind == ifOnly && !conditional || kind == ifBefore && !conditional && !conditionBefore {
			return false
		}
		about = about || kind == mailItself
		words++
	}
	const fewest = 4
	return about && words >= fewest
}

// wordKind is the kind of a word in banners and disclaimers.
type wordKind string

const (
	mailItself wordKind = "mail"
	common     wordKind = "common"
	ifOnly     wordKind = "conditional" // it takes back what is said, unless there is a condition
	ifBefore   wordKind = "disposal"    // the same, and the condition may be in the sentence before
)

const longestEnding = 5 // letters of a Russian word beyond its stem

// vocabulary returns the kind of a word; "" = the word is not known.
func vocabulary(word string) wordKind {
	if kind, ok := englishWords()[word]; ok {
		return kind
	}
	stems := russianStems()
	for end, cut := len(word), 0; end > 0 && cut <= longestEnding; cut++ {
		if kind, ok := stems[word[:end]]; ok {
			return kind
		}
		_, size := utf8.DecodeLastRuneInString(word[:end])
		end -= size
	}
	return ""
}

var englishWords = sync.OnceValue(func() map[string]wordKind {
	return wordsOfKinds(map[wordKind]string{
		mailItself: `mail mails email emails e-mail e-mails message messages letter communication correspondence transmission attachment attachments attached link links sender senders recipient recipients addressee addressees`,
		common: `a an the this that these those it its and or nor not no any all some such only solely other others of to in on at by for from with without within outside inside into as than into out via through before after under over about
			is are was were be been being has have had may might can cannot could should must will would do does did don't doesn't isn't you your yours we our us i my they them their he she his her who whom whose which what when where there here please also both either neither
			external internal originated originates origin comes come came sent received receive receiving receipt open opening click clicking follow following reply replying respond answer forward forwarding forwarded enter entering provide
			caution warning attention notice beware careful cautious important note disclaimer security message:
			file files url urls content contents information data text document documents password passwords credentials person persons individual individuals entity entities company organization organisation organizations domain's network system systems computer
			found detected no-reply
			confidential confidentiality privileged private proprietary legally protected law intended intention named use used using read reading review disclosure disclose disclosed distribution distribute distributed dissemination disseminate copying copy copied reproduce reproduction print printing print- action taken reliance prohibited forbidden unauthorized unauthorised unlawful strictly
			contain contains containing contained sensitive liability liable responsible responsibility accept accepts assume loss damage damages arising caused result views opinions expressed author authors necessarily represent
			scanned scan scanning checked virus viruses antivirus anti-virus malware free software avast kaspersky drweb eset trend micro barracuda mimecast proofpoint microsoft
			environment consider think save paper planet trees monitored unmonitored mailbox`,
		ifOnly:   `if unless should error mistake mistakenly recognize recognise know trust trusted expect expecting expected safe sure ignore disregard verify suspicious so it's`,
		ifBefore: `delete destroy remove notify inform immediately contact advise hereby return erase`,
	})
})

var russianStems = sync.OnceValue(func() map[string]wordKind {
	return wordsOfKinds(map[wordKind]string{
		mailItself: `письм сообщени вложени приложени отправител получател адресат электронн почтов корреспонденц послани`,
		common: `это эт данн настоящ все всех всем люб как котор он его ее их ему ей нему нем ним них вы вас вам ваш мы нас нам наш я не ни и или либо а также то тот того той тех чтобы что во в на из из-за с со к ко от до для по при о об у без вне за под над через только исключительно ин друг кому кем
			быть будет могут может был является являются являетесь внешн внутренн извне снаружи пришл прише поступил отправлен получен послан направлен предназначен адресован указан поименован находя
			открыва откры переход перейд нажима отвеча ответ пересыла копирова распростран разглаш раскрыт передач использ ознакомл чтени третьи третьим
			ссылк файл адрес лиц организаци компани сет систем документ текст содерж содержим информаци сведени внимани осторожн предупрежден важно будьте
			конфиденциальн коммерческ служебн тайн охраняем закон законодательств персональн защищен запрещ запрещен недопустим незаконн несанкционирован строго
			ущерб причинен использован содержащ распространен копирован вред последстви убытк возникш прям косвенн любы касперск данно ними обнаружен найден
			автоматическ сформирован создан робот пожалуйста просьба просим проверен проверк вирус антивирус антивирусн ответственност нес несет мнени автор выражен совпада позици точк зрени точкой печата распечат бумаг природ окружающ сред подума бере подозрительн вредоносн пароли`,
		ifOnly:   `если случа ошибк ошибочн доверя увер зна ожида узна`,
		ifBefore: `удал уничтож сообщит уведом незамедлительн немедленн вернит`,
	})
})

func wordsOfKinds(lists map[wordKind]string) map[string]wordKind {
	all := map[string]wordKind{}
	for kind, list := range lists {
		for _, w := range strings.Fields(list) {
			all[w] = kind
		}
	}
	return all
}

// takesBack reports whether a text may reverse what a mail says elsewhere.
func takesBack(text string) bool {
	if strings.ContainsAny(text, "@./") {
		text = named.ReplaceAllString(text, " ")
	}
	for _, w := range aWord.FindAllString(strings.ToLower(text), -1) {
		w = strings.ReplaceAll(strings.ReplaceAll(w, "ё", "е"), "’", "'")
		if reversing()[w] || hasStem(reversingStems(), w) {
			return true
		}
	}
	return false
}

// hasStem reports whether a word begins with one of the stems.
func hasStem(stems map[string]bool, word string) bool {
	for end := range word {
		if stems[word[:end]] {
			return true
		}
	}
	return stems[word]
}

// named are links, addresses and names of hosts, whose words say nothing.
var named = lazyregexp.New(`(?i)<?(?:https?://|www\.|mailto:)\S+|\S+@\S+|[\pL\pN-]+(?:\.[\pL\pN-]+)*\.\pL{2,}`)

var reversing = sync.OnceValue(func() map[string]bool {
	return setOf(`not no never nothing cannot can't won't isn't wasn't weren't aren't hasn't haven't didn't doesn't however but unless wrong untrue test tests tested testing example sample draft pending sorry undo undone instead deny denies denied unable hold frozen ignore above previous previously earlier prior back joke joking kidding
		не нет ни нельзя однако но отзыв вместо сбой сбоя сбое выше ранее шутка шутим`)
})

var reversingStems = sync.OnceValue(func() map[string]bool {
	return setOf(`fail error erron refus reject cancel mistak ignor disregard annul revok revoc withdr suspend delet remov expir block invalid void incorrect false apolog unfortunately revers recall retract correct declin terminat forg fake fraud imposs
		lack insufficient rescind dropp abort undeliver stop ceas lapse undo unregister deregister refund bounc chargeback overturn supersed replac obsolet outdat
		невозмож отказ ошиб отмен отклон аннулир отозва отзыва приостан прекра удал заблок блокир недейств неверн неправ ложн истек снят тест пример образец образц чернов извин сожал исправ поправк уточн вернул вернем возвра игнор поддел мошенн пробн учебн
		недостат нехват отсутств заморож аннуляц закрыт закрыв останов откат утрат утрач расторг расторж сторн возмещ предыдущ следующ вышеуказ вышеизлож вышесказ замен устаре неактуальн`)
})

func setOf(words string) map[string]bool {
	all := map[string]bool{}
	for _, w := range strings.Fields(words) {
		all[w] = true
	}
	return all
}

// nothing matches a value that stands for no value.
var nothing = lazyregexp.New(`(?i)^\s*(?:no|none|нет|not set|not used|n/a|-|0|false)\s*$`)

// matter is what mails of R01 are about; generic is the trade in general, as in a signature.
var (
	matter  = lazyregexp.New(`(?i)(?:^|[^\pL])(?:регистрац\pL*|зарегистр\pL*|перерегистр\pL*|делегир\pL*|продл\pL*|домен|домен[ауе]|доменом|доменного имени|доменное имя|заявк\pL*|запрос\pL*|операци\pL*|оплат\pL*|плат[её]ж\pL*|договор\pL*|payment|paid|agreement|contract|registration|registered|register|deregist\pL*|unregist\pL*|delegat\pL*|undelegat\pL*|renew\pL*|prolong\pL*|domain|domain's|request|application|operation|order)(?:[^\pL]|$)`)
	generic = lazyregexp.New(`(?i)регистраци\pL+ (?:и продлени\pL+ )?(?:домен(?:ов|ах|ами|ных)|имен)[\pL ]{0,20}|(?:domain|domain names?) (?:registration|registrar|hosting)s?|registration of domains?(?: names)?`)
)

func ofMatter(text string) bool { return matter.MatchString(generic.ReplaceAllString(text, " ")) }

// succeeds reports whether a subject says that everything went well.
func succeeds(subject string) bool {
	for _, w := range aWord.FindAllString(strings.ToLower(subject), -1) {
		if succeeding()[strings.ReplaceAll(w, "ё", "е")] {
			return true
		}
	}
	return false
}

var succeeding = sync.OnceValue(func() map[string]bool {
	return setOf(`зарегистрирован зарегистрирована зарегистрировано продлен продлена продлено делегирован делегирована изменен изменена изменены успешно успех выполнен выполнена выполнено исполнен исполнена исполнено
		registered delegated renewed prolonged extended success successful successfully completed done`)
})
