package setup

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"registrar.panel/cmd/panel/command"
)

// interview asks a person.
type interview struct {
	in     *bufio.Reader
	out    io.Writer
	hidden func() (string, error) // reads without showing the input
	again  bool                   // everything is asked, with the last answers as defaults
}

// atTerminal returns an interview with the person at the terminal; nil = the input is not a terminal.
func atTerminal(in io.Reader, out io.Writer) *interview {
	f, ok := in.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return nil
	}
	return &interview{in: bufio.NewReader(f), out: out, hidden: func() (string, error) {
		text, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(out)
		return string(text), err
	}}
}

// errNoAnswer ends an interview.
var errNoAnswer = errors.New("the input has ended before every question was answered; nothing was written")

// conduct asks for the values that no flag gives. It looks for hosts in DNS at
// once; one that is not found is asked for again, and accepted if it is repeated.
func (i *interview) conduct(a *Answers, resolves func(host string) error) error {
	for _, q := range questions {
		v := q.value(a)
		given := *v != "" && !i.again
		// A relay without a user needs no password.
		if given && q.right(*v) == nil || q.flag == "smtp-password-file" && a.SMTPUser == none {
			if *v == "" {
				*v = q.usual(*a)
			}
			continue
		}
		if *v == "" {
			*v = q.usual(*a)
		}
		if err := i.one(q, v, resolves); err != nil {
			return err
		}
	}
	return nil
}

func (i *interview) one(q question, v *string, resolves func(host string) error) error {
	doubted := ""
	for {
		answer, err := i.line(q.about, *v)
		if err != nil {
			return err
		}

		if answer == "" {
			i.say("there is no default for this one")
			continue
		}

		if err := q.right(answer); err != nil {
			i.wrong(err)
			continue
		}

		*v = answer
		if q.host == nil || answer == none || answer == doubted {
			return nil
		}

		// A name that DNS does not know yet may still be right: if it is given twice, it is kept.
		if err := resolves(q.host(answer)); err != nil {
			i.say(err.Error())
			i.say(remedy("dns", err.Error()))
			i.say("Or repeat it, to keep it.")
			doubted = answer
			continue
		}

		return nil
	}
}

func (i *interview) line(about, usual string) (string, error) {
	fmt.Fprint(i.out, command.Say(i.out, about))
	if usual != "" {
		fmt.Fprintf(i.out, " [%s]", command.Printable(usual, false))
	}
	fmt.Fprint(i.out, ": ")
	text, err := i.in.ReadString('\n')
	text = strings.TrimSpace(text)
	switch {
	// A last line without a line end is an answer, too.
	case err != nil && (text == "" || !errors.Is(err, io.EOF)):
		return "", errNoAnswer
	case text == "":
		return usual, nil
	}
	return text, nil
}

func (i *interview) agrees(question string) bool {
	text, err := i.line(question, command.Say(i.out, "yes"))
	return err == nil && (strings.HasPrefix(strings.ToLower(text), "y") || strings.HasPrefix(strings.ToLower(text), "д")) // yes, да
}

// wrong prints what is wrong with an answer.
func (i *interview) wrong(err error) {
	text := command.Say(i.out, err.Error())
	if text == err.Error() {
		text = "it " + text
	}
	fmt.Fprintln(i.out, "  "+command.Printable(text, false))
}

func (i *interview) say(text string) {
	fmt.Fprintln(i.out, "  "+command.Printable(command.Say(i.out, text), false))
}
