// Package engine is the one way a request moves.
//
// [Engine.Weigh] has evidence weighed by package lifecycle and, if it is to be applied, records
// the change, carries out its effects and tells of it. The other types are what stands around
// that: [Alarms], [Timeline], [Reviews] and [Redactor] write what people read; [Clock] doubts
// the time of day; [Limits] says what may be sent that costs money; [Recovery] holds what a
// restored store has forgotten; [Rounds] does what time alone brings about.
//
// Everything happens within the caller's transaction. Guarantees: a request moves only by
// evidence that lifecycle applies; what R01 or the relay wrote is redacted before it is stored;
// an effect is carried out in the transaction of its cause. An error means that nothing of the
// transaction may be committed; [Fault] gives one of the store the code that the contract
// promises. It knows no other room: [Continuer] is how it hands on to the one that makes
// requests.
package engine
