// Command lint is a vet tool with the check that go vet and staticcheck lack: errors that are
// compared or asserted as if they were never wrapped. go vet caches its results by package.
//
// Which linters are off, and why, says docs/contributing.md.
package main

import (
	"codeberg.org/polyfloyd/go-errorlint/errorlint"
	"golang.org/x/tools/go/analysis/unitchecker"
)

func main() {
	// A message for people may end the chain of an error: "line 3: … %v".
	wrapped := errorlint.NewAnalyzer()
	if err := wrapped.Flags.Set("errorf", "false"); err != nil {
		panic(err)
	}

	unitchecker.Main(wrapped)
}
