package config

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// environment stands in for the process's own.
func environment(name string) (string, bool) {
	value, ok := map[string]string{"TOKEN": tokenValue, "PASSWORD": "hunter2"}[name]
	return value, ok
}

const (
	file       = "plugin.hcl"
	tokenValue = "token-value-of-enough-length"
)

func parseText(text string) (*Config, error) {
	c, err := parseTolerant(file, []byte(text), environment, environment)
	if err != nil {
		return nil, err
	}
	return c.strict()
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	c, err := parseText("")
	if err != nil {
		t.Fatal(err)
	}
	if c.Panel.Data != "data" || c.Panel.Listen != "unix://data/panel.sock" || !c.Panel.Token.IsEmpty() {
		t.Errorf("panel = %+v", c.Panel)
	}
}

func TestFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, file)
	text := `
panel {
  data   = "state"
  listen = "0.0.0.0:8480"
  token  = secret("env", "TOKEN")
  tls {
    cert = "panel.crt"
    key  = "/etc/panel.key"
  }
}
registrar "r01" {
  tlds = ["RU", ".su", "рф"]
}
registrar "other" {
  tlds    = ["xn--p1ai", "com"]
  default = true
  path    = "bin/registrar-other"
  sha256  = "` + strings.Repeat("AB", 32) + `"
}`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := load(path, environment, environment)
	if err != nil {
		t.Fatal(err)
	}
	if c.Panel.Data != filepath.Join(dir, "state") || c.Panel.Token.Reveal() != tokenValue || c.Panel.URL() != "https://127.0.0.1:8480" ||
		c.Panel.TLS.Cert != filepath.Join(dir, "panel.crt") || c.Panel.TLS.Key != "/etc/panel.key" {
		t.Errorf("panel = %+v", c.Panel)
	}
	r01, _ := c.Registrar("r01")
	if diff := cmp.Diff([]string{"ru", "su", "xn--p1ai"}, r01.TLDs); diff != "" {
		t.Error(diff)
	}
	other, _ := c.Registrar("other")
	if other.Path != filepath.Join(dir, "bin/registrar-other") || other.SHA256 != strings.Repeat("ab", 32) || other.At.Line != 14 {
		t.Errorf("registrar = %+v", other)
	}
	for tld, want := range map[string]string{"ru": "r01", ".РФ": "other", "com": "other", "org": ""} {
		if name, ok := c.Route(tld); name != want || ok != (want != "") {
			t.Errorf("Route(%q) = %q, %v; want %q", tld, name, ok, want)
		}
	}
}

// A zone of several labels has its own registrar, whatever serves the zone around it; so has one
// that was served by a registrar which is retired.
func TestZones(t *testing.T) {
	t.Parallel()
	c, err := parseText(`registrar "first" {
  tlds = ["ru", "uk"]
}
registrar "second" {
  tlds = ["com.ru", ".Ком.РФ."]
}
registrar "third" {
  tlds    = ["msk.ru"]
  retired = true
}`)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"com.ru", "msk.ru", "ru", "uk", "xn--j1aef.xn--p1ai"}, c.Zones()); diff != "" {
		t.Error(diff)
	}
	for zone, want := range map[string]string{"ru": "first", "com.ru": "second", "COM.RU": "second", "ком.рф": "second", "msk.ru": "", "org.ru": "", "рф": ""} {
		if name, ok := c.Route(zone); name != want || ok != (want != "") {
			t.Errorf("Route(%q) is %q, %v; want %q", zone, name, ok, want)
		}
	}
	if c.Serves("first", "com.ru") || !c.Serves("second", "com.ru") || c.Serves("second", "ru") || c.Serves("third", "msk.ru") {
		t.Error("a zone is served by the registrar of another")
	}
}

// Several registrars may be accounts of one plugin; where none is named, the label names it.
func TestAccounts(t *testing.T) {
	t.Parallel()
	c, err := parseText(`registrar "r01" {
  tlds    = ["ru"]
  default = true
}
registrar "r01-b" {
  plugin = "r01"
  tlds   = ["ru", "su"]
}
registrar "shop" {
  plugin = "acme"
  tlds   = ["com"]
  path   = "bin/acme"
  dev    = true
}
registrar "r01-old" {
  plugin  = "r01"
  tlds    = ["ru"]
  retired = true
}`)
	if err != nil {
		t.Fatal(err)
	}
	for name, plugin := range map[string]string{"r01": "r01", "r01-b": "r01", "shop": "acme", "r01-old": "r01"} {
		if r, ok := c.Registrar(name); !ok || r.Plugin != plugin {
			t.Errorf("registrar %s is of plugin %q, want %q", name, r.Plugin, plugin)
		}
	}
	var names []string
	for _, r := range c.Accounts("r01") {
		names = append(names, r.Name)
	}
	if diff := cmp.Diff([]string{"r01", "r01-b"}, names); diff != "" {
		t.Errorf("accounts of r01\n%s", diff)
	}
	if name, _ := c.Route("ru"); name != "r01" || !c.Serves("r01-b", "ru") || c.Serves("r01-old", "ru") {
		t.Errorf("new names of ru go to %s", name)
	}
}

// What concerns the loading of a plugin.
func TestLoading(t *testing.T) {
	t.Parallel()
	c, err := parseText(`registrar "a" {
  tlds = ["ru"]
  path = "bin/a"
  dev  = true
  env  = ["TOKEN", "UNSET"]
  user = "registrar-a"
  mtls = false
  mtls_reason = "its language has no TLS 1.3"
}`)
	if err != nil {
		t.Fatal(err)
	}
	a, _ := c.Registrar("a")
	if !slices.Equal(a.Env, []string{"TOKEN", "UNSET"}) || a.User != "registrar-a" || a.UserAt.Line != 6 || a.PlainText != "its language has no TLS 1.3" {
		t.Errorf("registrar = %+v", a)
	}
	if !c.Serves("a", ".RU") || c.Serves("a", "su") || c.Serves("b", "ru") {
		t.Error("it serves other TLDs than it should")
	}
	var warnings []string
	for _, w := range c.Warnings {
		warnings = append(warnings, w.String())
	}
	want := []string{"plugin.hcl:3,10: dev = true: whatever stands at this path is run as registrar a",
		"plugin.hcl:5,10: the environment variable UNSET is not set"}
	if diff := cmp.Diff(want, warnings); diff != "" {
		t.Error(diff)
	}
}

// The example that comes with the program is right.
func TestExample(t *testing.T) {
	t.Parallel()
	c, err := Load("../../plugin.hcl")
	if err != nil {
		t.Fatal(err)
	}
	if r, ok := c.Registrar("r01"); !ok || r.Path != "" || !slices.Contains(r.TLDs, "ru") {
		t.Errorf("registrars = %+v", c.Registrars)
	}
}

func TestMissingFile(t *testing.T) {
	t.Parallel()
	if _, err := Load(filepath.Join(t.TempDir(), file)); !errors.Is(err, ErrUnreadable) || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Load = %v", err)
	}
}

const clearText = "plugin.hcl:2,12: panel.listen can be reached from other machines, and credentials would be sent in clear text: add tls { cert, key }, or behind_proxy = [ADDRESS] for a proxy that has TLS, or listen on 127.0.0.1 or on a socket"

func TestMistakes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		reason, text string
		want         []string
	}{
		{"unknown attribute", "panel {\n  dat = \"x\"\n}",
			[]string{`plugin.hcl:2,3: an argument named "dat" is not expected here. Did you mean "data"?`}},
		{"unknown block", "panle {\n}",
			[]string{`plugin.hcl:1,1: blocks of type "panle" are not expected here. Did you mean "panel"?`}},
		{"syntax", "panel {\n  data = \n}",
			[]string{`plugin.hcl:2,10: expected the start of an expression, but found an invalid expression token`}},
		{"wrong type", "registrar \"r01\" {\n  tlds = 5\n}",
			[]string{`plugin.hcl:2,10: unsuitable value: list of string required, but have number`}},
		{"missing tlds", "registrar \"r01\" {\n}",
			[]string{`plugin.hcl:1,1: tlds must name at least one TLD`}},
		{"no tlds", "registrar \"r01\" {\n  tlds = []\n}",
			[]string{`plugin.hcl:2,10: tlds must name at least one TLD`}},
		{"odd tld", "registrar \"r01\" {\n  tlds = [\"r u\"]\n}",
			[]string{`plugin.hcl:2,10: "r u" is no zone that names are registered in, such as ru or com.ru`}},
		{"odd zone of several labels", "registrar \"r01\" {\n  tlds = [\"com..ru\", \"-.ru\", \"*.uk\"]\n}",
			[]string{`plugin.hcl:2,10: "com..ru" is no zone that names are registered in, such as ru or com.ru`,
				`plugin.hcl:2,10: "-.ru" is no zone that names are registered in, such as ru or com.ru`,
				`plugin.hcl:2,10: "*.uk" is no zone that names are registered in, such as ru or com.ru`}},
		{"zone of several labels twice", "registrar \"r01\" {\n  tlds = [\"ком.рф\", \"ru\", \".Ком.РФ.\"]\n}",
			[]string{`plugin.hcl:2,10: the TLD xn--j1aef.xn--p1ai is named twice`}},
		{"two registrars for a zone of several labels", "registrar \"a\" {\n  tlds = [\"ru\", \"com.ru\"]\n}\nregistrar \"b\" {\n  tlds = [\"Com.Ru\"]\n}",
			[]string{`plugin.hcl:5,10: the TLD com.ru is served by a too: set default = true in one of them`}},
		{"tld twice in one", "registrar \"r01\" {\n  tlds = [\"ru\", \".RU\"]\n}",
			[]string{`plugin.hcl:2,10: the TLD ru is named twice`}},
		{"two registrars for a TLD", "registrar \"a\" {\n  tlds = [\"ru\"]\n}\nregistrar \"b\" {\n  tlds = [\"su\", \"RU\"]\n}",
			[]string{`plugin.hcl:5,10: the TLD ru is served by a too: set default = true in one of them`}},
		{"two defaults for a TLD", "registrar \"a\" {\n  tlds    = [\"ru\"]\n  default = true\n}\nregistrar \"b\" {\n  tlds    = [\"ru\"]\n  default = true\n}",
			[]string{`plugin.hcl:7,13: the TLD ru has the default a already: only one of them can be it`}},
		{"a plugin that is none", "registrar \"a\" {\n  plugin = \"R01!\"\n  tlds   = [\"ru\"]\n}",
			[]string{`plugin.hcl:2,12: plugin must be the name of a plugin, as it calls itself: 1 to 32 of a-z 0-9 -, not - first; leave it out where the registrar is called as its plugin`}},
		{"an empty plugin", "registrar \"a\" {\n  plugin = \"\"\n  tlds   = [\"ru\"]\n}",
			[]string{`plugin.hcl:2,12: plugin must be the name of a plugin, as it calls itself: 1 to 32 of a-z 0-9 -, not - first; leave it out where the registrar is called as its plugin`}},
		{"two accounts of a plugin for a TLD", "registrar \"r01\" {\n  tlds = [\"ru\", \"su\"]\n}\nregistrar \"r01-b\" {\n  plugin = \"r01\"\n  tlds   = [\"su\"]\n}",
			[]string{`plugin.hcl:6,12: the TLD su is served by r01 too: set default = true in one of them`}},
		{"one name twice", "registrar \"a\" {\n  tlds = [\"ru\"]\n}\nregistrar \"a\" {\n  tlds = [\"su\"]\n}",
			[]string{`plugin.hcl:4,1: registrar "a" is defined twice: give one another name`}},
		{"odd name", "registrar \"../a\" {\n  tlds = [\"ru\"]\n}",
			[]string{`plugin.hcl:1,1: a registrar's name has 1 to 32 of a-z 0-9 - and does not start with -`}},
		{"unpinned path", "registrar \"a\" {\n  tlds = [\"ru\"]\n  path = \"bin/a\"\n}",
			[]string{`plugin.hcl:3,10: a plugin with a path needs its sha256; dev = true waives it while you develop`}},
		{"odd checksum", "registrar \"a\" {\n  tlds   = [\"ru\"]\n  path   = \"bin/a\"\n  sha256 = \"12\"\n}",
			[]string{`plugin.hcl:4,12: sha256 must be 64 hexadecimal digits`}},
		{"checksum of nothing", "registrar \"a\" {\n  tlds = [\"ru\"]\n  dev  = true\n}",
			[]string{`plugin.hcl:1,1: sha256 and dev belong to a path, and registrar "a" has none`}},
		{"no TLS without a reason", "registrar \"a\" {\n  tlds = [\"ru\"]\n  mtls = false\n}",
			[]string{`plugin.hcl:3,10: mtls = false needs mtls_reason: why the connection to this plugin can't have TLS`}},
		{"no TLS with an empty reason", "registrar \"a\" {\n  tlds = [\"ru\"]\n  mtls = false\n  mtls_reason = \" \"\n}",
			[]string{`plugin.hcl:3,10: mtls = false needs mtls_reason: why the connection to this plugin can't have TLS`}},
		{"a reason for nothing", "registrar \"a\" {\n  tlds = [\"ru\"]\n  mtls = true\n  mtls_reason = \"old\"\n}",
			[]string{`plugin.hcl:4,17: mtls_reason belongs to mtls = false`}},
		{"a value in env", "registrar \"a\" {\n  tlds = [\"ru\"]\n  env  = [\"A=b\"]\n}",
			[]string{`plugin.hcl:3,10: "A=b" is not the name of an environment variable: env lists names, without values`}},
		{"env that loads code", "registrar \"a\" {\n  tlds = [\"ru\"]\n  env  = [\"LD_PRELOAD\"]\n}",
			[]string{`plugin.hcl:3,10: the variable LD_PRELOAD would let other code into the plugin's program`}},
		{"env of the handshake", "registrar \"a\" {\n  tlds = [\"ru\"]\n  env  = [\"PLUGIN_CLIENT_CERT\"]\n}",
			[]string{`plugin.hcl:3,10: the variable PLUGIN_CLIENT_CERT belongs to the panel's own talk with its plugins`}},
		{"env of the lifeline", "registrar \"a\" {\n  tlds = [\"ru\"]\n  env  = [\"REGISTRAR_LIFELINE_FD\"]\n}",
			[]string{`plugin.hcl:3,10: the variable REGISTRAR_LIFELINE_FD belongs to the panel's own talk with its plugins`}},
		{"listen without port", "panel {\n  listen = \"127.0.0.1\"\n}",
			[]string{`plugin.hcl:2,12: panel.listen must be "HOST:PORT" or "unix:///PATH"`}},
		{"listen on a port that is no number", "panel {\n  listen = \"127.0.0.1:http\"\n}",
			[]string{`plugin.hcl:2,12: panel.listen must be "HOST:PORT" or "unix:///PATH"`}},
		{"socket without path", "panel {\n  listen = \"unix://\"\n}",
			[]string{`plugin.hcl:2,12: panel.listen names no path: write unix:///PATH`}},
		{"open to the world", "panel {\n  listen = \":8480\"\n}",
			[]string{clearText}},
		{"open to the world, with a token", "panel {\n  listen = \"192.0.2.1:8480\"\n  token = secret(\"env\", \"TOKEN\")\n}",
			[]string{clearText}},
		{"notifications that go nowhere", "panel {\n  notify {\n    quiet = \"22:00-22:00\"\n    digest = \"8 o'clock\"\n    timezone = \"Mars\"\n    after = \"2d\"\n    gather = \"1s\"\n    repeat = \"1m\"\n    url = \"panel\"\n  }\n}", []string{
			`plugin.hcl:2,3: panel.notify tells nothing to anything: add mail { … } or webhook "NAME" { … }, or leave the block out`,
			`plugin.hcl:3,13: panel.notify.quiet must be two times of day such as "22:00-07:00"`,
			`plugin.hcl:4,14: panel.notify.digest must be a time of day such as "08:30"`,
			`plugin.hcl:5,16: panel.notify.timezone is not known to this system: write it as Europe/Moscow`,
			`plugin.hcl:6,13: panel.notify.after must be a time from 0s to 24h0m0s, such as "30m" or "1d"`,
			`plugin.hcl:7,14: panel.notify.gather must be a time from 1m0s to 24h0m0s, such as "30m" or "1d"`,
			`plugin.hcl:8,14: panel.notify.repeat must be a time from 10m0s to 8760h0m0s, such as "30m" or "1d"`,
			`plugin.hcl:9,11: panel.notify.url must be http(s)://HOST, as people open the pages`}},
		{"notifications by a relay that is none", `panel {
  notify {
    mail {
      from = "Panel <panel@hosting.example>"
      to   = ["staff"]
      smtp {
        address  = "mail.example"
        tls      = "maybe"
        username = "panel"
      }
    }
    webhook "ops" {
      url    = "http://ops.example"
      secret = secret("env", "TOKEN")
      events = ["alarm"]
    }
  }
}`, []string{
			`plugin.hcl:4,14: panel.notify.mail.from must be an address such as panel@hosting.example`,
			`plugin.hcl:5,14: panel.notify.mail.to must be a list of 1 to 20 addresses such as staff@hosting.example`,
			`plugin.hcl:7,20: panel.notify.mail.smtp.address must be HOST:PORT, such as "mail.example.com:587"`,
			`plugin.hcl:8,20: panel.notify.mail.smtp.tls must be "none", "starttls" or "implicit"`,
			`plugin.hcl:9,20: panel.notify.mail.smtp needs both username and password, or neither`,
			`plugin.hcl:13,16: panel.webhook["ops"].url must be https://: what the log says would be sent in clear text`,
			`plugin.hcl:15,16: panel.notify.webhook is told what needs a person, and has no events`}},
		{"notifications in clear text", "panel {\n  notify {\n    mail {\n      from = \"panel@hosting.example\"\n      to = [\"staff@hosting.example\"]\n      smtp {\n        address = \"mail.example:25\"\n        tls = \"none\"\n      }\n    }\n  }\n}", []string{
			`plugin.hcl:8,15: panel.notify.mail.smtp.tls: "none" would show password and mails to others on the way: use "starttls" or "implicit", or set allow_plaintext = true`}},
		{"webhooks that are none", `panel {
  webhook "shop" {
    url    = "http://shop.example/hook"
    secret = secret("env", "TOKEN")
  }
  webhook "shop" {
    url    = "https://me:hunter2@shop.example/hook"
    secret = secret("env", "TOKEN")
  }
  webhook "Shop 1" {
    url    = "shop.example"
    secret = secret("env", "TOKEN")
  }
}`, []string{
			`plugin.hcl:3,14: panel.webhook["shop"].url must be https://: what the log says would be sent in clear text`,
			`plugin.hcl:6,3: panel.webhook["shop"] is defined twice: give one another name`,
			`plugin.hcl:7,14: panel.webhook["shop"].url must not hold a password: the receiver knows us by the signature`,
			`plugin.hcl:10,3: a webhook's name has 1 to 32 of a-z 0-9 - and does not start with -`,
			`plugin.hcl:11,14: panel.webhook["Shop 1"].url must be https://HOST/PATH`}},
		{"behind no address", "panel {\n  listen = \":8480\"\n  behind_proxy = [\"proxy.example\"]\n}",
			[]string{clearText, `plugin.hcl:3,18: panel.behind_proxy: "proxy.example" is neither an address nor a network such as 10.0.0.0/24`}},
		{"half of TLS", "panel {\n  listen = \":8480\"\n  tls {\n    cert = \"x\"\n  }\n}",
			[]string{`plugin.hcl:3,7: the argument "key" is required, but no definition was found`}},
		{"TLS on a socket", "panel {\n  listen = \"unix://x\"\n  tls {\n    cert = \"x\"\n    key = \"y\"\n  }\n}",
			[]string{`plugin.hcl:2,12: panel.tls and panel.behind_proxy belong to HOST:PORT, and the panel listens on a socket`}},
		{"a socket with a long path", "panel {\n  listen = \"unix:///" + strings.Repeat("x", 139) + "\"\n}",
			[]string{"plugin.hcl:2,12: panel.listen: the path of the socket, /" + strings.Repeat("x", 139) + ", has 140 bytes, and no more than 107 are possible: choose a shorter one"}},
		{"unset variable", "panel {\n  token = secret(\"env\", \"NOT_SET\")\n}",
			[]string{`plugin.hcl:2,11: panel.token: the environment variable NOT_SET is not set`}},
		{"unreadable file", "panel {\n  token = secret(\"file\", \"no-such-file\")\n}",
			[]string{`plugin.hcl:2,11: panel.token: can't read the secret's file no-such-file: no such file or directory`}},
		{"empty token", "panel {\n  token = \"\"\n}",
			[]string{`plugin.hcl:2,11: panel.token is empty: put a token there, such as openssl rand -hex 32 makes, or leave the attribute out`}},
		{"token that can be guessed", "panel {\n  token = \"hunter2\"\n}",
			[]string{`plugin.hcl:2,11: panel.token has 7 characters, and one of less than 16 can be guessed: make one with openssl rand -hex 32`}},
		{"token that no header can carry", "panel {\n  token = \"hunter2 hunter2 ключ\"\n}",
			[]string{`plugin.hcl:2,11: panel.token holds something else than visible ASCII characters, and can't be sent in a header`}},
		{"unknown source", "panel {\n  token = secret(\"vault\", \"x\")\n}",
			[]string{`plugin.hcl:2,11: panel.token must be secret("env", NAME), secret("file", PATH) or a quoted string`}},
		{"secret inside a string", "panel {\n  data = \"${secret(\"env\", \"TOKEN\")}/x\"\n}",
			[]string{`plugin.hcl:2,13: cannot include the given value in a string template: string required, but have secret reference`}},
		{"all at once", "panel {\n  listen = \"x\"\n}\nregistrar \"a\" {\n  tlds = []\n  oops = 1\n}",
			[]string{`plugin.hcl:2,12: panel.listen must be "HOST:PORT" or "unix:///PATH"`,
				`plugin.hcl:5,10: tlds must name at least one TLD`,
				`plugin.hcl:6,3: an argument named "oops" is not expected here`}},
	} {
		t.Run(test.reason, func(t *testing.T) {
			t.Parallel()
			_, err := parseText(test.text)
			if diff := cmp.Diff(test.want, linesOf(err)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// linesOf is what a person would see; an error that is not about the file is seen too.
func linesOf(err error) []string {
	var mistakes *Error
	if err == nil {
		return nil
	}
	if !errors.As(err, &mistakes) {
		return []string{"not a config.Error: " + err.Error()}
	}
	return strings.Split(err.Error(), "\n")
}

func TestListen(t *testing.T) {
	t.Parallel()
	for listen, url := range map[string]string{
		"localhost:0": "http://localhost:0", "[::1]:80": "http://[::1]:80", "unix:///run/panel.sock": "unix:///run/panel.sock",
		"unix://panel.sock": "unix://panel.sock", "unix://data/panel.sock": "unix://data/panel.sock", "": "unix://data/panel.sock",
	} {
		c, err := parseText("panel {\n  listen = \"" + listen + "\"\n}")
		if err != nil {
			t.Errorf("%s: %v", listen, err)
			continue
		}
		if c.Panel.URL() != url {
			t.Errorf("%s: URL = %s", listen, c.Panel.URL())
		}
	}
}

func TestLiteralTokenWarns(t *testing.T) {
	t.Parallel()
	c, err := parseText("panel {\n  token = \"hunter2-hunter2-hunter2\"\n}")
	if err != nil {
		t.Fatal(err)
	}
	want := []Problem{{Position: Position{file, 2, 11}, Message: `panel.token is written in the file itself: use secret("env"|"file", NAME)`}}
	if diff := cmp.Diff(want, c.Warnings); diff != "" {
		t.Error(diff)
	}
}

// FuzzParse: whatever the file holds, either it is a configuration that keeps the rules or
// every problem has a place and stands in one line.
func FuzzParse(f *testing.F) {
	seeds := []string{
		"", "panel {\n  listen = \"unix:///x\"\n}", "registrar \"r01\" {\n  tlds = [\"ru\"]\n  config {\n    a = secret(\"env\", \"TOKEN\")\n  }\n}",
		"panel {\n  token = \"a${b}\"\n}", "registrar {}", "a = <<E\nx\nE\n", "panel {\n  data = null\n}", "\"", "panel { data = 1/0 }",
	}
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parseText(text)
		var mistakes *Error
		switch {
		case err == nil && slices.ContainsFunc(c.Registrars, func(r Registrar) bool { return len(r.TLDs) == 0 || !goodName.MatchString(r.Name) }):
			t.Errorf("accepted %+v", c.Registrars)
		case err == nil:
		case !errors.As(err, &mistakes):
			t.Errorf("error without place: %v", err)
		default:
			for _, p := range mistakes.Problems {
				if p.File != file || p.Line < 1 || p.Column < 1 || p.Message == "" || strings.Contains(p.Message, "\n") {
					t.Errorf("bad problem %+v", p)
				}
			}
		}
	})
}

func TestPanelStore(t *testing.T) {
	t.Parallel()
	for written, want := range map[string]struct {
		store string
		warns bool
	}{
		"":                                     {},
		`store = "sqlite"`:                     {},
		`store = "postgres://127.0.0.1/panel"`: {"postgres://127.0.0.1/panel", false},
		`store = "postgres://u:hunter2@127.0.0.1/panel"`:               {"postgres://u:hunter2@127.0.0.1/panel", true},
		`store = "postgres://127.0.0.1/panel?user=u&password=hunter2"`: {"postgres://127.0.0.1/panel?user=u&password=hunter2", true},
	} {
		c, err := parseText("panel {\n" + written + "\n}")
		if err != nil || c.Panel.Store.Reveal() != want.store || len(c.Warnings) > 0 != want.warns {
			t.Errorf("%s: %q, %v, warnings %v; want %+v", written, c.Panel.Store.Reveal(), err, c.Warnings, want)
		}
	}
	for _, wrong := range []string{`"mysql://u:hunter2@h/d"`, `"postgres://u:hunter2@db.example/d?sslmode=disable"`, `secret("env", "PASSWORD")`, `["hunter2"]`} {
		_, err := parseText("panel {\n  store = " + wrong + "\n}")
		if err == nil || !strings.Contains(err.Error(), "plugin.hcl:2,11: panel.store must be ") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}

// The key of a webhook is read by the panel that needs it: a client of it does without.
func TestWebhookKey(t *testing.T) {
	t.Parallel()
	for setting, want := range map[string]string{
		`secret("env", "TOKEN")`:    "",
		`secret("env", "MISSING")`:  `plugin.hcl:4,14: panel.webhook["shop"].secret: `,
		`secret("env", "PASSWORD")`: `plugin.hcl:4,14: panel.webhook["shop"].secret has 7 characters`,
	} {
		c, err := parseText("panel {\n  webhook \"shop\" {\n    url    = \"https://shop.example\"\n    secret = " + setting + "\n  }\n}")
		if err != nil {
			t.Fatal(err)
		}
		key, err := c.Key(c.Panel.Webhooks[0])
		switch {
		case want == "" && (err != nil || key.Reveal() != tokenValue):
			t.Errorf("%s: %v", setting, err)
		case want != "" && (err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "hunter2")):
			t.Errorf("%s: %v, want %s", setting, err, want)
		}
	}
}
