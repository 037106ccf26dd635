// Package ordering makes requests: an order becomes an operation with its first request, and a
// renewal that is due becomes one without an order.
//
// [Orders] takes orders, and people's decisions about operations; its [Planner] says what an
// order comes to in mails, or what is wrong with it. [Renewals] plans and begins what the
// schedule asks for. [Takeover] takes over what R01 holds for us already.
//
// Guarantees: an order is one operation however often it comes, and repeating it with other
// contents is a Conflict; an order that our record of the domain forbids begins nothing; a paid
// request is unique by agreement, kind, object and the expiry that it starts from. An error of
// a call means that nothing was stored, or that repeating the call finds what was.
package ordering
