package r01sim

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strings"
	"time"

	"registrar.panel/shared/registrar/registrartest"
)

// Verdict is what became of a mail that was received.
type Verdict string

const (
	VerdictIgnored  Verdict = "ignored"  // not from the callback address, or automatic: no answer
	VerdictRejected Verdict = "rejected" // no part of it was queued
	VerdictQueued   Verdict = "queued"   // at least one template was queued
	VerdictSilent   Verdict = "silent"   // forgotten on purpose
	VerdictRelayed  Verdict = "relayed"  // not for the robot
)

// Entry is one mail received by SMTP.
type Entry struct {
	ReceivedAt time.Time `json:"received_at"`
	From       string    `json:"from"` // of the envelope
	Recipients []string  `json:"recipients"`
	Subject    string    `json:"subject"` // decoded
	MessageID  string    `json:"message_id"`
	Action     Action    `json:"action"`
	Objects    []string  `json:"objects"` // handles and domains
	Verdict    Verdict   `json:"verdict"`
	Reasons    []Reason  `json:"reasons"` // of the rejections
	Raw        []byte    `json:"raw"`     // exactly as it arrived, in base64
}

// receive is called for every mail, before the sender learns that it was accepted.
func (s *Simulator) receive(from string, recipients []string, raw []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()

	e := Entry{ReceivedAt: s.options.Now().UTC(), From: from, Recipients: recipients, Raw: raw,
		Verdict: VerdictRelayed}
	r, rejection := openMail(raw)
	if rejection == nil {
		e.Subject, e.MessageID = r.request.Subject, r.request.MessageID
	}

	for _, to := range recipients {
		switch {
		case strings.EqualFold(to, s.options.Gateway):
			s.handle(&e, r)
		case strings.EqualFold(to, s.options.Callback):
			s.agenda.after(0, func() { s.deliver(raw) })
		}
	}

	// Refused mails are recorded, too: the history shows everything that has reached R01.
	s.history = append(s.history, e)
	s.logger.Info("mail received", "from", e.From, "action", e.Action, "objects", e.Objects,
		"verdict", e.Verdict, "reasons", e.Reasons)
}

// handle reads one mail as the robot does; r is nil if the mail can't be read at all.
func (s *Simulator) handle(e *Entry, r *reader) {
	if r == nil || !s.admitted(r) {
		e.Verdict = VerdictIgnored
		return
	}

	request, rejection := r.read(s.account)
	e.Action = request.Action
	for _, t := range request.Templates {
		e.Objects = append(e.Objects, t.Object)
	}

	if rejection == nil {
		rejection = s.registry.references(request)
	}

	// Counted in any case, because even a request that R01 refuses has reached it.
	s.observer.arrived(request)
	d := s.newDossier(request, r)
	e.Verdict = VerdictSilent

	if rejection != nil {
		d.refuse(e, rejection)
		return
	}

	for _, t := range request.Templates {
		d.overhear(t, d.take(e, t))
	}
}

// admitted reports whether the robot serves a mail: only the callback
// address, and no automatic mail, which might be an answer to an answer.
func (s *Simulator) admitted(r *reader) bool {
	automatic := r.header.Get("Auto-Submitted")
	return strings.EqualFold(r.request.From, s.options.Callback) &&
		(automatic == "" || strings.EqualFold(automatic, "no"))
}

func (s *Simulator) account(a Authorization) *Rejection {
	if a.Agreement == s.options.Agreement && a.Password == s.password {
		return nil
	}
	return reject(ReasonAccount, wrongAccount)
}

// random returns a source of chance for one matter. It depends on the seed, on
// the matter and on how often random was called for it, and not on other events.
func (s *Simulator) random(about string) *rand.Rand {
	s.drawn[about]++
	h := fnv.New64a()
	h.Write([]byte(about))
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(s.drawn[about])))
	return rand.New(rand.NewPCG(s.options.Seed, h.Sum64()))
}

// dossier is a request under way, with what all answers to it have in common.
type dossier struct {
	*Simulator
	request Request
	origin  origin
	number  int           // of the mail
	ready   time.Duration // when its last task so far is carried out, because tasks keep their order
}

func (s *Simulator) newDossier(request Request, r *reader) *dossier {
	return &dossier{Simulator: s, request: request, number: len(s.history) + 1,
		origin: origin{subject: request.Subject, messageID: request.MessageID, text: strings.Join(r.all, "\n")}}
}

// take judges one template: it is queued, which makes it a task, or rejected, or forgotten.
func (d *dossier) take(e *Entry, t Template) *Task {
	// R01 may never answer: r01-mail 4.4.
	if magicOf(t) == magicSilent {
		return nil
	}
	rejection := d.judge(t)
	var task *Task
	if rejection == nil {
		task, rejection = d.registry.enqueue(d.request, t, d.policy.Price, d.options.Now().UTC())
	}
	if rejection != nil {
		d.refuse(e, rejection)
		return nil
	}
	e.Verdict = VerdictQueued
	d.logger.Info("task queued", "task", task.ID, "action", task.Action, "object", task.Object)
	d.schedule(task)
	return task
}

func (d *dossier) judge(t Template) *Rejection {
	switch spell := d.observer.spell(t); {
	case spell == magicRefuse:
		return t.reject(ReasonRefused, fmt.Sprintf("Domain name %s is reserved.", t.Object))
	case spell == magicNoFunds:
		return t.reject(ReasonFunds, noFunds)
	case t.Kind != KindDomain && d.request.Action == ActionNew && d.policy.RefuseClients:
		return t.reject(ReasonRefused, "The data of the registrant could not be verified.")
	}
	return d.registry.judge(d.request.Action, t, d.options.Now())
}

func (d *dossier) refuse(e *Entry, rejection *Rejection) {
	if e.Verdict != VerdictQueued {
		e.Verdict = VerdictRejected
	}
	e.Reasons = append(e.Reasons, rejection.Reason)
	about := Template{Kind: rejection.Kind, Object: rejection.Object}
	one := result{action: d.request.Action, kind: about.Kind, object: about.Object,
		status: TaskFailure, message: rejection.Message}
	a := d.fate(about).queued
	name := fmt.Sprintf("mail-%d-%d", d.number, len(e.Reasons))
	d.agenda.after(d.pace(a.after), func() { d.answer(name, one, a, magicOf(about)) })
}

// schedule plans both answers to a task, and its execution just before the second.
func (d *dossier) schedule(task *Task) {
	f := d.fate(task.template)
	queued := result{task: task.ID, action: task.Action, kind: task.Kind, object: task.Object,
		status: TaskQueued, message: "The task is in the queue."}
	name := fmt.Sprintf("task-%d", task.ID)
	d.agenda.after(d.pace(f.queued.after), func() {
		d.unless(registrartest.HoldsAnswers, task, func() { d.answer(name+"-queued", queued, f.queued, task.spell) })
	})

	d.ready = max(d.ready, d.pace(f.done.after))
	d.agenda.after(d.ready, func() {
		d.unless(registrartest.TakesLong, task, func() {
			done := d.finish(task)
			d.unless(registrartest.HoldsAnswers, task, func() { d.answer(name+"-done", done, f.done, task.spell) })
		})
	})
}

// unless calls do for a task at once, or, while the witness makes the robot behave in the given way, after that.
func (s *Simulator) unless(while registrartest.Behaviour, task *Task, do func()) {
	if task.Kind != KindDomain {
		do()
		return
	}
	s.observer.unless(while, task.Object, do, func() { s.agenda.after(0, do) })
}

// fate returns what chance and magic have decided about the answers to a template.
func (d *dossier) fate(t Template) fate {
	random := d.random(string(d.request.Action) + " " + t.Object)
	return d.observer.spell(t).bend(d.policy.draw(random))
}

func (s *Simulator) pace(delay time.Duration) time.Duration {
	return time.Duration(float64(delay) / s.options.Speed)
}

// finish carries out a task and returns the result.
func (s *Simulator) finish(task *Task) result {
	s.mu.Lock()
	defer s.mu.Unlock()
	delegate := !s.policy.Undelegated && task.spell != magicUndelegated
	s.registry.execute(task, delegate, s.options.Now().UTC())
	one := result{task: task.ID, action: task.Action, kind: task.Kind, object: task.Object,
		status: task.Status, message: task.Message}

	// The result distinguishes registered from delegated: r01-mail 3.1.
	if task.Status == TaskSuccess && task.Kind == KindDomain {
		domain := s.registry.domains[task.Object]
		one.paidTill, one.state = domain.PaidTill, stateDelegated
		if !domain.Delegated {
			one.state = stateNotDelegated
		}
		if !domain.Delegated && task.Action == ActionNew {
			one.message = notDelegated
		}
	}

	s.logger.Info("task finished", "task", task.ID, "object", task.Object, "status", task.Status)
	return one
}

// answer writes the copies of one answer and sends them.
func (d *dossier) answer(name string, one result, a answer, spell magic) {
	for copied := range a.copies {
		r := reply{to: d.options.Callback, from: d.options.Gateway, request: d.origin,
			garbled:   spell == magicGarbled && one.status != TaskQueued,
			messageID: answerID(name, copied+1, d.options.Seed),
			subject:   "R01 " + name, date: d.options.Now(), results: []result{one}}
		raw := append(findings(d.options.AuthServID, d.options.Gateway, true), r.compose(a.style)...)
		d.say(raw, one)
		if spell == magicLate {
			d.agenda.after(d.pace(time.Duration(d.Policy().Late)), d.post.keep(raw))
			continue
		}
		d.post.send(raw)
	}
}

// answerID returns the Message-ID of an answer.
func answerID(name string, number int, seed uint64) string {
	return fmt.Sprintf("<%s-%d.%x@r01sim.invalid>", name, number, seed)
}
