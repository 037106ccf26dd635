// Package r01sim simulates R01's mail robot: it takes requests by SMTP, answers by
// IMAP or SMTP, and has a whois and an admin interface. It exists for development
// and tests, and can't be used for anything else: it keeps everything in memory,
// binds loopback only, and shows the mails that it received with their passwords.
//
// It has its own reader of requests and its own texts. It shares no code with the plugin
// that it tests, so that one misreading of R01's rules can't pass on both sides. It
// follows R01's published rules to the letter. What R01 does not publish (the layout of
// its answers above all) is a knob of [Policy], and varies on purpose when chaos is on.
//
// [New] does no I/O, [Simulator.Listen] binds, [Simulator.Run] serves until its context
// ends and waits for everything that it started. All methods may be called concurrently.
// An error of Listen or Run is a fault of the simulator's surroundings. A request that
// R01 would refuse is never an error: it is a [Rejection], and is answered by mail.
package r01sim
