package message

import (
	"strings"

	"registrar.panel/internal/lazyregexp"
)

// Quotations are recognised by their shape, whatever program made them: signs before each line, a rule
// with words about a message in it, a line that names an author, header fields above a text. r01-mail 3.6

var (
	// quotedLine has a quotation sign before it, or initials and a sign.
	quotedLine = lazyregexp.New(`^[ \t]*[\pL\pN]{0,6}>`)
	// ruled is a line with rules around words, as in "----- Forwarded message -----".
	ruled      = lazyregexp.New(`^[ \t]*[-_=*~]{2,}[ \t]*([\pL].*)$`)
	closedRule = lazyregexp.New(`[-_=*~]{2}[ \t]*$`)
	// aMail are words for a mail, and forwarded are words that say whose it is or what became of it.
	aMail     = lazyregexp.New(`(?i)(?:message|e-?mail|\bmail|letter|request|сообщени|письм|запрос|заявк|nachricht|mensaje|mensagem|messaggio|bericht|wiadomo|повідомлен|лист)`)
	forwarded = lazyregexp.New(`(?i)(?:` + passedOn + `|follow|below|enclosed|\byour\b|copy of|ваш|копи|нижеследующ)`)
	quoting   = lazyregexp.New(`(?i)(?:` + passedOn + `).{0,60}(?:message|mail|letter|сообщени|письм)|(?:quoting|цитирую|в (?:письме|сообщении) от) .*`)
	// heading opens a quotation by words alone, which are the whole line, or end in a colon.
	heading = lazyregexp.New(`(?i)^[ \t]*(?:(?:begin )?forwarded (?:message|mail|e-mail)|(?:your |the )?original (?:message|request|mail)(?: follows| was| is)?|(?:content )?(?:preview|analysis details)|` +
		`(?:начало )?(?:переадресованно|пересылаемо|пересланно|перенаправленно|исходно|оригинально)(?:го|е) (?:сообщени[ея]|письм[оа])|текст (?:вашего|исходного|пересылаемого) (?:запроса|письма|сообщения))[ \t]*(?:[:.][ \t]*|:.*)?$`)
	// mentioned is a longer heading with words of quoting, which must end in a colon.
	mentioned = lazyregexp.New(`^[^!?]{0,150}:[ \t]*$`)
	// attribution names the author of the quotation below it: a verb of writing, or an address, and a colon.
	attribution = lazyregexp.New(`(?i)(?:(?:wrote|writes|пишет|пишете|писал|писала|писали|написал|написала|написали|написал\(а\)|писал\(а\)|schrieb|a écrit|escribió|escreveu|ha scritto|schreef|skrev|` +
		`napisał|napisała|napisał\(a\)|kirjoitti|написав|пише)[ \t]*:?|<[^<>\s]+@[^<>\s]+>[ \t]*(?:\((?:[^()]*)\)[ \t]*)?:)[ \t]*$`)
	// wrote is an attribution by a verb and a date.
	wrote = lazyregexp.New(`(?i)(?:\d.*(?:` + writing + `)|(?:` + writing + `).*\d)`)
	// attributed begins an attribution that was wrapped.
	attributed = lazyregexp.New(`(?i)^[ \t]*(?:on|am|le|el|il|op|em|dnia|в|пн|вт|ср|чт|пт|сб|вс|mon|tue|wed|thu|fri|sat|sun|\d{1,4}[-./ ])\b?.*\d`)
	// pgp are rules that belong to a signature and quote nothing.
	pgp = lazyregexp.New(`(?i)(?:BEGIN|END) (?:PGP|SSH|CERT)`)
)

const writing = `wrote|writes|пишет|писал[аи]?|написал[аи]?|написал\(а\)|schrieb|a écrit|escribió|escreveu|ha scritto|schreef|skrev|napisał|kirjoitti|написав`

const passedOn = `forward|original|quoted|previous|исходн|оригинал|пересыл|пересла|переадрес|перенаправ|цитат|предыдущ|` +
	`weitergeleit|ursprüngl|transf[eé]r|d'origine|reenviad|encaminhad|inoltrat|doorgestuurd|oorspronkel|przekazan|oryginaln|переслан|вихідн`

// cutQuotation separates what the author wrote from what is quoted, and returns both as a person is
// to see them: quoted lines with a sign. A line right below a quoted line may be its wrapped rest,
// and goes with it. An empty line replaces quoted lines, so that the text around them is not joined.
func cutQuotation(text string) (own, quoted, shown string) {
	var kept, cut, all strings.Builder
	tail, below := false, false
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i, l := range lines {
		tail = tail || opensTail(lines[i:])
		below = isQuoted(l) || below && strings.TrimSpace(l) != ""
		if !tail && !below && !attributes(lines[i:]) {
			writeLine(&kept, l)
			writeLine(&all, l)
			continue
		}

		writeLine(&cut, l)
		if !tail {
			writeLine(&kept, "")
		}

		switch {
		case l == "":
			all.WriteString(">")
		case !isQuoted(l):
			all.WriteString("> ")
		}

		writeLine(&all, l)
	}

	return strings.Trim(kept.String(), "\n"), strings.TrimSuffix(cut.String(), "\n"), strings.Trim(all.String(), "\n")
}

func writeLine(b *strings.Builder, line string) {
	b.WriteString(line)
	b.WriteByte('\n')
}

func isQuoted(line string) bool {
	return strings.IndexByte(line, '>') >= 0 && quotedLine.MatchString(line)
}

// longestLine is the most bytes that a line may have; a longer line is no heading. RFC 5322, 2.1.1
const longestLine = 998

// opensTail reports whether a line opens a quotation that runs to the end.
func opensTail(lines []string) bool {
	l := lines[0]
	if l == "" || len(l) > longestLine {
		return false
	}
	switch {
	case heading.MatchString(l), rules(l):
		return true
	case endsInColon(l) && mentioned.MatchString(l) && quoting.MatchString(l) && !isField(l):
		return true
	}
	return attributesTail(lines) || copiesHeader(lines)
}

// longestIndent is how far a rule may be indented.
const longestIndent = 20

// rules reports whether a line has rules around words about a message.
func rules(l string) bool {
	if !strings.ContainsAny(l[:min(len(l), longestIndent)], "-_=*~") {
		return false
	}
	m := ruled.FindStringSubmatch(l)
	if m == nil || pgp.MatchString(l) {
		return false
	}
	closed := closedRule.MatchString(l)
	return forwarded.MatchString(m[1]) && (closed || aMail.MatchString(m[1])) || closed && aMail.MatchString(m[1])
}

// attributes reports whether a line names an author, with quoted lines below it: at once, or
// after an empty line. The text after those is the mail's author's again.
func attributes(lines []string) bool {
	return quotedBelow(lines[1:]) && namesAuthor(lines[0])
}

// attributesTail reports whether a line is such a line without quotation signs below it: then
// everything that follows is quoted.
func attributesTail(lines []string) bool {
	if !endsInColon(lines[0]) {
		return brokenAttribution(lines)
	}
	return namesAuthor(lines[0]) && !quotedBelow(lines[1:])
}

func namesAuthor(l string) bool {
	return len(l) <= longestLine && (attribution.MatchString(l) || mentioned.MatchString(l) && wrote.MatchString(l))
}

func endsInColon(line string) bool { return strings.HasSuffix(strings.TrimRight(line, " \t"), ":") }

func brokenAttribution(lines []string) bool {
	return len(lines) > 1 && len(lines[1]) <= longestLine && endsInColon(lines[1]) && attributed.MatchString(lines[0]) && attribution.MatchString(lines[1]) && !quotedBelow(lines[2:])
}

func quotedBelow(lines []string) bool {
	if len(lines) > 0 && strings.TrimSpace(lines[0]) == "" {
		lines = lines[1:]
	}
	return len(lines) > 0 && isQuoted(lines[0])
}
