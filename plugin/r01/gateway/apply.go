package gateway

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// fact is something that happened to a request, in words, and what shows it.
type fact struct {
	event    lifecycle.Event // as it was weighed
	result   mailform.Result // what R01 said; zero when it was not R01
	actor    string
	evidence registrar.EvidenceKind
	mail     registrar.MailID
	reason   string    // why it failed or stands, in the words of whoever said it
	note     string    // what a person adds to a decision
	dueAt    time.Time // for a request that goes back to the queue
}

const (
	byPlugin    = "plugin"
	byRegistrar = "registrar"
)

// advance is the one way a request moves, by evidence that was weighed and is to be applied:
// record, carry out the effects, tell.
func (g *Gateway) advance(tx *store.Tx, r *store.Request, v lifecycle.Verdict, f fact) (err error) {
	d, ok := v.Decision()
	if !ok {
		return fmt.Errorf("advance request %s: %q was not to be applied (%s)", r.ID, v.Event(), v.Rule())
	}
	f.event = v.Event()
	if !d.State().WaitsForPerson() && d.State() != registrar.Failed {
		f.reason = "" // it explains nothing
	}
	if f.reason, err = g.redact(tx, f.reason, *r); err != nil {
		return err
	}
	if f.note, err = g.redact(tx, f.note, *r); err != nil {
		return err
	}
	c, before := g.change(*r, d, f), r.Hold
	ops, err := tx.Advance(r, d, c)
	if err != nil {
		return err
	}
	if saysEarly(*r, f.result) {
		if err := tx.SetEarly(r.ID, g.now()); err != nil {
			return err
		}
	}
	g.log.Info("request moved", "request", r.ID, "kind", r.Kind, "object", r.Object, "event", f.event,
		"state", d.State(), "hold", d.Hold(), "attempt", r.Attempt, "rule", v.Rule())
	for _, e := range d.Effects() {
		if err := g.carryOut(tx, e, r, f, ops); err != nil {
			return fmt.Errorf("%s after %s: %w", e, f.event, err)
		}
	}
	for _, op := range ops {
		if err := g.tell(tx, op, typeOf(f), c); err != nil {
			return err
		}
		if d.State().Final() { // what the registry contradicted is over
			if err := g.clear(tx, registryAlarm(op.Domain), op.Domain); err != nil {
				return err
			}
		}
	}
	if err := g.alert(tx, d, r.Lifecycle(), f, ops); err != nil {
		return err
	}
	return g.endPause(tx, before, d.Hold())
}

// alert comes last, so that the log tells what happened before what to think of it.
func (g *Gateway) alert(tx *store.Tx, d lifecycle.Decision, r lifecycle.Request, f fact, ops []store.Operation) error {
	switch {
	case d.Has(lifecycle.RaiseAlarm):
		return g.alarm(tx, r, f, ops)
	case d.Has(lifecycle.ClearAlarm):
		return g.clearAlarms(tx, ops)
	}
	return nil
}

// typeOf sorts what happened for the Action Log.
func typeOf(f fact) registrar.EventType {
	switch {
	case f.event == lifecycle.Relayed:
		return registrar.EventMailOut
	case f.evidence == registrar.EvidenceReply:
		return registrar.EventMailIn
	case f.evidence == registrar.EvidencePerson:
		return registrar.EventDecision
	}
	return registrar.EventOperation
}

func (g *Gateway) change(r store.Request, d lifecycle.Decision, f fact) store.Change {
	c := store.Change{At: g.now(), Message: describe(r, f), Actor: f.actor, Evidence: f.evidence, Mail: f.mail,
		Task: f.result.Task, DueAt: f.dueAt}
	switch d.State() {
	case registrar.Failed, registrar.NeedsAction, registrar.Uncertain:
		c.Error = f.reason
	case registrar.Sent:
		c.Deadline = c.At.Add(g.settings.QueuedWithin)
	case registrar.Accepted:
		c.Deadline = c.At.Add(g.settings.DoneWithin)
	}
	return c
}

// carryOut executes one effect within the transaction that caused it.
func (g *Gateway) carryOut(tx *store.Tx, e lifecycle.Effect, r *store.Request, f fact, ops []store.Operation) error {
	switch e {
	case lifecycle.BeginDomain:
		return g.beginDomains(tx, *r, f, ops)
	case lifecycle.FailWaiting:
		return tx.ConcludeClient(r.Client, registrar.HandleFailed, r.Object)
	case lifecycle.FinishObject:
		return g.finishObject(tx, *r, f, ops)
	case lifecycle.PauseAll:
		return g.pause(tx, pauseAll, "R01 refused the agreement or its password: nothing is sent until they are corrected in plugin.hcl, or an operator resolves a held operation with resend")
	case lifecycle.PausePaid:
		return g.pause(tx, pausePaid, noFundsMessage)
	case lifecycle.ResumeAll:
		return errors.Join(g.resume(tx, pauseAll), g.resume(tx, pausePaid))
	case lifecycle.ResumePaid:
		return g.resume(tx, pausePaid)
	case lifecycle.RaiseAlarm, lifecycle.ClearAlarm:
		return nil // alert does it
	}
	return fmt.Errorf("effect %q is not known", e)
}

// beginDomains goes on with every order that waited for a client.
func (g *Gateway) beginDomains(tx *store.Tx, r store.Request, f fact, ops []store.Operation) error {
	handle := r.Object
	if f.result.Handle != "" {
		handle = f.result.Handle // r01-mail 2.8: R01's spelling wins
	}
	if err := tx.ConcludeClient(r.Client, registrar.HandleRegistered, handle); err != nil {
		return err
	}
	for i := range ops {
		if err := g.continuer.ClientRegistered(tx, &ops[i], handle); err != nil {
			return err
		}
	}
	return nil
}

// finishObject records what R01 has done for a domain.
func (g *Gateway) finishObject(tx *store.Tx, r store.Request, f fact, ops []store.Operation) error {
	if r.Kind.AboutClient() {
		return nil
	}
	d, err := tx.DomainRecord(r.Object)
	if err != nil {
		return err
	}
	switch r.Kind {
	case lifecycle.NewDomain, lifecycle.Prolong, lifecycle.Transfer:
		d.PaidTill = paidTill(r, f, d.PaidTill)
		if err := g.renewed(tx, &d); err != nil {
			return err
		}
		guessed := f.result.PaidTill.IsZero() && r.Kind == lifecycle.Prolong
		return errors.Join(tx.PutDomain(d, g.now()), tx.Guess(d.Name, guessed))
	case lifecycle.UpdateDomain:
		for _, op := range ops {
			order, err := orderOf(tx, op.ID)
			if err != nil {
				return err
			}
			d.Nameservers = order.Nameservers
		}
	}
	return tx.PutDomain(d, g.now())
}

// paidTill is what R01 wrote. A prolongation is always by one year, so there the new expiry
// is known without it. Expiry never moves backwards. r01-mail 2.6
func paidTill(r store.Request, f fact, known registrar.Date) registrar.Date {
	till := f.result.PaidTill
	if till.IsZero() && r.Kind == lifecycle.Prolong {
		till = r.Base.AddYears(1)
	}
	if till.IsZero() || !known.IsZero() && till.Before(known) {
		return known
	}
	return till
}

// alarm raises one for every operation that stands or failed because of the request.
func (g *Gateway) alarm(tx *store.Tx, r lifecycle.Request, f fact, ops []store.Operation) error {
	if r.Hold == lifecycle.NoFunds {
		return nil // one alarm tells of all of them: that of the pause
	}
	for _, op := range ops {
		text := lifecycle.WaitsFor(r)
		if text == "" {
			text = nouns[op.Kind] + " failed"
		}
		if f.reason != "" {
			text += ": " + f.reason
		}
		if err := g.raise(tx, alarmOf(op.ID), op.Domain, text); err != nil {
			return err
		}
	}
	return nil
}

func (g *Gateway) clearAlarms(tx *store.Tx, ops []store.Operation) error {
	for _, op := range ops {
		if err := g.clear(tx, alarmOf(op.ID), op.Domain); err != nil {
			return err
		}
	}
	return nil
}

func alarmOf(id registrar.OperationID) string { return "operation:" + string(id) }

// raise raises an alarm and tells of it, unless it stands already.
func (g *Gateway) raise(tx *store.Tx, key, domain, message string) error {
	fresh, err := tx.RaiseAlarm(registrar.Alarm{Key: key, Since: g.now(), Message: message}, domain)
	if err != nil || !fresh {
		return err
	}
	tx.Emit(registrar.Event{At: g.now(), Type: registrar.EventAlarm, Level: registrar.LevelError,
		Message: message, Actor: byPlugin, Name: domain})
	return nil
}

func (g *Gateway) clear(tx *store.Tx, key, domain string) error {
	stood, err := tx.ClearAlarm(key)
	if err != nil || !stood {
		return err
	}
	tx.Emit(registrar.Event{At: g.now(), Type: registrar.EventCleared, Level: registrar.LevelInfo,
		Message: "no longer: " + key, Actor: byPlugin, Name: domain})
	return nil
}

// tell brings the domain to what its operation has come to, and emits the event.
func (g *Gateway) tell(tx *store.Tx, op store.Operation, t registrar.EventType, c store.Change) error {
	if err := g.showStatus(tx, op); err != nil {
		return err
	}
	message := c.Message
	if op.Error != "" {
		message += ": " + op.Error
	}
	tx.Emit(registrar.Event{At: c.At, Type: t, Level: levelOf(op.State), Message: message,
		Actor: c.Actor, Name: op.Domain, Order: op.Order, Operation: op.ID, Mail: c.Mail})
	return nil
}

func (g *Gateway) showStatus(tx *store.Tx, op store.Operation) error {
	status, ok := lifecycle.DomainStatus(op.Kind, op.State)
	if !ok {
		return nil
	}
	d, err := tx.DomainRecord(op.Domain)
	if err != nil {
		return err
	}
	if d.Status == status {
		return nil
	}
	d.Status = status
	g.log.Info("domain moved", "domain", d.Name, "status", status, "operation", op.ID)
	return tx.PutDomain(d, g.now())
}

func levelOf(s registrar.OperationState) registrar.Level {
	switch {
	case s == registrar.Failed:
		return registrar.LevelError
	case s.WaitsForPerson():
		return registrar.LevelWarning
	}
	return registrar.LevelInfo
}

// The two pauses. r01-mail 4.5
const (
	pauseAll  = "pause:all"
	pausePaid = "pause:paid"
)

// pause stops the sender. Its value tells which credentials were in force.
func (g *Gateway) pause(tx *store.Tx, which, message string) error {
	if err := tx.SetSetting(which, g.credentials()); err != nil {
		return err
	}
	if which == pausePaid {
		return g.remind(tx, which, message)
	}
	return g.raise(tx, which, "", message)
}

// resume lifts a pause. What R01 has refused for want of money, in answer to our own token, was
// not executed, and goes back to the queue with it.
func (g *Gateway) resume(tx *store.Tx, which string) error {
	paused, err := tx.Setting(which)
	if err != nil {
		return err
	}
	if paused != "" {
		if err := errors.Join(tx.SetSetting(which, ""), g.clear(tx, which, "")); err != nil {
			return err
		}
	}
	if which == pausePaid {
		return g.release(tx, lifecycle.NoFunds, "there may be funds now")
	}
	return nil
}

func (g *Gateway) credentials() string {
	return g.store.Fingerprint("credentials", g.settings.Agreement, g.settings.Password.Reveal())
}

// releaseIfMended lifts the pause that wrong credentials caused once others are configured.
// What R01 refused for them, in answer to our own token, was not executed, so it goes back to
// the queue.
func (g *Gateway) releaseIfMended(tx *store.Tx) error {
	refused, err := tx.Setting(pauseAll)
	if err != nil || refused == "" || refused == g.credentials() {
		return err
	}
	if err := g.resume(tx, pauseAll); err != nil {
		return err
	}
	return g.release(tx, lifecycle.AuthFailed, "the agreement or its password was changed")
}

// release puts what was held for a reason that is gone back into the queue: only what is proved
// not to run at R01. All else waits for a person.
func (g *Gateway) release(tx *store.Tx, held lifecycle.Hold, reason string) error {
	restored, err := tx.Restored()
	if err != nil {
		return err
	}
	all, err := tx.Held(held)
	if err != nil {
		return err
	}
	for _, r := range all {
		if restored != "" && r.Kind.Paid() {
			continue
		}
		e := lifecycle.Evidence{Source: lifecycle.FromRelease, Event: lifecycle.Released, Proof: lifecycle.OwnWord}
		if _, err := g.weigh(tx, &r, e, fact{actor: byPlugin, dueAt: g.now(), reason: reason}); err != nil {
			return err
		}
	}
	return nil
}

func orderOf(tx *store.Tx, id registrar.OperationID) (storedOrder, error) {
	text, err := tx.Order(id)
	if err != nil {
		return storedOrder{}, err
	}
	var o storedOrder
	if err := json.Unmarshal(text, &o); err != nil {
		return storedOrder{}, fmt.Errorf("read order of operation %s: %w", id, err)
	}
	return o, nil
}

// describe says what happened in a sentence for the timeline.
func describe(r store.Request, f fact) string {
	text := subjects[r.Kind] + mailform.Unicode(r.Object) + ": "
	if f.event == lifecycle.Done {
		text += done[r.Kind]
	} else {
		text += happened[f.event]
	}
	if f.result.Task != "" && f.event == lifecycle.Queuing {
		text += " as task " + f.result.Task
	}
	if !f.result.PaidTill.IsZero() {
		text += ", paid till " + f.result.PaidTill.String()
	}
	if f.note != "" {
		text += " (" + f.note + ")"
	}
	return text
}

// subjects begin a sentence about a request; its object follows.
var subjects = map[lifecycle.Kind]string{
	lifecycle.NewClient:    "registration of client ",
	lifecycle.NewDomain:    "registration of ",
	lifecycle.Prolong:      "renewal of ",
	lifecycle.UpdateDomain: "update of ",
	lifecycle.UpdateClient: "update of client ",
	lifecycle.Transfer:     "transfer of ",
}

// done is what R01 has carried out.
var done = map[lifecycle.Kind]string{
	lifecycle.NewClient:    "R01 has registered the client",
	lifecycle.NewDomain:    "registered and delegated",
	lifecycle.Prolong:      "renewed",
	lifecycle.UpdateDomain: "updated",
	lifecycle.UpdateClient: "updated",
	lifecycle.Transfer:     "transferred to R01",
}

var happened = map[lifecycle.Event]string{
	lifecycle.Claimed:   "handing the request to the mail relay",
	lifecycle.Deferred:  "the mail relay did not take the request; it will be tried again",
	lifecycle.Refused:   "the mail relay refused the request",
	lifecycle.Relayed:   "request sent to R01",
	lifecycle.Lost:      "the mail relay's answer was lost: the request may or may not have been sent",
	lifecycle.CopySeen:  "our own copy of the request arrived, so it was sent",
	lifecycle.Bounced:   "the request came back as undeliverable",
	lifecycle.Queuing:   "R01 has queued the request",
	lifecycle.Done:      "R01 has carried it out",
	lifecycle.HalfDone:  "R01 has registered it but not delegated it",
	lifecycle.Rejected:  "R01 rejected the request",
	lifecycle.Unfunded:  "R01 has no funds for it",
	lifecycle.Unauth:    "R01 refused the agreement or its password",
	lifecycle.Doubted:   "R01 says that there is nothing to renew, or not now",
	lifecycle.Overdue:   "no word from R01 within the deadline",
	lifecycle.Confirmed: "the registry shows it carried out",
	lifecycle.SaidDone:  "decided: it was carried out",
	lifecycle.SaidNot:   "decided: it was not carried out",
	lifecycle.Resend:    "decided: to be sent again",
	lifecycle.Released:  "back in the queue",
	lifecycle.Withdrawn: "withdrawn before it was sent",
	lifecycle.Unneeded:  "no longer needed",
	lifecycle.ByHand:    "to be done by hand in R01's web interface",
	lifecycle.Restored:  "the store was restored from a backup: the request may have been sent after the backup was made",
}
