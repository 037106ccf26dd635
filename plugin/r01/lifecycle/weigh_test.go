package lifecycle

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"registrar.panel/shared/registrar"
)

// law is something that must hold of every verdict, said without a look at the rules.
type law struct {
	name   string
	broken func(r *Request, e *Evidence, v *Verdict) bool
}

func applied(v *Verdict) bool { return v.action == Apply || v.action == Amend }

func said(e *Evidence) bool { return e.Source == FromReply }

func fromRegistry(e *Evidence) bool { return e.Source == FromWhois || e.Source == FromList }

func tied(e *Evidence) bool { return e.Binding == ByThread || e.Binding == ByToken }

func believed(e *Evidence) bool { return e.Proof == Proved || e.Proof == NotAsked }

// takes reports whether the table has a way for an event.
func takes(r *Request, e Event) bool {
	_, err := decide(*r, e)
	return err == nil
}

func dated(k Kind) bool { return k == NewDomain || k == Prolong || k == Transfer }

// laws are the invariants: what must never be, and what must be possible.
var laws = slices.Concat(lawsOfMoney, lawsOfWords, lawsOfDecisions, lawsOfLateWords, lawsOfTheRegistry, lawsOfVerdicts, possible, ownWords, reasons, lawsOfRecords)

// lawsOfMoney say: what costs money must be sent once.
var lawsOfMoney = []law{
	{"what costs money goes back into the queue by a person, by the relay that took nothing, or by a refusal of our token", func(r *Request, e *Evidence, v *Verdict) bool {
		return r.Kind.Paid() && v.action == Apply && v.decision.state == queued &&
			e.Source != FromPerson && !(e.Source == FromRelay && e.Event == Deferred) && !(e.Source == FromRelease && r.Releasable)
	}},
	{"only a believed refusal that answers our thread or token, of what was not seen queued, may release what costs money", func(r *Request, e *Evidence, v *Verdict) bool {
		return r.Kind.Paid() && v.decision.releasable &&
			!(said(e) && tied(e) && believed(e) && !r.MayRun && r.State != accepted && (e.Event == Unfunded || e.Event == Unauth) && !e.InDoubt)
	}},
	{"what may run stays so, and what was queued or sent again in the dark may run", func(r *Request, e *Evidence, v *Verdict) bool {
		return v.action == Apply && !v.decision.mayRun && (r.MayRun || e.Event == Queuing || v.decision.state == accepted || e.Event == Resend && !r.Releasable)
	}},
	{"a renewal is done by a year more, by our bound reply that names no date, or by a person", func(r *Request, e *Evidence, v *Verdict) bool {
		if r.Kind != Prolong || v.action != Apply || v.decision.state != succeeded || e.Source == FromPerson || e.Till == DueTill {
			return false
		}
		return !(said(e) && e.Till == NoTill && tied(e))
	}},
	{"a registration or transfer is done with no other expiry than it should have", func(r *Request, e *Evidence, v *Verdict) bool {
		return dated(r.Kind) && applied(v) && v.decision.Has(FinishObject) && e.Source != FromPerson && (e.Till == OldTill || e.Till == BadTill)
	}},
}

// lawsOfWords say: what is believed of a mail.
var lawsOfWords = []law{
	{"a hint applies only with a proved sender, to the one open request, what is queued or done with its date", func(r *Request, e *Evidence, v *Verdict) bool {
		if !said(e) || e.Binding != ByHint || !applied(v) {
			return false
		}
		fact := v.event == Queuing || v.event == Done && (e.Till == DueTill && dated(r.Kind) || r.Kind == UpdateDomain || r.Kind == UpdateClient)
		return e.Proof != Proved || !e.Alone || e.Made != After || !fact || v.action != Apply
	}},
	{"a hint pauses nothing, frees no money and hands nothing over", func(r *Request, e *Evidence, v *Verdict) bool {
		return said(e) && e.Binding == ByHint && (v.decision.Has(PauseAll) || v.decision.Has(PausePaid) || v.decision.Has(ResumePaid) ||
			v.decision.Has(BeginDomain) || v.decision.Has(FailWaiting) || v.decision.releasable)
	}},
	{"an unproved hint has the registry asked", func(r *Request, e *Evidence, v *Verdict) bool {
		waits := v.action == Wait && (v.reason == HintOnly || v.reason == NoProof || v.reason == ProofLater)
		return said(e) && !r.State.Final() && waits && !v.ask
	}},
	{"no word is believed without the proof that is asked for", func(r *Request, e *Evidence, v *Verdict) bool {
		return said(e) && applied(v) && !believed(e)
	}},
	{"without proof the token alone is believed, or our own fresh handle", func(r *Request, e *Evidence, v *Verdict) bool {
		return said(e) && applied(v) && e.Proof == NotAsked && !tied(e) && e.Binding != ByHandle
	}},
	{"what answers another request, or nothing, or is about something else, is not applied", func(r *Request, e *Evidence, v *Verdict) bool {
		return (said(e) || e.Source == FromBounce) && applied(v) && (e.Binding == Against || e.Binding == Unbound || e.Object == OtherObject)
	}},
	{"what is older than the request does not answer it, and an older refusal not the last transmission", func(r *Request, e *Evidence, v *Verdict) bool {
		refusal := v.event == Rejected || v.event == Unfunded || v.event == Unauth || v.event == Doubted || e.Source == FromBounce
		return (said(e) || e.Source == FromBounce) && applied(v) && (e.Made == Before || e.Made == Between && refusal)
	}},
	{"nothing of a mail in doubt is applied", func(r *Request, e *Evidence, v *Verdict) bool {
		return said(e) && e.InDoubt && v.action != Wait && v.action != Moot
	}},
	{"the queue is paused by a person, or by a bound and believed refusal", func(r *Request, e *Evidence, v *Verdict) bool {
		pauses := v.decision.Has(PauseAll) || v.decision.Has(PausePaid)
		return pauses && e.Source != FromPerson && !(said(e) && believed(e) && (tied(e) || e.Binding == ByHandle))
	}},
	{"a bounce fails a request only with proof, if it was returned, and nothing may run", func(r *Request, e *Evidence, v *Verdict) bool {
		return e.Source == FromBounce && applied(v) && (e.Proof == Missing || e.Proof == Unavailable || e.Fate != Returned || r.MayRun || !tied(e))
	}},
	{"a report on our request that is not understood is never only noted", func(r *Request, e *Evidence, v *Verdict) bool {
		return e.Source == FromBounce && (e.Fate == Untold || e.Fate == Doubtful || e.Fate == Returned) && v.action == Note && r.State != failed
	}},
	{"a delay is noted", func(r *Request, e *Evidence, v *Verdict) bool {
		return e.Source == FromBounce && e.Fate == Delayed && tied(e) && e.Object != OtherObject && v.action != Note
	}},
}

// lawsOfDecisions say: what people decide.
var lawsOfDecisions = []law{
	{"a decision on what has moved on changes nothing and says so", func(r *Request, e *Evidence, v *Verdict) bool {
		return e.Source == FromPerson && e.Saw != "" && e.Saw != r.Version && !(v.action == Refuse && v.reason == MovedOn)
	}},
	{"a bare denial of what costs money waits until it is settled", func(r *Request, e *Evidence, v *Verdict) bool {
		return e.Source == FromPerson && (e.Event == Resend || e.Event == SaidNot) && r.Kind.Paid() && MayHappen(r.Stall) && !r.Settled && e.Noted == "" && v.action == Apply
	}},
	{"a transfer code is got only with the code", func(r *Request, e *Evidence, v *Verdict) bool {
		return e.Source == FromPerson && r.Kind == AuthCode && !e.Code && v.action == Apply && v.decision.state == succeeded
	}},
	{"a client's domains go on under a foreign handle only by thread or token", func(r *Request, e *Evidence, v *Verdict) bool {
		return said(e) && e.OtherHandle && applied(v) && !tied(e)
	}},
}

// lawsOfLateWords say: what comes after the end.
var lawsOfLateWords = []law{
	{"what is concluded stays concluded", func(r *Request, e *Evidence, v *Verdict) bool { return r.State.Final() && v.action == Apply }},
	{"a late word that is better or otherwise is never only written down", func(r *Request, e *Evidence, v *Verdict) bool {
		otherwise := r.State == succeeded && (v.event == Rejected || v.event == Unfunded || v.event == Unauth || v.event == HalfDone) ||
			(r.State == failed || r.State == cancelled) && (v.event == Done || v.event == HalfDone) ||
			r.State == succeeded && v.event == Done && (e.LaterTill || e.OtherHandle || dated(r.Kind) && (e.Till == OldTill || e.Till == BadTill))
		return said(e) && otherwise && v.action == Note
	}},
	{"a bound and believed word against the record raises an alarm", func(r *Request, e *Evidence, v *Verdict) bool {
		against := e.Event == Rejected || e.Event == Done && dated(r.Kind) && (e.Till == OldTill || e.Till == BadTill)
		return said(e) && r.State == succeeded && against && tied(e) && believed(e) && e.Made == After && !e.InDoubt && e.Object != OtherObject && !v.alarm
	}},
	{"a later expiry of a bound and believed word is recorded", func(r *Request, e *Evidence, v *Verdict) bool {
		return said(e) && r.State == succeeded && e.Event == Done && tied(e) && believed(e) && e.Made == After && !e.InDoubt && e.Object == SameObject &&
			e.Till == DueTill && e.LaterTill && !e.OtherHandle && v.action != Amend
	}},
	{"a late word that tells what is known asks for no person", func(r *Request, e *Evidence, v *Verdict) bool {
		known := r.State == succeeded && (v.event == Queuing || v.event == Done && e.Till == DueTill && !e.LaterTill) || r.State == failed && v.event == Rejected
		return said(e) && known && tied(e) && !e.InDoubt && !e.OtherHandle && e.Object == SameObject && v.action != Note
	}},
	{"a bounce of what failed asks for no person", func(r *Request, e *Evidence, v *Verdict) bool {
		return e.Source == FromBounce && r.State == failed && tied(e) && e.Object != OtherObject && v.action != Note
	}},
}

// lawsOfTheRegistry say: what the registry's record concludes.
var lawsOfTheRegistry = []law{
	{"the registry's record of another domain, of before, or that can't be concludes nothing", func(r *Request, e *Evidence, v *Verdict) bool {
		if !fromRegistry(e) || v.action != Apply || e.Event == Withdrawn || e.Event == Rejected {
			return false
		}
		return e.Object == OtherObject || e.Made != After || dated(r.Kind) && (e.Till == BadTill || e.Till == OldTill)
	}},
	{"a renewal is withdrawn only when the registry shows its year", func(r *Request, e *Evidence, v *Verdict) bool {
		return fromRegistry(e) && e.Event == Withdrawn && v.action == Apply && (r.Kind != Prolong || e.Till != DueTill || e.Object == OtherObject)
	}},
	{"a renewal that waits is withdrawn when the registry shows its year", func(r *Request, e *Evidence, v *Verdict) bool {
		return fromRegistry(e) && e.Event == Withdrawn && r.Kind == Prolong && r.State == queued && e.Till == DueTill && e.Object == SameObject && v.action != Apply
	}},
	{"that the registry shows what was before is no alarm", func(r *Request, e *Evidence, v *Verdict) bool {
		return fromRegistry(e) && r.Kind == Prolong && e.Till == OldTill && e.Object == SameObject && e.Event == Confirmed && (v.alarm || v.action != Note)
	}},
	{"a registry's record of before the request that is no proof is no alarm", func(r *Request, e *Evidence, v *Verdict) bool {
		return fromRegistry(e) && r.Kind == UpdateDomain && e.Event == Confirmed && e.Object == SameObject && e.Made == Before && v.action != Note
	}},
	{"a year that was there before we asked is an alarm", func(r *Request, e *Evidence, v *Verdict) bool {
		return fromRegistry(e) && r.Kind == Prolong && e.Till == DueTill && e.Event == Confirmed && e.Object == SameObject && e.Made == Before && !v.alarm
	}},
}

// lawsOfVerdicts say: how a verdict is made.
var lawsOfVerdicts = []law{
	{"what waits has a reason, and what is applied has none", func(r *Request, e *Evidence, v *Verdict) bool {
		return (v.action == Wait) && v.reason == NoReason || applied(v) && v.reason != NoReason
	}},
	{"a verdict that applies has a decision, and no other has", func(r *Request, e *Evidence, v *Verdict) bool {
		_, ok := v.Decision()
		return ok != (v.action == Apply) || ok != (v.decision.state != "")
	}},
}

// possible say: what must be possible.
var possible = []law{
	{"a bound and believed answer is applied wherever the state takes it", func(r *Request, e *Evidence, v *Verdict) bool {
		if !said(e) || !tied(e) || !believed(e) || e.InDoubt || e.OtherHandle || e.Object == OtherObject || e.Made != After || r.State.Final() {
			return false
		}
		plausible := e.Till == NoTill || e.Till == DueTill
		return plausible && takes(r, e.Event) && v.action != Apply
	}},
	{"our own fresh handle binds the client's request", func(r *Request, e *Evidence, v *Verdict) bool {
		return said(e) && r.Kind == NewClient && e.Binding == ByHandle && believed(e) && !e.InDoubt && !e.OtherHandle && e.Object == SameObject && e.Made == After &&
			!r.State.Final() && takes(r, e.Event) && v.action != Apply
	}},
	{"a fresh handle binds nothing else", func(r *Request, e *Evidence, v *Verdict) bool {
		return said(e) && r.Kind != NewClient && e.Binding == ByHandle && applied(v)
	}},
	{"a proved hint of what is done or queued is applied to the one request that it may be about", func(r *Request, e *Evidence, v *Verdict) bool {
		if !said(e) || e.Binding != ByHint || e.Proof != Proved || !e.Alone || e.InDoubt || e.OtherHandle || e.Object != SameObject || e.Made != After || r.State != sent {
			return false
		}
		switch {
		case r.Kind == NewDomain || r.Kind == Prolong:
			return (e.Event == Queuing || e.Event == Done && e.Till == DueTill) && v.action != Apply
		case r.Kind == UpdateDomain:
			return e.Event == Done && v.action != Apply
		}
		return false
	}},
	{"a success that does not move the expiry, or moves it where it can't be, says which", func(r *Request, e *Evidence, v *Verdict) bool {
		if !said(e) || !tied(e) || !believed(e) || e.InDoubt || e.OtherHandle || e.Object != SameObject || e.Made != After || r.State != sent || !dated(r.Kind) || v.event != Done {
			return false
		}
		return e.Till == OldTill && v.reason != NotMoved || e.Till == BadTill && v.reason != Implausible
	}},
}

// ownWords say: what we say ourselves must be possible.
var ownWords = []law{
	{"what our own relay, queue, clock, copy and store say is applied wherever the state takes it", func(r *Request, e *Evidence, v *Verdict) bool {
		own := slices.Contains([]Source{FromRelay, FromQueue, FromDeadline, FromRestore}, e.Source) || e.Source == FromCopy && e.Binding == ByThread
		return own && takes(r, e.Event) && v.action != Apply
	}},
	{"a person may decide what the state takes", func(r *Request, e *Evidence, v *Verdict) bool {
		return e.Source == FromPerson && (e.Saw == "" || e.Saw == r.Version) && e.Noted != "" && takes(r, e.Event) && v.action != Apply
	}},
	{"what is proved not to run is released", func(r *Request, e *Evidence, v *Verdict) bool {
		return e.Source == FromRelease && r.Releasable && takes(r, Released) && v.action != Apply
	}},
	{"the registry's own record concludes", func(r *Request, e *Evidence, v *Verdict) bool {
		return fromRegistry(e) && e.Event == Confirmed && e.Object == SameObject && e.Made == After && e.Till == DueTill && takes(r, e.Event) && v.action != Apply
	}},
	{"our own relay's word that it was returned is applied", func(r *Request, e *Evidence, v *Verdict) bool {
		return e.Source == FromBounce && e.Proof == OwnWord && tied(e) && e.Fate == Returned && e.Object == SameObject && e.Made == After && !r.MayRun && r.State == sent && v.action != Apply
	}},
}

// reasons say: what is not applied must say why.
var reasons = []law{
	{"each kind of mail that is not applied says why in its own words", func(r *Request, e *Evidence, v *Verdict) bool {
		if !said(e) || e.InDoubt || e.Object == OtherObject || r.State != sent || e.OtherHandle {
			return false
		}
		return e.Binding == Against && v.reason != NotOurs || e.Binding == Unbound && v.reason != NotBound ||
			tied(e) && e.Proof == Missing && v.reason != NoProof || tied(e) && e.Proof == Unavailable && v.reason != ProofLater ||
			tied(e) && believed(e) && e.Made == Before && v.reason != TooOld || e.Binding == ByHint && e.Proof == NotAsked && e.Made == After && v.reason != HintOnly
	}},
	{"each bounce that is not applied says why in its own words", func(r *Request, e *Evidence, v *Verdict) bool {
		if e.Source != FromBounce || e.Object == OtherObject || r.State != sent || !tied(e) || e.Fate == Delayed || e.Fate == NotRobot || e.Fate == Delivered {
			return false
		}
		untold := e.Fate != Returned
		return e.Proof == Missing && v.reason != NoProof || believed(e) && untold && v.reason != FateUntold ||
			believed(e) && !untold && e.Made == Between && v.reason != TooOld || believed(e) && !untold && e.Made == After && r.MayRun && v.reason != StillRuns
	}},
	{"a refusal that may not have been of ours is left to a person, with the reason", func(r *Request, e *Evidence, v *Verdict) bool {
		return e.Source == FromRelease && !r.Releasable && !(v.action == Moot && v.reason == NotReleased)
	}},
	{"a late contradiction by a proved hint raises an alarm", func(r *Request, e *Evidence, v *Verdict) bool {
		return said(e) && r.State == succeeded && e.Event == Rejected && e.Binding == ByHint && e.Proof == Proved && e.Made == After && !e.InDoubt &&
			e.Object == SameObject && !e.OtherHandle && !v.alarm
	}},
}

// lawsOfRecords say: what the registry shows must be said.
var lawsOfRecords = []law{
	{"what the registry shows of another domain is an alarm", func(r *Request, e *Evidence, v *Verdict) bool {
		return fromRegistry(e) && e.Object == OtherObject && e.Event == Confirmed && !v.alarm
	}},
	{"an expiry of the registry that can't be is an alarm", func(r *Request, e *Evidence, v *Verdict) bool {
		return fromRegistry(e) && e.Object == SameObject && dated(r.Kind) && e.Till == BadTill && e.Event != Rejected && !v.alarm
	}},
	{"the registry refuses nothing but a renewal that R01 found too early, by a younger record without the year", func(r *Request, e *Evidence, v *Verdict) bool {
		early := r.Kind == Prolong && r.State == needsAction && r.Stall == ToVerify && e.Made == After && (e.Till == OldTill || e.Till == BadTill) && e.Object == SameObject
		return fromRegistry(e) && e.Event == Rejected && v.action == Apply && !early
	}},
	{"a renewal that R01 found too early is refused once the registry shows that the year is not there", func(r *Request, e *Evidence, v *Verdict) bool {
		return fromRegistry(e) && e.Event == Rejected && r.Kind == Prolong && r.State == needsAction && r.Stall == ToVerify && e.Made == After &&
			e.Till == OldTill && e.Object == SameObject && v.action != Apply
	}},
	{"that the registry shows no refusal is noted", func(r *Request, e *Evidence, v *Verdict) bool {
		return fromRegistry(e) && e.Event == Rejected && e.Object == SameObject && r.Stall != ToVerify && v.action != Note
	}},
	{"a foreign handle that nothing binds says so", func(r *Request, e *Evidence, v *Verdict) bool {
		return said(e) && r.Kind == NewClient && e.Binding == ByHint && e.OtherHandle && e.Proof == Proved && e.Made == After && !e.InDoubt && e.Object == SameObject &&
			r.State == sent && v.reason != HandleOnly
	}},
	{"nothing to withdraw is no alarm and no decision", func(r *Request, e *Evidence, v *Verdict) bool {
		return fromRegistry(e) && e.Event == Withdrawn && r.Kind != Prolong && e.Object == SameObject && e.Till == NoTill && v.action != Note
	}},
	{"a registry's record of before is noted", func(r *Request, e *Evidence, v *Verdict) bool {
		return fromRegistry(e) && e.Event == Confirmed && r.Kind == Transfer && e.Object == SameObject && e.Till == OldTill && e.Made == After && v.action != Note
	}},
}

// cases lists every request of a kind with every evidence that a source can bring: state, hold,
// source, event, binding, proof, moment, object, expiry, fate. The conditions that are yes or no
// are all no, as they are when nothing is doubtful, and mixed.
func cases(k Kind) func(yield func(Request, Evidence) bool) {
	of := map[Source][]Evidence{} // once, for there are many requests
	for _, source := range Sources() {
		of[source] = evidences(source)
	}

	return func(yield func(Request, Evidence) bool) {
		mix := uint32(1)
		for _, r := range requests(k) {
			if r.State == uncertain && !MayHappen(r.Stall) {
				continue // it is never held so
			}
			for _, source := range Sources() {
				for _, e := range brings[source] {
					for _, ev := range of[source] {
						ev.Event = e
						some := uint32(1 << 3) // a later expiry
						if ev.Binding == ByHint {
							some = 1 << 1 // alone
						}
						if mix = mix*1664525 + 1013904223; mix>>16%4 == 0 {
							some = mix | 1<<31
						}
						if !yield(flagged(r, ev, 0)) || !yield(flagged(r, ev, some)) || ev.Binding == ByOwnRecord && !yield(flagged(r, ev, 1<<5|1<<6|1<<8)) {
							return
						}
					}
				}
			}
		}
	}
}

func flagged(r Request, e Evidence, flags uint32) (Request, Evidence) {
	bit := func(n int) bool { return flags>>(n+3)&1 == 1 }
	if flags < 1<<9 {
		bit = func(n int) bool { return flags>>n&1 == 1 }
	}
	r.Version = "v2"
	e.InDoubt, e.Alone, e.OtherHandle, e.LaterTill = bit(0), bit(1), bit(2), bit(3)
	r.MayRun, r.Releasable, r.Settled = bit(4), bit(5), bit(6)
	if bit(7) {
		e.Saw = "v1"
	}
	if bit(8) {
		e.Noted, e.Code = "looked at R01", true
	}
	return r, e
}

// mailBindings are those that a mail can have.
var mailBindings = []Binding{Unbound, ByThread, ByToken, ByHandle, ByHint, Against}

// evidences are all that a source can bring, but for the event.
func evidences(source Source) (all []Evidence) {
	bindings, proofs, moments, matches, tills, fates := []Binding{ByOwnRecord}, []Proof{OwnWord}, []Moment{After}, []Match{SameObject}, []Till{NoTill}, []Fate{NoFate}
	switch source {
	case FromReply:
		bindings, proofs, moments, matches, tills = mailBindings, Proofs(), Moments(), Matches(), Tills()
	case FromBounce:
		bindings, proofs, moments, matches, fates = mailBindings, Proofs(), Moments(), Matches(), Fates()
	case FromCopy:
		bindings = Bindings()
	case FromWhois, FromList:
		moments, matches, tills = Moments(), Matches(), Tills()
	}
	for _, b := range bindings {
		for _, p := range proofs {
			for _, m := range moments {
				for _, o := range matches {
					for _, till := range tills {
						if o == OtherObject && till != NoTill {
							continue // of something else
						}
						for _, f := range fates {
							all = append(all, Evidence{Source: source, Binding: b, Proof: p, Made: m, Object: o, Till: till, Fate: f})
						}
					}
				}
			}
		}
	}
	return all
}

// Every law holds of every case.
func TestWeighKeepsTheLaws(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	var r Request // once, for there are millions
	var e Evidence
	var v Verdict
	for _, k := range Kinds() {
		n := 0
		for r, e = range cases(k) {
			n++
			v = Weigh(r, e)
			used[v.rule] = true
			for _, l := range laws {
				if l.broken(&r, &e, &v) {
					t.Fatalf("%s:\n%+v\n%+v\nis %s %s by %q", l.name, r, e, v.action, v.reason, v.rule)
				}
			}
		}
		t.Logf("%s: %d cases", k, n)
	}
	for _, l := range rules {
		if !used[l.Name] {
			t.Errorf("no case comes to the rule %q", l.Name)
		}
	}
}

// Take any rule out, and a law is broken.
func TestEveryRuleIsNeeded(t *testing.T) {
	t.Parallel()
	broken, left := make([]string, len(rules)), len(rules)
	without := make([][]Rule, len(rules))
	for i := range rules {
		without[i] = slices.Delete(slices.Clone(rules), i, i+1)
	}
	var r Request
	var e, m Evidence
	var v Verdict
enough:
	for _, k := range []Kind{Prolong, NewDomain, NewClient, UpdateDomain, Transfer, UpdateClient, AuthCode} {
		for r, e = range cases(k) {
			m = e
			m.Event = meant(r.Kind, e.Event)
			i := 0
			for i < len(rules) && !rules[i].suits(&r, &m) {
				i++
			}
			if i == len(rules) || broken[i] != "" {
				continue // none decides, or it is known to be needed
			}
			v = weighBy(without[i], r, e)
			for _, l := range laws {
				if l.broken(&r, &e, &v) {
					broken[i] = l.name
					left--
					break
				}
			}
			if left == 0 {
				break enough
			}
		}
	}
	for i, l := range rules {
		if broken[i] == "" {
			t.Errorf("every law holds without the rule %q", l.Name)
		}
		t.Logf("without %q it would not hold that %s", l.Name, broken[i])
	}
}

func TestRulesAreWellFormed(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, l := range rules {
		if l.Name == "" || names[l.Name] {
			t.Errorf("rule %q has no name of its own", l.Name)
		}
		names[l.Name] = true
		if l.Source == nil {
			t.Errorf("%s: of what source?", l.Name)
		}
		if (l.Action == Wait || l.Action == Refuse) != (l.Reason != NoReason) && l.Action != Note && l.Action != Moot {
			t.Errorf("%s: %s for %q", l.Name, l.Action, l.Reason)
		}
		if l.Reason != NoReason && !slices.Contains(Reasons(), l.Reason) {
			t.Errorf("%s: reason %q is of no list", l.Name, l.Reason)
		}
	}
	for _, s := range Sources() {
		if len(brings[s]) == 0 {
			t.Errorf("%s brings nothing", s)
		}
	}
}

// A source can't tell of what is not its own.
func TestSourcesTellTheirOwn(t *testing.T) {
	t.Parallel()
	for _, k := range Kinds() {
		for _, r := range requests(k) {
			for _, s := range Sources() {
				for _, e := range Events() {
					v := Weigh(r, Evidence{Source: s, Event: e, Proof: OwnWord, Binding: ByThread, Made: After, Object: SameObject})
					if !slices.Contains(brings[s], e) && v.action != Moot {
						t.Errorf("%s told of %q, which is %s", s, e, v.action)
					}
				}
			}
		}
	}
}

func day(text string) registrar.Date {
	d, err := registrar.ParseDate(text)
	if err != nil {
		panic(err)
	}
	return d
}

func TestTillOf(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind                     Kind
		till, base, asked, today string
		want                     Till
	}{
		{Prolong, "", "2027-01-03", "2026-11-24", "2026-11-24", NoTill},
		{Prolong, "2028-01-03", "2027-01-03", "2026-11-24", "2026-11-24", DueTill},
		{Prolong, "2028-01-04", "2027-01-03", "2026-11-24", "2026-11-25", DueTill}, // another zone
		{Prolong, "2028-01-07", "2027-01-03", "2026-11-24", "2026-12-01", BadTill},
		{Prolong, "2027-12-20", "2027-01-03", "2026-11-24", "2026-11-24", BadTill},
		{Prolong, "2027-01-03", "2027-01-03", "2026-11-24", "2026-11-24", OldTill},
		{Prolong, "2027-01-04", "2027-01-03", "2026-11-24", "2026-11-24", OldTill}, // a day is no year
		{Prolong, "2026-01-03", "2027-01-03", "2026-11-24", "2026-11-24", OldTill},
		{Prolong, "2027-02-03", "2027-01-03", "2026-11-24", "2026-11-24", BadTill},
		{Prolong, "2029-01-03", "2027-01-03", "2026-11-24", "2026-11-24", BadTill},
		{Prolong, "2206-12-24", "2027-01-03", "2026-11-24", "2026-11-24", BadTill},
		{Prolong, "2100-01-03", "2099-01-03", "2026-11-24", "2026-11-24", BadTill}, // from a base that can't be
		{Prolong, "2029-02-28", "2028-02-29", "2028-01-10", "2028-01-10", DueTill},
		{Prolong, "2029-03-01", "2028-02-29", "2028-01-10", "2028-01-10", DueTill},
		{NewDomain, "2027-11-24", "", "2026-11-24", "2026-11-24", DueTill},
		{NewDomain, "2027-12-01", "", "2026-11-24", "2026-12-01", DueTill}, // a week in the queue
		{NewDomain, "2027-12-01", "", "2026-11-24", "2026-11-24", BadTill},
		{NewDomain, "2026-11-24", "", "2026-11-24", "2026-11-24", OldTill},
		{NewDomain, "2028-11-24", "", "2026-11-24", "2026-11-24", BadTill},
		{NewDomain, "2206-11-24", "", "2026-11-24", "2026-11-24", BadTill},
		{Transfer, "2027-03-01", "", "2026-11-24", "2026-11-24", DueTill},
		{Transfer, "2025-03-01", "", "2026-11-24", "2026-11-24", OldTill},
		{Transfer, "2030-03-01", "", "2026-11-24", "2026-11-24", BadTill},
		{UpdateDomain, "2030-03-01", "", "2026-11-24", "2026-11-24", NoTill},
		{NewClient, "2030-03-01", "", "2026-11-24", "2026-11-24", NoTill},
	} {
		if got := TillOf(c.kind, day(c.till), day(c.base), day(c.asked), day(c.today)); got != c.want {
			t.Errorf("%s, till %s from %s, asked %s, today %s: %s, want %s", c.kind, c.till, c.base, c.asked, c.today, got, c.want)
		}
	}
}

// Whatever expiry is called due is one that the zone sells, and a year after the one before.
func TestDueTillIsPlausible(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		today := day("2026-11-24").AddDays(rapid.IntRange(0, 3000).Draw(t, "today"))
		base := today.AddDays(rapid.IntRange(-400, 400).Draw(t, "base"))
		till := today.AddDays(rapid.IntRange(-800, 80000).Draw(t, "till"))
		k := rapid.SampledFrom([]Kind{NewDomain, Prolong, Transfer}).Draw(t, "kind")
		if TillOf(k, till, base, today, today) != DueTill {
			return
		}
		if till.DaysSince(today) > 366+60+3 {
			t.Fatalf("%s till %s on %s", k, till, today)
		}
		if moved := till.DaysSince(base); k == Prolong && (moved < 365-3 || moved > 366+3) {
			t.Fatalf("a renewal moved the expiry by %d days", moved)
		}
	})
}

// world is what is really so in a history of one request, while the evidence lies.
type world struct {
	r        Request
	maySend  bool // by a person, the relay that took nothing, or a bound refusal of what ran nowhere
	sent     int
	queued   bool // it was seen queued since
	inDark   bool // it was sent again while its fate was not known
	answered bool // its refusal answered our thread or token, believed
}

// However evidence comes, lies and repeats itself, what costs money is handed over again only
// with leave.
func TestHostileHistories(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := world{r: Request{Kind: rapid.SampledFrom([]Kind{NewDomain, Prolong}).Draw(t, "kind"), State: queued, Version: "v2"}, maySend: true}
		for i := range rapid.IntRange(1, 80).Draw(t, "length") {
			w.step(t, drawEvidence(t), fmt.Sprint(i))
		}
	})
}

func drawEvidence(t *rapid.T) Evidence {
	source := rapid.SampledFrom(append(Sources(), FromReply, FromReply, FromQueue, FromQueue, FromRelay, FromRelease)).Draw(t, "source")
	return Evidence{
		Source: source, Event: rapid.SampledFrom(brings[source]).Draw(t, "event"),
		Proof: rapid.SampledFrom(Proofs()).Draw(t, "proof"), Binding: rapid.SampledFrom(Bindings()).Draw(t, "binding"),
		Made: rapid.SampledFrom(append(Moments(), After, After)).Draw(t, "made"), Object: rapid.SampledFrom(append(Matches(), SameObject)).Draw(t, "object"),
		Till: rapid.SampledFrom(Tills()).Draw(t, "till"), Fate: rapid.SampledFrom(Fates()).Draw(t, "fate"),
		InDoubt: rapid.IntRange(0, 5).Draw(t, "doubt") == 0, Alone: rapid.Bool().Draw(t, "alone"), OtherHandle: rapid.IntRange(0, 5).Draw(t, "handle") == 0,
		LaterTill: rapid.Bool().Draw(t, "later"), Saw: rapid.SampledFrom([]string{"", "v1", "v2"}).Draw(t, "saw"), Noted: "looked",
	}
}

func (w *world) step(t *rapid.T, e Evidence, at string) {
	d, ok := Weigh(w.r, e).Decision()
	if !ok {
		return
	}
	switch {
	case w.r.State.Final():
		t.Fatalf("%s: %s left the final state %s", at, e.Event, w.r.State)
	case e.Event == Claimed:
		if !w.maySend {
			t.Fatalf("%s: handed over again without leave", at)
		}
		w.maySend = false
		w.sent++
	case e.Source == FromRelay && e.Event == Deferred, e.Source == FromPerson && e.Event == Resend:
		w.maySend = true
		w.inDark = w.inDark || e.Event == Resend && !w.answered
	case e.Event == Released:
		if w.queued || w.inDark || !w.answered {
			t.Fatalf("%s: released; seen queued %v, sent again in the dark %v, answered %v", at, w.queued, w.inDark, w.answered)
		}
		w.maySend = true
	}
	if e.Event == Queuing {
		w.queued = true
	}
	if e.Event != Released && e.Event != Claimed {
		w.answered = (e.Event == Unfunded || e.Event == Unauth) && e.Source == FromReply && (e.Binding == ByThread || e.Binding == ByToken) &&
			(e.Proof == Proved || e.Proof == NotAsked)
	}
	w.r.State, w.r.Stall, w.r.MayRun, w.r.Releasable = d.state, d.hold, d.mayRun, d.releasable
}
