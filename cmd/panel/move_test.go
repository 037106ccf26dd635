package main

import (
	"strings"
	"testing"

	"registrar.panel/cmd/panel/command"
	"registrar.panel/host/web/api"
)

// accountBlock is a second account of the plugin manual, with a zone of several labels of its own.
const accountBlock = `
registrar "manual-b" {
  plugin = "manual"
  tlds   = ["su", "com.su"]
  config {
    confirm = "at_once"
  }
}
`

// Three registrars serve one TLD, two of them accounts of one plugin. A domain moves between them, there and back.
func TestDomainMove(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(hcl string) string {
		return hcl + "registrar \"manual\" {\n  tlds = [\"su\"]\n  default = true\n  config {\n    confirm = \"at_once\"\n  }\n}\n" + accountBlock
	})
	w.servePlugins("r01", "manual", "manual-b")
	contact := w.write("person.json", `{"kind": "person", "name": "Sidor Sidorov", "emails": ["sidorov@example.com"]}`)
	w.order("moving.su", "c1", contact, "--own")
	w.reach("moving.su", "Registered")

	refused := func(code int, says string, args ...string) {
		t.Helper()
		if _, stderr, got := w.run(append([]string{"domain", "move", "moving.su"}, args...)...); got != code || !strings.Contains(stderr, says) {
			t.Errorf("panel domain move %s: exit %d, want %d and %q: %s", strings.Join(args, " "), got, code, says, stderr)
		}
	}
	refused(1, "give the handle and the paid-till date", "--to", "r01", "--by", "ann")
	refused(2, `to: "r02" is no registrar that serves .su`, "--to", "r02", "--by", "ann")
	refused(2, "paid_till: must be YYYY-MM-DD", "--to", "r01", "--by", "ann", "--paid-till", "soon")

	var d struct {
		domainView
		Changed bool
		Renewal string
	}
	w.json(&d, "domain", "move", "moving.su", "--to", "r01", "--by", "ann", "--handle", "MYCO_1_A-R01")
	if d.Registrar != "r01" || !d.Changed || *d.Handle != "MYCO_1_A-R01" || d.PaidTill == nil || d.Customer != "c1" {
		t.Errorf("moved: %+v", d)
	}
	if stdout, stderr, code := w.run("domain", "move", "moving.su", "--to", "r01", "--by", "ann"); code != 0 || !strings.Contains(stderr, "nothing has changed") || !strings.Contains(stdout, "r01") {
		t.Errorf("again: exit %d: %s%s", code, stdout, stderr)
	}
	w.must("domain", "renewal", "moving.su", "auto")
	w.json(&d, "domain", "move", "moving.su", "--to", "manual", "--by", "bob")
	if d.Registrar != "manual" || !d.Changed {
		t.Errorf("moved back: %+v", d)
	}
	if shown := w.domain("moving.su"); shown.Registrar != "manual" || shown.Status != "Registered" {
		t.Errorf("shown as %+v", shown)
	}
	refused(1, "registrar manual-b does not know", "--to", "manual-b", "--by", "ann")
	w.order("shop.com.su", "c1", contact, "--own")
	w.reach("shop.com.su", "Registered")
	if shown := w.domain("shop.com.su"); shown.Registrar != "manual-b" {
		t.Errorf("a name of com.su is with %s", shown.Registrar)
	}
	w.must("operation", "show", "manual-b-1")
	w.must("operation", "show", "manual-1")
	if _, stderr, code := w.run("domain", "move", "shop.com.su", "--to", "manual", "--by", "ann"); code != 2 || !strings.Contains(stderr, `"manual" is no registrar that serves .com.su`) {
		t.Errorf("moved to an account without its zone: exit %d: %s", code, stderr)
	}
	var plugins []api.Plugin
	w.json(&plugins, "plugins")
	of := map[string]string{}
	for _, p := range plugins {
		of[p.Name] = *p.Plugin
	}
	if of["r01"] != "r01" || of["manual"] != "manual" || of["manual-b"] != "manual" {
		t.Errorf("the plugins of the registrars are %v", of)
	}

	var entries []api.Entry
	w.json(&entries, "log", "--domain", "moving.su")
	var said []string
	for _, e := range entries {
		if strings.HasPrefix(e.Message, "moved ") {
			message := strings.Replace(e.Message, ", which does not renew it by itself", "", 1)
			said = append(said, e.Actor+": "+message)
		}
	}
	if got, want := strings.Join(said, "; "), strings.ReplaceAll(`ME: moved from registrar manual to r01 (on behalf of "ann"); ME: moved from registrar r01 to manual (on behalf of "bob")`, "ME", command.Login()); got != want {
		t.Errorf("the log says %q, want %q", got, want)
	}
}
