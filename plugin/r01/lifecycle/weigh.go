package lifecycle

import (
	"slices"

	"registrar.panel/shared/registrar"
)

// Action is what is done with evidence.
type Action string

const (
	Apply  Action = "apply"  // the request moves
	Amend  Action = "amend"  // the request is concluded, and its record improves
	Note   Action = "note"   // it is recorded and changes nothing
	Wait   Action = "wait"   // a person must look
	Moot   Action = "moot"   // it does not suit the state: nothing happens
	Refuse Action = "refuse" // a person's decision can't be carried out
)

// Reason is why evidence is not applied.
type Reason string

const (
	NoReason    Reason = ""
	NotWhole    Reason = "in-doubt"     // the mail contradicts itself, or is not wholly understood
	NotOurs     Reason = "not-ours"     // a foreign thread, token or recipient
	NotAbout    Reason = "not-about"    // another object, action, task or owner
	NoProof     Reason = "no-proof"     // its sender is not proved
	ProofLater  Reason = "proof-later"  // its sender can't be proved now
	TooOld      Reason = "too-old"      // it was made before the request
	NotBound    Reason = "not-bound"    // nothing ties it to a request
	HintOnly    Reason = "hint-only"    // only something that is not secret ties it
	HandleOnly  Reason = "handle-only"  // another handle than ours, and neither thread nor token ties it
	NotMoved    Reason = "not-moved"    // a success with the expiry from before
	Implausible Reason = "implausible"  // an expiry that this request can't lead to
	Contradicts Reason = "contradicts"  // our record says otherwise
	FateUntold  Reason = "fate-untold"  // a report on delivery that proves nothing
	StillRuns   Reason = "may-run"      // a transmission of the request may be carried out
	MovedOn     Reason = "moved-on"     // the person looked at an earlier version
	Premature   Reason = "premature"    // the request may still be carried out
	NoCode      Reason = "no-code"      // the transfer code is said to be there, and is not given
	NotReleased Reason = "not-released" // R01's refusal is not proved to be about our request
	Repeated    Reason = "repeated"     // another mail with the same Message-ID came before
	Unread      Reason = "unread"       // it can't be read, or no rule recognises it
)

// Reasons lists every reason.
func Reasons() []Reason {
	return []Reason{NotWhole, NotOurs, NotAbout, NoProof, ProofLater, TooOld, NotBound, HintOnly, HandleOnly, NotMoved,
		Implausible, Contradicts, FateUntold, StillRuns, MovedOn, Premature, NoCode, NotReleased, Repeated, Unread}
}

// Verdict is the result of weighing evidence. Only Weigh makes one, and a request moves only by a verdict.
type Verdict struct {
	action   Action
	reason   Reason
	ask      bool
	alarm    bool
	rule     string
	event    Event
	decision Decision
	refused  *NoTransitionError
}

// Action returns what is done with the evidence.
func (v Verdict) Action() Action { return v.action }

// Reason returns why the evidence is not applied.
func (v Verdict) Reason() Reason { return v.reason }

// Ask reports whether to ask the registry at once: its record may settle what this evidence can't.
func (v Verdict) Ask() bool { return v.ask }

// Alarm reports whether a person should know at once, because our record may be wrong.
func (v Verdict) Alarm() bool { return v.alarm }

// Event returns what happened to the request, if the evidence is applied.
func (v Verdict) Event() Event { return v.event }

// Rule returns the name of the line of [Rules] that decided.
func (v Verdict) Rule() string { return v.rule }

// Decision returns the new state. ok is false unless the evidence is to be applied.
func (v Verdict) Decision() (d Decision, ok bool) { return v.decision, v.action == Apply }

// Err returns why the state does not take the event; nil if that did not matter.
func (v Verdict) Err() error {
	if v.refused == nil {
		return nil
	}
	return v.refused
}

// condition is a requirement of a rule besides lists of values.
type condition struct {
	says  string
	holds func(r Request, e Evidence) bool
}

// The conditions of the rules.
var (
	inDoubt     = condition{"the mail is in doubt", func(_ Request, e Evidence) bool { return e.InDoubt }}
	alone       = condition{"no other open request has the object", func(_ Request, e Evidence) bool { return e.Alone }}
	otherHandle = condition{"it names another handle than ours", func(_ Request, e Evidence) bool { return e.OtherHandle }}
	better      = condition{"its expiry is later than the recorded one, and it names no other handle", func(_ Request, e Evidence) bool { return e.LaterTill && !e.OtherHandle }}
	nothingNew  = condition{"its expiry is not later than the recorded one, and it names no other handle", func(_ Request, e Evidence) bool { return !e.LaterTill && !e.OtherHandle }}
	mayRun      = condition{"R01 may be carrying it out", func(r Request, _ Evidence) bool { return r.MayRun }}
	releasable  = condition{"the refusal answered our token, of what was not seen queued", func(r Request, _ Evidence) bool { return r.Releasable }}
	toVerify    = condition{"R01 has said that there is nothing to renew, or not now", func(r Request, _ Evidence) bool { return r.Stall == ToVerify }}
	stale       = condition{"the person saw another version", func(r Request, e Evidence) bool { return e.Saw != "" && e.Saw != r.Version }}
	codeless    = condition{"the person does not give the code", func(_ Request, e Evidence) bool { return !e.Code }}
	premature   = condition{"it may still be carried out, and the person does not say what shows that it was not", isPremature}
)

// isPremature reports whether a person only claims that a paid request was not carried out while it still may
// be. "Not seen yet" is no proof. ARCHITECTURE.md, the durable step
func isPremature(r Request, e Evidence) bool {
	denies := e.Event == SaidNot || e.Event == Resend
	return denies && e.Noted == "" && r.Kind.Paid() && MayHappen(r.Stall) && !r.Settled
}

// Rule is one line of the table by which evidence is weighed. An empty list means any value.
type Rule struct {
	Name    string
	Source  []Source
	Event   []Event
	Kind    []Kind
	State   []State
	Proof   []Proof
	Binding []Binding
	Made    []Moment
	Object  []Match
	Till    []Till
	Fate    []Fate
	when    condition // the zero condition always holds

	Action Action
	Reason Reason
	Ask    bool // ask the registry
	Alarm  bool
}

func among[T comparable](list []T, v T) bool { return list == nil || slices.Contains(list, v) }

func (l *Rule) suits(r *Request, e *Evidence) bool {
	return among(l.Source, e.Source) && among(l.Event, e.Event) && among(l.Kind, r.Kind) && among(l.State, r.State) &&
		among(l.Proof, e.Proof) && among(l.Binding, e.Binding) && among(l.Made, e.Made) && among(l.Object, e.Object) &&
		among(l.Till, e.Till) && among(l.Fate, e.Fate) &&
		(l.when.holds == nil || l.when.holds(*r, *e))
}

// brings are the events that each source can report. Any other event is our own mistake, and moves nothing.
var brings = map[Source][]Event{
	FromReply:    {Queuing, Done, HalfDone, Rejected, Unfunded, Unauth, Doubted},
	FromBounce:   {Bounced},
	FromCopy:     {CopySeen},
	FromRelay:    {Deferred, Refused, Relayed, Lost},
	FromQueue:    {Claimed, Withdrawn, Unneeded, ByHand},
	FromWhois:    {Confirmed, HalfDone, Withdrawn, Rejected},
	FromList:     {Confirmed, HalfDone, Withdrawn, Rejected},
	FromPerson:   {SaidDone, SaidNot, Resend, Withdrawn, Queuing, Done, HalfDone, Rejected, Unfunded, Unauth, Doubted},
	FromRestore:  {Restored},
	FromRelease:  {Released},
	FromDeadline: {Overdue},
}

// Weigh decides what becomes of a request by evidence. No other function decides: a store accepts only
// decisions that Weigh has made.
func Weigh(r Request, e Evidence) Verdict { return weighBy(rules, r, e) }

func weighBy(rules []Rule, r Request, e Evidence) Verdict {
	if !slices.Contains(brings[e.Source], e.Event) {
		return Verdict{action: Moot, rule: "no such event of this source", refused: &NoTransitionError{r.State, r.Stall, e.Event}}
	}
	e.Event = meant(r.Kind, e.Event)
	for i := range rules {
		if l := &rules[i]; l.suits(&r, &e) {
			return l.verdict(r, e)
		}
	}
	// Evidence that no rule covers moves nothing; a person decides.
	return Verdict{action: Wait, reason: NotBound, rule: "none"}
}

func (l *Rule) verdict(r Request, e Evidence) Verdict {
	v := Verdict{action: l.Action, reason: l.Reason, ask: l.Ask, alarm: l.Alarm, rule: l.Name, event: e.Event}
	if l.Action != Apply {
		return v
	}
	d, err := decide(r, e.Event)
	if err != nil {
		return l.unsuited(v, r, e)
	}
	if e.Binding == ByHint { // a hint must not resume paid requests
		d.effects = slices.DeleteFunc(d.effects, func(f Effect) bool { return f == ResumePaid })
	}
	d.releasable = frees(r, e)
	d.mayRun = runs(r, e, d)
	v.decision = d
	return v
}

// unsuited returns the verdict on evidence to which the state has no transition: a person's evidence is
// refused, a mail's contradicts our record, and anything else came too late to matter.
func (l *Rule) unsuited(v Verdict, r Request, e Evidence) Verdict {
	v.refused = &NoTransitionError{r.State, r.Stall, e.Event}
	switch e.Source {
	case FromPerson:
		v.action = Refuse
	case FromReply, FromBounce:
		v.action, v.reason, v.alarm = Wait, Contradicts, true
	default:
		v.action = Moot
	}
	return v
}

// frees reports whether a refusal proves that nothing runs at R01: it answers our own thread or token, and
// nothing shows that a transmission was accepted. The request may then go back into the queue without a
// person once its obstacle is gone.
func frees(r Request, e Evidence) bool {
	refused := e.Event == Unfunded || e.Event == Unauth
	bound := e.Binding == ByThread || e.Binding == ByToken || e.Binding == ByHandle && !r.Kind.Paid()
	return refused && e.Source == FromReply && bound && (e.Proof == Proved || e.Proof == NotAsked) && !r.MayRun && r.State != accepted
}

// runs reports whether R01 may be carrying out a transmission that no refusal covers: the request was seen
// queued, or was sent again while its fate was not known. This stays true.
func runs(r Request, e Evidence, d Decision) bool {
	again := e.Event == Resend && !r.Releasable
	return r.MayRun || e.Event == Queuing || d.state == accepted || again
}

// meant returns what an event means for a kind of request. Missing delegation matters only while a domain is
// registered; a renewal or an update is done nevertheless. That there is nothing to do may be true of a
// renewal; any other request is refused.
func meant(k Kind, e Event) Event {
	switch {
	case e == HalfDone && k != NewDomain:
		return Done
	case e == Doubted && k != Prolong:
		return Rejected
	}
	return e
}

var final = []State{registrar.Succeeded, registrar.Failed, registrar.Cancelled}
