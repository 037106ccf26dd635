// Package views answers what is asked about operations, domains and handles. It changes nothing.
//
// An answer is what the store holds at one moment; a name is Available only by the registry's own word.
// An error means that the answer is not known now, and NotFound that there is nothing of that name.
package views
