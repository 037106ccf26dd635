package r01sim

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"registrar.panel/shared/registrar"
)

// forger writes one lie. It has a source of chance of its own.
type forger struct {
	*rand.Rand
	about           *target
	bound           bool // the liar knows the thread and subject of the request
	liar            *liar
	now             time.Time
	today           registrar.Date
	robot, callback string
	server          string // name of the receiving server in Authentication-Results; "" = it writes none
	seed            uint64
}

// forged is a lie as a mail.
type forged struct {
	messageID string
	date      time.Time
	claims    []Allegation
	repeats   string // the Message-ID of the request that the robot once answered with this mail
	raw       []byte
}

const attacker = "attacker.example"

// letter returns a mail about the request. A bound liar answers the request.
// Another one claims to be the robot all the same, or writes from its own address.
func (f *forger) letter(results ...result) reply {
	r := reply{to: f.callback, from: f.robot, date: f.now, messageID: fmt.Sprintf("<%016x@%s>", f.Uint64(), attacker),
		subject: pick(f.Rand, []string{"R01 notice", "Re: " + f.about.object, "R01 task", "Ответ робота"}), results: results}
	if f.bound {
		r.request = f.about.origin
		return r
	}
	if f.about.kind != KindDomain { // the handle is a secret until R01 has registered it
		r.subject = "R01 notice"
	}
	if f.IntN(3) == 0 {
		r.from = "billing@" + attacker
	}
	return r
}

// style draws one of the robot's styles; an answer to a request names it by thread, by subject or by both.
func (f *forger) style() Style {
	s := drawStyle(f.Rand)
	s.Quote = QuoteNone
	if !f.bound {
		s.Threaded, s.KeepSubject = false, false
	} else if !s.Threaded {
		s.KeepSubject = true
	}
	return s
}

// plain returns the style of a mail that a person or a gateway wrote.
func (f *forger) plain() Style {
	s := f.style()
	s.Charset, s.Encoding, s.OddHeaders = charsetUTF8, pick(f.Rand, encodings()), false
	return s
}

// seal writes a letter. The receiving server finds no signature of the robot's domain.
func (f *forger) seal(r reply, style Style, claims ...Allegation) (forged, bool) {
	raw := append(findings(f.server, r.from, false), r.compose(style)...)
	return forged{messageID: r.messageID, date: r.date, claims: claims, raw: raw}, true
}

// tell writes results as the robot would write them.
func (f *forger) tell(results ...result) (forged, bool) {
	return f.seal(f.letter(results...), f.style(), claims(results)...)
}

// say writes a body in its own words.
func (f *forger) say(body string, claims ...Allegation) (forged, bool) {
	r := f.letter()
	r.body = body
	return f.seal(r, f.plain(), claims...)
}

func claims(results []result) []Allegation {
	var all []Allegation
	for _, r := range results {
		all = append(all, claimOf(r))
	}
	return all
}

func claimOf(r result) Allegation {
	c := Allegation{Action: r.action, Object: r.object, PaidTill: r.paidTill}
	if r.task != 0 {
		c.Task = strconv.Itoa(r.task)
	}
	switch {
	case r.status == TaskSuccess:
		c.Fact = FactDone
	case r.status == TaskQueued:
		c.Fact = FactQueued
	case r.message == noFunds:
		c.Fact = FactNoFunds
	case r.message == wrongAccount:
		c.Fact = FactAuthFailed
	default:
		c.Fact = FactRejected
	}
	return c
}

// success returns the robot's best answer to the request, with a date that fits.
func (f *forger) success() result { return f.successOf(f.about.object) }

func (f *forger) successOf(object string) result {
	r := f.result(TaskSuccess, "")
	r.object = object
	if r.kind != KindDomain {
		return r
	}
	r.state = stateDelegated
	switch {
	case r.action == ActionProlong:
		r.paidTill = f.about.paidTill.AddYears(1)
	case r.action == ActionNew:
		r.paidTill = f.today.AddYears(1)
	}
	return r
}

func (f *forger) refusal(message string) result { return f.result(TaskFailure, message) }

func (f *forger) result(status TaskStatus, message string) result {
	return result{action: f.about.action, kind: f.about.kind, object: f.about.object, status: status, message: message}
}

// lines and sentence return the success in the two layouts, with a "\n" at the end.
func (f *forger) lines() string { return f.success().lines(English, false) }

func (f *forger) sentence() string { return f.success().prose(pick(f.Rand, languages())) }

// statement returns the success in either layout.
func (f *forger) statement() string {
	if f.IntN(2) == 0 {
		return f.lines()
	}
	return f.sentence()
}

// nextTask guesses a task number: that of the request, or one near it.
func (f *forger) nextTask() int {
	n := f.about.task
	if n == 0 {
		n = firstTask + len(f.liar.targets)
	}
	return n
}

// other returns a domain other than the request's: one under way, if there is one.
func (f *forger) other() string {
	var open []string
	for _, t := range f.liar.targets {
		if !t.over && t.kind == KindDomain && t.object != f.about.object {
			open = append(open, t.object)
		}
	}
	if len(open) == 0 {
		return "other-" + strconv.Itoa(f.IntN(1000)) + ".ru"
	}
	return pick(f.Rand, open)
}

// attackersHandle returns a handle of the same kind as the request's.
func (f *forger) attackersHandle() string {
	if f.about.kind == KindOrganization {
		return fmt.Sprintf("ATTACKER_1_%d-ORG-R01", 10000+f.IntN(90000))
	}
	return fmt.Sprintf("ATTACKER_1_%d-R01", 10000+f.IntN(90000))
}

// findings returns the field that the receiving server writes on top of a mail: whether the
// signature of the robot's domain holds. The server writes it whatever the sender wrote below.
func findings(server, from string, signed bool) []byte {
	if server == "" {
		return nil
	}
	domain := from[strings.LastIndex(from, "@")+1:]
	found := "dkim=none"
	if signed || domain == attacker { // the owner of a domain can sign for it
		found = "dkim=pass header.d=" + domain
	}
	return []byte("Authentication-Results: " + server + "; " + found + "\r\n")
}
