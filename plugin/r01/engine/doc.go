// Package engine is the one way a request moves.
//
// [Engine.Weigh] has evidence weighed by package lifecycle and, if it is to be applied, records
// the change, carries out its effects and reports it. The other types stand around that:
// [Alarms], [Timeline], [Reviews] and [Redactor] write what people read; [Clock] doubts the time
// of day; [Limits] says how much may be sent that costs money; [Recovery] holds requests that a
// restored store may have sent and forgotten; [Rounds] does what time alone brings about.
//
// Everything happens within the caller's transaction. Guarantees: a request moves only by evidence
// that lifecycle applies; words of R01 or of the relay are redacted before they are stored; an effect
// is carried out in the transaction of its cause. An error means that nothing of the transaction may
// be committed; [Fault] gives an error of the store the code that the contract promises. The package
// knows no other room: through [Continuer] it hands on to the one that makes requests.
package engine
