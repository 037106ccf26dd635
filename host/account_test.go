package host

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"registrar.panel/host/config"
	"registrar.panel/host/launch"
)

const ofItsOwn = "  tlds = [\"test\"]\n  user = \"nobody\"\n"

// faultOf is what keeps the plugin of a panel from being started.
func faultOf(t *testing.T, o Options) error {
	t.Helper()
	c, err := config.LoadTolerant(o.ConfigPath)
	if err != nil {
		t.Fatal(err)
	}
	data := c.Panel.Data
	specs := launch.New(launch.Options{Config: c, Bundled: o.Bundled, Logger: o.Logger, Top: data, Data: launch.DataIn(data), RunDir: filepath.Join(data, "run")}).Specs()
	if len(specs) != 1 {
		t.Fatalf("%d specifications", len(specs))
	}
	return specs[0].Fault
}

func TestUserIsRefused(t *testing.T) {
	t.Parallel()
	refusals := map[string]string{"no-such-user-here": "there is no user \"no-such-user-here\" on this machine", "root": "the user \"root\" is root"}
	if os.Geteuid() != 0 {
		refusals = map[string]string{"nobody": "only a panel that runs as root can start a plugin as another user"}
	}
	for name, want := range refusals {
		wantMistake(t, faultOf(t, options(t, strings.Replace(good, "  tlds = [\"test\"]\n", "  tlds = [\"test\"]\n  user = \""+name+"\"\n", 1))), "6,10", want)
	}
}

// A foreign plugin does not run as root, unless it is being developed.
func TestForeignPluginNeedsAUser(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("needs root; without it a plugin has no more rights than its author")
	}
	with := func(more string) error {
		return faultOf(t, options(t, strings.Replace(good, "  tlds = [\"test\"]\n", "  tlds = [\"test\"]\n  path = \"/bin/true\"\n"+more, 1)))
	}
	pinned := "  sha256 = \"" + strings.Repeat("ab", 32) + "\"\n"
	wantMistake(t, with(pinned), "6,10", "the panel runs as root")
	if err := with("  dev = true\n"); err != nil {
		t.Errorf("while it is developed: %v", err)
	}
	if err := with(pinned + "  user = \"nobody\"\n"); err != nil && strings.Contains(err.Error(), "runs as root, and") {
		t.Errorf("with a user: %v", err)
	}
}

// A plugin with a user of its own owns its data, and can read none of the panel's.
func TestUserOfItsOwn(t *testing.T) {
	t.Parallel()

	if os.Geteuid() != 0 {
		t.Skip("needs root; TestUserIsRefused shows what happens without")
	}

	o := options(t, strings.Replace(good, "  tlds = [\"test\"]\n", ofItsOwn, 1))
	dir := filepath.Dir(o.ConfigPath)
	wantMistake(t, faultOf(t, o), "6,10", "may not enter the directory "+filepath.Dir(dir))

	if err := os.Chmod(filepath.Dir(dir), 0o711); err != nil {
		t.Fatal(err)
	}

	for range 2 { // the second finds its data
		h, stop := run(t, o)
		ready(t, h)
		if err := stop(); err != nil {
			t.Errorf("Run = %v", err)
		}
	}

	if got, want := recordOf(t, o), "configure create=true; start; drain; configure create=false; start; drain"; got != want {
		t.Errorf("asked to: %s", got)
	}

	for name, owner := range map[string]int{"plugins/actor": 65534, "plugins/actor/record": 65534, "plugins": 0, "panel.db": 0, "panel.key": 0} {
		info, err := os.Stat(filepath.Join(dir, "data", name))
		if err != nil {
			t.Fatal(err)
		}

		if got := int(info.Sys().(*syscall.Stat_t).Uid); got != owner {
			t.Errorf("%s belongs to %d, want %d", name, got, owner)
		}
		if open := info.Mode().Perm() & 0o066; open != 0 {
			t.Errorf("%s has mode %s: others can look into it", name, info.Mode())
		}
	}

	if _, err := Check(t.Context(), o, false); err != nil {
		t.Errorf("Check = %v", err)
	}
}
