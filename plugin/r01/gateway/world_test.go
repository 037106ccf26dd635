package gateway

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	mathrand "math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"registrar.panel/plugin/r01/mailbox"
	"registrar.panel/plugin/r01/renewal/policy"
	"registrar.panel/plugin/r01/smtpout"
	"registrar.panel/shared/registrar"
)

// world is what is around one gateway for a year: a relay, R01 and its registry, and their
// troubles. Nothing of what is tested has a part in it.
//
// Its R01 carries out every renewal that it is sent and takes the money for it. That nothing
// is paid for twice is for the gateway to see to.
type world struct {
	*mathrand.Rand
	t     *testing.T
	words *mathrand.Rand

	begin time.Time

	domains []*owned
	named   map[string]*owned
	mails   map[int][]parcel // that R01 will write, by the step in which they arrive
	balance int
	paid    int

	relayAway, r01Away, poor, noCron period
	killedOn, skewedOn               int
	relays, answers                  deck
	together                         int // of so many renewals in a mail R01 puts one off
	came                             map[trouble]int
	unpaid                           []time.Time // when R01 said that there is no money
	silences                         []silence
}

// owned is a domain as R01 has it.
type owned struct {
	name    string
	first   registrar.Date // paid till, before the year; zero once its customer has renewed it
	till    registrar.Date
	auto    bool
	ordered bool      // its customer renews it by hand
	asked   int       // requests that R01 has and has not carried out
	renewed bool      // by hand in R01's web interface, while R01 had a request of ours
	queued  time.Time // when R01 said that a request is
}

const price = 1

// trouble is what may go wrong.
type trouble string

const (
	unreached  trouble = "the relay could not be reached"
	put        trouble = "the relay took nothing after the claim"
	lostUnsent trouble = "the relay's answer was lost, and so was the mail"
	lostSent   trouble = "the relay's answer was lost, and the mail was not"
	diedUnsent trouble = "the plugin died while it was sending, before the mail had left"
	diedSent   trouble = "the plugin died while it was sending, after the mail had left"
	unanswered trouble = "R01 never told the result"
	twice      trouble = "one mail of R01 came twice"
	again      trouble = "R01 told the result twice"
	overtaken  trouble = "R01's result overtook its first answer"
	forestall  trouble = "somebody renewed in R01's web interface what was under way"
	penniless  trouble = "R01 had no money to take"
	killed     trouble = "the plugin was killed"
	skewed     trouble = "somebody set the clock"

	none trouble = ""
)

// ofRelay and ofAnswers are dealt to mails and to renewals.
var (
	ofRelay   = []trouble{unreached, put, lostUnsent, lostSent, diedUnsent, diedSent}
	ofAnswers = []trouble{unanswered, twice, again, overtaken, forestall}
)

func troubles(yield func(trouble) bool) {
	for _, t := range slices.Concat(ofRelay, ofAnswers, []trouble{penniless, killed, skewed}) {
		if !yield(t) {
			return
		}
	}
}

// deck deals each of its troubles once, among many cards that are none; then it is shuffled
// anew. So however few cards are drawn, each trouble comes.
type deck struct {
	troubles []trouble
	size     int
	left     []trouble
}

func (w *world) deal(d *deck) trouble {
	if len(d.left) == 0 {
		d.left = append(slices.Clone(d.troubles), make([]trouble, d.size-len(d.troubles))...)
		w.Shuffle(len(d.left), func(i, j int) { d.left[i], d.left[j] = d.left[j], d.left[i] })
	}
	card := d.left[0]
	d.left = d.left[1:]
	if card != none {
		w.comes(card)
	}
	return card
}

func (w *world) comes(t trouble) { w.came[t]++ }

func newWorld(t *testing.T, seed uint64, size int) *world {
	w := &world{t: t, Rand: mathrand.New(mathrand.NewPCG(seed, 1)), words: mathrand.New(mathrand.NewPCG(seed, 2)), begin: time.Now(),
		named: map[string]*owned{}, mails: map[int][]parcel{}, balance: 1 << 40, came: map[trouble]int{}}
	at := func(earliest, latest, length int) period {
		from := earliest + w.IntN(latest-earliest)
		return period{from, from + length}
	}
	w.relayAway, w.r01Away = at(30, 90, 14), at(120, 180, 21)
	w.poor, w.noCron = at(220, 250, 14), at(300, 330, 3)
	w.killedOn, w.skewedOn = w.IntN(40), w.IntN(30)
	w.relays, w.answers = deck{troubles: ofRelay, size: max(15, size/100)}, deck{troubles: ofAnswers, size: max(20, size/50)}
	w.together = 2 + size/1000
	for i, place := range w.Perm(size) { // spread over the year evenly
		h := &owned{name: fmt.Sprintf("d%d.ru", i), till: policy.Today(w.begin).AddDays(20 + place*345/size), auto: i%5 != 1, ordered: i%10 == 1}
		if i == 0 {
			h.till = registrar.Date{Year: 2000, Month: time.February, Day: 29}
		}
		h.first = h.till
		w.domains, w.named[h.name] = append(w.domains, h), h
	}
	return w
}

// text is what random words are made of here, so that a year can be lived again.
func (w *world) text() string {
	var b [26]byte
	var word uint64
	for i := range b {
		if i%12 == 0 {
			word = w.words.Uint64()
		}
		b[i] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[word>>(i%12*5)&31]
	}
	return string(b[:])
}

func (w *world) day() int { return int(time.Since(w.begin) / day) }

// Submit is the relay: away for two weeks, and now and then it fails as relays do.
func (w *world) Submit(ctx context.Context, m smtpout.Mail, claim func(context.Context) error) smtpout.Result {
	fate := unreached
	if !w.relayAway.holds(w.day()) {
		fate = w.deal(&w.relays)
	}
	if fate == unreached {
		return smtpout.Result{Outcome: smtpout.Deferred, Err: errRelay}
	}
	if err := claim(ctx); err != nil {
		return smtpout.Result{Outcome: smtpout.Deferred, Err: err}
	}
	if fate != put && fate != lostUnsent && fate != diedUnsent {
		w.receive(m.Data)
	}
	switch fate {
	case put:
		return smtpout.Result{Outcome: smtpout.Deferred, Err: errRelay}
	case lostUnsent, lostSent:
		return smtpout.Result{Outcome: smtpout.Unknown, Err: errRelay}
	case diedUnsent, diedSent:
		panic(errDead)
	}
	return smtpout.Result{Outcome: smtpout.Accepted, Response: "250 taken"}
}

func (w *world) Rest() {}

// task is one renewal that R01 was asked for.
type task struct {
	*owned
	trouble
}

// receive is R01 reading a mail. It answers hours later that the request is queued, and
// carries it out within days; for each domain in a mail of its own, or for several together.
func (w *world) receive(raw []byte) {
	var id string
	var tasks []task
	for line := range bytes.SplitSeq(raw, []byte("\r\n")) {
		if v, ok := bytes.CutPrefix(line, []byte("Message-ID: ")); ok {
			id = string(v)
		}
		if name, ok := bytes.CutPrefix(line, []byte("domain: ")); ok {
			h := w.named[string(name)]
			w.ask(h)
			tasks = append(tasks, task{h, w.deal(&w.answers)})
		}
	}
	if w.IntN(w.together) > 0 {
		w.queue(id, tasks)
		return
	}
	for i := range tasks {
		w.queue(id, tasks[i:i+1])
	}
}

// ask judges that R01 is asked for a renewal.
func (w *world) ask(h *owned) {
	today := policy.Today(time.Now())
	switch {
	case h.asked > 0:
		w.t.Errorf("day %d: R01 is asked to renew %s and has that request already", w.day(), h.name)
	case h.till.DaysSince(today) > policy.Opens && !h.renewed:
		w.t.Errorf("day %d: R01 is asked to renew %s, which is paid till %s", w.day(), h.name, h.till)
	}
	h.asked++
}

// queue answers and plans what R01 does with tasks. A result tells of all tasks of a mail
// that were carried out together.
func (w *world) queue(id string, tasks []task) {
	queued := w.works(time.Now().Add(time.Duration(1+w.IntN(180)) * time.Minute))
	runs := map[time.Time][]task{}
	var prompt, late []task
	var last time.Time
	for i, t := range tasks {
		at := last
		if i == 0 || w.IntN(w.together) == 0 {
			at = w.works(queued.Add(time.Duration(1+w.IntN(16)) * 6 * hour))
		}
		runs[at] = append(runs[at], t)
		if last.Before(at) {
			last = at
		}
		if t.trouble == overtaken {
			late = append(late, t)
		} else {
			prompt = append(prompt, t)
		}
	}
	for _, part := range []struct {
		at    time.Time
		tasks []task
	}{{queued, prompt}, {last.Add(step), late}} {
		if len(part.tasks) > 0 {
			w.writes(part.at, func() []mailbox.Mail { return w.confirm(id, part.tasks) })
		}
	}
	for _, at := range slices.SortedFunc(maps.Keys(runs), time.Time.Compare) {
		w.writes(at, func() []mailbox.Mail { return w.carryOut(id, runs[at]) })
	}
}

// works is when R01 works next: not in its weeks off, nor on the holidays of January.
func (w *world) works(at time.Time) time.Time {
	for d := int(at.Sub(w.begin) / day); w.r01Away.holds(d) || d < 9; d++ {
		at = w.begin.Add(time.Duration(d+1) * day)
	}
	return at
}

// parcel is what R01 does at an hour, with the mails that it writes about it.
type parcel struct {
	at    time.Time
	write func() []mailbox.Mail
}

func (w *world) writes(at time.Time, write func() []mailbox.Mail) {
	n := int((at.Sub(w.begin) + step - 1) / step)
	w.mails[n] = append(w.mails[n], parcel{at, write})
}

// post is what arrives now.
func (w *world) post() (mails []mailbox.Mail) {
	n := int(time.Since(w.begin) / step)
	due := w.mails[n]
	delete(w.mails, n)
	slices.SortStableFunc(due, func(a, b parcel) int { return a.at.Compare(b.at) })
	for _, l := range due {
		mails = append(mails, l.write()...)
	}
	return mails
}

// confirm tells that tasks are queued.
func (w *world) confirm(id string, tasks []task) []mailbox.Mail {
	var results []string
	for _, t := range tasks {
		results = append(results, result(t, "TASK_QUEUED", ""))
		t.queued = time.Now()
		if t.trouble == forestall {
			t.till, t.renewed = t.till.AddYears(1), true
		}
	}
	return []mailbox.Mail{w.mail(id, results)}
}

// silence is a task of which R01 tells no result.
type silence struct {
	name  string
	since time.Time
}

// carryOut does tasks, by R01's rules.
func (w *world) carryOut(id string, tasks []task) (mails []mailbox.Mail) {
	var results, repeated []string
	double := false
	for _, t := range tasks {
		text, refused := w.renew(t)
		if t.trouble == unanswered && !refused {
			w.silences = append(w.silences, silence{t.name, t.queued})
			continue
		}
		results = append(results, text)
		if t.trouble == again {
			repeated = append(repeated, text)
		}
		double = double || t.trouble == twice
	}
	for _, told := range [][]string{results, repeated} {
		if len(told) > 0 {
			mails = append(mails, w.mail(id, told))
		}
	}
	if double {
		mails = append(mails, mails[0])
	}
	return mails
}

// renew carries out one task.
func (w *world) renew(t task) (text string, refused bool) {
	t.asked--
	switch {
	case t.renewed:
		t.renewed = false
		return result(t, "TASK_FAILURE", fmt.Sprintf("message: Domain %s can be prolonged not earlier than 60 days before its paid-till date.", t.name)), true
	case w.balance < price:
		w.comes(penniless)
		w.unpaid = append(w.unpaid, time.Now())
		return result(t, "TASK_FAILURE", "message: Not enough funds on the account."), true
	}
	w.balance -= price
	w.paid++
	t.till = t.till.AddYears(1)
	return result(t, "TASK_SUCCESS", "paid-till: "+t.till.String()), false
}

func result(t task, status, more string) string {
	return "action: PROLONG\ndomain: " + t.name + "\nstatus: " + status + "\n" + more + "\n"
}

func (w *world) mail(inReplyTo string, results []string) mailbox.Mail {
	text := "From: robot@registrar.example\nTo: callback@panel.example\nSubject: answer\nDate: " + time.Now().Format(time.RFC1123Z) + "\n" +
		"Message-ID: <" + w.text() + "@registrar.example>\nIn-Reply-To: " + inReplyTo + "\n" +
		"MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n" + strings.Join(results, "\n")
	return mailbox.Mail{Raw: []byte(strings.ReplaceAll(text, "\n", "\r\n"))}
}
