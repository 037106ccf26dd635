package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A mistake in one registrar's block is that registrar's; one elsewhere is the whole panel's.
func TestMistakesOfOneRegistrar(t *testing.T) {
	t.Parallel()

	const before = "registrar \"good\" {\n  tlds = [\"ru\"]\n}\n"
	for _, test := range []struct {
		reason, text string
		mistakes     []string // of the registrar bad
		fatal        bool
	}{
		{"unknown attribute", "registrar \"bad\" {\n  tlds = [\"su\"]\n  oops = 1\n}", []string{`plugin.hcl:6,3: an argument named "oops" is not expected here`}, false},
		{"wrong type", "registrar \"bad\" {\n  tlds = 5\n}", []string{"plugin.hcl:5,10: unsuitable value: list of string required, but have number"}, false},
		{"no TLDs", "registrar \"bad\" {\n}", []string{"plugin.hcl:4,1: tlds must name at least one TLD"}, false},
		{"not pinned", "registrar \"bad\" {\n  tlds = [\"su\"]\n  path = \"x\"\n}", []string{"plugin.hcl:6,10: a plugin with a path needs its sha256; dev = true waives it while you develop"}, false},
		{"a TLD of another, and no default", "registrar \"bad\" {\n  tlds = [\"ru\"]\n}", nil, true},
		{"in one line", "registrar \"bad\" {}", []string{"plugin.hcl:4,1: tlds must name at least one TLD"}, false},
		{"the panel's block", "registrar \"bad\" {\n  tlds = []\n}\npanel {\n  oops = 1\n}", nil, true},
		{"a block that is none", "registrar \"bad\" {\n  tlds = []\n}\nregistra \"x\" {\n}", nil, true},
		{"a name that leads elsewhere", "registrar \"../bad\" {\n  tlds = [\"su\"]\n}", nil, true},
		{"no name", "registrar {\n  tlds = [\"su\"]\n}", nil, true},
		{"a name that is there twice", "registrar \"bad\" {\n  tlds = [\"su\"]\n}\nregistrar \"bad\" {\n  tlds = [\"com\"]\n}", nil, true},
		{"syntax", "registrar \"bad\" {\n  tlds =\n}", nil, true},
	} {
		t.Run(test.reason, func(t *testing.T) {
			t.Parallel()

			c, err := parseTolerant(file, []byte(before+test.text), environment, environment)

			if test.fatal {
				if len(linesOf(err)) == 0 || strings.Contains(err.Error(), "not a config.Error") {
					t.Errorf("accepted, or an error without place: %v", err)
				}
				return
			}

			if err != nil {
				t.Fatal(err)
			}

			good, _ := c.Registrar("good")
			bad, _ := c.Registrar("bad")
			if diff := cmp.Diff(test.mistakes, linesOf(bad.Fault())); diff != "" {
				t.Error(diff)
			}

			if good.Fault() != nil {
				t.Errorf("the other registrar has mistakes: %v", good.Fault())
			}
			if _, err := c.strict(); err == nil {
				t.Error("Load accepts it")
			}
		})
	}
}

func TestRetired(t *testing.T) {
	t.Parallel()
	c, err := parseText("registrar \"old\" {\n  retired = true\n  path = \"gone\"\n  tlds = [\"ru\"]\n}\nregistrar \"new\" {\n  tlds = [\"ru\"]\n}\nregistrar \"bare\" {\n  retired = true\n}")
	if err != nil {
		t.Fatal(err)
	}
	if name, _ := c.Route("ru"); name != "new" || c.Serves("old", "ru") {
		t.Errorf("new orders go to %q; old serves ru: %v", name, c.Serves("old", "ru"))
	}
	if old, _ := c.Registrar("old"); !old.Retired {
		t.Errorf("%+v", old)
	}
}

// Secrets of both sources are trimmed and judged alike, and a message names the attribute, the
// source, and nothing of the secret.
func TestSecretsAreJudgedAlike(t *testing.T) {
	t.Parallel()

	const plain = "CANARY-0123456789-abcdef"
	for _, test := range []struct{ reason, text, want string }{
		{"plain", plain, ""},
		{"line end", plain + "\n", ""},
		{"line end of Windows", plain + "\r\n", ""},
		{"several line ends", plain + "\n\n", ""},
		{"byte order mark", "\uFEFF" + plain, "begins with a byte order mark: write it without"},
		{"two lines", plain + "\n" + plain, "holds more than one line"},
		{"a line separator", plain + "\u2028" + plain, "holds more than one line"},
		{"a tab", plain + "\t", "holds a control character"},
		{"an escape", plain + "\x1b[0m", "holds a control character"},
		{"a zero byte", plain + "\x00", "holds a control character"},
		{"a C1 control", plain + "\u009b", "holds a control character"},
		{"UTF-16", "\xff\xfeC\x00A\x00", "is not UTF-8 text"},
		{"nothing", "", "panel.token is empty"},
		{"only a line end", "\n", "panel.token is empty"},
		{"blanks around", " " + plain + " ", "panel.token holds something else than visible ASCII characters"},
	} {
		t.Run(test.reason, func(t *testing.T) {
			t.Parallel()

			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "secret"), []byte(test.text), 0o600); err != nil {
				t.Fatal(err)
			}

			env := func(string) (string, bool) { return test.text, true }
			for source, name := range map[string]string{"env": "SECRET", "file": "secret"} {
				c, err := parseTolerant(filepath.Join(dir, file), []byte(`panel { token = secret("`+source+`", "`+name+`") }`), env, env)
				switch {
				case test.want == "" && (err != nil || c.Panel.Token.Reveal() != plain):
					t.Errorf("%s: %v", source, err)
				case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "panel.token")):
					t.Errorf("%s: %v, want %q", source, err, test.want)
				case err != nil && strings.Contains(err.Error(), "CANARY"):
					t.Errorf("%s: %v tells the secret", source, err)
				}
			}
		})
	}
}

// What is no file of a secret neither holds the panel up nor fills its memory.
func TestSecretFilesThatAreNone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "large"), make([]byte, largestSecret+1), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"/dev/zero": "no regular file", dir: "no regular file", filepath.Join(dir, "large"): "more than 64 KiB"} {
		_, err := parseText(`panel { token = secret("file", "` + name + `") }`)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
