// Command registrar-manual is the manual plugin as a binary of its own. A panel starts it;
// run by hand it says so and exits.
package main

import (
	"registrar.panel/plugin/manual"
	"registrar.panel/shared/registrarrpc"
)

func main() {
	log := registrarrpc.Logger("manual")
	registrarrpc.Serve(registrarrpc.ServeOptions{Plugin: manual.New(log), Logger: log})
}
