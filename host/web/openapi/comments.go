package openapi

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"strings"
)

// Comments are the comments of types, by "Type", and of their fields, by "Type.Field".
type Comments map[string]string

// ReadComments reads the comments in a package's sources.
func ReadComments(sources fs.FS) (Comments, error) {
	names, err := fs.Glob(sources, "*.go")
	if err != nil {
		return nil, fmt.Errorf("list sources: %w", err)
	}

	all := Comments{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := fs.ReadFile(sources, name)
		if err != nil {
			return nil, fmt.Errorf("read source: %w", err)
		}
		// Names are not resolved, because only the comments of types and fields are looked at.
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, fmt.Errorf("read source: %w", err)
		}
		all.addFile(file)
	}

	return all, nil
}

func (c Comments) addFile(file *ast.File) {
	for _, d := range file.Decls {
		declared, ok := d.(*ast.GenDecl)
		if !ok || declared.Tok != token.TYPE {
			continue
		}
		for _, s := range declared.Specs {
			if spec, ok := s.(*ast.TypeSpec); ok {
				c.addType(spec, declared.Doc)
			}
		}
	}
}

func (c Comments) addType(spec *ast.TypeSpec, doc *ast.CommentGroup) {
	c.add(spec.Name.Name, spec.Doc, doc)
	body, ok := spec.Type.(*ast.StructType)
	if !ok {
		return
	}
	for _, f := range body.Fields.List {
		for _, name := range f.Names {
			c.add(spec.Name.Name+"."+name.Name, f.Comment, f.Doc)
		}
	}
}

// add stores the first comment that is not empty.
func (c Comments) add(key string, groups ...*ast.CommentGroup) {
	for _, g := range groups {
		if text := strings.Join(strings.Fields(g.Text()), " "); text != "" {
			c[key] = text
			return
		}
	}
}
