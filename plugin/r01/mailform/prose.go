package mailform

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"registrar.panel/shared/registrar"
)

// proseLayout is layout B: sentences that name an object and a fact. R01's own words are
// not public; these are a guess, and the literal messages of its back end. r01-mail 3.4, 3.5
type proseLayout struct{ statements []statement }

// statement is a sentence that is understood. Its pattern accounts for the whole of it, so
// that a "not", an "if" or a "but" in it leaves it not understood.
type statement struct {
	name    string
	pattern *regexp.Regexp
	outcome registrar.ReplyOutcome
	action  Action
	message string // when the sentence has none of its own
}

// builtInProse is made once: compiling its patterns is a good part of configuring a plugin.
var builtInProse = sync.OnceValue(newProseLayout)

func newProseLayout() proseLayout {
	var p proseLayout
	for _, s := range sentences() {
		p.statements = append(p.statements, statement{name: "built-in: " + s.name, outcome: s.outcome, action: s.action,
			message: s.message, pattern: regexp.MustCompile(`^(?i:` + parts.Replace(s.pattern) + `)`)})
	}
	return p
}

func (p proseLayout) read(in Input) (Reading, bool) {
	var results []Result
	var asides []string // sentences that are not understood
	for _, paragraph := range paragraphs(in.Text) {
		found, rest := p.readParagraph(paragraph)
		if slices.ContainsFunc(found, success) && slices.ContainsFunc(rest, negation.MatchString) {
			return doubt("a sentence beside it may take back what it says"), true
		}
		results = append(results, found...)
		asides = append(asides, rest...)
	}
	for _, s := range asides {
		if negation.MatchString(s) && mentions(s, results) {
			return doubt("a sentence of it may take back what it says"), true
		}
	}
	return Reading{Results: results}, len(results) > 0
}

// readParagraph reads one sentence after the other.
func (p proseLayout) readParagraph(text string) (results []Result, asides []string) {
	for text != "" {
		r, length, ok := p.state(text)
		if ok {
			results = append(results, r)
		} else {
			length = sentenceLength(text)
			asides = append(asides, text[:length])
		}
		text = strings.TrimSpace(text[length:])
	}
	return results, asides
}

// state finds the statement that a text begins with.
func (p proseLayout) state(text string) (r Result, length int, ok bool) {
	for _, s := range p.statements {
		m := s.pattern.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		texts := groups(s.pattern, m)
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

// opening is how a line begins that opens a sentence, so that it does not run on from the
// line before.
var opening = regexp.MustCompile(`^(?:Domain|Client|(?:The |Your )?[Rr]equest|Домен|Клиент|(?:Ваша )?[Зз]аявка|(?:Ваш )?[Зз]апрос) `)

// paragraphs joins lines that were broken to fit.
func paragraphs(text string) []string {
	var all []string
	for _, block := range emptyLine.Split(text, -1) {
		var lines []string
		for l := range strings.SplitSeq(block, "\n") {
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
	}
	return all
}

// complete tells whether nothing runs on after the lines: they are an address such as
// "Dear partner,", end a sentence, or are one of a list of statements.
func complete(lines []string) bool {
	if len(lines) == 0 {
		return false
	}
	last := lines[len(lines)-1]
	return opening.MatchString(lines[0]) || strings.ContainsAny(last[len(last)-1:], ".:;!") ||
		len(lines) == 1 && strings.HasSuffix(last, ",")
}

var sentenceEnd = regexp.MustCompile(`[.!?;:]+(?:\s|$)`)

func sentenceLength(text string) int {
	if at := sentenceEnd.FindStringIndex(text); at != nil {
		return at[1]
	}
	return len(text)
}

// negation is what may turn the sentence beside it round.
var negation = regexp.MustCompile(`(?i)(?:^|[^\pL])(?:not|no|never|cannot|can't|won't|isn't|wasn't|hasn't|fail\pL*|error|refus\pL*|reject\pL*|cancel\pL*|however|but|unless|` +
	`не|нет|нельзя|невозможно|отказ\pL*|ошибк\pL*|отмен\pL*|отклон\pL*|однако|но)(?:[^\pL]|$)`)

func success(r Result) bool { return r.Outcome == registrar.ReplyDone }

// mentions tells whether a sentence names what a result says is done.
func mentions(sentence string, results []Result) bool {
	objects := Objects(sentence)
	return slices.ContainsFunc(results, func(r Result) bool {
		return success(r) && (slices.Contains(objects, r.Domain) || slices.Contains(objects, r.Handle))
	})
}
