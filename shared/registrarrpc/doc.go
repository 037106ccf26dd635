// Package registrarrpc carries the registrar contract between a panel and a plugin process,
// over hashicorp/go-plugin and gRPC.
//
// A plugin's main calls [Serve]. A host gives [ClientSet], [Handshake] and [DialOptions] to go-plugin and
// gets its registrar.Hosted from [Dispense]; after that neither side notices that there is a wire.
//
// # Guarantees
//
// Values arrive as they were sent, except that an empty list is the same as nil, and so is an empty map;
// instants come back in UTC. A value that either side does not know is an error and never a silent zero; see
// Versions for the words that a newer side may add.
//
// A panic in a plugin's method fails that call and not the process. A plugin whose host has ended, in
// whatever way, drains and exits by itself.
//
// # Versions
//
// [ProtocolVersion] is the major version. A host and a plugin without a common one don't work together, and
// the handshake says so. Within a major version there are only additions: an older side ignores a field that
// it does not know, and a plugin without a call answers registrar.Unsupported. If a type is open, an unknown
// word is read as the one that says the least: a capability or kind in a Description is left out, an event is
// a notice with the level warning, a form field is text that is kept like a passport, availability is
// unknown, evidence is none, a domain's status is none (a host does not believe that record), its renewal is
// manual, a handle is pending, a step of a pass is held. All other types are closed: the states of
// operations, for example, get new words only with a new major version.
//
// # Errors
//
// A *registrar.Error arrives with its code, detail, problems and pause. The end of the caller's context is
// context.Canceled or context.DeadlineExceeded. A plugin that is not there, or ends during the call, is
// registrar.Unavailable; any other failure between the two sides is registrar.Internal.
package registrarrpc
