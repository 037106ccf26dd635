package lifecycle

import (
	"slices"

	"registrar.panel/shared/registrar"
)

// Transition is one line of the table: from any of these states, on any of these events.
type Transition struct {
	From  []State
	On    Event
	To    State
	Stall StallReason   // why it waits, if To waits for a person
	If    []StallReason // only while stalled for one of these reasons; nil = in any case
}

func (t Transition) suits(r Request, e Event) bool {
	return t.On == e && slices.Contains(t.From, r.State) && (t.If == nil || slices.Contains(t.If, r.Stall))
}

const (
	queued      = registrar.Queued
	sending     = registrar.Sending
	sent        = registrar.Sent
	accepted    = registrar.Accepted
	needsAction = registrar.NeedsAction
	uncertain   = registrar.Uncertain
	succeeded   = registrar.Succeeded
	failed      = registrar.Failed
	cancelled   = registrar.Cancelled
)

// Table returns every transition. The first line that suits decides.
func Table() []Transition { return table }

var table = transitions()

func transitions() []Transition {
	var (
		// A reply may overtake the relay's answer to us, so Sending takes replies, too.
		underWay = []State{sending, sent, accepted, uncertain}
		waiting  = []State{needsAction, uncertain}
		// In these stalls R01 has said, or may have said, nothing that a later answer could contradict.
		silent = undecided()
		// In these stalls R01 has said that nothing was executed.
		unexecuted = []StallReason{AuthFailed, NoFunds}
		live       = []State{needsAction}
		doubted    = []StallReason{ToVerify}
	)

	return []Transition{
		// The durable step. ARCHITECTURE.md, the durable step
		{From: []State{queued}, On: Claimed, To: sending},
		{From: []State{sending}, On: Deferred, To: queued},
		{From: []State{sending}, On: Refused, To: failed},
		{From: []State{sending}, On: Relayed, To: sent},
		{From: []State{sending}, On: Lost, To: uncertain, Stall: FateUnknown},
		{From: []State{sending, uncertain}, On: CopySeen, To: sent},
		{From: []State{sent}, On: CopySeen, To: sent},
		{From: []State{accepted}, On: CopySeen, To: accepted},
		{From: []State{sending, sent, uncertain}, On: Bounced, To: failed},

		// What R01 says. r01-mail 3
		{From: []State{sending, sent, uncertain}, On: Queuing, To: accepted},
		{From: []State{accepted}, On: Queuing, To: accepted},
		{From: live, On: Queuing, To: accepted, If: []StallReason{NoAnswer}},
		// Refused and queued: the request stays as it is, and only a person sends it again.
		{From: live, On: Queuing, To: needsAction, Stall: NoFunds, If: []StallReason{NoFunds}},
		{From: live, On: Queuing, To: needsAction, Stall: AuthFailed, If: []StallReason{AuthFailed}},
		{From: underWay, On: Done, To: succeeded},
		{From: live, On: Done, To: succeeded},
		{From: underWay, On: HalfDone, To: needsAction, Stall: NotDelegated},
		{From: live, On: HalfDone, To: needsAction, Stall: NotDelegated},
		{From: underWay, On: Rejected, To: failed},
		{From: live, On: Rejected, To: failed, If: slices.Concat(silent, unexecuted, doubted)},
		{From: live, On: Rejected, To: failed, If: []StallReason{NeedsOperator}},
		{From: underWay, On: Doubted, To: needsAction, Stall: ToVerify},
		{From: live, On: Doubted, To: needsAction, Stall: ToVerify, If: slices.Concat(silent, unexecuted, doubted)},
		{From: underWay, On: Unfunded, To: needsAction, Stall: NoFunds},
		{From: live, On: Unfunded, To: needsAction, Stall: NoFunds, If: slices.Concat(silent, unexecuted)},
		{From: underWay, On: Unauth, To: needsAction, Stall: AuthFailed},
		{From: live, On: Unauth, To: needsAction, Stall: AuthFailed, If: slices.Concat(silent, unexecuted)},

		// Silence. r01-mail 4.4
		{From: []State{sent}, On: Overdue, To: uncertain, Stall: NoAnswer},
		{From: []State{accepted}, On: Overdue, To: needsAction, Stall: NoResult},

		// The registry, and people.
		{From: []State{sent, accepted, needsAction, uncertain}, On: Confirmed, To: succeeded},
		{From: waiting, On: SaidDone, To: succeeded},
		{From: waiting, On: SaidNot, To: failed},
		{From: waiting, On: Resend, To: queued, If: slices.Concat(silent, unexecuted, doubted)},
		{From: live, On: Released, To: queued, If: unexecuted},
		{From: []State{queued}, On: Withdrawn, To: cancelled},
		{From: []State{queued}, On: Unneeded, To: failed},
		{From: []State{queued}, On: ByHand, To: needsAction, Stall: NeedsOperator},

		// Requests that a restored store has as not sent, or not executed, may have been since.
		{From: []State{queued}, On: Restored, To: uncertain, Stall: FateUnknown},
		{From: live, On: Restored, To: uncertain, Stall: FateUnknown, If: unexecuted},
	}
}

// WaitsFor returns what a request in a state waits for, for people; "" = the state is final.
func WaitsFor(r Request) string {
	switch r.State {
	case queued:
		return "being sent to R01"
	case sending, sent:
		return "R01 to confirm that the request is queued"
	case accepted:
		return "R01 to report the result"
	case needsAction, uncertain:
		return stalls[r.Stall]
	}
	return ""
}

var stalls = map[StallReason]string{
	AuthFailed:    "an operator: R01 refused the agreement or its password; correct them in the settings and restart, or resolve with resend",
	NoFunds:       "an operator: the R01 account has no funds; pay in, then resolve with resend",
	NotDelegated:  "an operator: registered, but R01 did not delegate it; check the nameservers and the registrant's phone at R01",
	NoResult:      "an operator: R01 queued the request but has not reported a result in time; ask R01",
	NoAnswer:      "an operator: sent, but R01 has not answered in time; it may have been executed",
	FateUnknown:   "a reply, our own copy, or an operator: it is not known whether it was sent, so it may have been executed",
	ToVerify:      "the registry's word on paid-till, or an operator: R01 says that there is nothing to renew, or not now; look whether it is renewed",
	NeedsOperator: "an operator: R01 has no mail action for this; follow the steps in its history",
}

// Advice returns what a person can do about what an operation waits for. until is the last day on which R01
// accepts the person's application; zero = not known.
func Advice(r Request, op registrar.Operation, until registrar.Date) []registrar.Advice {
	switch {
	case r.State != needsAction:
		return nil
	case r.Stall == AuthFailed:
		return []registrar.Advice{{Action: registrar.AdviseSettings, Parameters: map[string]string{"settings": "agreement, password"}}}
	case r.Stall == NeedsOperator:
		return adviceByHand(op, until)
	}
	return nil
}

// adviceByHand returns the steps for a request for which R01 has no mail.
func adviceByHand(op registrar.Operation, until registrar.Date) (list []registrar.Advice) {
	if op.Kind == registrar.KindTransfer && op.Order != "" {
		list = append(list, registrar.Advice{Action: registrar.AdviseReadCode, Parameters: map[string]string{"order": string(op.Order)}})
	}

	what := map[string]string{"kind": string(op.Kind), "domain": op.Domain}
	if !until.IsZero() {
		what["until"] = until.String()
	}
	list = append(list, registrar.Advice{Action: registrar.AdviseByHand, Parameters: what})

	if op.Kind == registrar.KindAuthCode {
		list = append(list, registrar.Advice{Action: registrar.AdviseGiveCode, Parameters: map[string]string{"operation": string(op.ID)}})
	}
	return list
}

// DomainStatus returns the status of a domain while and after an operation of a kind is in a state; ok is
// false if the operation does not decide it.
func DomainStatus(k registrar.OperationKind, s State) (status registrar.DomainStatus, ok bool) {
	var onTheWay registrar.DomainStatus
	switch k {
	case registrar.KindRegister:
		onTheWay = registrar.StatusRegistering
	case registrar.KindTransfer:
		onTheWay = registrar.StatusTransferring
	// Until R01 has deleted the domain, it is held as before.
	case registrar.KindDelete:
		if s == succeeded {
			return registrar.StatusDeleted, true
		}
		return "", false
	default:
		return "", false
	}

	switch s {
	case succeeded:
		return registrar.StatusRegistered, true
	case failed, cancelled:
		return registrar.StatusError, true
	}
	return onTheWay, true
}
