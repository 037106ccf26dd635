// Package registrarpb is the wire form of the registrar contract: generated code for panel.registrar.v1,
// whose sources are below this directory. Only registrarrpc imports it; all other packages use package
// registrar.
package registrarpb
