package orders

import "registrar.panel/shared/registrar"

// Standing is the state and the outcome of an operation that carries out an order, or is under way for a domain.
type Standing struct {
	OperationState registrar.OperationState // "" = there is none, or its registrar has not reported it
	Outcome        registrar.Outcome        // "" = it has not ended
	Reason         string                   // why it ended so, or does not move; "" = there is no reason
}

// of returns the standing of an operation.
func of(op registrar.Operation) Standing { return Standing{op.State, op.State.Outcome(), op.Error} }

// stage is the state of an order: of its payment, and of what it asked for.
type stage struct {
	State
	registrar.Outcome
}

// action is what happens to an order.
type action string

const (
	pay      action = "pay"
	cancel   action = "cancel"
	expire   action = "expire"   // it was not paid in time
	withdraw action = "withdraw" // its registrar can't take a paid order any more
	retry    action = "retry"    // the same payment, another operation
	refund   action = "refund"   // the payment is given back
	dismiss  action = "dismiss"  // it failed, and needs no person any more
)

// actions lists every action.
func actions() []action {
	return []action{pay, cancel, expire, withdraw, retry, refund, dismiss}
}

// transitions is the payment gate, and the ways on from an end; what is not listed is refused.
// Every possible stage has a line.
var transitions = map[stage]map[action]stage{
	{Unpaid, open}: {pay: {Paid, open}, cancel: {Cancelled, withdrawn}, expire: {Cancelled, withdrawn}},
	{Paid, open}:   {pay: {Paid, open}, withdraw: {Cancelled, withdrawn}},

	{Paid, succeeded}: {pay: {Paid, succeeded}},
	{Paid, failed}:    {pay: {Paid, failed}, retry: {Paid, open}, refund: {Cancelled, failed}, dismiss: {Paid, failed}},
	{Paid, withdrawn}: {pay: {Paid, withdrawn}, retry: {Paid, open}, refund: {Cancelled, withdrawn}, dismiss: {Paid, withdrawn}},

	{Cancelled, failed}:    {refund: {Cancelled, failed}, dismiss: {Cancelled, failed}},
	{Cancelled, withdrawn}: {cancel: {Cancelled, withdrawn}, refund: {Cancelled, withdrawn}, dismiss: {Cancelled, withdrawn}},
}

const (
	open      registrar.Outcome = ""
	succeeded                   = registrar.OutcomeSucceeded
	failed                      = registrar.OutcomeFailed
	withdrawn                   = registrar.OutcomeCancelled
)

func (o Order) stage() stage { return stage{o.State, o.Outcome} }

// after returns the stage that an action leads to; ok is false if the action is refused.
func (o Order) after(a action) (next stage, ok bool) {
	next, ok = transitions[o.stage()][a]
	return next, ok
}

// refusedTo says why an action does not suit an order.
func (o Order) refusedTo(a action) error {
	stands := string(o.State)
	switch {
	case o.State == Paid && o.Outcome == open:
		stands = "paid and under way"
	case o.Outcome != open && string(o.Outcome) != stands:
		stands += ", and has " + ended[o.Outcome]
	}
	return registrar.Errorf(registrar.Precondition, "can't %s order %s: it is %s", a, o.ID, stands)
}

// ended has the words for an outcome.
var ended = map[registrar.Outcome]string{succeeded: "succeeded", failed: "failed", withdrawn: "been withdrawn"}
