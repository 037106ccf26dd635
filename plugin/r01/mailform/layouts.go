package mailform

import (
	"slices"
	"strings"

	"registrar.panel/internal/lazyregexp"
	"registrar.panel/shared/registrar"
)

// layouts reads a mail by the two built-in layouts, as a whole: its statements, and everything
// beside them, which must be known to be harmless or be about something else.
type layouts struct{}

// page is what was found in a mail so far.
type page struct {
	results []Result
	places  []int // the paragraph of each result
	asides  []aside
	unclear string // why a part of it that looks like an answer is none
}

// aside is a sentence without an understood statement.
type aside struct {
	text     string
	place    int  // its paragraph
	results  int  // before it
	loose    bool // the value of a line that means nothing to us
	signed   bool // it is in the signature
	disposal bool // a condition of a disclaimer comes before it in its paragraph
}

func (layouts) read(in Input) (Reading, bool) {
	var p page
	for i, b := range blocksOf(tidied(in.Text)) {
		p.add(b, i*maxParagraphs)
	}
	switch {
	case p.unclear != "":
		return doubt(p.unclear), true
	case len(p.results) == 0:
		return Reading{}, false
	}
	if why := p.weigh(in.Subject); why != "" {
		return doubt(why), true
	}
	return Reading{Results: p.results}, true
}

// nowhere is the place of indented text, which is beside nothing.
const nowhere = -1

// maxParagraphs is more than any block has; it keeps the numbers of paragraphs apart.
const maxParagraphs = longest

// add reads a block: a group of values with sentences around it, or paragraphs.
func (p *page) add(b block, place int) {
	g := readGroup(b.lines)
	switch {
	// A signature states nothing, in whatever layout.
	case !g.answers() || b.signed:
		p.addProse(b.lines, place, 1, b.signed)
		return
	case g.answers():
		r, ok := resultOfValues(g)
		if !ok {
			p.unclear = "a group of its lines is not understood"
			return
		}
		p.state(r, place)
	}

	for _, v := range g.odd {
		p.asides = append(p.asides, aside{text: v, place: place, results: len(p.results), loose: true})
	}
	p.addProse(g.prose, place, 0, false) // all of it is beside the group
}

// state adds a result, unless value lines have said the same.
func (p *page) state(r Result, place int) {
	for _, known := range p.results {
		if known.Outcome == r.Outcome && r.Rule != valueRule && known.Rule == valueRule && (r.Domain == known.Domain && r.Handle == known.Handle || r.Domain == "" && r.Handle == "") && agree(known, r) {
			return
		}
	}
	p.results, p.places = append(p.results, r), append(p.places, place)
}

// addProse reads lines that are no values, as paragraphs from a place on. Indented text states
// nothing, nor does text that runs on from it.
func (p *page) addProse(lines []string, place, step int, signed bool) {
	var own, moved []string
	for _, l := range lines {
		switch {
		case template.MatchString(strings.TrimSpace(l)):
		case len(own) == 0 && (indented(l) || len(moved) > 0):
			moved = append(moved, l)
		default:
			own = append(own, undecorated(l))
		}
	}

	for _, text := range paragraphs(own) {
		before := len(p.results)
		results, asides := readParagraph(text)
		// A signature states nothing: a sentence in it that reads like a statement is an aside.
		if signed && len(results) > 0 {
			results, asides = nil, []string{text}
		}

		for _, r := range results {
			p.state(r, place)
		}

		disposal := false
		for _, a := range asides {
			p.asides = append(p.asides, aside{text: a, place: place, results: before, signed: signed, disposal: disposal})
			disposal = disposal || condition.MatchString(a) && ofMail(a, false)
		}

		place += step
	}

	if step > 0 {
		place = nowhere
	}

	for _, text := range paragraphs(moved) {
		p.asides = append(p.asides, aside{text: text, place: place, results: len(p.results), signed: signed})
	}
}

var (
	// template is a line of a request, as we send it or R01 repeats it, and not a sentence.
	template = lazyregexp.New(`^(?:#\[.*|(?i:state[ \t]*:[ \t]*DELEGATED[ \t]*$|(?:task|action|object|domain|nic-hdl|paid-till|type|agreement|password|pay-type|admin-o|nserver|descr|person(?:-r)?|org(?:-r)?|passport|birth-date|` +
		`p-addr|address-r|phone|fax-no|e-mail|code|kpp|ogrn|bank|created|registrar|queue)[ \t]*:.*))$`)
	decoration = lazyregexp.New(`^[-=*_~# ]{2,}([^-=*_~#].*?)[-=*_~# ]{2,}$`)
)

// undecorated is a line without the rules on both sides.
func undecorated(line string) string {
	if m := decoration.FindStringSubmatch(line); m != nil {
		return m[1]
	}
	return line
}

// weigh returns why the results may not be applied; "" when they may.
func (p *page) weigh(subject string) string {
	for i := range p.results {
		if why := p.results[i].unsure(); why != "" {
			return why
		}
	}
	for _, a := range p.asides {
		if why := p.weighAside(a); why != "" {
			return why
		}
	}
	return p.weighSubject(subject)
}

// weighAside returns why a sentence puts the statements of the mail in doubt.
func (p *page) weighAside(a aside) string {
	if a.loose {
		if takesBack(a.text) && !nothing.MatchString(a.text) {
			return "a line beside what it says may take it back"
		}
		return ""
	}

	kind, date := harmless(a.text)
	if kind == unknown && ofMail(a.text, a.disposal) {
		return ""
	}

	switch {
	// A date in a signature, or in indented text, belongs to no result.
	case kind == unknown, kind == dated && (a.signed || a.place == nowhere):
	case kind == dated:
		return p.date(a, date)
	case !p.fits(kind):
		return "a sentence of it does not agree with what it says"
	default:
		return ""
	}

	beside := slices.Contains(p.places, a.place)
	switch {
	case beside && !a.signed:
		return "a sentence beside what it says is not understood"
	case a.results < len(p.results) && !a.signed:
		return "what stands before what it says is not understood"
	case takesBack(a.text), p.names(a.text), !a.signed && ofMatter(a.text):
		return "a sentence of it may take back what it says"
	}

	return ""
}

// fits reports whether a sentence of this tone agrees with the outcomes of all results.
func (p *page) fits(kind tone) bool {
	return !slices.ContainsFunc(p.results, func(r Result) bool {
		switch kind {
		case hopeful:
			return r.Outcome != registrar.ReplyQueued
		case glad:
			return r.Outcome != registrar.ReplyDone && r.Outcome != registrar.ReplyNotDelegated
		case sorry:
			return r.Outcome == registrar.ReplyDone || r.Outcome == registrar.ReplyQueued
		}
		return false
	})
}

// date assigns the date of a sentence to the success beside it.
func (p *page) date(a aside, said Result) string {
	var beside, all []int
	for i, r := range p.results {
		if r.Outcome != registrar.ReplyDone && r.Outcome != registrar.ReplyNotDelegated || said.Domain != "" && said.Domain != r.Domain {
			continue
		}
		all = append(all, i)
		if p.places[i] == a.place {
			beside = append(beside, i)
		}
	}

	// A date that stands apart from all of them belongs to the only one there is.
	if len(beside) == 0 {
		beside = all
	}

	switch {
	case len(beside) != 1 && len(all)+len(beside) > 0, said.Domain != "" && len(all) == 0:
		return "it does not say what a date is of"
	case len(beside) == 0:
		return ""
	}

	r := &p.results[beside[0]]
	if !r.PaidTill.IsZero() && r.PaidTill != said.PaidTill {
		return "it names two dates"
	}

	r.PaidTill = said.PaidTill
	return ""
}

// names reports whether a text names the object of a result.
func (p *page) names(text string) bool {
	objects := Objects(text)
	return slices.ContainsFunc(p.results, func(r Result) bool {
		return r.Domain != "" && slices.Contains(objects, r.Domain) || r.Handle != "" && slices.Contains(objects, r.Handle)
	})
}

// weighSubject returns why a subject does not agree with the statements of the mail.
func (p *page) weighSubject(subject string) string {
	if forwards(subject) {
		return "its subject says that it was forwarded"
	}
	if strings.ContainsAny(subject, "[*:") {
		subject = strings.TrimSpace(subjectTags.ReplaceAllString(subject, ""))
	}

	bad, good := takesBack(subject), succeeds(subject)
	for _, r := range p.results {
		// In both directions: a good word above a refusal is as odd as a bad one above a success.
		ok := r.Outcome == registrar.ReplyDone || r.Outcome == registrar.ReplyQueued
		if ok && bad || good && !bad && !ok && r.Outcome != registrar.ReplyNotDelegated && r.Outcome != registrar.ReplyNotice {
			return "its subject does not agree with what it says"
		}
	}

	said, _ := readParagraph(subject)
	for _, s := range said {
		for _, r := range p.results {
			if sameObject(s, r) && s.Outcome != r.Outcome && !(success(s) && success(r)) {
				return "its subject does not agree with what it says"
			}
		}
	}

	return ""
}

var (
	passedOn    = lazyregexp.New(`(?i)^\s*(?:\[[^\]]*\]\s*)*\[?\s*(?:(?:re|aw|ответ)(?:\[\d+\])?:\s*)*(?:fwd?|wg|tr|rv|i|enc|doorst|пересл|переслано|пер|fs|vs|vb)(?:\[\d+\])?:`)
	subjectTags = lazyregexp.New(`(?i)\[[^\]]*\]|\*{3,}[^*]*\*{3,}|(?:^|\s)(?:re|aw|sv|ответ|отв|ha)(?:\[\d+\])?:`)
)

func forwards(subject string) bool {
	return strings.ContainsRune(subject, ':') && passedOn.MatchString(subject)
}

func success(r Result) bool {
	return r.Outcome == registrar.ReplyDone || r.Outcome == registrar.ReplyNotDelegated
}
