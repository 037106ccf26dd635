package gateway

import (
	"context"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"

	"registrar.panel/plugin/r01/mailbox"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/outbox"
	"registrar.panel/plugin/r01/renewal"
	"registrar.panel/plugin/r01/renewal/policy"
	"registrar.panel/plugin/r01/sender"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// TestYear lives a year, the leap year 2000, in simulated time on a real store: cron makes
// the passes, mails take days, R01 and the relay are away for weeks, money runs out, clocks
// jump, the plugin is killed. At the end no domain that renews itself has expired, R01 has
// renewed nothing twice, and every alarm has come in time.
//
//	YEAR_DOMAINS=100000 YEAR_SEED=7 go test -run TestYear -timeout 30m ./plugin/r01/gateway
//
// lives one with more domains, or one year again.
func TestYear(t *testing.T) {
	t.Parallel()
	size := 150
	if text := os.Getenv("YEAR_DOMAINS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		size = n
	}
	seeds := []uint64{1, 2}
	if text := os.Getenv("YEAR_SEED"); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		seeds = []uint64{seed}
	}
	for _, seed := range seeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			started := time.Now()
			synctest.Test(t, func(t *testing.T) { newYear(t, seed, size).live() })
			t.Logf("%d domains lived a year in %s; again with YEAR_SEED=%d", size, time.Since(started).Round(time.Millisecond), seed)
		})
	}
}

// period is a part of the year, in days from its start.
type period struct{ from, to int }

func (p period) holds(day int) bool { return day >= p.from && day < p.to }

// year is the world around one gateway: a relay, R01, its registry, an operator, customers.
// R01 is a function of its own here; nothing of what is tested has a part in it.
type year struct {
	*gate
	*mathrand.Rand
	words    *mathrand.Rand
	begin    time.Time
	skew     time.Duration // of the plugin's clock
	settings Settings
	schedule context.CancelFunc
	stopped  chan struct{}

	till     map[string]registrar.Date // the registry
	manual   map[string]bool
	executed map[string]int // by domain and expiry: how often R01 has renewed it
	pending  map[string]int // requests that R01 has and has not carried out
	post     []letterOnTheWay
	balance  int

	relayAway, r01Away, poor, noCron period
	funded                           []time.Time // when R01 said that there is no money
}

type letterOnTheWay struct {
	at   time.Time
	lazy func() string // written when it leaves; "" = nothing
}

const price = 1

func newYear(t *testing.T, seed uint64, size int) *year {
	y := &year{Rand: mathrand.New(mathrand.NewPCG(seed, 1)), words: mathrand.New(mathrand.NewPCG(seed, 2)), begin: time.Now(), till: map[string]registrar.Date{},
		manual: map[string]bool{}, executed: map[string]int{}, pending: map[string]int{}, balance: 1 << 40}
	y.gate = &gate{t: t, judge: sender.Verdict{Verified: true}, dir: t.TempDir()}
	y.settings = testSettings()
	y.settings.Brake = Brake{PerHour: max(20, size/50), PerDay: max(100, size/10)}
	y.settings.Batch = []int{1, 10}[seed%2]
	if size > 5000 {
		y.settings.Batch = 100
	}
	at := func(earliest, latest, length int) period {
		from := earliest + y.IntN(latest-earliest)
		return period{from, from + length}
	}
	y.relayAway, y.r01Away = at(30, 90, 14), at(120, 180, 21)
	y.poor, y.noCron = at(220, 250, 14), at(300, 330, 3)
	y.start(true)
	t.Cleanup(func() {
		y.stop()
		if err := y.st.Close(); err != nil {
			t.Error(err)
		}
	})
	y.populate(size)
	return y
}

func (y *year) now() time.Time { return time.Now().Add(y.skew) }

// text is what random words are made of here, so that a year can be lived again.
func (y *year) text() string {
	var b strings.Builder
	for range 26 {
		b.WriteByte("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[y.words.IntN(32)])
	}
	return b.String()
}

func (y *year) day() int { return int(time.Since(y.begin) / day) }

// start begins a life of the plugin: its store, and its cron in a zone with summer time.
func (y *year) start(create bool) {
	st, err := store.Open(y.t.Context(), store.Options{Dir: y.dir, Create: create})
	if err != nil {
		y.t.Fatal(err)
	}
	recogniser, problems := mailform.NewRecogniser(nil)
	if len(problems) > 0 {
		y.t.Fatal(problems)
	}
	y.st = st
	y.Gateway = New(y.settings, Parts{Store: st, Submitter: y, Verifier: verdict(func() sender.Verdict { return y.judge }), Recogniser: recogniser,
		Logger: hclog.NewNullLogger(), Now: y.now, Random: y.text})
	if err := y.Open(y.t.Context()); err != nil {
		y.t.Fatal(err)
	}
	y.startCron()
}

func (y *year) startCron() {
	ctx, cancel := context.WithCancel(context.Background())
	y.schedule, y.stopped = cancel, make(chan struct{})
	c := renewal.Config{Schedule: "0 4 * * *", Timezone: "Europe/Berlin", Before: 55 * day, Batch: 1}
	s := renewal.NewSchedule(renewal.NewPass(y.Gateway, c.Policy()), c, hclog.NewNullLogger(), y.now)
	done := y.stopped
	go func() { // ends with ctx
		defer close(done)
		s.Run(ctx)
	}()
	synctest.Wait() // for the pass at the start
}

func (y *year) stop() {
	y.schedule()
	<-y.stopped
}

// populate imports the domains; a fifth is renewed by hand.
func (y *year) populate(size int) {
	err := y.st.Write(y.t.Context(), func(tx *store.Tx) error {
		for i := range size {
			d := registrar.Domain{Name: fmt.Sprintf("d%d.ru", i), Customer: "c1", Handle: "OLD-R01", Status: registrar.StatusRegistered,
				Renewal: registrar.RenewAuto, PaidTill: policy.Today(y.begin).AddDays(20 + y.IntN(345))}
			if i == 0 {
				d.PaidTill = registrar.Date{Year: 2000, Month: time.February, Day: 29}
			}
			if i%5 == 1 {
				d.Renewal = registrar.RenewManual
			}
			y.till[d.Name], y.manual[d.Name] = d.PaidTill, d.Renewal == registrar.RenewManual
			if err := tx.PutDomain(d, y.now()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		y.t.Fatal(err)
	}
}

// Submit is the relay: away for two weeks, and now and then it fails as relays do.
func (y *year) Submit(ctx context.Context, m outbox.Mail, claim func(context.Context) error) outbox.Result {
	if y.relayAway.holds(y.day()) || y.IntN(50) == 0 {
		return outbox.Result{Outcome: outbox.Deferred, Err: errRelay}
	}
	if err := claim(ctx); err != nil {
		return outbox.Result{Outcome: outbox.Deferred, Err: err}
	}
	switch y.IntN(200) {
	case 0:
		return outbox.Result{Outcome: outbox.Unknown, Err: errRelay}
	case 1:
		y.robot(string(m.Data))
		return outbox.Result{Outcome: outbox.Unknown, Err: errRelay}
	case 2:
		return outbox.Result{Outcome: outbox.Deferred, Err: errRelay}
	}
	y.robot(string(m.Data))
	return outbox.Result{Outcome: outbox.Accepted, Response: "250 taken"}
}

func (y *year) Rest() {}

// robot is R01 reading a mail: it answers each domain twice, hours and days later.
func (y *year) robot(raw string) {
	id := ""
	for line := range strings.SplitSeq(raw, "\r\n") {
		if v, ok := strings.CutPrefix(line, "Message-ID: "); ok {
			id = v
		}
		if name, ok := strings.CutPrefix(line, "domain: "); ok {
			y.pending[name]++
			queued := y.works(time.Now().Add(time.Duration(1+y.IntN(180)) * time.Minute))
			y.after(queued, func() string { return y.answer(id, name, "TASK_QUEUED", "") })
			y.after(y.works(queued.Add(time.Duration(1+y.IntN(96))*hour)), func() string { return y.execute(id, name) })
		}
	}
}

// works is when R01 works next: not in its weeks off, nor on the holidays of January.
func (y *year) works(at time.Time) time.Time {
	for d := int(at.Sub(y.begin) / day); y.r01Away.holds(d) || d < 9; d++ {
		at = y.begin.Add(time.Duration(d+1) * day)
	}
	return at
}

func (y *year) after(at time.Time, lazy func() string) {
	y.post = append(y.post, letterOnTheWay{at, lazy})
}

// execute carries out one task, by R01's rules. One answer in a hundred is lost.
func (y *year) execute(id, name string) string {
	y.pending[name]--
	till, today := y.till[name], policy.Today(time.Now())
	left := till.DaysSince(today)
	text := ""
	switch {
	case left > 60 || left < -30:
		text = y.answer(id, name, "TASK_FAILURE", fmt.Sprintf("message: Domain %s can be prolonged not earlier than 60 days before its paid-till date.\n", name))
	case y.balance < price:
		y.funded = append(y.funded, time.Now())
		text = y.answer(id, name, "TASK_FAILURE", "message: Not enough funds on the account.\n")
		return text
	default:
		y.balance -= price
		y.executed[name+till.String()]++
		y.till[name] = till.AddYears(1)
		text = y.answer(id, name, "TASK_SUCCESS", "paid-till: "+y.till[name].String()+"\n")
	}
	if y.IntN(100) == 0 {
		return ""
	}
	return text
}

func (y *year) answer(id, name, status, more string) string {
	return y.mail(id, strings.Split("action: PROLONG\ndomain: "+name+"\nstatus: "+status+"\n"+more, "\n")...)
}

const step = 6 * hour

// live lets the year pass, some hours at a time.
func (y *year) live() {
	for time.Since(y.begin) < 366*day {
		time.Sleep(step)
		synctest.Wait() // for cron, which may have woken at this very hour
		y.work()
		if time.Since(y.begin)%day == 6*hour {
			y.daily()
		}
	}
	y.verdict()
}

func (y *year) must(err error) {
	y.t.Helper()
	if err != nil {
		y.t.Fatalf("day %d: %v", y.day(), err)
	}
}

// work brings the mail, and steps the loops of the gateway.
func (y *year) work() {
	var later []letterOnTheWay
	due := y.post
	y.post = nil
	slices.SortStableFunc(due, func(a, b letterOnTheWay) int { return a.at.Compare(b.at) })
	for _, l := range due {
		if l.at.After(time.Now()) {
			later = append(later, l)
			continue
		}
		if text := l.lazy(); text != "" {
			y.must(y.Deliver(y.t.Context(), []mailbox.Mail{{Raw: []byte(strings.ReplaceAll(text, "\n", "\r\n"))}}))
		}
	}
	y.post = append(y.post, later...)
	y.must(y.readNew(y.t.Context()))
	y.must(y.expire(y.t.Context()))
	_, err := y.sendDue(y.t.Context())
	y.must(err)
}

// daily is what people and fate do in the morning.
func (y *year) daily() {
	d := y.day()
	switch {
	case d == y.poor.from:
		y.balance = 0
	case d == y.poor.to:
		y.balance = 1 << 40
	case d == y.noCron.from:
		y.stop()
	case d == y.noCron.to:
		y.startCron()
	case y.IntN(40) == 0 && !y.noCron.holds(d): // killed
		y.stop()
		y.must(y.st.Close())
		y.start(false)
	case y.IntN(40) == 0: // somebody sets the clock
		y.skew = time.Duration(y.IntN(360)-180) * time.Minute
	}
	y.operate()
	y.customers()
	for name, till := range y.till {
		if !y.manual[name] && till.Before(policy.Today(time.Now())) {
			y.t.Fatalf("day %d: %s renews itself and expired on %s", d, name, till)
		}
	}
}

// operate is the operator, who looks at R01's own pages before deciding anything.
func (y *year) operate() {
	var held []store.Request
	y.must(y.st.Read(y.t.Context(), func(tx *store.Tx) error {
		action, err := tx.InState(registrar.NeedsAction)
		if err != nil {
			return err
		}
		uncertain, err := tx.InState(registrar.Uncertain)
		held = append(action, uncertain...)
		return err
	}))
	for _, r := range held {
		d := y.status(r.Object)
		if d.Operation == nil || !d.Operation.State.WaitsForPerson() || y.pending[r.Object] > 0 {
			continue // decided with another, or R01 has it still
		}
		verdict := registrar.VerdictResend
		switch {
		case r.Base.Before(y.till[r.Object]):
			verdict = registrar.VerdictDone
		case y.balance < price:
			continue
		}
		_, err := y.Resolve(y.t.Context(), registrar.Decision{Operation: d.Operation.ID, Verdict: verdict, By: "olga"})
		y.must(err)
	}
	reviews, err := y.Reviews(y.t.Context())
	y.must(err)
	for _, r := range reviews {
		_, err := y.ResolveReview(y.t.Context(), registrar.ReviewDecision{Review: r.ID, Outcome: registrar.ReplyIgnore, By: "olga"})
		y.must(err)
	}
}

// customers renew half of what is renewed by hand, some days before it expires.
func (y *year) customers() {
	today := policy.Today(y.now())
	for i := 1; i < len(y.till); i += 10 {
		name := fmt.Sprintf("d%d.ru", i)
		if y.till[name].DaysSince(today) != 10 {
			continue
		}
		order := registrar.Order{ID: registrar.OrderID(fmt.Sprintf("%s-%s", name, today)), Kind: registrar.KindRenew, Domain: name, PaidTill: y.till[name]}
		_, err := y.Submit2(order)
		y.must(err)
	}
}

func (y *year) Submit2(o registrar.Order) (registrar.Operation, error) {
	return y.Gateway.Submit(y.t.Context(), o)
}

// verdict judges the year.
func (y *year) verdict() {
	for what, n := range y.executed {
		if n > 1 {
			y.t.Errorf("R01 renewed %s %d times", what, n)
		}
	}
	if len(y.executed) < len(y.till)/2 {
		y.t.Errorf("R01 renewed only %d of %d domains", len(y.executed), len(y.till))
	}
	notices := map[string][]time.Time{}
	var alarms []registrar.Event
	last := registrar.Cursor(0)
	for more := true; more; {
		y.must(y.st.Read(y.t.Context(), func(tx *store.Tx) error {
			events, err := tx.Events(last, 5000)
			for _, e := range events {
				if e.Type == registrar.EventNotice {
					notices[e.Name] = append(notices[e.Name], e.At)
				}
				if e.Type == registrar.EventAlarm && e.Name == "" {
					alarms = append(alarms, e)
				}
				last = e.Cursor
			}
			more = len(events) > 0
			return err
		}))
	}
	y.announcedInTime(notices)
	y.alarmedInTime(alarms)
	for _, name := range []string{"d0.ru", "d1.ru", "d6.ru"} {
		if d := y.status(name); d.PaidTill != y.till[name] && d.Operation == nil {
			y.t.Errorf("%s is paid till %s at R01 and till %s here", name, y.till[name], d.PaidTill)
		}
	}
}

// tolerance is a day between passes and the hours by which the clock is set.
const tolerance = 36 * hour

// announcedInTime: what nobody renews is announced at each threshold, within a day or so;
// while no pass was made, after it.
func (y *year) announcedInTime(notices map[string][]time.Time) {
	checked := 0
	for i := 6; i < len(y.till); i += 10 { // by hand, and nobody does
		name := fmt.Sprintf("d%d.ru", i)
		till := y.till[name]
		for _, threshold := range policy.Thresholds() {
			from := till.AddDays(-int(threshold)).In(policy.Zone())
			d := int(from.Sub(y.begin) / day)
			if from.Before(y.begin) || d > 360 || d >= y.noCron.from-1 && d <= y.noCron.to {
				continue
			}
			checked++
			if !slices.ContainsFunc(notices[name], func(at time.Time) bool {
				return at.After(from.Add(-6*hour)) && at.Before(from.Add(tolerance+6*hour))
			}) {
				y.t.Errorf("%s, paid till %s, was not announced %d days before: %v", name, till, threshold, notices[name])
			}
		}
	}
	if checked == 0 {
		y.t.Error("no announcement was checked")
	}
}

// alarmedInTime: no money is told of within hours, and every day it lasts; that no pass
// completes, after 36 hours.
func (y *year) alarmedInTime(alarms []registrar.Event) {
	within := func(word string, from, to time.Time) bool {
		return slices.ContainsFunc(alarms, func(e registrar.Event) bool {
			return strings.Contains(e.Message, word) && e.At.After(from) && e.At.Before(to)
		})
	}
	if len(y.funded) == 0 {
		y.t.Error("money never ran out")
	} else if first := y.funded[0]; !within("no funds", first.Add(-7*hour), first.Add(step+7*hour)) {
		y.t.Errorf("no alarm told that there was no money on %s", first)
	}
	dead := y.begin.Add(time.Duration(y.noCron.from)*day + 6*hour)
	if !within("no renewal pass", dead.Add(deadMan-day-6*hour), dead.Add(deadMan+step+7*hour)) {
		y.t.Errorf("no alarm told that no pass was made since %s", dead)
	}
}
