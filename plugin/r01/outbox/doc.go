// Package outbox is the queue of mails to R01.
//
// [Queue.Run] reads rows of the store, so nothing is lost when the process dies between two steps.
// A round lists what is due and allowed, groups renewals that may share a mail, and sends each
// mail by the durable step of ARCHITECTURE.md: claim between RCPT and DATA, transmit, conclude.
//
// Guarantees: a request is transmitted only after its claim is committed, and again only when the
// relay definitely took nothing or a person decided so; an answer of the relay that the store did not
// take is kept until it does; a relay that refuses or says nothing stops the queue, and one request
// goes out as a probe. After an error a round is tried again; what was sent by then is concluded.
package outbox
