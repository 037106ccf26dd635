package lifecycle

import (
	"slices"

	"registrar.panel/shared/registrar"
)

// Action is what is done with evidence.
type Action string

const (
	Apply  Action = "apply"  // the request moves
	Amend  Action = "amend"  // it is concluded, and its record becomes better
	Note   Action = "note"   // it is written down and changes nothing
	Wait   Action = "wait"   // a person must look
	Moot   Action = "moot"   // it does not suit the state: nothing happens
	Refuse Action = "refuse" // a person's decision can't be carried out
)

// Reason says why evidence is not applied.
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
	HintOnly    Reason = "hint-only"    // only what is no secret ties it
	HandleOnly  Reason = "handle-only"  // another handle than ours, tied by no thread or token
	NotMoved    Reason = "not-moved"    // a success with the expiry of before
	Implausible Reason = "implausible"  // an expiry that this request can't lead to
	Contradicts Reason = "contradicts"  // what we hold says otherwise
	FateUntold  Reason = "fate-untold"  // a report on delivery that proves nothing
	StillRuns   Reason = "may-run"      // a transmission of it may be carried out
	MovedOn     Reason = "moved-on"     // the person looked at an earlier version
	Premature   Reason = "premature"    // it may still be carried out
	NoCode      Reason = "no-code"      // the transfer code is said to be there, and is not given
	NotReleased Reason = "not-released" // R01's refusal is not proved to have been of our request
	Repeated    Reason = "repeated"     // another mail with the same Message-ID came before
	Unread      Reason = "unread"       // it can't be read, or no rule recognises it
)

// Reasons lists every reason.
func Reasons() []Reason {
	return []Reason{NotWhole, NotOurs, NotAbout, NoProof, ProofLater, TooOld, NotBound, HintOnly, HandleOnly, NotMoved,
		Implausible, Contradicts, FateUntold, StillRuns, MovedOn, Premature, NoCode, NotReleased, Repeated, Unread}
}

// Verdict is what Weigh makes of evidence. Only Weigh makes one, and only what has one moves
// a request.
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

// Action is what is to be done.
func (v Verdict) Action() Action { return v.action }

// Reason is why it is not applied.
func (v Verdict) Reason() Reason { return v.reason }

// Ask reports that the registry should be asked at once: its record may conclude what this
// can't.
func (v Verdict) Ask() bool { return v.ask }

// Alarm reports that a person should know at once: what was taken for true may not be.
func (v Verdict) Alarm() bool { return v.alarm }

// Event is what happened to the request, if it is applied.
func (v Verdict) Event() Event { return v.event }

// Rule names the line of [Rules] that decided.
func (v Verdict) Rule() string { return v.rule }

// Decision is the new state. ok is false unless the evidence is to be applied.
func (v Verdict) Decision() (d Decision, ok bool) { return v.decision, v.action == Apply }

// Err is why the state does not take the event; nil when that was not the question.
func (v Verdict) Err() error {
	if v.refused == nil {
		return nil
	}
	return v.refused
}

// condition is what a rule asks for beside lists of values.
type condition struct {
	says  string
	holds func(r Request, e Evidence) bool
}

// The conditions that rules ask for.
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

// isPremature: a person's bare word that a paid request was not carried out, as long as it
// still may be. "Not seen yet" is no proof. ARCHITECTURE.md, the durable step
func isPremature(r Request, e Evidence) bool {
	denies := e.Event == SaidNot || e.Event == Resend
	return denies && e.Noted == "" && r.Kind.Paid() && MayHappen(r.Stall) && !r.Settled
}

// Rule is one line of the table by which evidence is weighed. An empty list is any value.
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
	when    condition // the zero one always holds

	Action Action
	Reason Reason
	Ask    bool // the registry
	Alarm  bool
}

func among[T comparable](list []T, v T) bool { return list == nil || slices.Contains(list, v) }

func (l *Rule) suits(r *Request, e *Evidence) bool {
	return among(l.Source, e.Source) && among(l.Event, e.Event) && among(l.Kind, r.Kind) && among(l.State, r.State) &&
		among(l.Proof, e.Proof) && among(l.Binding, e.Binding) && among(l.Made, e.Made) && among(l.Object, e.Object) &&
		among(l.Till, e.Till) && among(l.Fate, e.Fate) &&
		(l.when.holds == nil || l.when.holds(*r, *e))
}

// brings are the events that each source can tell of. Anything else is a mistake of ours, and
// moves nothing.
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

// Weigh decides what becomes of a request by evidence. It is the one place that does: a store
// takes no other decision than one that is made here.
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
	if e.Binding == ByHint { // it frees no money
		d.effects = slices.DeleteFunc(d.effects, func(f Effect) bool { return f == ResumePaid })
	}
	d.releasable = frees(r, e)
	d.mayRun = runs(r, e, d)
	v.decision = d
	return v
}

// unsuited is evidence to which the state has no transition: a person's is refused, a mail's
// contradicts what we hold, and anything else came too late to matter.
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

// frees reports that a refusal proves that nothing runs at R01: it answers our own thread or
// token, and nothing shows that a transmission was taken up. Then the request may go back into
// the queue without a person once what it lacked is there.
func frees(r Request, e Evidence) bool {
	refused := e.Event == Unfunded || e.Event == Unauth
	bound := e.Binding == ByThread || e.Binding == ByToken || e.Binding == ByHandle && !r.Kind.Paid()
	return refused && e.Source == FromReply && bound && (e.Proof == Proved || e.Proof == NotAsked) && !r.MayRun && r.State != accepted
}

// runs reports that R01 may be carrying out a transmission of which no refusal tells: it was
// seen queued, or was sent again while its fate was not known. It stays so.
func runs(r Request, e Evidence, d Decision) bool {
	again := e.Event == Resend && !r.Releasable
	return r.MayRun || e.Event == Queuing || d.state == accepted || again
}

// meant is what an event says of a kind of request. That a domain is not delegated matters
// while it is being registered; a renewal or an update is done all the same. That there is
// nothing to do may be true of a renewal; anything else is refused.
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
