package mailform

import (
	"strings"

	"registrar.panel/internal/lazyregexp"
)

// block is a piece of a text between empty lines or rules.
type block struct {
	lines  []string
	signed bool // it is below the mark of a signature
}

var (
	ruled = lazyregexp.New(`^[ \t]*(?:[-=_*~#+][ \t]?){3,}[ \t]*$`)
	// closing begins lines that can't continue a value: a rule, the mark of a signature, its words.
	closing = lazyregexp.New(`^(?:[ \t]*(?:[-=_*~#+][ \t]?){3,}[ \t]*|--[ \t]*|(?i:[ \t]*(?:с уважением|всего доброго|(?:best |kind )?regards|sincerely)[\s,.!].*|[ \t]*(?:с уважением|(?:best |kind )?regards|sincerely)))$`)
)

// emptyLine separates paragraphs.
var emptyLine = lazyregexp.New(`\n(?:[ \t]*\n)+`)

// blocksOf cuts a text into blocks. If every second line of a text is empty, only rules
// separate its blocks: some mailer has doubled its line ends, or made a paragraph of each line.
func blocksOf(text string) (all []block) {
	lines := strings.Split(text, "\n")
	if doubleSpaced(lines) {
		lines = singleSpaced(lines)
	}

	var b block
	end := func() {
		if len(b.lines) > 0 {
			all = append(all, b)
			b.lines = nil
		}
	}

	for _, l := range lines {
		switch {
		case l == "--" || l == "-- ":
			end()
			// The signature goes from here to the end of the text.
			b.signed = true
		case strings.TrimSpace(l) == "" || ruled.MatchString(l):
			end()
		default:
			b.lines = append(b.lines, l)
		}
	}

	end()
	return all
}

// doubleSpaced reports whether no two lines of a text are adjacent, while it has lines of a group.
func doubleSpaced(lines []string) bool {
	values, before := 0, true // an empty line
	for _, l := range lines {
		empty := strings.TrimSpace(l) == ""
		if !empty && !before {
			return false
		}
		before = empty
		if m := valueLine.FindStringSubmatch(l); m != nil && valueNames[strings.ToLower(m[1])] != "" {
			values++
		}
	}
	const fewest = 3
	return values >= fewest
}

// singleSpaced drops one of the empty lines after each line. The mark of a signature stays
// alone, and so does the line after it.
func singleSpaced(lines []string) (kept []string) {
	written := false
	for _, l := range lines {
		if strings.TrimSpace(l) == "" && written {
			written = false
			continue
		}
		kept, written = append(kept, l), strings.TrimSpace(l) != ""
	}
	return kept
}

// tidied is a text without what programs put around and into it: the armour of a signature, and links after names.
func tidied(text string) string {
	if strings.Contains(text, "-----BEGIN PGP ") {
		text = armour.ReplaceAllString(text, "")
	}
	if strings.Contains(text, "://") {
		text = link.ReplaceAllStringFunc(text, unlinked)
	}
	return text
}

var (
	armour = lazyregexp.New(`(?ms)^-----BEGIN PGP SIGNED MESSAGE-----[ \t]*\n(?:[A-Za-z-]+: [^\n]*\n)*|^-----BEGIN PGP SIGNATURE-----[ \t]*\n.*?(?:^-----END PGP SIGNATURE-----[ \t]*(?:\n|\z)|\z)`)
	link   = lazyregexp.New(`([\pL\pN][\pL\pN.-]*)[ \t]*\n?[ \t]*(?:<https?://([^\s<>/]+)/?>|\[https?://([^\s\[\]/]+)/?\]|\(https?://([^\s()/]+)/?\))`)
)

// unlinked is a name without the link to the same name after it.
func unlinked(text string) string {
	m := link.FindStringSubmatch(text)
	host := strings.TrimPrefix(strings.ToLower(m[2]+m[3]+m[4]), "www.")
	if strings.TrimPrefix(strings.ToLower(m[1]), "www.") == host || sameName(m[1], host) {
		return m[1]
	}
	return text
}

// sameName reports whether two names are spellings of the same one.
func sameName(a, b string) bool {
	x, errX := Name(a)
	y, errY := Name(b)
	return errX == nil && errY == nil && x == y
}
