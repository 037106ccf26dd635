// Package r01sim is R01's mail robot, simulated: requests in by SMTP, answers out by
// IMAP or SMTP, a whois, and an admin interface. It exists to develop and test against,
// and is built so that it cannot be used for anything else: it keeps everything in
// memory, binds loopback only, and shows what it was sent, passwords included.
//
// It has its own reader of requests and its own texts. It shares no code with the
// plugin that it tests, so that one misreading of R01's rules cannot pass on both sides.
// What R01 publishes is followed to the letter. What it does not publish (the layout of its
// answers above all) is a knob of [Policy], and varies on purpose when chaos is on.
//
// [New] does no I/O, [Simulator.Listen] binds, [Simulator.Run] serves until its context
// ends and waits for all it started. All methods may be called concurrently. An error
// of Listen or Run is a fault of the simulator's surroundings; a request that R01 would
// refuse is never an error but a [Rejection], and is answered by mail.
package r01sim
