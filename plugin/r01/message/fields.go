package message

import (
	"strings"

	"registrar.panel/internal/lazyregexp"
)

// fieldKind is the meaning of a header field, in any language.
type fieldKind string

const (
	author    fieldKind = "author"
	day       fieldKind = "day"
	recipient fieldKind = "recipient"
	topic     fieldKind = "topic"
)

// fieldNames are the names that mail programs give to the fields which they copy above a quotation.
var fieldNames = map[fieldKind]string{
	author: "from|sender|reply-to|von|de|da|van|od|från|fra|lähettäjä|kimden|expéditeur|mittente|remitente|afzender|nadawca|" +
		"от|от кого|отправитель|автор|від|відправник",
	day: "date|sent|sent at|received|datum|gesendet|gesendet am|fecha|enviado|enviado el|enviada em|data|inviato|date d'envoi|envoyé|verzonden|wysłano|skickat|sendt|lähetetty|tarih|" +
		"дата|отправлено|отправлен|дата отправки|получено|надіслано|когда",
	recipient: "to|cc|bcc|an|à|a|para|aan|do|till|til|kime|kopie|copie|copia|dw|destinataire|destinatario|кому|копия|получатель|получатели|копія",
	topic:     "subject|re|betreff|objet|asunto|assunto|oggetto|onderwerp|temat|ämne|emne|aihe|konu|тема|тема письма",
}

// headLine is a line of such a header, bold or not.
var headLine = lazyregexp.New(`^[ \t]*[*_]{0,2}([\pL][\pL' -]{0,24}?)[ \t]*[*_]{0,2}[ \t]*:[*_]{0,2}(?:[ \t].*)?$`)

// kinds maps a name to its kind.
var kinds = func() map[string]fieldKind {
	all := map[string]fieldKind{}
	for kind, names := range fieldNames {
		for name := range strings.SplitSeq(names, "|") {
			all[name] = kind
		}
	}
	return all
}()

// kindOf returns what kind of header field a line is; "" = none.
func kindOf(line string) fieldKind {
	const longestName = 50 // bytes, with what makes it bold
	at := strings.IndexByte(line[:min(len(line), longestName)], ':')
	if at < 0 || len(line) > longestLine {
		return ""
	}
	kind := kinds[strings.ToLower(strings.Trim(line[:at], " \t*_"))]
	if kind == "" || !headLine.MatchString(line) {
		return ""
	}
	return kind
}

func isField(line string) bool { return kindOf(line) != "" }

// copiesHeader reports whether a mail program copied the lines from a header: at least two
// kinds of fields within a few lines, in any order, with or without empty lines between them.
func copiesHeader(lines []string) bool {
	const within = 8
	first := kindOf(lines[0])
	if first == "" {
		return false
	}

	empty := 0
	for _, l := range lines[1:min(len(lines), within)] {
		kind := kindOf(l)
		switch {
		case kind != "" && kind != first:
			return true
		case strings.TrimSpace(l) == "":
			if empty++; empty > 3 {
				return false
			}
		// The line is neither a field nor a continuation: this is a sentence and not a quoted header.
		case kind == "" && !strings.HasPrefix(l, " ") && !strings.HasPrefix(l, "\t") && !headLine.MatchString(l):
			return false
		}
	}

	return false
}
