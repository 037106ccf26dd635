package message

import (
	"regexp"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// stripHTML makes plain text of HTML: blocks become lines, and quotations get the sign
// that plain text has for them.
func stripHTML(source string) string {
	s := stripper{}
	tokens := html.NewTokenizer(strings.NewReader(source))
	for {
		switch tokens.Next() {
		case html.ErrorToken: // the end, too
			s.flush()
			return strings.Join(s.lines, "\n")
		case html.TextToken:
			s.write(html.UnescapeString(string(tokens.Raw())))
		case html.StartTagToken, html.SelfClosingTagToken:
			name, _ := tokens.TagName()
			s.open(atom.Lookup(name))
		case html.EndTagToken:
			name, _ := tokens.TagName()
			s.close(atom.Lookup(name))
		}
	}
}

type stripper struct {
	lines   []string
	line    strings.Builder
	quoted  int       // depth of quotation
	exact   int       // depth of text whose line breaks count
	skipped atom.Atom // what is being left out
}

var blanks = regexp.MustCompile(`\s+`)

func (s *stripper) write(text string) {
	switch {
	case s.skipped != 0:
	case s.exact == 0:
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

func (s *stripper) open(tag atom.Atom) {
	s.edge(tag)
	switch tag {
	case atom.Script, atom.Style, atom.Title:
		s.skipped = tag
	case atom.Blockquote:
		s.quoted++
	case atom.Pre:
		s.exact++
	case atom.Br:
		s.end()
	case atom.Td, atom.Th:
		s.line.WriteString(" ")
	}
}

func (s *stripper) close(tag atom.Atom) {
	s.edge(tag)
	switch tag {
	case s.skipped:
		s.skipped = 0
	case atom.Blockquote:
		s.quoted = max(s.quoted-1, 0)
	case atom.Pre:
		s.exact = max(s.exact-1, 0)
	}
}

// edge ends a line where a block begins or ends, and leaves an empty one where pages show
// a gap.
func (s *stripper) edge(tag atom.Atom) {
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

// end ends a line. Empty ones do not stand at the top, or next to each other.
func (s *stripper) end() {
	l := strings.TrimSpace(s.line.String())
	s.line.Reset()
	if l == "" && (len(s.lines) == 0 || s.lines[len(s.lines)-1] == "") {
		return
	}
	if l != "" && s.quoted > 0 {
		l = "> " + l
	}
	s.lines = append(s.lines, l)
}
