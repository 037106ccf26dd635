// Package registrarpb is the wire form of the registrar contract: generated code for
// panel.registrar.v1, whose sources lie below this folder. Nothing but registrarrpc
// imports it; everybody else speaks package registrar.
package registrarpb
