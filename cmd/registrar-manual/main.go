// Command registrar-manual is the manual plugin as a program of
// its own. A panel starts it; run by hand, it says so and exits.
package main

import (
	"registrar.panel/plugin/manual"
	"registrar.panel/shared/registrarrpc"
	"registrar.panel/shared/secret"
)

func main() {
	log := registrarrpc.Logger("manual")
	if err := secret.Conceal(); err != nil {
		log.Warn("other processes of this user can read the plugin's secrets", "err", err)
	}
	registrarrpc.Serve(registrarrpc.ServeOptions{Plugin: manual.New(log), Logger: log})
}
