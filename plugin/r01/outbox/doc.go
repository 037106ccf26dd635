// Package outbox is the queue of what is to be sent to R01.
//
// [Queue.Run] looks at rows in the store, so nothing is lost when the process dies between two
// steps. A round lists what is due and allowed, puts renewals that may share a mail together,
// and sends each mail by the durable step of ARCHITECTURE.md: claim between RCPT and DATA,
// transmit, conclude.
//
// Guarantees: a request is transmitted only after its claim is committed, and again only when
// the relay definitely took nothing or a person decided it; what a relay answered and the store
// did not take is kept until it does; a relay that refuses or says nothing stops the queue, and
// one request goes out as a probe. An error of a round means that it is tried again; what was
// sent by then is concluded.
package outbox
