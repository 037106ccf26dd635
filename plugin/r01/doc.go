// Package r01 is the registrar plugin for R01 (.RU, .SU, .РФ), reached by e-mail.
//
// It composes its rooms into a [registrar.Plugin]: mailform writes requests and recognises
// replies, lifecycle decides, store remembers, smtpout sends, mailbox fetches, renewal makes
// its passes, and gateway carries out. Nothing happens before Start: Configure only checks settings, and Probe
// only tries connections.
//
// Start takes an exclusive lock on the plugin's directory, so that a second instance on
// the same account answers Locked and has no effect. With a store on a server there may be
// several instances: they all serve and take orders, and a lease decides which of them
// watches the mailbox and sends.
package r01
