// Package repath gives the module another path, for a publisher who needs it at an address of
// their own. Imports, the module's own files and the code generated from the proto follow. Names
// on the wire stay as they are, so that hosts and plugins of either path understand each other.
package repath

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"go/format"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
)

// Module gives the module in the directory root the path to, and returns the files
// that it changed. Called again with another path, it starts from the present one.
func Module(root, to string) (changed []string, err error) {
	if err := module.CheckPath(to); err != nil {
		return nil, err
	}

	text, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return nil, fmt.Errorf("read module: %w", err)
	}

	r := newRewriter(modfile.ModulePath(text), to)

	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		// Only one hidden directory, .ci, holds files of ours.
		case d.IsDir() && path != root && strings.HasPrefix(d.Name(), ".") && d.Name() != ".ci":
			return fs.SkipDir
		case !d.Type().IsRegular() || !concerned(path):
			return nil
		}

		did, err := r.file(path)
		if did {
			changed = append(changed, path)
		}

		return err
	})

	return changed, err
}

// concerned reports whether a file may name the module: code, templates, scripts and pages do.
func concerned(path string) bool {
	kinds := []string{".go", ".mod", ".tmpl", ".proto", ".yaml", ".md", ".hcl", ".sh", ""}
	return slices.Contains(kinds, filepath.Ext(path)) && !strings.Contains(path, string(filepath.Separator)+"testdata"+string(filepath.Separator)+"fuzz")
}

// rewriter knows the forms of a path in a file.
type rewriter struct {
	from, to   []byte
	descriptor *regexp.Regexp // a proto's go_package, with its two lengths before it
	itself     *regexp.Regexp // the module's name on its own
}

func newRewriter(from, to string) rewriter {
	old := regexp.QuoteMeta(from)
	return rewriter{from: []byte(from), to: []byte(to),
		descriptor: regexp.MustCompile(`B(?:\\x[0-9a-f]{2}|\\.|[^\\]){1,2}Z(?:\\x[0-9a-f]{2}|\\.|[^\\]){1,2}` + old + `(/shared/registrarrpc/registrarpb)`),
		itself:     regexp.MustCompile(`(?m)^(module |\s*opt: module=)` + old + `$`)}
}

func (r rewriter) file(path string) (changed bool, err error) {
	before, err := os.ReadFile(path)
	if err != nil {
		return false, err
	}

	if !bytes.Contains(before, r.from) {
		return false, nil
	}

	// The descriptor in generated code has the length of the path before it. It is rewritten
	// first, because a plain replacement would change the path and leave the length.
	after := before
	if strings.HasSuffix(path, ".pb.go") {
		after = r.descriptor.ReplaceAllFunc(after, r.described)
	}

	after = r.below(after)
	after = r.itself.ReplaceAll(after, append([]byte("${1}"), r.to...))
	if bytes.Equal(before, after) {
		return false, nil
	}

	if filepath.Ext(path) == ".go" { // a path of another length moves comments
		if after, err = format.Source(after); err != nil {
			return false, fmt.Errorf("format %s: %w", path, err)
		}
	}

	info, err := os.Stat(path)
	if err != nil {
		return false, err
	}

	if err := os.WriteFile(path, after, info.Mode().Perm()); err != nil {
		return false, fmt.Errorf("change module: %w", err)
	}

	return true, nil
}

// below renames what lies in the module: each path that a slash follows, unless it is the end of a longer path.
func (r rewriter) below(text []byte) []byte {
	var renamed []byte
	for rest := text; ; {
		at := bytes.Index(rest, append(slices.Clone(r.from), '/'))
		if at < 0 {
			return append(renamed, rest...)
		}

		end := at + len(r.from)
		if before := len(text) - len(rest) + at - 1; before >= 0 && partOfPath(text[before]) {
			renamed = append(renamed, rest[:end]...)
		} else {
			renamed = append(append(renamed, rest[:at]...), r.to...)
		}
		rest = rest[end:]
	}
}

func partOfPath(b byte) bool {
	return b >= '0' && b <= '9' || b >= 'A' && b <= 'Z' || b >= 'a' && b <= 'z' || strings.IndexByte("_./-", b) >= 0
}

// described writes the options of a proto file as its Go code holds them: field 8
// of the file's descriptor, and in it field 11, go_package, each with its length.
func (r rewriter) described(found []byte) []byte {
	name := string(r.to) + string(r.descriptor.FindSubmatch(found)[1])
	option := "Z" + length(name) + name
	return []byte(escaped("B" + length(option) + option))
}

func length(text string) string {
	return string(binary.AppendUvarint(nil, uint64(len(text))))
}

// escaped returns text as it is written between quotes.
func escaped(text string) string {
	quoted := strconv.Quote(text)
	return quoted[1 : len(quoted)-1]
}
