package author

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"golang.org/x/mod/modfile"

	"registrar.panel/cmd/panel/command"
)

//go:embed skeleton/*.tmpl
var skeleton embed.FS

// Plugin holds the commands for authors of plugins.
type Plugin struct {
	New newPluginCommand `cmd:"" help:"Write a plugin to begin with, which compiles and passes the conformance suite."`
}

type newPluginCommand struct {
	Name   string `arg:"" help:"Of the registrar, as plugin.hcl will name it."`
	Dir    string `placeholder:"DIR" help:"Where to; it must not hold any of the files. Default: registrar-NAME."`
	Module string `placeholder:"PATH" help:"Of the Go module. Default: registrar-NAME."`
	Panel  string `placeholder:"DIR" help:"A checkout of the panel, whose module is not published. Default: the one that this directory, or this program, lies in."`
}

// newFile is a file of a new plugin.
type newFile struct {
	File string `json:"file"`
}

// templateData holds the values for the templates.
type templateData struct {
	Name, Module, Token string
	Panel, PanelModule  string // the checkout, and the path of its module
	Go                  string // the Go version that it requires
}

// A name becomes the name of a directory and of a program, and an HCL label.
var pluginName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)

func (p *newPluginCommand) Run(c *command.Call) error {
	if !pluginName.MatchString(p.Name) {
		return command.Usage(fmt.Errorf("%q is no name for a plugin: 1 to 32 of a-z 0-9 -, the first a letter", p.Name))
	}

	dir, b := p.Dir, templateData{Name: p.Name, Module: p.Module, Token: strings.ToUpper(strings.ReplaceAll(p.Name, "-", "_")) + "_TOKEN"}
	if dir == "" {
		dir = "registrar-" + p.Name
	}

	if b.Module == "" {
		b.Module = "registrar-" + p.Name
	}
	if err := b.find(p.Panel); err != nil {
		return command.Usage(fmt.Errorf("find checkout: %w", err))
	}

	files, err := writeSkeleton(dir, b)
	if err != nil {
		return err
	}

	if err := c.Show(files, func(w io.Writer) {
		for _, f := range files {
			command.Row(w, f.File)
		}
	}); err != nil {
		return err
	}

	command.Hint(c.Stderr, "next: cd "+dir+" && go test ./...; docs/writing-a-registrar.md goes on from there")
	return nil
}

// panelModule returns the path of the module of this program, which the templates import.
func panelModule() string {
	return strings.TrimSuffix(reflect.TypeFor[templateData]().PkgPath(), "/cmd/panel/author")
}

// find reads the checkout that is named, or else the one around this directory or program.
func (b *templateData) find(named string) error {
	if named != "" {
		return b.read(named)
	}

	here, err := os.Getwd()
	if err != nil {
		return err
	}

	program, err := os.Executable()
	if err != nil {
		return err
	}

	for _, inside := range []string{here, filepath.Dir(program)} {
		// The search goes upwards, as the go command looks for its module.
		for dir := inside; ; dir = filepath.Dir(dir) {
			if b.read(dir) == nil {
				return nil
			}
			if dir == filepath.Dir(dir) {
				break
			}
		}
	}

	return errors.New("neither this directory nor this program lies in one: give --panel DIR")
}

// read reads what a plugin takes over from a checkout.
func (b *templateData) read(dir string) (err error) {
	if b.Panel, err = filepath.Abs(dir); err != nil {
		return err
	}

	text, err := os.ReadFile(filepath.Join(b.Panel, "go.mod"))
	if err != nil {
		return err
	}

	b.PanelModule = panelModule()
	mod, err := modfile.Parse("go.mod", text, nil)
	if err != nil {
		return err
	}

	if mod.Module == nil || mod.Module.Mod.Path != b.PanelModule || mod.Go == nil {
		return fmt.Errorf("%s is not the module %s", b.Panel, b.PanelModule)
	}

	b.Go = mod.Go.Version
	return nil
}

// places maps templates to their files, if the files can't have the template's name.
var places = map[string]string{"gitignore": ".gitignore", "fake.go": "fake/main.go"}

// writeSkeleton fills the templates into a directory. It never
// replaces a file: if one exists already, it writes none.
func writeSkeleton(dir string, b templateData) ([]newFile, error) {
	// The delimiters are not {{ and }}, which Go code contains itself.
	templates, err := template.New("").Delims("[[", "]]").ParseFS(skeleton, "skeleton/*.tmpl")
	if err != nil {
		return nil, fmt.Errorf("write plugin: %w", err)
	}

	contents := map[string][]byte{}
	for _, t := range templates.Templates() {
		var text bytes.Buffer
		if err := t.Execute(&text, b); err != nil {
			return nil, fmt.Errorf("write plugin: %w", err)
		}
		name := strings.TrimSuffix(t.Name(), ".tmpl")
		if place, elsewhere := places[name]; elsewhere {
			name = place
		}
		contents[name] = text.Bytes()
	}

	return writeFiles(dir, contents)
}

func writeFiles(dir string, contents map[string][]byte) (files []newFile, err error) {
	names := slices.Sorted(maps.Keys(contents))
	// All names are checked before the first file is written, so that a refusal leaves nothing behind.
	for _, name := range names {
		f := newFile{filepath.Join(dir, name)}
		if _, err := os.Lstat(f.File); err == nil {
			return nil, fmt.Errorf("write plugin: %s is there already, and nothing is replaced: choose another --dir", f.File)
		}
		files = append(files, f)
	}

	for i, name := range names {
		if err := os.MkdirAll(filepath.Dir(files[i].File), 0o755); err != nil {
			return nil, fmt.Errorf("write plugin: %w", err)
		}
		if err := os.WriteFile(files[i].File, contents[name], 0o644); err != nil {
			return nil, fmt.Errorf("write plugin: %w", err)
		}
	}
	return files, nil
}
