package r01sim

import (
	"fmt"
	"strings"
)

// lieRow is a kind of lie.
type lieRow struct {
	kind  LieKind
	group LieGroup
	says  string             // for people
	suits func(*target) bool // nil = every request
	write func(*forger) (forged, bool)
}

func lieTable() []lieRow {
	var all []lieRow
	for _, part := range []struct {
		group LieGroup
		rows  []lieRow
	}{{LieOfStranger, forgeries()}, {LieOfStranger, replays()}, {LieTwisted, quotedMails()}, {LieTwisted, doubts()}, {LieTwisted, misfits()}, {LieLeaked, leaks()}} {
		for _, r := range part.rows {
			r.group = part.group
			all = append(all, r)
		}
	}
	return all
}

func aboutDomain(t *target) bool { return t.kind == KindDomain }

func aboutClient(t *target) bool { return t.kind != KindDomain }

func aboutPaid(t *target) bool { return t.paid() }

// forgeries are mails that a stranger makes up, in the robot's form.
func forgeries() []lieRow {
	return []lieRow{
		{kind: "success-lines", says: "success in name: value lines", suits: aboutDomain, write: func(f *forger) (forged, bool) {
			style := f.style()
			style.Layout = LayoutLines
			return f.seal(f.letter(f.success()), style, claimOf(f.success()))
		}},
		{kind: "success-prose", says: "success in a sentence", suits: aboutDomain, write: func(f *forger) (forged, bool) {
			style := f.style()
			style.Layout = LayoutProse
			return f.seal(f.letter(f.success()), style, claimOf(f.success()))
		}},
		{kind: "refusal", says: "the request is rejected", suits: aboutDomain, write: func(f *forger) (forged, bool) {
			return f.tell(f.refusal("The service is not available."))
		}},
		{kind: "no-funds", says: "there is no money for the request", suits: aboutDomain, write: func(f *forger) (forged, bool) { return f.tell(f.refusal(noFunds)) }},
		{kind: "auth-failed", says: "the password is wrong", suits: aboutDomain, write: func(f *forger) (forged, bool) { return f.tell(f.refusal(wrongAccount)) }},
		{kind: "queued", says: "queued, under a task number of the liar's", suits: aboutDomain, write: func(f *forger) (forged, bool) {
			r := f.result(TaskQueued, "The task is in the queue.")
			r.task = 700_000 + f.IntN(1000)
			return f.tell(r)
		}},
		{kind: "guessed-task", says: "success or failure of a task whose number was guessed, and nothing else", write: guessTask},
		{kind: "taken-over", says: "a client's task or a domain belongs to the attacker's handle", write: takeOver},
		{kind: "bounce", says: "the request came back, by the name of its domain", suits: aboutDomain, write: func(f *forger) (forged, bool) { return f.bounce("") }},
		{kind: "many-names", says: "one success for more than twenty domains", suits: aboutDomain, write: manyNames},
		{kind: "automatic", says: "an automatic reply that states success", suits: aboutDomain, write: func(f *forger) (forged, bool) {
			r := f.letter(f.success())
			r.subject, r.more = "Automatic reply", []headerLine{{"X-Auto-Response-Suppress", "All"}, {"Precedence", "auto_reply"}}
			return f.seal(r, f.style(), claimOf(f.success()))
		}},
		{kind: "foreign-thread", says: "success in the thread of another request, which is over", suits: aboutDomain, write: func(f *forger) (forged, bool) {
			for _, old := range f.liar.old() {
				if old.about.object != f.about.object {
					r, style := f.letter(f.success()), f.style()
					r.request, style.Threaded, style.KeepSubject = old.about.origin, true, true
					return f.seal(r, style, claimOf(f.success()))
				}
			}
			return forged{}, false
		}},
		{kind: "taken-id", says: "a refusal, or the robot's own words, under the Message-ID that its answer will have", suits: aboutDomain, write: takeID},
		{kind: "forged-proof", says: "success with a proof of the sender that is made up", suits: aboutDomain, write: func(f *forger) (forged, bool) { return f.madeUpProof() }},
	}
}

// takeID writes a mail that makes the robot's later answer look like one that has come before.
func takeID(f *forger) (forged, bool) {
	r := f.letter(f.refusal("The service is not available."))
	r.messageID = answerID(fmt.Sprintf("task-%d-done", f.nextTask()), 1, f.seed)
	if f.IntN(2) == 0 {
		return f.seal(r, f.style(), claimOf(r.results[0]))
	}
	r.results = []result{f.success()}
	r.results[0].task = f.nextTask()
	style := Calm().Style
	style.Threaded, style.KeepSubject = false, false
	return f.seal(r, style, claimOf(r.results[0]))
}

func guessTask(f *forger) (forged, bool) {
	r := result{task: f.nextTask(), status: TaskFailure, message: "cancelled"}
	if f.IntN(2) == 0 {
		r.status, r.message = TaskSuccess, ""
		if f.about.paid() {
			r.state = stateDelegated
		}
	}
	style := f.style()
	style.Layout = LayoutLines // the sentence needs an object
	return f.seal(f.letter(r), style, claimOf(r))
}

func takeOver(f *forger) (forged, bool) {
	task, handle := f.nextTask(), f.attackersHandle()
	about := fmt.Sprintf("object: person\nnic-hdl: %s\n", handle)
	if aboutDomain(f.about) {
		about = fmt.Sprintf("object: domain\ndomain: %s\nnic-hdl: %s\n", f.about.object, handle)
	}
	return f.say(fmt.Sprintf("task: %d\naction: %s\n%sstatus: TASK_SUCCESS\n", task, f.about.action, about),
		Allegation{Action: f.about.action, Object: handle, Task: fmt.Sprint(task), Fact: FactDone})
}

func manyNames(f *forger) (forged, bool) {
	results := []result{f.success()}
	for i := range 20 + f.IntN(10) {
		results = append(results, f.successOf(fmt.Sprintf("named%d-%d.ru", i, f.IntN(1000))))
	}
	results[0], results[len(results)/2] = results[len(results)/2], results[0]
	return f.tell(results...)
}

// bounce writes the report of a relay that could not hand a mail to the
// robot. returned is what the report repeats of the mail's header.
func (f *forger) bounce(returned string) (forged, bool) {
	r := f.letter()
	r.from, r.subject, r.more = "MAILER-DAEMON@"+attacker, "Undelivered: "+f.about.object, []headerLine{{"Return-Path", "<>"}}
	r.media = `multipart/report; report-type=delivery-status; boundary="=_B"`
	returned = strings.TrimRight("From: "+f.callback+"\nTo: "+f.robot+"\n"+returned, "\n")
	r.body = "--=_B\nContent-Type: text/plain; charset=utf-8\n\nThe mail about " + f.about.object + " could not be delivered.\n\n" +
		"--=_B\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; relay." + attacker + "\n\n" +
		"Final-Recipient: rfc822; " + f.robot + "\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no such user\n\n" +
		"--=_B\nContent-Type: text/rfc822-headers\n\n" + returned + "\n\n--=_B--\n"
	style := f.plain()
	style.Threaded = false // relays don't thread their reports
	return f.seal(r, style, Allegation{Action: f.about.action, Object: f.about.object, Fact: FactBounced})
}

// madeUpProof writes proofs that a sender can forge itself: fields that
// the receiving server writes, and a signature that does not verify.
func (f *forger) madeUpProof() (forged, bool) {
	domain := f.robot[strings.LastIndex(f.robot, "@")+1:]
	r := f.letter(f.success())
	r.from = f.robot
	server := f.server
	if server == "" {
		server = "mx.panel.example"
	}
	r.more = []headerLine{
		{"Authentication-Results", server + "; dkim=pass header.d=" + domain + "; dmarc=pass header.from=" + domain},
		{"DKIM-Signature", "v=1; a=rsa-sha256; c=relaxed/relaxed; d=" + domain + "; s=robot; h=from:to:subject:date; " +
			"bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA"},
	}
	style := f.style()
	style.OddHeaders = false
	return f.seal(r, style, claimOf(f.success()))
}
