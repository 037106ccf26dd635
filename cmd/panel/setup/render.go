package setup

import (
	_ "embed"
	"strings"
	"text/template"
)

//go:embed plugin.hcl.tmpl
var layout string

// render is the configuration.
func (a Answers) render() string {
	var text strings.Builder
	t := template.Must(template.New("plugin.hcl").Funcs(template.FuncMap{"q": quote, "domain": domainOf}).Parse(layout))
	if err := t.Execute(&text, a); err != nil {
		panic(err) // the layout is ours
	}
	return text.String()
}

// quote writes a string of HCL, in which nothing is a template.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`, "${", "$${", "%{", "%%{").Replace(s) + `"`
}
