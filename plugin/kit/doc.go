// Package kit makes a registrar plugin of an adapter to a registrar's API.
//
// Most of a plugin has nothing to do with its registrar: that an order is stored before it is
// sent, sent once, asked about when no answer came, told of in events, and found again after a
// crash. The kit has all that. What is left to the author is an [Adapter], which says what the
// registrar sells and asks, and a [Remote], which speaks with it:
//
//	func main() { kit.Serve(acme{}) }
//
// # What it guarantees
//
//   - An order that Submit took is on the disk. The same order again is the same operation; other
//     contents under its ID are a Conflict.
//   - One operation at a time is open on a domain, and a renewal is taken only from the expiry that
//     is known.
//   - An order is claimed on the disk before it is sent. A claim that no answer followed, whatever
//     the reason, is Uncertain, and the registrar is asked; it is not sent again, unless the
//     registrar says that it has never got it and the settle time has passed, or a person says so.
//   - A second answer takes no effect, and a late one is heard.
//   - A store that was put back from a copy is noticed. What it calls not sent, and every order that
//     comes later, is asked about before it is sent.
//   - Orders, which hold passports and transfer codes, are sealed, and removed by the transaction
//     that ends them. Nothing that the registrar says is stored, told or logged before what is
//     personal or secret in it was masked.
//   - With the setting store, which every plugin has, the state is in a PostgreSQL database, and several
//     instances share it: one sends and asks, and another takes its place within half a minute. What an
//     instance does that was replaced and does not know it yet, the store refuses.
//   - An order costs the same whether ten domains are known or a hundred thousand.
//
// # What it asks of the registrar
//
// That orders carry a reference of ours and can be asked about by it: the [Order.ID], or the
// reference that it gave in its answer. A registrar that offers neither leaves a lost answer to a
// person. Orders that the registrar has no call for are left to people altogether: see [Staffed].
//
// # Errors
//
// Those of the contract in package registrar. A Remote's error never fails an operation: it says
// that nothing is known. What fails one is the answer [Refused].
package kit
