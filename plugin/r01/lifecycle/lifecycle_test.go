package lifecycle

import (
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"registrar.panel/shared/registrar"
)

// every state with every hold it may carry.
func requests(k Kind) []Request {
	var all []Request
	for _, s := range registrar.OperationStates() {
		if !s.WaitsForPerson() {
			all = append(all, Request{Kind: k, State: s})
			continue
		}
		for _, h := range StallReasons() {
			if h != NotStalled {
				all = append(all, Request{Kind: k, State: s, Stall: h})
			}
		}
	}
	return all
}

func TestTableIsWellFormed(t *testing.T) {
	t.Parallel()

	used := map[Event]bool{}
	for i, row := range Table() {
		used[row.On] = true

		if len(row.From) == 0 || !slices.Contains(Events(), row.On) || !slices.Contains(registrar.OperationStates(), row.To) {
			t.Errorf("line %d is not of the closed lists: %+v", i, row)
		}
		if row.To.WaitsForPerson() != (row.Stall != NotStalled) {
			t.Errorf("line %d: a hold stands exactly where a person is waited for: %+v", i, row)
		}

		for _, from := range row.From {
			if from.Final() {
				t.Errorf("line %d leaves the final state %s", i, from)
			}
			if row.If != nil && !from.WaitsForPerson() {
				t.Errorf("line %d asks for a hold in %s, which has none", i, from)
			}
		}
	}

	for _, e := range Events() {
		if !used[e] {
			t.Errorf("no line takes event %q", e)
		}
	}
}

func TestTableIsUnambiguous(t *testing.T) {
	t.Parallel()
	for _, r := range requests(NewDomain) {
		for _, e := range Events() {
			var n int
			for _, row := range Table() {
				if row.suits(r, e) {
					n++
				}
			}
			if n > 1 {
				t.Errorf("%d lines take %q in %s (%s)", n, e, r.State, r.Stall)
			}
		}
	}
}

func TestSuccessNeedsEvidence(t *testing.T) {
	t.Parallel()
	evidence := []Event{Done, Confirmed, SaidDone}
	for _, row := range Table() {
		if row.To == registrar.Succeeded && !slices.Contains(evidence, row.On) {
			t.Errorf("%q leads to success and is no evidence of it", row.On)
		}
	}
}

// A request whose fate is unknown is never sent again but by a person's decision.
func TestUncertainNeverResendsItself(t *testing.T) {
	t.Parallel()
	for _, row := range Table() {
		if row.To == registrar.Queued && slices.Contains(row.From, registrar.Uncertain) && row.On != Resend {
			t.Errorf("%q sends an uncertain request again", row.On)
		}
	}
}

func TestNothingIsResentAfterR01SaidItWasRegistered(t *testing.T) {
	t.Parallel()
	half := Request{Kind: NewDomain, State: registrar.NeedsAction, Stall: NotDelegated}
	for _, e := range []Event{Resend, Released, Rejected, Unauth, Unfunded} {
		if d, err := decide(half, e); err == nil {
			t.Errorf("%q took a registered, undelegated domain to %s", e, d.state)
		}
	}
	for _, e := range []Event{Done, Confirmed, SaidDone} {
		if d, err := decide(half, e); err != nil || d.state != registrar.Succeeded {
			t.Errorf("%q on a registered, undelegated domain: %v, %v", e, d, err)
		}
	}
}

func TestDecide(t *testing.T) {
	t.Parallel()

	for _, c := range []struct {
		name string
		from Request
		on   Event
		to   State
		hold StallReason
		has  []Effect
		not  []Effect
	}{
		{"claim", Request{Kind: NewDomain, State: queued}, Claimed, sending, NotStalled, nil, []Effect{RaiseAlarm}},
		{"fate unknown", Request{Kind: NewDomain, State: sending}, Lost, uncertain, FateUnknown, []Effect{RaiseAlarm}, nil},
		{"reply overtakes the relay's answer", Request{Kind: NewDomain, State: sending}, Queuing, accepted, NotStalled, nil, []Effect{RaiseAlarm}},
		{"client registered", Request{Kind: NewClient, State: accepted}, Done, succeeded, NotStalled, []Effect{BeginDomain, FinishObject}, []Effect{ResumePaid, FailWaiting}},
		{"client refused", Request{Kind: NewClient, State: sent}, Rejected, failed, NotStalled, []Effect{FailWaiting, RaiseAlarm}, []Effect{BeginDomain, FinishObject}},
		{"client request undeliverable", Request{Kind: NewClient, State: sending}, Refused, failed, NotStalled, []Effect{FailWaiting}, nil},
		{"domain registered", Request{Kind: NewDomain, State: accepted}, Done, succeeded, NotStalled, []Effect{FinishObject, ResumePaid}, []Effect{BeginDomain, RaiseAlarm}},
		{"registered, not delegated", Request{Kind: NewDomain, State: accepted}, HalfDone, needsAction, NotDelegated, []Effect{RaiseAlarm, FinishObject}, nil},
		{"renewed, not delegated", Request{Kind: Prolong, State: accepted}, HalfDone, succeeded, NotStalled, []Effect{FinishObject}, []Effect{RaiseAlarm}},
		{"delegated at last", Request{Kind: NewDomain, State: needsAction, Stall: NotDelegated}, Done, succeeded, NotStalled, []Effect{ClearAlarm}, []Effect{RaiseAlarm}},
		{"wrong password", Request{Kind: NewClient, State: sent}, Unauth, needsAction, AuthFailed, []Effect{PauseAll, RaiseAlarm}, []Effect{PausePaid}},
		{"renewed already, R01 says", Request{Kind: Prolong, State: sent}, Doubted, needsAction, ToVerify, []Effect{RaiseAlarm}, []Effect{FinishObject, PausePaid}},
		{"not now, R01 says after queuing it", Request{Kind: Prolong, State: accepted}, Doubted, needsAction, ToVerify, []Effect{RaiseAlarm}, nil},
		{"verified by the registry", Request{Kind: Prolong, State: needsAction, Stall: ToVerify}, Confirmed, succeeded, NotStalled, []Effect{FinishObject, ClearAlarm}, nil},
		{"done after all", Request{Kind: Prolong, State: needsAction, Stall: ToVerify}, Done, succeeded, NotStalled, []Effect{FinishObject, ClearAlarm}, nil},
		{"refused after all", Request{Kind: Prolong, State: needsAction, Stall: ToVerify}, Rejected, failed, NotStalled, []Effect{RaiseAlarm}, nil},
		{"a person sends it later", Request{Kind: Prolong, State: needsAction, Stall: ToVerify}, Resend, queued, NotStalled, []Effect{ClearAlarm}, nil},
		{"nothing to do is no word about a registration", Request{Kind: NewDomain, State: sent}, Doubted, failed, NotStalled, []Effect{RaiseAlarm}, nil},
		{"no funds", Request{Kind: Prolong, State: sent}, Unfunded, needsAction, NoFunds, []Effect{PausePaid}, []Effect{PauseAll}},
		{"password mended", Request{Kind: NewClient, State: needsAction, Stall: AuthFailed}, Released, queued, NotStalled, []Effect{ClearAlarm}, nil},
		{"person resends", Request{Kind: NewDomain, State: uncertain, Stall: FateUnknown}, Resend, queued, NotStalled, []Effect{ClearAlarm, ResumeAll}, nil},
		{"our copy came back", Request{Kind: NewDomain, State: uncertain, Stall: FateUnknown}, CopySeen, sent, NotStalled, []Effect{ClearAlarm}, nil},
		{"no answer", Request{Kind: Prolong, State: sent}, Overdue, uncertain, NoAnswer, []Effect{RaiseAlarm}, nil},
		{"no result", Request{Kind: NewDomain, State: accepted}, Overdue, needsAction, NoResult, []Effect{RaiseAlarm}, nil},
		{"a transfer's turn", Request{Kind: Transfer, State: queued}, ByHand, needsAction, NeedsOperator, []Effect{RaiseAlarm}, []Effect{FinishObject}},
		{"transferred", Request{Kind: Transfer, State: needsAction, Stall: NeedsOperator}, Confirmed, succeeded, NotStalled, []Effect{FinishObject, ClearAlarm}, []Effect{ResumePaid}},
		{"transferred, not delegated", Request{Kind: Transfer, State: needsAction, Stall: NeedsOperator}, HalfDone, succeeded, NotStalled, []Effect{FinishObject}, nil},
		{"transfer refused", Request{Kind: Transfer, State: needsAction, Stall: NeedsOperator}, Rejected, failed, NotStalled, []Effect{RaiseAlarm}, []Effect{FinishObject}},
		{"given up", Request{Kind: Delete, State: needsAction, Stall: NeedsOperator}, Confirmed, succeeded, NotStalled, []Effect{FinishObject, ClearAlarm}, []Effect{ResumePaid}},
		{"not given up", Request{Kind: Delete, State: needsAction, Stall: NeedsOperator}, SaidNot, failed, NotStalled, []Effect{RaiseAlarm}, []Effect{FinishObject}},
		{"traded", Request{Kind: Trade, State: needsAction, Stall: NeedsOperator}, SaidDone, succeeded, NotStalled, []Effect{FinishObject, ClearAlarm}, []Effect{BeginDomain}},
		{"rejected after silence", Request{Kind: NewDomain, State: needsAction, Stall: NoResult}, Rejected, failed, NotStalled, []Effect{RaiseAlarm}, nil},
	} {
		d, err := decide(c.from, c.on)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}

		if d.state != c.to || d.hold != c.hold {
			t.Errorf("%s: got %s (%s), want %s (%s)", c.name, d.state, d.hold, c.to, c.hold)
		}

		for _, e := range c.has {
			if !d.Has(e) {
				t.Errorf("%s: effect %q is missing from %v", c.name, e, d.effects)
			}
		}

		for _, e := range c.not {
			if d.Has(e) {
				t.Errorf("%s: effect %q is not wanted", c.name, e)
			}
		}
	}
}

func TestDecideRefuses(t *testing.T) {
	t.Parallel()

	for _, c := range []struct {
		from Request
		on   Event
		why  string
	}{
		{Request{Kind: NewDomain, State: ""}, Claimed, "the zero state is invalid"},
		{Request{Kind: NewDomain, State: queued}, "", "the zero event is invalid"},
		{Request{Kind: NewDomain, State: queued}, Done, "nothing was sent that could be done"},
		{Request{Kind: NewDomain, State: sent}, Claimed, "it is sent already"},
		{Request{Kind: NewDomain, State: sent}, Withdrawn, "it can't be called back"},
		{Request{Kind: NewDomain, State: sent}, Resend, "only what waits for a person is resent"},
		{Request{Kind: NewDomain, State: succeeded}, Rejected, "concluded"},
		{Request{Kind: NewDomain, State: needsAction, Stall: NoResult}, Released, "it may have been executed"},
		{Request{Kind: Transfer, State: needsAction, Stall: NeedsOperator}, Resend, "there is nothing to send"},
		{Request{Kind: Transfer, State: needsAction, Stall: NeedsOperator}, ByHand, "it stands so already"},
	} {
		_, err := decide(c.from, c.on)
		var no *NoTransitionError
		if !errors.As(err, &no) {
			t.Errorf("%q in %q (%s) was taken: %s", c.on, c.from.State, c.from.Stall, c.why)
		}
	}
}

// Any order of events: states stay in the closed list, final states stay final, and a
// request is transmitted again only after a definite "nothing was taken" or a decision.
func TestRandomHistories(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		r := Request{Kind: rapid.SampledFrom(Kinds()).Draw(t, "kind"), State: queued}
		maySend := true
		for _, e := range rapid.SliceOfN(rapid.SampledFrom(Events()), 1, 60).Draw(t, "events") {
			d, err := decide(r, e)
			if err != nil {
				continue
			}

			if r.State.Final() {
				t.Fatalf("%q left the final state %s", e, r.State)
			}

			switch e {
			case Claimed:
				if !maySend {
					t.Fatalf("transmitted again without proof or decision, from %s", r.State)
				}
				maySend = false
			case Deferred, Unauth, Unfunded, Resend:
				maySend = true
			}

			r.State, r.Stall = d.state, d.hold
			if !slices.Contains(registrar.OperationStates(), r.State) || !slices.Contains(StallReasons(), r.Stall) {
				t.Fatalf("left the closed lists: %+v", r)
			}

			if r.State.Final() != (WaitsFor(r) == "") {
				t.Fatalf("%s (%s) waits for %q", r.State, r.Stall, WaitsFor(r))
			}
		}
	})
}

func TestEveryHoldIsExplained(t *testing.T) {
	t.Parallel()
	for _, h := range StallReasons() {
		if h != NotStalled && WaitsFor(Request{Kind: NewDomain, State: needsAction, Stall: h}) == "" {
			t.Errorf("hold %q tells a person nothing", h)
		}
	}
}

func TestEventOf(t *testing.T) {
	t.Parallel()
	for _, o := range registrar.ReplyOutcomes() {
		e, ok := EventOf(o)
		silent := o == registrar.ReplyNotice || o == registrar.ReplyIgnore
		if ok == silent {
			t.Errorf("EventOf(%s) = %q, %v", o, e, ok)
		}
	}
	if _, ok := EventOf(""); ok {
		t.Error("the zero outcome is an event")
	}
}

func TestDomainStatus(t *testing.T) {
	t.Parallel()

	for _, c := range []struct {
		kind   registrar.OperationKind
		state  State
		status registrar.DomainStatus
	}{
		{registrar.KindRegister, queued, registrar.StatusRegistering},
		{registrar.KindRegister, uncertain, registrar.StatusRegistering},
		{registrar.KindRegister, needsAction, registrar.StatusRegistering},
		{registrar.KindRegister, succeeded, registrar.StatusRegistered},
		{registrar.KindRegister, failed, registrar.StatusError},
		{registrar.KindTransfer, accepted, registrar.StatusTransferring},
		{registrar.KindTransfer, succeeded, registrar.StatusRegistered},
		{registrar.KindRenew, failed, ""},
		{registrar.KindUpdate, succeeded, ""},
		{registrar.KindDelete, needsAction, ""},
		{registrar.KindDelete, succeeded, registrar.StatusDeleted},
		{registrar.KindDelete, failed, ""},
		{registrar.KindTrade, succeeded, ""},
		{registrar.KindAuthCode, succeeded, ""},
	} {
		if got, ok := DomainStatus(c.kind, c.state); got != c.status || ok != (c.status != "") {
			t.Errorf("%s that is %s: status %q, want %q", c.kind, c.state, got, c.status)
		}
	}
}
