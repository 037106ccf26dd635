package command

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"registrar.panel/host/config"
	"registrar.panel/host/web/api"
)

// The program's exit codes.
const (
	ExitDone    = 0
	ExitFailed  = 1
	ExitUsage   = 2
	ExitWaiting = 3
)

// errUsage marks mistakes in the command line; errWaiting marks results that need an operator.
var (
	errUsage   = errors.New("usage")
	errWaiting = errors.New("something waits for an operator")
)

// Report prints an error and returns the exit code for it.
func Report(err error, stderr io.Writer) int {
	if err == nil {
		return ExitDone
	}

	var mistakes *config.Error
	if text := tongueOf(stderr).mistakes(err); errors.As(err, &mistakes) { // one per line, each on its own
		for line := range strings.SplitSeq(text, "\n") {
			Complain(stderr, line)
		}
	} else {
		Complain(stderr, text)
	}

	switch {
	case errors.Is(err, errWaiting):
		return ExitWaiting
	case errors.Is(err, errUsage), errors.As(err, &mistakes):
		return ExitUsage
	}

	return ExitFailed
}

// mistakes returns the text of an error. A problem that has a text in the reader's language is shown in it.
func (t *Tongue) mistakes(err error) string {
	text := err.Error()
	if t == nil {
		return text
	}

	words := t.places(err)
	var refused *api.Error
	if !errors.As(err, &refused) {
		return strings.NewReplacer(words...).Replace(text)
	}

	// The first line is the error's own; the further lines are the problems, in their order.
	for i, line := range strings.Split((&api.Error{Problems: refused.Problems}).Error(), "\n") {
		if i > 0 && refused.Problems[i-1].Texts[t.words.Name] != "" {
			p := refused.Problems[i-1]
			words = append(words, line, (&api.Error{Problems: []api.Problem{{Path: p.Path, Message: p.Texts[t.words.Name]}}}).Error()[1:])
		}
	}
	return strings.NewReplacer(words...).Replace(text)
}

// places returns the mistakes of plugin.hcl in an error as pairs: the line, and its replacement, in which
// the place stays and the mistake is translated. It finds all mistakes; errors.As finds only the first.
func (t *Tongue) places(err error) (words []string) {
	switch e := any(err).(type) {
	case *config.Error:
		for _, p := range e.Problems {
			said := p.Texts[t.words.Name]
			if said == "" {
				said = t.Say(p.Message)
			}
			words = append(words, p.String(), p.Position.String()+": "+said)
		}
	case interface{ Unwrap() []error }:
		for _, one := range e.Unwrap() {
			words = append(words, t.places(one)...)
		}
	case interface{ Unwrap() error }:
		words = t.places(e.Unwrap())
	}
	return words
}

// Complain tells people what is wrong. The words may be a plugin's or a mail's: they can't
// control the terminal, and further lines are indented, so that none looks like the panel's own.
func Complain(stderr io.Writer, text string) {
	reader := tongueOf(stderr)
	for i, line := range strings.Split(text, "\n") {
		words := strings.TrimLeft(line, " ")
		line = Printable(line[:len(line)-len(words)]+reader.Say(words), true)
		if i > 0 && !strings.HasPrefix(line, "  ") {
			line = "  " + line
		}
		fmt.Fprintln(stderr, "panel:", line)
	}
}

// Hint tells people what to do next.
func Hint(stderr io.Writer, text string) {
	reader := tongueOf(stderr)
	fmt.Fprintln(stderr, "panel:", reader.label("hint")+":", Printable(reader.Say(text), false))
}

// Usage marks an error as one of the command line or the configuration.
func Usage(err error) error { return marked{err, errUsage} }

// Waiting returns a result that an operator has to look at.
func Waiting(text string) error { return marked{errors.New(text), errWaiting} }

// marked is an error in which errors.Is finds a mark; the text has only the error's own words.
type marked struct {
	error
	mark error
}

func (m marked) Unwrap() []error { return []error{m.error, m.mark} }

// Unreadable makes a missing configuration the user's mistake.
func Unreadable(err error) error {
	if errors.Is(err, config.ErrUnreadable) {
		return Usage(err)
	}
	return err
}
