package message

import (
	"regexp"
	"strings"
)

var (
	// tail opens a quotation that runs to the end.
	tail = regexp.MustCompile(`(?i)^[ \t]*(?:` +
		`-{2,}[ \t]*(?:original|forwarded|your|исходное|пересылаемое|пересланное|ваше)[ \t]+(?:message|request|mail|сообщение|письмо)[ \t]*-*|` +
		`(?:your )?original (?:message|request)(?: (?:follows|was|is)\b.*|:)?|` +
		`исходное (?:сообщение|письмо):?|текст (?:вашего|исходного) (?:запроса|письма|сообщения):?)[ \t]*$`)
	// attribution names who is quoted below it.
	attribution = regexp.MustCompile(`(?i)(?:wrote|writes|пишет|пишете|писал|писала|написал|написала|написал\(а\)):?[ \t]*$`)
	// copied is a header that a mailer copies above what it quotes.
	copied     = regexp.MustCompile(`(?i)^[ \t]*(?:from|от|от кого):[ \t]`)
	copiedNext = regexp.MustCompile(`(?i)^[ \t]*(?:sent|date|to|отправлено|дата|кому):[ \t]`)
)

// cutQuotation parts what the author wrote from what is quoted. An empty line stays where
// quoted lines were, so that what is around them is not joined.
func cutQuotation(text string) (own, quoted string) {
	var kept, cut []string
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i, l := range lines {
		if opensTail(lines[i:]) {
			cut = append(cut, lines[i:]...)
			break
		}
		if isQuoted(l) || attributes(lines[i:]) {
			cut = append(cut, l)
			l = ""
		}
		kept = append(kept, l)
	}
	return strings.Trim(strings.Join(kept, "\n"), "\n"), strings.Join(cut, "\n")
}

func isQuoted(line string) bool { return strings.HasPrefix(strings.TrimLeft(line, " \t"), ">") }

// longestLine is more than a line may have, in bytes; one that has is nobody's heading.
// RFC 5322, 2.1.1
const longestLine = 998

func opensTail(lines []string) bool {
	if len(lines[0]) > longestLine {
		return false
	}
	return tail.MatchString(lines[0]) ||
		len(lines) > 1 && copied.MatchString(lines[0]) && copiedNext.MatchString(lines[1])
}

// attributes tells a line that names who is quoted: quoted lines follow, at once or after
// an empty one.
func attributes(lines []string) bool {
	if len(lines[0]) > longestLine || !attribution.MatchString(lines[0]) {
		return false
	}
	rest := lines[1:]
	if len(rest) > 0 && strings.TrimSpace(rest[0]) == "" {
		rest = rest[1:]
	}
	return len(rest) > 0 && isQuoted(rest[0])
}
