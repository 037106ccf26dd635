// Package r01 is the registrar plugin for R01 (.RU, .SU, .РФ), reached by e-mail.
//
// It turns settings into rooms, decides when they work, and calls them: ordering takes orders, outbox sends,
// inbox reads R01's answers, witness what the registry shows, views answers questions, and engine moves
// requests; gateway composes them. renewal makes its passes, mailbox fetches, smtpout hands over, store keeps
// the data. Nothing happens before Start: Configure only checks settings, and Probe only tries connections.
//
// Start takes an exclusive lock on the plugin's directory, so that a second instance on the same account
// answers Locked and has no effect. If the store is on a server there may be several instances: all of them
// serve and take orders, and a lease decides which one watches the mailbox and sends.
package r01
