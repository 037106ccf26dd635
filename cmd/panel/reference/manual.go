package reference

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

// Section is a part of a manual page that the grammar does not have; its text consists of paragraphs.
type Section struct {
	Title string
	Items []Item
}

// Item is a term and its meaning.
type Item struct{ Term, Text string }

// Manual writes the manual page of the program, in the language of man(7).
func Manual(w io.Writer, app *kong.Application, version string, more []Section) error {
	p := page{}
	name := app.Name
	p.line(".TH %s 1 \"\" %s", quoted(strings.ToUpper(name)), quoted(name+" "+version))
	p.line(".SH NAME")
	p.line("%s \\- %s", name, escape(strings.TrimSuffix(app.Help, ".")))
	p.line(".SH SYNOPSIS")
	p.line(".B %s\n[\\fIFLAG\\fR]... \\fICOMMAND\\fR [\\fIARGUMENT\\fR]...", name)
	p.line(".SH FLAGS OF EVERY COMMAND")
	p.flags(app.Flags)
	p.line(".SH COMMANDS")
	for _, leaf := range app.Leaves(true) {
		if !hidden(leaf) {
			p.command(app, leaf)
		}
	}

	for _, s := range more {
		p.line(".SH %s", quoted(strings.ToUpper(s.Title)))
		for _, i := range s.Items {
			p.item(escape(i.Term), i.Text)
		}
	}

	_, err := io.WriteString(w, p.text.String())
	return err
}

// hidden reports whether the node, or one above it, must not be shown.
func hidden(n *kong.Node) bool {
	for ; n != nil; n = n.Parent {
		if n.Hidden {
			return true
		}
	}
	return false
}

// page is a manual page while it is written.
type page struct{ text strings.Builder }

func (p *page) line(format string, values ...any) { fmt.Fprintf(&p.text, format+"\n", values...) }

func (p *page) item(term, text string) {
	p.line(".TP")
	p.line(".B %s", term)
	if text != "" {
		p.line("%s", escape(text))
	}
}

func (p *page) command(app *kong.Application, n *kong.Node) {
	p.line(".SS %s", quoted(app.Name+" "+n.Path()+positionals(n)))
	p.line("%s", escape(n.Help))
	if n.Detail != "" {
		p.line(".PP\n%s", escape(n.Detail))
	}
	for _, a := range n.Positional {
		if a.Help != "" {
			p.item(escape(a.Summary()), a.Help)
		}
	}
	p.flags(n.Flags)
}

func (p *page) flags(list []*kong.Flag) {
	for _, f := range list {
		if !f.Hidden {
			p.item(escape(f.String()), f.Help)
		}
	}
}

func positionals(n *kong.Node) (text string) {
	for _, a := range n.Positional {
		text += " " + a.Summary()
	}
	return text
}

// escape escapes text so that troff prints it unchanged.
func escape(text string) string {
	text = strings.NewReplacer(`\`, `\e`, `-`, `\-`, "\n", " ").Replace(text)
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		text = `\&` + text
	}
	return text
}

func quoted(text string) string { return `"` + strings.ReplaceAll(escape(text), `"`, `\(dq`) + `"` }
