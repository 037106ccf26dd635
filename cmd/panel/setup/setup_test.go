package setup

import (
	"bufio"
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"registrar.panel/cmd/panel/command"
	"registrar.panel/host/config"
)

// needed lists the flags that have no default.
var needed = []string{"--agreement=RP/01/00", "--robot=robot@registrar.example", "--callback=callback@panel.example", "--smtp=127.0.0.1:2525", "--imap=mail.panel.example:993"}

// outcome is the result of a run of the command.
type outcome struct {
	dir, stdout, stderr string
	err                 error
}

func (o outcome) path(name string) string { return filepath.Join(o.dir, name) }

func (o outcome) text(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(o.path(name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// run executes panel init in a directory that holds some files.
func run(t *testing.T, files map[string]string, flags ...string) outcome {
	t.Helper()

	o := outcome{dir: t.TempDir()}
	for name, text := range files {
		if err := os.WriteFile(o.path(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}

	var p Init
	parser, err := kong.New(&p, kong.Name("init"))
	if err != nil {
		t.Fatal(err)
	}

	if _, err := parser.Parse(flags); err != nil {
		t.Fatal(err)
	}

	var stdout, stderr bytes.Buffer
	o.err = p.Run(&command.Call{Ctx: t.Context(), Streams: command.Streams{Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr},
		Globals: command.Globals{Config: o.path("plugin.hcl"), Output: "text"}})
	o.stdout, o.stderr = stdout.String(), stderr.String()
	return o
}

var passwords = map[string]string{"r01.password": "secret\n", "imap.password": "secret\n"}

// The written file is a configuration with the settings of flags and defaults.
func TestWritten(t *testing.T) {
	t.Parallel()

	o := run(t, passwords, append(needed, "--no-check")...)
	if o.err != nil {
		t.Fatal(o.err)
	}

	c, err := config.Load(o.path("plugin.hcl"))
	if err != nil {
		t.Fatal(err)
	}

	if got := c.Panel.Listen; got != "unix://"+o.path("data/panel.sock") {
		t.Errorf("listens on %s", got)
	}
	if len(c.Registrars) != 1 || c.Registrars[0].Name != "r01" {
		t.Errorf("registrars: %+v", c.Registrars)
	}

	for _, want := range []string{`mode = "manual"`, `require = "dkim"`, `domains = ["registrar.example"]`, `whois = "whois.tcinet.ru:43"`} {
		if !strings.Contains(o.text(t, "plugin.hcl"), want) {
			t.Errorf("%s is missing", want)
		}
	}

	if !strings.Contains(o.stdout, "plugin.hcl") || !strings.Contains(o.stderr, "panel serve") {
		t.Errorf("said %q and %q", o.stdout, o.stderr)
	}
}

// All missing and wrong flags are named at once, and nothing is written.
func TestMissing(t *testing.T) {
	t.Parallel()

	for _, c := range []struct {
		name  string
		flags []string
		want  []string
	}{
		{"nothing", nil, []string{"--agreement", "--robot", "--callback", "--smtp ", "--imap "}},
		{"one", slices.Clip(needed[:4]), []string{"--imap "}},
		{"wrong", slices.Concat(needed, []string{"--prefix=my company", "--whois=whois.tcinet.ru", "--robot=R01", "--smtp=relay:99999"}), []string{"--prefix", "--whois", "--robot", "--smtp:"}},
		{"an address with a charset of its own", slices.Concat(needed, []string{"--robot=робот@почта.рф"}), []string{"--robot"}},
		{"two lines", slices.Concat(needed, []string{"--mailbox=IN\nBOX"}), []string{"--mailbox"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()

			o := run(t, passwords, append(c.flags, "--no-check")...)
			if o.err == nil || command.Report(o.err, new(bytes.Buffer)) != command.ExitUsage {
				t.Fatalf("%v, want a mistake of the command line", o.err)
			}

			for _, want := range c.want {
				if !strings.Contains(o.err.Error(), want) {
					t.Errorf("%q does not name %s", o.err, want)
				}
			}

			if lines := strings.Count(o.err.Error(), "\n"); lines != len(c.want) {
				t.Errorf("%d complaints, want %d: %s", lines, len(c.want), o.err)
			}
			if _, err := os.Stat(o.path("plugin.hcl")); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("a file was written: %v", err)
			}
		})
	}
}

func TestPasswordsMissing(t *testing.T) {
	t.Parallel()
	o := run(t, map[string]string{"r01.password": "x"}, append(needed, "--smtp-user=me")...)
	var unwell unwellError
	if !errors.As(o.err, &unwell) || unwell != 2 {
		t.Fatalf("%v, want two that are not well", o.err)
	}
	for _, want := range []string{"imap.password", "smtp.password", "→ Write the password into that file"} {
		if !strings.Contains(o.stdout, want) {
			t.Errorf("%q is not said in %q", want, o.stdout)
		}
	}
}

// An existing configuration is a person's work.
func TestExisting(t *testing.T) {
	t.Parallel()
	files := map[string]string{"plugin.hcl": "old", "r01.password": "one", "imap.password": "two"}
	o := run(t, files, append(needed, "--no-check")...)
	if o.err == nil || !strings.Contains(o.err.Error(), "--replace") || o.text(t, "plugin.hcl") != "old" {
		t.Fatalf("%v, and the file is %q", o.err, o.text(t, "plugin.hcl"))
	}
	o = run(t, files, append(needed, "--no-check", "--replace")...)
	if o.err != nil || o.text(t, "plugin.hcl.old") != "old" || !strings.Contains(o.text(t, "plugin.hcl"), "RP/01/00") {
		t.Fatalf("%v, and the old file is %q", o.err, o.text(t, "plugin.hcl.old"))
	}
	if o.text(t, "r01.password") != "one" {
		t.Error("a password was replaced")
	}
}

// talk returns an interview with a person who types these lines.
func talk(typed ...string) (*interview, *bytes.Buffer) {
	var out bytes.Buffer
	return &interview{in: bufio.NewReader(strings.NewReader(strings.Join(typed, "\n") + "\n")), out: &out,
		hidden: func() (string, error) { return "typed", nil }}, &out
}

func TestInterview(t *testing.T) {
	t.Parallel()

	person, out := talk("RP/02/00", "robot", "robot@registrar.example", "cb@panel.example", "", // robot is no address
		"relay.exmaple:465", "relay.example:465", "", "", // not in DNS
		"lost.example:993", "lost.example:993", "", "", "", "", "none", "", "", "", "", "") // kept
	var a Answers
	err := a.fillBy(person, func(host string) error {
		if host == "relay.exmaple" || host == "lost.example" {
			return errors.New("lookup " + host + ": no such host")
		}
		return nil
	})
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}

	want := Answers{Agreement: "RP/02/00", Robot: "robot@registrar.example", Callback: "cb@panel.example", Prefix: "PANEL",
		SMTP: "relay.example:465", SMTPTLS: "implicit", SMTPUser: none, IMAP: "lost.example:993", IMAPTLS: "implicit", IMAPUser: "cb@panel.example",
		Mailbox: "INBOX", Proof: "dkim", Whois: none, Renewal: "manual", Data: "data", Listen: "unix://data/panel.sock",
		R01Secret: "r01.password", IMAPSecret: "imap.password", SMTPSecret: "smtp.password"}
	if diff := cmp.Diff(want, a, cmp.AllowUnexported(Answers{})); diff != "" {
		t.Error(diff)
	}

	for _, said := range []string{`it must be a mail address`, "lookup relay.exmaple: no such host\n  Correct the name"} {
		if !strings.Contains(out.String(), said) {
			t.Errorf("%q was not said in %s", said, out)
		}
	}
}

// A person who reads Russian is asked, corrected and advised in Russian.
func TestInterviewInRussian(t *testing.T) {
	t.Parallel()

	person, out := talk("RP/02/00", "robot", "robot@registrar.example", "cb@panel.example", "", "relay.exmaple:465", "relay.exmaple:465", "", "",
		"mail.example:993", "", "", "", "", "none", "", "", "", "", "", "нет", "да", "")
	person.out = command.NewTongue("ru").To(out)
	var a Answers
	err := a.fillBy(person, func(host string) error {
		if host == "relay.exmaple" {
			return errors.New("lookup " + host + ": no such host")
		}
		return nil
	})
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, agreed := range []bool{false, true, true} {
		if got := person.agrees("Change the answers? yes or no"); got != agreed {
			t.Errorf("agreed %t, want %t\n%s", got, agreed, out)
		}
	}
	if _, err := a.storeSecrets(t.TempDir(), person); err != nil {
		t.Fatal(err)
	}

	for _, want := range []string{"Номер вашего договора с R01: ", "должно быть почтовым адресом user@host", "поиск в DNS relay.exmaple: такого узла нет", "Исправьте имя или проверьте",
		"Или повторите ответ", "Изменить ответы? да или нет [да]: ", "Пароль почтового интерфейса R01; он не показывается"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q was not said in %s", want, out)
		}
	}
	for _, english := range []string{" the ", " of ", "must be", "no such"} {
		if strings.Contains(out.String(), english) {
			t.Errorf("%q was said in %s", english, out)
		}
	}
}

// The comments of the file are in the person's language, and the panel reads the same settings from it.
func TestCommentsInRussian(t *testing.T) {
	t.Parallel()

	without := func(file string) (settings, said string) {
		for line := range strings.Lines(file) {
			setting, comment, _ := strings.Cut(line, "# ")
			settings, said = settings+strings.TrimSpace(setting)+"\n", said+comment
		}
		return settings, said
	}
	for _, proof := range []string{"dkim", "authentication-results"} {
		a := Answers{Agreement: "RP/02/00", Robot: "robot@registrar.example", Callback: "cb@panel.example", Proof: proof}
		english, comments := without(a.render(nil))
		russian, said := without(a.render(command.NewTongue("ru")))
		if english != russian {
			t.Errorf("the settings are\n%s\nin Russian, and\n%s\nin English", russian, english)
		}
		for line := range strings.Lines(comments) {
			if line = strings.TrimSpace(line); line != "" && strings.Contains(said, line) && !strings.HasPrefix(line, "backup_recipients") {
				t.Errorf("in English alone: %q", line)
			}
		}
		for _, want := range []string{"Создан командой «panel init»", "kill -HUP", "шифруются", "для новых доменов"} {
			if !strings.Contains(said, want) {
				t.Errorf("%q is not said in\n%s", want, said)
			}
		}
	}
}

func (a *Answers) fillBy(i *interview, resolves func(string) error) error {
	return i.conduct(a, resolves)
}

// An input that ends is not taken for an answer.
func TestInterviewEnds(t *testing.T) {
	t.Parallel()
	person, _ := talk("RP/02/00")
	if err := person.conduct(&Answers{}, func(string) error { return nil }); !errors.Is(err, errNoAnswer) {
		t.Fatal(err)
	}
}

func TestSecretsAreStored(t *testing.T) {
	t.Parallel()

	for _, c := range []struct {
		name       string
		directory  fs.FileMode
		permission fs.FileMode
	}{{"of a person", 0o755, 0o600}, {"of a package", 0o750 | fs.ModeSetgid, 0o640}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()

			dir := t.TempDir()
			if err := os.Chmod(dir, c.directory); err != nil {
				t.Fatal(err)
			}

			person, out := talk()
			a := Answers{R01Secret: "r01.password", IMAPSecret: filepath.Join(dir, "imap.password"), SMTPUser: none}
			if missing, err := a.storeSecrets(dir, person); err != nil || len(missing) > 0 {
				t.Fatal(missing, err)
			}

			for _, name := range []string{"r01.password", "imap.password"} {
				text, err := os.ReadFile(filepath.Join(dir, name))
				info, fault := os.Stat(filepath.Join(dir, name))
				if err != nil || fault != nil || string(text) != "typed\n" || info.Mode().Perm() != c.permission {
					t.Errorf("%s: %q, %v, %v, %v", name, text, info, err, fault)
				}
			}

			if strings.Contains(out.String(), "typed") {
				t.Errorf("the password was shown: %s", out)
			}
		})
	}
}

func TestLook(t *testing.T) {
	t.Parallel()

	a := Answers{Robot: "robot@registrar.example", Callback: "me@panel.example", SMTP: "relay.example:25", IMAP: "192.0.2.1:993", Whois: none}
	nothing := func(string) error { return nil }

	lost := func(host string) error {
		if host == "registrar.example" || host == "relay.example" {
			return errors.New("lookup " + host + ": no such host")
		}
		return nil
	}

	for _, f := range look(a, nothing, nothing, nil) {
		if !f.OK || f.Remedy != "" {
			t.Errorf("%+v", f)
		}
	}

	var bad []string
	for _, f := range look(a, lost, lost, errFree) {
		if !f.OK {
			bad = append(bad, f.Component)
			if f.Remedy == "" || f.Detail == "" {
				t.Errorf("%+v does not say what to do", f)
			}
		}
	}

	if want := []string{"robot", "dns", "clock"}; !slices.Equal(bad, want) {
		t.Errorf("not well: %v, want %v", bad, want)
	}

	for _, f := range look(a, nothing, nothing, errUnknown) {
		if f.Component == "clock" {
			t.Errorf("%+v, though nothing is known", f)
		}
	}
}

// Each remedy belongs to words that parts of the panel use.
func TestRemedies(t *testing.T) {
	t.Parallel()

	for _, c := range []struct{ component, said, want string }{
		{"smtp", "check relay relay.example:25: dial tcp: lookup relay.example: no such host", "Correct the name"},
		{"smtp", "check relay 127.0.0.1:1: dial tcp 127.0.0.1:1: connect: connection refused", "Nothing listens there"},
		{"imap", "check mailbox on 192.0.2.1:993: connect: i/o timeout", "firewall"},
		{"imap", "check mailbox on mail.example:993: the server's TLS certificate is wrong: x509: certificate is valid for a.example, not mail.example", "stands in the server's certificate"},
		{"smtp", "check relay: tls: first record does not look like a TLS handshake", "another transport security"},
		{"smtp", "the relay does not offer 8BITMIME, and R01 takes nothing but 8bit: use another relay", "R01 reads 8bit only"},
		{"imap", `check mailbox: open folder "Robot": imap: NO Mailbox doesn't exist`, "Create the folder"},
		{"imap", "the server refused the login: check username and password", "Correct the user"},
		{"whois", "ask whois 127.0.0.1:43: nothing came", "port 43"},
		{"store", "something else", ""},
	} {
		got := remedy(c.component, c.said)
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s, %q: %q, want %q", c.component, c.said, got, c.want)
		}
	}
}

// Every answer is in the file as it was typed: no part of it becomes a template, or ends a string.
func TestQuote(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[a-z"\\$%{}~ п-я\t]{1,20}`).Filter(func(s string) bool { return strings.TrimSpace(s) == s }).Draw(t, "text")
		a := Answers{Agreement: "x", Robot: "a@b", Callback: "c@d", Prefix: "P", SMTP: "h:1", SMTPTLS: none, SMTPUser: none, IMAP: "h:2", IMAPTLS: none,
			IMAPUser: "u", Mailbox: "m", Proof: none, Whois: none, Renewal: "auto", Listen: "unix://s", R01Secret: "r01.password", IMAPSecret: "r01.password", Data: text}
		path := filepath.Join(dir, "plugin.hcl")
		for name, content := range map[string]string{path: a.render(nil), filepath.Join(dir, "r01.password"): "x"} {
			if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}

		c, err := config.Load(path)
		if err != nil {
			t.Fatalf("%v\n%s", err, a.render(nil))
		}

		if want := filepath.Join(dir, text); c.Panel.Data != want {
			t.Errorf("%q became %q", want, c.Panel.Data)
		}
	})
}
