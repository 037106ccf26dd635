package config

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"registrar.panel/shared/registrar"
)

var schema = registrar.Schema{
	Attributes: []registrar.Attribute{
		{Name: "agreement", Type: registrar.TypeString, Required: true},
		{Name: "password", Type: registrar.TypeString, Sensitive: true},
		{Name: "charset", Type: registrar.TypeString, Default: "koi8-r", OneOf: []string{"koi8-r", "utf-8"}},
		{Name: "dry", Type: registrar.TypeBool, Default: "true"},
		{Name: "wait", Type: registrar.TypeDuration},
	},
	Blocks: []registrar.Block{
		{Name: "smtp", Schema: registrar.Schema{Attributes: []registrar.Attribute{
			{Name: "address", Type: registrar.TypeString, Required: true},
			{Name: "tls", Type: registrar.TypeString, OneOf: []string{"none", "starttls", "implicit"}},
			{Name: "attempts", Type: registrar.TypeInt, Default: "3"},
		}}},
		{Name: "replies", Schema: registrar.Schema{Attributes: []registrar.Attribute{
			{Name: "from", Type: registrar.TypeStrings, Default: `["robot@registrar.example"]`},
		}}},
		{Name: "reply", Labels: []string{"name"}, Repeated: true, Schema: registrar.Schema{Attributes: []registrar.Attribute{
			{Name: "body", Type: registrar.TypeString},
		}}},
		{Name: "extra", Repeated: true},
	},
}

// settings reads a config block that starts in line 4 of the file.
func settings(t *testing.T, lines string) (*Settings, error) {
	t.Helper()
	c, err := parseText("registrar \"r01\" {\n  tlds = [\"ru\"]\n\n  config {\n" + lines + "\n  }\n}")
	if err != nil {
		t.Fatal(err)
	}
	return c.Settings("r01", schema)
}

func TestSettings(t *testing.T) {
	t.Parallel()

	for _, test := range []struct{ reason, text, want string }{
		{"absent things are null, their default, or an empty list; an absent block has its defaults", `agreement = "A"` + smtp,
			`{"agreement":"A","password":null,"charset":"koi8-r","dry":true,"wait":null,"smtp":{"address":"x","tls":null,"attempts":3},"replies":{"from":["robot@registrar.example"]},"reply":[],"extra":[]}`},
		{"everything given", `
			agreement = "A"
			password  = secret("env", "PASSWORD")
			charset   = "utf-8"
			dry       = false
			wait      = "55d"
			smtp {
			  address  = "127.0.0.1:25"
			  attempts = 5
			}
			replies {
			}
			reply "one" {
			  body = "(?m)^x\\d$"
			}
			reply "two" {
			}
			extra {
			}`,
			`{"agreement":"A","password":"hunter2","charset":"utf-8","dry":false,"wait":"55d",
			"smtp":{"address":"127.0.0.1:25","tls":null,"attempts":5},
			"replies":{"from":["robot@registrar.example"]},
			"reply":[{"name":"one","body":"(?m)^x\\d$"},{"name":"two","body":null}],"extra":[{}]}`},
		{"null is absent", "agreement = \"A\"\ncharset = null\npassword = null" + smtp,
			`{"agreement":"A","password":null,"charset":"koi8-r","dry":true,"wait":null,"smtp":{"address":"x","tls":null,"attempts":3},"replies":{"from":["robot@registrar.example"]},"reply":[],"extra":[]}`},
		{"an open attribute may be a secret too", `agreement = secret("env", "PASSWORD")` + smtp,
			`{"agreement":"hunter2","password":null,"charset":"koi8-r","dry":true,"wait":null,"smtp":{"address":"x","tls":null,"attempts":3},"replies":{"from":["robot@registrar.example"]},"reply":[],"extra":[]}`},
	} {
		t.Run(test.reason, func(t *testing.T) {
			t.Parallel()

			s, err := settings(t, test.text)
			if err != nil {
				t.Fatal(err)
			}

			var got, want any
			if err := json.Unmarshal([]byte(test.want), &want); err != nil {
				t.Fatal(err)
			}

			if err := json.Unmarshal(s.Config, &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// smtp is a block that the schema requires something of.
const smtp = "\n    smtp {\n      address = \"x\"\n    }"

func TestSettingsMistakes(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		reason, text string
		want         []string
	}{
		{"wrong choice stands at its value", "    agreement = \"A\"\n    smtp {\n      address  = \"x\"\n      tls      = \"nope\"\n    }",
			[]string{`plugin.hcl:8,18: smtp.tls must be one of none, starttls, implicit`}},
		{"missing ones stand at their block", "    smtp {\n    }",
			[]string{`plugin.hcl:4,3: agreement is required`, `plugin.hcl:5,5: smtp.address is required`}},
		{"what an absent block requires is missing around it", "    agreement = \"A\"", []string{`plugin.hcl:4,3: smtp.address is required`}},
		{"null where required", "    agreement = null" + smtp, []string{`plugin.hcl:5,17: agreement is required`}},
		{"unknown attribute", "    agreement = \"A\"\n    passwort = \"hunter2\"" + smtp,
			[]string{`plugin.hcl:6,5: an argument named "passwort" is not expected here. Did you mean "password"?`}},
		{"unknown block", "    agreement = \"A\"\n    smpt {\n    }" + smtp,
			[]string{`plugin.hcl:6,5: blocks of type "smpt" are not expected here. Did you mean "smtp"?`}},
		{"single block twice", "    agreement = \"A\"\n    replies {\n    }\n    replies {\n    }" + smtp,
			[]string{`plugin.hcl:8,5: the block replies is given twice: the first stands in line 6`}},
		{"labels twice", "    agreement = \"A\"\n    reply \"x\" {\n    }\n    reply \"x\" {\n    }" + smtp,
			[]string{`plugin.hcl:8,5: reply["x"] is given twice: the first stands in line 6`}},
		{"missing label", "    agreement = \"A\"\n    reply {\n    }" + smtp,
			[]string{`plugin.hcl:6,11: all reply blocks must have 1 labels (name)`}},
		{"types", "    agreement = [\"A\"]\n    dry = \"maybe\"\n    wait = true\n    smtp {\n      address = \"x\"\n      attempts = 1.5\n    }\n    replies {\n      from = [null]\n    }",
			[]string{`plugin.hcl:5,17: agreement must be a string`, `plugin.hcl:6,11: dry must be true or false`,
				`plugin.hcl:10,18: smtp.attempts must be a whole number`, `plugin.hcl:13,14: replies.from must be a list of strings`}},
		{"unset variable", "    agreement = \"A\"\n    password = secret(\"env\", \"NOT_SET\")" + smtp,
			[]string{`plugin.hcl:6,16: password: the environment variable NOT_SET is not set`}},
		{"unreadable file", "    agreement = \"A\"\n    password = secret(\"file\", \"/no/such/file\")" + smtp,
			[]string{`plugin.hcl:6,16: password: can't read the secret's file /no/such/file: no such file or directory`}},
		{"a forgotten quote does not print the password", "    agreement = \"A\"\n    password = hunter2" + smtp,
			[]string{`plugin.hcl:6,16: password must be secret("env", NAME), secret("file", PATH) or a quoted string`}},
	} {
		t.Run(test.reason, func(t *testing.T) {
			t.Parallel()
			_, err := settings(t, test.text)
			if diff := cmp.Diff(test.want, linesOf(err)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestNoConfigBlock(t *testing.T) {
	t.Parallel()
	c, err := parseText("registrar \"r01\" {\n  tlds = [\"ru\"]\n}")
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Settings("r01", schema)
	if diff := cmp.Diff([]string{"plugin.hcl:1,1: agreement is required", "plugin.hcl:1,1: smtp.address is required"}, linesOf(err)); diff != "" {
		t.Error(diff)
	}
}

func TestSecretFile(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}

	write("password", "hunter2 \r\n\n")
	write(file, "registrar \"r01\" {\n  tlds = [\"ru\"]\n  config {\n    agreement = \"A\"\n    password = secret(\"file\", \"password\")"+smtp+"\n  }\n}")

	c, err := load(filepath.Join(dir, file), environment, environment)
	if err != nil {
		t.Fatal(err)
	}

	s, err := c.Settings("r01", schema)
	if err != nil {
		t.Fatal(err)
	}

	var got struct{ Password string }
	if err := json.Unmarshal(s.Config, &got); err != nil || got.Password != "hunter2 " {
		t.Errorf("password = %q, %v", got.Password, err)
	}
}

func TestLiteralSecretWarns(t *testing.T) {
	t.Parallel()
	s, err := settings(t, "    agreement = \"A\"\n    password = \"hunter2\""+smtp)
	if err != nil {
		t.Fatal(err)
	}
	want := []Problem{{Position: Position{file, 6, 16}, Message: `password is written in the file itself: use secret("env"|"file", NAME)`}}
	if diff := cmp.Diff(want, s.Warnings); diff != "" {
		t.Error(diff)
	}
	s, err = settings(t, "    agreement = \"A\"\n    password = \"\""+smtp)
	if err != nil || len(s.Warnings) != 0 {
		t.Errorf("an empty password: %v, %v", s.Warnings, err)
	}
	s, err = settings(t, "    agreement = \"postgres://u:hunter2@h/d\""+smtp)
	if want[0] = (Problem{Position: Position{file, 5, 17}, Message: `agreement is written in the file itself: use secret("env"|"file", NAME)`}); err != nil || !cmp.Equal(want, s.Warnings) {
		t.Errorf("a URL with a password: %v, %v; want %v", s.Warnings, err, want)
	}
}

func TestLocate(t *testing.T) {
	t.Parallel()

	s, err := settings(t, "    agreement = \"A\"\n    smtp {\n      address = \"x\"\n    }\n    reply \"x\" {\n      body = \"(\"\n    }\n    extra {\n    }")
	if err != nil {
		t.Fatal(err)
	}

	for path, want := range map[string]string{
		"agreement":              "plugin.hcl:5,17",
		"smtp.address":           "plugin.hcl:7,17",
		"smtp.tls":               "plugin.hcl:6,5", // not written: its block
		`reply["x"].body`:        "plugin.hcl:10,14",
		`reply["x"].outcome`:     "plugin.hcl:9,5",
		`reply["y"].body`:        "plugin.hcl:4,3", // not in the file: the whole block
		"extra[0].x":             "plugin.hcl:12,5",
		"agreement[2].oddity[1]": "plugin.hcl:5,17",
		"renewal.schedule":       "plugin.hcl:4,3",
		"":                       "plugin.hcl:4,3",
	} {
		err := s.Locate([]registrar.Problem{{Path: path, Message: "is odd"}})
		if line := strings.Join(linesOf(err), "|"); line != want+": "+path+": is odd" {
			t.Errorf("%s: %s, want it at %s", path, line, want)
		}
	}

	if err := s.Locate(nil); err != nil {
		t.Errorf("no problems: %v", err)
	}
}

func TestBrokenSchema(t *testing.T) {
	t.Parallel()
	c, err := parseText("registrar \"r01\" {\n  tlds = [\"ru\"]\n}")
	if err != nil {
		t.Fatal(err)
	}
	broken := registrar.Schema{Attributes: []registrar.Attribute{{Name: "n", Type: registrar.TypeInt, Default: "many"}}}
	if _, err := c.Settings("r01", broken); err == nil || !strings.Contains(err.Error(), "the default of n is not a whole number") {
		t.Errorf("Settings = %v", err)
	}
	if _, err := c.Settings("r02", registrar.Schema{}); err == nil {
		t.Error("an unknown registrar has settings")
	}
}
