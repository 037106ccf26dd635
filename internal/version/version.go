// Package version says which build of the program is running.
package version

import (
	"runtime"
	"runtime/debug"
)

// number and commit are those of a release; the linker sets them.
var number, commit string

// Build is one build of the program.
type Build struct {
	Version string `json:"version"` // "devel" = not a release
	Commit  string `json:"commit"`  // "" = not known
	Go      string `json:"go"`
	OS      string `json:"os"`
	Arch    string `json:"arch"`
}

// Of returns the running program's build.
func Of() Build {
	b := Build{Version: number, Commit: commit, Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
	if b.Version == "" {
		b.Version = "devel"
	}
	if info, ok := debug.ReadBuildInfo(); ok && b.Commit == "" {
		b.Commit = revision(info.Settings)
	}
	return b
}

// revision returns what the go command recorded about the working tree.
func revision(settings []debug.BuildSetting) (commit string) {
	changed := ""
	for _, s := range settings {
		switch s.Key {
		case "vcs.revision":
			commit = s.Value
		case "vcs.modified":
			if s.Value == "true" {
				changed = "+changes"
			}
		}
	}
	if commit == "" {
		return ""
	}
	return commit + changed
}
