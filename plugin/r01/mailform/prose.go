package mailform

import (
	"regexp"
	"strings"
	"sync"

	"registrar.panel/internal/lazyregexp"
	"registrar.panel/shared/registrar"
)

// Layout B: sentences that name an object and a fact. R01's own words are not public; these are
// a guess, and the literal messages of its back end. r01-mail 3.4, 3.5

// statement is a sentence that is understood. Its pattern must match the whole sentence, so
// that a sentence with a "not", an "if" or a "but" in it is not understood.
type statement struct {
	name    string
	pattern *regexp.Regexp
	outcome registrar.ReplyOutcome
	action  Action
	message string // when the sentence has none of its own
}

// statements are compiled once, because compiling patterns is a good part of configuring a plugin.
var statements = sync.OnceValue(func() (all []statement) {
	for _, s := range sentences() {
		all = append(all, statement{name: "built-in: " + s.name, outcome: s.outcome, action: s.action,
			message: s.message, pattern: regexp.MustCompile(`^(?i:` + parts.Replace(s.pattern) + `)`)})
	}
	return all
})

// greeting is a salutation that a statement may follow in the same sentence.
var greeting = lazyregexp.New(`^(?i:(?:уважаем\pL+(?: ` + addresseeRu + `){0,3}|(?:здравствуйте|добрый (?:день|вечер)|доброе утро)(?:,? ` + addresseeRu + `){0,3}|(?:dear|hello|hi|good (?:morning|day|afternoon|evening))(?:,? ` + addresseeEn + `){0,3})[,!.:;]+) ?`)

// Whom a mail addresses: by name, or by role.
const (
	addresseeRu = `(?:(?-i:[А-ЯЁA-Z][\pL.-]*)|партн[её]р\pL*|клиент\pL*|пользовател\pL+|коллег\pL+|абонент\pL*|заказчик\pL*|господа|друзья|господин|госпожа|администратор\pL*|и)`
	addresseeEn = `(?:(?-i:[A-ZА-ЯЁ][\pL.-]*)|partners?|customers?|clients?|users?|colleagues?|sirs?|madam|or|and|all|friends?|registrants?|there|team|mr\.?|mrs\.?|ms\.?)`
)

// readParagraph reads one sentence after the other: statements, and sentences that state nothing. A statement
// begins the paragraph or follows the end of a sentence; text before a colon or semicolon belongs to it.
func readParagraph(text string) (results []Result, asides []string) {
	for text != "" {
		text = text[len(greeting.FindString(text)):]
		r, length, ok := state(text)
		if ok {
			results = append(results, r)
		} else {
			length = sentenceLength(text)
			asides = append(asides, strings.TrimSpace(text[:length]))
		}
		text = strings.TrimSpace(text[length:])
	}
	return results, asides
}

// state finds the statement with which a text begins.
func state(text string) (r Result, length int, ok bool) {
	for _, s := range statements() {
		m := s.pattern.FindStringSubmatch(text)
		if m == nil {
			continue
		}

		texts := groups(s.pattern, m)
		// A name or date in it may be invalid, and another sentence may fit the text.
		if r, ok = resultOf(s.name, s.outcome, texts); !ok {
			continue
		}

		r.Action = s.action
		if a := actions[strings.ToLower(texts["verb"])]; a != "" {
			r.Action = a
		}

		if r.Message == "" {
			r.Message = s.message
		}

		return r, len(m[0]), true
	}

	return Result{}, 0, false
}

// opening is the beginning of a line that opens a sentence, so that the line does not continue the one before.
var opening = lazyregexp.New(`^(?:Domain|Client|(?:The |Your )?[Rr]equest|Домен|Клиент|(?:Ваша )?[Зз]аявка|(?:Ваш )?[Зз]апрос) `)

// paragraphs joins lines of a block that were wrapped.
func paragraphs(block []string) (all []string) {
	var lines []string
	for _, l := range block {
		if l = strings.Join(strings.Fields(l), " "); l == "" {
			continue
		}
		if opening.MatchString(l) && complete(lines) {
			all = append(all, strings.Join(lines, " "))
			lines = nil
		}
		lines = append(lines, l)
	}
	if len(lines) > 0 {
		all = append(all, strings.Join(lines, " "))
	}
	return all
}

// complete reports whether nothing continues the lines: they are a salutation such as "Dear
// partner,", end a sentence, or are one of a list of statements.
func complete(lines []string) bool {
	if len(lines) == 0 {
		return false
	}
	last := lines[len(lines)-1]
	return opening.MatchString(lines[0]) || strings.ContainsAny(last[len(last)-1:], ".:;!") ||
		len(lines) == 1 && strings.HasSuffix(last, ",")
}

var sentenceEnd = lazyregexp.New(`[.!?]+(?:\s|$)`)

func sentenceLength(text string) int {
	if at := sentenceEnd.FindStringIndex(text); at != nil {
		return at[1]
	}
	return len(text)
}
