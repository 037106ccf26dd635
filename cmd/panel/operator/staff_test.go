package operator

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"registrar.panel/cmd/panel/command"
	"registrar.panel/host/orders"
)

// The staff are kept in the book of the panel that the configuration
// describes. A password is read from stdin, and is shown nowhere.
func TestStaffCommands(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	config := filepath.Join(dir, "plugin.hcl")
	if err := os.WriteFile(config, []byte("panel {\n  data = \"data\"\n}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "data"), 0o700); err != nil {
		t.Fatal(err)
	}
	book, err := orders.Open(t.Context(), orders.Options{Dir: filepath.Join(dir, "data"), Create: true, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if err := book.Close(); err != nil {
		t.Fatal(err)
	}

	run := func(stdin string, does func(*command.Call) error) (string, error) {
		t.Helper()
		var out, said bytes.Buffer
		err := does(&command.Call{Ctx: t.Context(), Streams: command.Streams{Stdin: strings.NewReader(stdin), Stdout: &out, Stderr: &said}, Globals: command.Globals{Config: config}})
		if text := out.String() + said.String(); strings.Contains(text, "canary") {
			t.Errorf("a password is shown: %s", text)
		}
		return out.String(), err
	}
	add := addMemberCommand{Name: "anna", Rights: []string{"look", "money"}}
	for _, wrong := range []string{"", "\n", "canary\n"} {
		if _, err := run(wrong, add.Run); err == nil {
			t.Errorf("%q is taken for a password", wrong)
		}
	}
	if _, err := run("canary of enough length\n", add.Run); err != nil {
		t.Fatal(err)
	}
	if _, err := run("", (&memberRights{Name: "anna", Rights: []string{"look"}}).Run); err != nil {
		t.Fatal(err)
	}
	if text, err := run("", listStaffCommand{}.Run); err != nil || !strings.Contains(text, "anna  look  ") {
		t.Errorf("the staff are %s, %v", text, err)
	}
	if text, err := run("", (&listSessionsCommand{}).Run); err != nil || !strings.Contains(text, "SESSION") {
		t.Errorf("the sessions are %s, %v", text, err)
	}
	if _, err := run("", (&removeMemberCommand{Name: "anna"}).Run); err != nil {
		t.Fatal(err)
	}
	if _, err := run("", (&signOutMemberCommand{Name: "anna"}).Run); err != nil {
		t.Errorf("signing out one who is gone: %v", err)
	}
	if _, err := run("another of enough length\n", (&memberPassword{Name: "anna"}).Run); err == nil {
		t.Error("one who is gone has a password")
	}
}
