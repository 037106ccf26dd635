package setup

import (
	_ "embed"
	"strings"
	"text/template"

	"registrar.panel/cmd/panel/command"
)

//go:embed plugin.hcl.tmpl
var layout string

// comments are the comments beside settings, in English.
var comments = map[string]string{
	"written":    `Written by "panel init". What may be set besides: the commented plugin.hcl that comes with the panel.`,
	"again":      "kill -HUP of the panel makes it read this file, and the files with passwords, again.",
	"recipients": "age-keygen makes one: the keys in backups are encrypted to it",
	"signer":     "who may sign: R01's domain",
	"server":     "your mail server's name in its Authentication-Results headers: look at one",
	"mode":       "of new domains",
}

// render returns the configuration, with comments in the language of the person.
func (a Answers) render(in *command.Tongue) string {
	var text strings.Builder
	say := func(name string) string { return in.Say(comments[name]) }
	t := template.Must(template.New("plugin.hcl").Funcs(template.FuncMap{"q": quote, "domain": domainOf, "say": say}).Parse(layout))
	if err := t.Execute(&text, a); err != nil {
		panic(err) // the layout is ours
	}
	return text.String()
}

// quote returns a string of HCL in which nothing is a template.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`, "${", "$${", "%{", "%%{").Replace(s) + `"`
}
