// Command registrar-r01 is the R01 plugin as a program of its
// own. A panel starts it; run by hand, it says so and exits.
package main

import (
	"registrar.panel/plugin/r01"
	"registrar.panel/shared/registrarrpc"
	"registrar.panel/shared/secret"
)

func main() {
	log := registrarrpc.Logger("r01")
	if err := secret.Conceal(); err != nil {
		log.Warn("other processes of this user can read the plugin's secrets", "err", err)
	}
	registrarrpc.Serve(registrarrpc.ServeOptions{Plugin: r01.New(log), Logger: log})
}
