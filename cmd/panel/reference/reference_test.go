package reference

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// grammar has one of each: nested and hidden commands, flags of several kinds, values from a list.
type grammar struct {
	Config string `help:"The configuration."`
	Output string `short:"o" enum:"text,json" default:"text" help:"text or json."`
	Loud   bool   `help:"Say more."`
	Secret string `hidden:""`

	Orders struct{} `cmd:"" help:"List the orders."`
	Order  struct {
		Pay struct {
			ID   string `arg:"" help:"Which."`
			Mode string `enum:"at-once,later" default:"later" help:"When it is paid."`
		} `cmd:"" help:"Pay it. .dots 'and' \\ quotes stay."`
		Renew struct {
			Mode string `arg:"" enum:"auto,manual"`
		} `cmd:"" help:"How it renews."`
	} `cmd:"" help:"One order."`
	Complete struct{} `cmd:"" hidden:""`
}

func model(t *testing.T) *kong.Application {
	t.Helper()
	return kong.Must(&grammar{}, kong.Name("shop"), kong.Description("A shop.")).Model
}

func TestComplete(t *testing.T) {
	t.Parallel()

	app := model(t)
	for _, c := range []struct{ line, want string }{
		{"", "orders order"},
		{"or", "orders order"},
		{"orders", "orders"},
		{"order ", "pay renew"},
		{"order p", "pay"},
		{"order pay ", ""},
		{"order renew ", "auto manual"},
		{"order renew m", "manual"},
		{"-", "--help --config --output --loud"},
		{"order pay --m", "--mode"},
		{"order pay --mode ", "at-once later"},
		{"order pay --mode l", "later"},
		{"order pay --mode=l", "--mode=later"},
		{"order pay --mode = l", "later"}, // as bash splits it
		{"order pay --mode =", "at-once later"},
		{"-o ", "text json"},
		{"--output json order ", "pay renew"},
		{"--output=json order ", "pay renew"},
		{"--loud order ", "pay renew"},
		{"--config ", ""},
		{"--unknown order ", "pay renew"},
		{"--unknown=x", ""},
		{"nothing ", "orders order"},
		{"comp", ""},
	} {
		var words []string
		for _, candidate := range Complete(app, strings.Split(c.line, " ")) {
			words = append(words, candidate.Word)
		}
		if got := strings.Join(words, " "); got != c.want {
			t.Errorf("%q: %q, want %q", c.line, got, c.want)
		}
	}

	if got := Complete(app, nil); len(got) != 2 || got[0] != (Candidate{"orders", "List the orders."}) {
		t.Errorf("no words: %+v", got)
	}
}

// Bash itself asks the program, and shows its answer.
func TestBash(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	script := filepath.Join(dir, "shop.bash")
	program := filepath.Join(dir, "shop") // prints the words that it got
	for path, text := range map[string]string{script: Script("bash", "shop"),
		program: "#!/bin/sh\nfor word; do printf 'x[%s]\\thelp\\n' \"$word\"; done\n"} {
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}

	out, err := exec.CommandContext(t.Context(), "bash", "--norc", "-c", `. "$1"; COMP_WORDS=("$2" order "x"); COMP_CWORD=2; _shop; printf '%s\n' "${COMPREPLY[@]}"; complete -p shop`, "-", script, program).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}

	want := "x[complete]\nx[--]\nx[order]\nx[x]\ncomplete -o default -F _shop shop\n"
	if string(out) != want {
		t.Errorf("%s, want %s", out, want)
	}
}

func TestScripts(t *testing.T) {
	t.Parallel()
	for shell := range strings.SplitSeq(Shells, ",") {
		text := Script(shell, "shop")
		if !strings.Contains(text, "shop complete") && !strings.Contains(text, `" complete --`) {
			t.Errorf("%s does not ask the program: %s", shell, text)
		}
		if strings.Contains(text, "PROGRAM") {
			t.Errorf("%s: the program is not named: %s", shell, text)
		}
	}
	if Script("tcsh", "shop") != "" {
		t.Error("a script for an unknown shell")
	}
}

func TestManual(t *testing.T) {
	t.Parallel()

	var out bytes.Buffer
	if err := Manual(&out, model(t), "1.2", []Section{{"Exit status", []Item{{"0", "Done."}}}}); err != nil {
		t.Fatal(err)
	}

	lines := strings.Split(out.String(), "\n")
	for _, want := range []string{
		`.TH "SHOP" 1 "" "shop 1.2"`,
		`shop \- A shop`,
		`.B \-o, \-\-output="text"`,
		`.SS "shop order pay <id>"`,
		`Pay it. .dots 'and' \e quotes stay.`,
		`.SH "EXIT STATUS"`,
		`.B 0`,
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("no line %q", want)
		}
	}

	if strings.Contains(out.String(), "complete") || strings.Contains(out.String(), "secret") {
		t.Error("what is hidden is shown")
	}
	if t.Failed() {
		t.Log(out.String())
	}
}
