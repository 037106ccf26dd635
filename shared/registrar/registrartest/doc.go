// Package registrartest judges a registrar by the contract in package registrar.
//
// The same checks run on a value in this process ([InProcess]), on one behind gRPC
// ([OverGRPC]) and on a plugin's program ([Program]). An author's test is
//
//	func TestConformance(t *testing.T) {
//		registrartest.Run(t, registrartest.Subject{
//			Open:   registrartest.InProcess(func(log *slog.Logger) registrar.Plugin { return mine.New(log) }),
//			Config: json.RawMessage(`{"account": "test"}`),
//		})
//	}
//
// [Examine] does the same outside a test and returns a [Report].
//
// # It submits orders
//
// With a Config the checks start the registrar and submit orders, among them registrations.
// Point it at a simulator or a test account, never at one that pays.
//
// # Orders are sent once
//
// The contract alone does not show what reaches the registrar: a plugin that pays twice looks like any other.
// A witness does, which is a simulator that counts what reaches it and misbehaves when it is told to. See
// Subject.Witness, [Ledger] for a simulator of your own, and [Fake].
//
// # What a result means
//
// Each [Rule] is one demand, with its place in the contract and what to do when it is broken. A rule is
// passed, broken, not judged because something that its check needs did not work, or skipped because it does
// not apply; a skipped rule never counts as passed. A registrar conforms if no rule of level MUST is broken
// or left unjudged.
//
// Every check has its own data directory and its own instance of the registrar, so that none depends on
// another. All names that the checks make up contain the word "conformance".
package registrartest
