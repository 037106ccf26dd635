package kit

import "registrar.panel/shared/registrarrpc"

// Serve runs a plugin from its main: see [registrarrpc.Serve]. It logs to its host.
func Serve(a Adapter) {
	log := registrarrpc.Logger(a.Describe().Name) // before Serve, which redirects stderr
	registrarrpc.Serve(registrarrpc.ServeOptions{Plugin: New(a, Options{Logger: log}), Logger: log})
}
