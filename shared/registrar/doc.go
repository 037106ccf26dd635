// Package registrar is the contract between a hosting panel and a domain registrar.
//
// A panel knows registrars only through this package; a registrar plugin is anything that implements
// [Plugin]. The package imports nothing but the standard library, so that neither side pays for the other's
// choices.
//
// # Off-line by nature
//
// No registrar answers a paid order at once: some answer in seconds, others by e-mail in hours or days. So
// [Orders.Submit] never returns a result. It returns an [Operation], which is durable: it has an identity,
// a state and evidence, and the plugin carries it on through restarts of either side. What becomes of it
// arrives as [Event] values, or is read with [Orders.Operation].
//
// # Exactly one effect for one order
//
// The caller chooses the [OrderID]. Submitting the same order again, at any time and
// from any process, returns the same operation and never sends anything twice;
// submitting the same OrderID with other contents is a [Conflict]. A caller that got
// no answer, or a transport error, therefore simply asks again.
//
// # Outcomes are data, faults are errors
//
// "The registrar rejected the domain" and "a person must act" are outcomes: the operation holds them.
// Errors are for calls that could not be carried out; a caller branches on [Error].Code with errors.Is:
//
//	op, err := r.Submit(ctx, order)
//	switch {
//	case errors.Is(err, registrar.Invalid):     // err.Problems names the fields
//	case errors.Is(err, registrar.Unavailable): // ask again later, with the same OrderID
//	}
//
// # Names, dates, times
//
// Domain names are ACE (punycode), lower case, without a trailing dot. Expiry is a
// civil [Date], the registry's own. Instants are UTC.
//
// # Secrets and personal data
//
// An [Order] carries passports and transfer codes to the plugin. Events, operations, mails, previews and
// errors come back without them: the plugin masks them first.
//
// # Concurrency
//
// All methods may be called concurrently. All take a context and honour it. A cancelled Submit may or may
// not have stored the order; the same call again says which.
package registrar
