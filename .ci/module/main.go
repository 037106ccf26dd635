// Command module gives the module another path; see internal/repath.
//
//	go run ./.ci/module example.com/panel
package main

import (
	"fmt"
	"os"

	"registrar.panel/internal/repath"
)

func main() {
	if len(os.Args) != 2 || os.Args[1] == "" {
		fmt.Fprintln(os.Stderr, "module: say which path the module is to have: make module PATH=example.com/panel")
		os.Exit(2)
	}
	changed, err := repath.Module(".", os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "module:", err)
		os.Exit(1)
	}
	fmt.Printf("the module is %s now; %d files were changed\n", os.Args[1], len(changed))
}
