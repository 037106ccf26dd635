// Elsewhere reports which parts of this module and its tests would not compile
// on other systems. Its arguments name the systems, such as darwin/arm64.
//
// It checks types and generates no code: go vet for another system
// compiles all modules for that system, and takes twenty times as long.
package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"

	"golang.org/x/tools/go/packages"
)

func main() {
	broken := false
	for _, platform := range os.Args[1:] {
		errs, err := check(platform)
		if err != nil {
			errs = append(errs, err)
		}
		for _, err := range errs {
			fmt.Fprintf(os.Stderr, "%s: %v\n", platform, err)
		}
		broken = broken || len(errs) > 0
	}

	if broken {
		os.Exit(1)
	}
}

// check returns the errors that a platform's compiler would report.
func check(platform string) ([]error, error) {
	system, architecture, ok := strings.Cut(platform, "/")
	if !ok {
		return nil, fmt.Errorf("the platform is not of the form SYSTEM/ARCHITECTURE")
	}

	all, err := packages.Load(&packages.Config{
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles | packages.NeedImports | packages.NeedDeps |
			packages.NeedTypes | packages.NeedSyntax | packages.NeedTypesInfo | packages.NeedTypesSizes,
		Env:       append(os.Environ(), "GOOS="+system, "GOARCH="+architecture, "CGO_ENABLED=0"),
		Tests:     true,
		ParseFile: parse,
	}, "./...")
	if err != nil {
		return nil, fmt.Errorf("load the packages: %w", err)
	}

	if len(all) == 0 {
		return nil, fmt.Errorf("there are no packages here")
	}

	var errs []error
	for _, p := range all {
		if strings.HasSuffix(p.ID, ".test") { // go test generates it from packages that have been checked
			continue
		}
		for _, e := range p.Errors {
			errs = append(errs, e)
		}
	}

	return errs, nil
}

// parse reads a Go file. It drops the bodies of functions of
// other modules: they compile, and they are most of the code.
func parse(files *token.FileSet, name string, source []byte) (*ast.File, error) {
	file, err := parser.ParseFile(files, name, source, parser.SkipObjectResolution)
	if file == nil || strings.HasPrefix(name, root()) {
		return file, err
	}
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok {
			f.Body = nil
		}
	}
	return file, err
}

// root returns the directory of the module, in which this command runs.
func root() string {
	dir, err := os.Getwd()
	if err != nil {
		return ""
	}
	return dir + string(os.PathSeparator)
}
