package message

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"registrar.panel/internal/lazyregexp"
)

// stripHTML makes plain text of HTML: blocks become lines, quotations and struck text get the
// sign that plain text has for them, and what no reader sees is left out.
func stripHTML(source string) string {
	s := stripper{}
	tokens := html.NewTokenizer(strings.NewReader(source))

	for {
		switch kind := tokens.Next(); kind {
		case html.ErrorToken: // the end, too
			s.flush()
			return strings.Join(s.lines, "\n")
		case html.TextToken:
			s.write(html.UnescapeString(string(tokens.Raw())))
		case html.StartTagToken, html.SelfClosingTagToken:
			name, more := tokens.TagName()
			tag := atom.Lookup(name)
			s.imply(tag)
			s.open(tag, s.styleOf(tag, tokens, more), kind == html.SelfClosingTagToken)
		case html.EndTagToken:
			name, _ := tokens.TagName()
			s.close(atom.Lookup(name))
		}
	}
}

type stripper struct {
	lines []string
	line  strings.Builder
	stack []element // that are open, from the first on that changes how text is read
	lost  bool      // more elements are open than are kept
	style
}

// style says how text in an element is read.
type style struct {
	quoted   bool
	hidden   bool
	exact    bool // its line breaks count
	indented bool
	coloured bool // its background is not the page's own
}

// element is an open element, with the style to restore at its end.
type element struct {
	tag    atom.Atom
	before style
}

// deepest is how many open elements are kept. Text in deeper elements counts as quoted, to the end.
const deepest = 200

var (
	blanks    = lazyregexp.New(`[ \t\r\n\f]+`)
	unseen    = lazyregexp.New(`(?i)display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|font-size\s*:\s*0+(?:\.0+)?\s*(?:px|pt|em|rem|%)?\s*(?:;|!|$)|opacity\s*:\s*0+(?:\.0+)?\s*(?:;|!|$)|mso-hide\s*:\s*all|max-height\s*:\s*0`)
	struck    = lazyregexp.New(`(?i)line-through`)
	barred    = lazyregexp.New(`(?i)border-left(?:-style|-width|-color)?\s*:\s*[^;]*(?:solid|double|dashed|dotted|[1-9]\d*\s*(?:px|pt))`)
	shifted   = lazyregexp.New(`(?i)margin(?:-left\s*:\s*|\s*:\s*\S+\s+\S+\s+\S+\s+)(?:[1-9]\d|[1-9](?:\.\d+)?\s*(?:em|rem|cm|in))`)
	inWhite   = lazyregexp.New(`(?i)^\s*(?:white|#fff(?:fff)?\b|rgba?\(\s*255\s*,\s*255\s*,\s*255\b)`)
	colour    = lazyregexp.New(`(?i)(?:^|[;\s])color\s*:([^;]*)`)
	paper     = lazyregexp.New(`(?i)background(?:-color|-image)?\s*:\s*([^;]*)`)
	unpainted = lazyregexp.New(`(?i)^\s*(?:none|transparent|inherit|initial)?\s*$`)
	quotation = lazyregexp.New(`(?i)(?:^|[\s_-])(?:quot|cite|fwd|forward|rply|blockquot|reference-message)|divrply|outlookmessageheader|zmail_extra`)
)

// styleOf returns how text in an element is read.
func (s *stripper) styleOf(tag atom.Atom, tokens *html.Tokenizer, more bool) style {
	st := s.style
	switch tag {
	case atom.Script, atom.Style, atom.Title, atom.Template, atom.Textarea:
		st.hidden = true
	case atom.Blockquote, atom.S, atom.Strike, atom.Del:
		st.quoted = true
	case atom.Pre:
		st.exact = true
	}
	for more {
		var key, value []byte
		key, value, more = tokens.TagAttr()
		st.take(string(key), string(value))
	}
	return st
}

// longestAttribute is how many bytes of an attribute are read.
const longestAttribute = 1000

func (st *style) take(key, value string) {
	value = value[:min(len(value), longestAttribute)]
	switch key {
	case "hidden":
		st.hidden = true
	case "bgcolor", "background":
		st.paint(value)
	case "color":
		st.hidden = st.hidden || inWhite.MatchString(value) && !st.coloured
	case "class", "id":
		st.quoted = st.quoted || quotation.MatchString(value)
	case "style":
		for _, m := range paper.FindAllStringSubmatch(value, -1) {
			st.paint(m[1])
		}
		letters := colour.FindStringSubmatch(value)
		st.hidden = st.hidden || unseen.MatchString(value) || letters != nil && inWhite.MatchString(letters[1]) && !st.coloured
		st.quoted = st.quoted || struck.MatchString(value) || barred.MatchString(value)
		st.indented = st.indented || shifted.MatchString(value)
	}
}

// paint notes a background on which white letters can be read.
func (st *style) paint(background string) {
	switch {
	case inWhite.MatchString(background):
		st.coloured = false
	case !unpainted.MatchString(background):
		st.coloured = true
	}
}

func (s *stripper) write(text string) {
	switch {
	case s.hidden:
	case !s.exact:
		s.line.WriteString(blanks.ReplaceAllString(text, " "))
	default:
		for i, l := range strings.Split(text, "\n") {
			if i > 0 {
				s.end()
			}
			s.line.WriteString(l)
		}
	}
}

// imply closes a paragraph that the next one ends implicitly.
func (s *stripper) imply(tag atom.Atom) {
	if n := len(s.stack); n > 0 && tag == atom.P && s.stack[n-1].tag == atom.P {
		s.close(tag)
	}
}

func (s *stripper) open(tag atom.Atom, st style, closed bool) {
	s.edge(tag)

	switch tag {
	case atom.Br:
		s.end()
	case atom.Td, atom.Th:
		s.write(" ")
	}

	if closed || void(tag) {
		return
	}

	// Elements before the first change of style are not put on the stack, which is bounded.
	switch {
	case len(s.stack) == 0 && st == s.style:
		return
	case len(s.stack) >= deepest:
		st.quoted, s.lost = true, true
	}

	s.change(st)
	if !s.lost {
		s.stack = append(s.stack, element{tag, s.style})
	}

	s.style = st
}

// change separates quoted text from other text within a line, so that what follows a quotation does not run on from it.
func (s *stripper) change(to style) {
	if to.quoted == s.quoted {
		return
	}
	s.flush()
	if s.quoted {
		s.end()
	}
}

func (s *stripper) close(tag atom.Atom) {
	s.edge(tag)
	if s.lost {
		return
	}
	for i := len(s.stack) - 1; i >= 0; i-- {
		if s.stack[i].tag != tag {
			continue
		}
		s.change(s.stack[i].before)
		s.style = s.stack[i].before
		s.stack = s.stack[:i]
		return
	}
}

// void reports whether an element has no end.
func void(tag atom.Atom) bool {
	switch tag {
	case atom.Br, atom.Hr, atom.Img, atom.Input, atom.Meta, atom.Link, atom.Area, atom.Base, atom.Col, atom.Embed, atom.Wbr:
		return true
	}
	return false
}

// edge ends a line where a block begins or ends, and leaves an empty line where pages show a gap.
func (s *stripper) edge(tag atom.Atom) {
	if s.hidden {
		return
	}
	switch tag {
	case atom.Div, atom.Tr, atom.Li, atom.Blockquote, atom.Pre:
		s.flush()
	case atom.P, atom.Table, atom.Hr, atom.Ul, atom.Ol, atom.H1, atom.H2, atom.H3:
		s.flush()
		s.end()
	}
}

// flush ends a line if anything is in it.
func (s *stripper) flush() {
	if strings.TrimSpace(s.line.String()) != "" {
		s.end()
	}
}

// end ends a line. Empty lines at the top, or after another empty one, are left out. Leading
// blanks count if a page shows them.
func (s *stripper) end() {
	l := strings.TrimRight(s.line.String(), " \t\u00a0")
	s.line.Reset()

	if !s.exact {
		l = strings.TrimLeft(l, " \t")
	}
	if strings.TrimSpace(l) == "" {
		l = ""
	}
	if l == "" && (len(s.lines) == 0 || s.lines[len(s.lines)-1] == "") {
		return
	}

	switch {
	case l != "" && s.quoted:
		l = "> " + l
	case l != "" && s.indented:
		l = "    " + l
	}

	s.lines = append(s.lines, l)
}
