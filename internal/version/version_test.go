package version

import (
	"runtime/debug"
	"testing"
)

func TestRevision(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		settings []debug.BuildSetting
		want     string
	}{
		{"no version control", []debug.BuildSetting{{Key: "CGO_ENABLED", Value: "0"}}, ""},
		{"clean", []debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.modified", Value: "false"}}, "abc"},
		{"changed", []debug.BuildSetting{{Key: "vcs.modified", Value: "true"}, {Key: "vcs.revision", Value: "abc"}}, "abc+changes"},
		{"changed and unnamed", []debug.BuildSetting{{Key: "vcs.modified", Value: "true"}}, ""},
	} {
		if got := revision(c.settings); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// A build that is no release says so.
func TestOf(t *testing.T) {
	t.Parallel()
	if b := Of(); b.Version != "devel" || b.Go == "" || b.OS == "" || b.Arch == "" {
		t.Errorf("%+v", b)
	}
}
