package message

import "bytes"

// ending is the line at which a part ends.
type ending string

const (
	another ending = "another" // a delimiter: the next part follows
	final   ending = "final"   // the one that ends all parts
	missing ending = "missing" // the text just ends
)

// cutAt cuts a text at the first delimiter line; the line break before it belongs to it. A
// part is a piece of the text it stands in, not a copy. RFC 2046, 5.1.1
func cutAt(text, delimiter []byte) (before, after []byte, end ending) {
	for at := 0; ; {
		i := bytes.Index(text[at:], delimiter)
		if i < 0 {
			return text, nil, missing
		}

		start := at + i
		at = start + len(delimiter)
		if start > 0 && text[start-1] != '\n' {
			continue
		}

		line, rest, _ := bytes.Cut(text[at:], []byte("\n"))
		switch string(bytes.TrimRight(line[:min(len(line), longestPadding)], " \t\r")) {
		case "":
			return withoutBreak(text[:start]), rest, another
		case "--":
			return withoutBreak(text[:start]), rest, final
		}
	}
}

// longestPadding is how much of a line is looked at behind a delimiter.
const longestPadding = 100

func withoutBreak(text []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))
}

// splitPart parts header and body of a part, which may do without a header.
func splitPart(part []byte) (header, body []byte, wrong []string) {
	for _, blank := range []string{"\r\n", "\n"} {
		if body, ok := bytes.CutPrefix(part, []byte(blank)); ok {
			return nil, body, nil
		}
	}
	return split(part)
}
