package mailform

import (
	"strings"
	"sync"

	"registrar.panel/internal/lazyregexp"
)

var (
	// secretLine is a password anywhere in a line.
	secretLine = lazyregexp.New(`(?i)((?:passw(?:or)?d|пароль)[ \t]*[:=]).*$`)
	// fieldLine is a field as in a body of ours, quoted or not.
	fieldLine = lazyregexp.New(`^([ \t>|]*)([A-Za-z][A-Za-z-]*)[ \t]*:`)
	// plainLine has only quotation signs, or also a heading: such a line can't continue a value.
	plainLine = lazyregexp.New(`^[ \t>|]*(#\[.*)?$`)
)

// Mask hides passwords and the personal and identity fields of templates in a text, such as a mail that
// quotes our request. A value that a mailer has wrapped runs on to the next field, heading or empty line.
func Mask(text string) string {
	private := privateFields()
	lines := strings.Split(text, "\n")
	running := false
	for i, l := range lines {
		field := fieldLine.FindStringSubmatch(l)
		switch {
		case field != nil:
			if running = private[strings.ToLower(field[2])]; running {
				lines[i] = field[0] + " " + hidden
			}
		case plainLine.MatchString(strings.TrimSuffix(l, "\r")):
			running = false
		case running:
			lines[i] = hidden
		}

		// A password is hidden wherever it stands, in a field or in a sentence.
		lines[i] = secretLine.ReplaceAllString(lines[i], "$1 "+hidden)
	}

	return strings.Join(lines, "\n")
}

// privateFields are the names, in templates, of fields that people must not see. Each mail that
// arrives is masked with them.
var privateFields = sync.OnceValue(func() map[string]bool {
	names := map[string]bool{"password": true, "passwd": true}
	addPrivate(names, personQuestions())
	addPrivate(names, organizationQuestions())
	return names
})

func addPrivate[T any](names map[string]bool, questions []question[T]) {
	for _, q := range questions {
		l := line{class: q.Class}
		names[q.name] = names[q.name] || l.private()
	}
}
