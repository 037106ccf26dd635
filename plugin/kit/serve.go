package kit

import "registrar.panel/shared/registrarrpc"

// Serve is the main of a plugin: see [registrarrpc.Serve]. It logs to its host.
func Serve(a Adapter) {
	log := registrarrpc.Logger(a.Describe().Name) // before Serve, which takes stderr away
	registrarrpc.Serve(registrarrpc.ServeOptions{Plugin: New(a, Options{Logger: log}), Logger: log})
}
