package message

import "bytes"

// ending is the kind of line at which a part ends.
type ending string

const (
	another ending = "another" // a delimiter: the next part follows
	final   ending = "final"   // the one that ends all parts
	missing ending = "missing" // the text just ends
)

// cutAt cuts a text at the first delimiter line; the line break before the delimiter belongs to
// it. A part is a slice of the text that contains it, not a copy. RFC 2046, 5.1.1
func cutAt(text, delimiter []byte) (before, after []byte, end ending) {
	for at := 0; ; {
		i := bytes.Index(text[at:], delimiter)
		if i < 0 {
			return text, nil, missing
		}

		start := at + i
		at = start + len(delimiter)
		// A delimiter within a line is text.
		if start > 0 && text[start-1] != '\n' {
			continue
		}

		// If more characters follow, it is the longer delimiter of other parts.
		line, rest, _ := bytes.Cut(text[at:], []byte("\n"))
		switch string(bytes.TrimRight(line[:min(len(line), longestPadding)], " \t\r")) {
		case "":
			return withoutBreak(text[:start]), rest, another
		case "--":
			return withoutBreak(text[:start]), rest, final
		}
	}
}

// longestPadding is how many bytes of a line are read after a delimiter.
const longestPadding = 100

func withoutBreak(text []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))
}

// splitPart separates header and body of a part, which may have no header.
func splitPart(part []byte) (header, body []byte, wrong []string) {
	for _, blank := range []string{"\r\n", "\n"} {
		if body, ok := bytes.CutPrefix(part, []byte(blank)); ok {
			return nil, body, nil
		}
	}
	return split(part)
}
