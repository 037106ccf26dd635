// Command licences prints the licences of the Go modules that programs are
// linked from, and that of Go itself, because a package has to contain them.
//
//	go run ./.ci/package/licences PROGRAM… > THIRD-PARTY-LICENCES
//
// It fails if it finds no licence file in a module.
package main

import (
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
)

func main() {
	if err := collect(os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "licences:", err)
		os.Exit(1)
	}
}

func collect(w io.Writer, programs []string) error {
	modules, err := linked(programs)
	if err != nil {
		return err
	}

	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return fmt.Errorf("find Go: %w", err)
	}

	if err := write(w, "Go", runtime.Version(), string(goroot[:len(goroot)-1])); err != nil {
		return err
	}

	for _, path := range slices.Sorted(maps.Keys(modules)) {
		dir, err := directory(path, modules[path])
		if err != nil {
			return err
		}
		if err := write(w, path, modules[path], dir); err != nil {
			return err
		}
	}

	return nil
}

// linked returns the modules of programs, with their versions.
func linked(programs []string) (map[string]string, error) {
	modules := map[string]string{}
	for _, program := range programs {
		info, err := buildinfo.ReadFile(program)
		if err != nil {
			return nil, fmt.Errorf("read what %s is built of: %w", program, err)
		}
		for _, m := range info.Deps {
			if m.Replace != nil {
				m = m.Replace
			}
			modules[m.Path] = m.Version
		}
	}
	return modules, nil
}

func directory(path, version string) (string, error) {
	out, err := exec.Command("go", "mod", "download", "-json", path+"@"+version).Output()
	if err != nil {
		return "", fmt.Errorf("find module %s: %w", path, err)
	}
	var module struct{ Dir string }
	if err := json.Unmarshal(out, &module); err != nil {
		return "", fmt.Errorf("find module %s: %w", path, err)
	}
	return module.Dir, nil
}

var licence = regexp.MustCompile(`(?i)^(licen[cs]e|copying|copyright|notice|patents)([-._].*)?$`)

func write(w io.Writer, name, version, dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("read licence of %s: %w", name, err)
	}

	found := 0
	for _, e := range entries {
		if !e.Type().IsRegular() || !licence.MatchString(e.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return fmt.Errorf("read licence of %s: %w", name, err)
		}
		fmt.Fprintf(w, "======== %s %s: %s\n\n%s\n\n", name, version, e.Name(), text)
		found++
	}

	if found == 0 {
		return fmt.Errorf("%s %s has no licence in %s", name, version, dir)
	}

	return nil
}
