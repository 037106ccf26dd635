// Package kit makes a registrar plugin from an adapter to a registrar's API.
//
// Most of a plugin has nothing to do with its registrar: an order is stored before it is sent, sent once,
// asked about when no answer came, reported in events, and found again after a crash. The kit does all that.
// The author writes an [Adapter], which says what the registrar sells and asks for, and a [Remote], which
// speaks with it:
//
//	func main() { kit.Serve(acme{}) }
//
// # What it guarantees
//
//   - An order that Submit accepted is on the disk. The same order again is the same operation; other
//     contents under its ID are a Conflict.
//   - Only one operation at a time is open on a domain, and a renewal is accepted only from the expiry
//     that is known.
//   - An order is claimed on the disk before it is sent. If no answer follows a claim, for whatever
//     reason, the operation is Uncertain, and the registrar is asked. The order is sent again only if the
//     registrar says that it has never got it and the settle time has passed, or if a person says so.
//   - A second answer takes no effect, and a late one still counts.
//   - A store that was restored from a copy is noticed. Orders that it has as not sent, and all later
//     ones, are asked about before they are sent.
//   - Orders, which hold passports and transfer codes, are sealed, and removed by the transaction
//     that ends them. Texts of the registrar are masked before they are stored, reported or logged.
//   - With the setting store, which every plugin has, the state is in a PostgreSQL database, and several
//     instances share it: one sends and asks, and another takes its place within half a minute. The store
//     refuses the writes of an instance that was replaced and has not noticed it yet.
//   - An order costs the same whether ten domains are known or a hundred thousand.
//
// # What it asks of the registrar
//
// Orders must carry a reference of ours by which they can be asked about: the [Order.ID], or the reference
// that the registrar gave in its answer. If a registrar offers neither, a lost answer is left to a person.
// Orders that the registrar has no call for are left to people altogether: see [Staffed].
//
// # Errors
//
// Errors are those of the contract in package registrar. A Remote's error never fails an operation: it means
// that nothing is known. Only the answer [Refused] fails one.
package kit
