package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"registrar.panel/internal/testrun"
	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/mailauth"
	"registrar.panel/plugin/r01/renewal"
	"registrar.panel/plugin/r01/renewal/policy"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// TestYear lives a year, the leap year 2000, in simulated time on a real store: cron makes
// the passes, mails take days, R01 and the relay are away for weeks, money runs out, clocks
// jump, the plugin is killed. At the end no domain that renews itself has expired, R01 was
// asked for no renewal twice, and every alarm has come in time.
//
//	YEAR_DOMAINS=100000 YEAR_SEED=7 go test -run 'TestYear$' -v -timeout 1h ./plugin/r01/gateway
//
// lives one with more domains, or one year again. However few there are, each trouble comes.
func TestYear(t *testing.T) {
	t.Parallel()
	testrun.TakesLong(t)
	size := int(fromEnv(t, "YEAR_DOMAINS", 60))
	seeds := []uint64{1, 2}
	if seed := fromEnv(t, "YEAR_SEED", 0); seed != 0 {
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

func fromEnv(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// period is a part of the year, in days from its start.
type period struct{ from, to int }

func (p period) holds(day int) bool { return day >= p.from && day < p.to }

// year is one gateway in the world of world_test.go.
type year struct {
	*gate
	*world
	t        *testing.T
	ctx      context.Context
	skew     atomic.Int64 // of the plugin's clock, a time.Duration; the cron reads it, too
	settings engine.Settings
	schedule context.CancelFunc
	stopped  chan struct{}
	passes   []time.Time // when they were completed
	paused   []time.Time // mornings when there was no money as far as the gateway knew
}

func newYear(t *testing.T, seed uint64, size int) *year {
	y := &year{world: newWorld(t, seed, size), t: t, ctx: context.WithoutCancel(t.Context())}
	y.gate = &gate{t: t, judge: mailauth.Verdict{Verified: true}, dir: memoryDir(t)}
	y.settings = testSettings()
	y.settings.Brake = engine.Brake{PerHour: max(20, size/50), PerDay: max(100, size/10)}
	y.settings.Batch = []int{1, 10}[seed%2]
	if size > 5000 {
		y.settings.Batch = 10
	}
	y.start(true)
	t.Cleanup(func() {
		y.stop()
		if err := y.st.Close(); err != nil {
			t.Error(err)
		}
	})
	y.populate()
	return y
}

func (y *year) now() time.Time { return time.Now().Add(time.Duration(y.skew.Load())) }

// start begins a life of the plugin: its store, and its cron in a zone with summer time.
func (y *year) start(create bool) {
	if create {
		empty.Copy(y.t, y.dir)
	}
	st, err := store.Open(y.ctx, store.Options{Dir: y.dir})
	y.must(err)
	y.st = st
	y.compose(y.settings, Parts{Store: st, Submitter: y, Verifier: verdict(func() mailauth.Verdict { return y.judge }), Recogniser: builtIn(),
		Logger: slog.New(slog.DiscardHandler), Now: y.now, Random: y.text})
	y.must(y.Gateway.Open(y.ctx))
	y.startCron()
}

// schedule of the passes, in a zone with summer time.
const (
	passHour = 4
	passZone = "Europe/Berlin"
)

// noted is a book that notes when a pass is completed.
type noted struct {
	renewal.Book
	y *year
}

func (n noted) PassCompleted(ctx context.Context) error {
	err := n.Book.PassCompleted(ctx)
	if err == nil {
		n.y.passes = append(n.y.passes, time.Now())
	}
	return err
}

func (y *year) startCron() {
	ctx, cancel := context.WithCancel(context.Background())
	y.schedule, y.stopped = cancel, make(chan struct{})
	c := renewal.Config{Schedule: fmt.Sprintf("0 %d * * *", passHour), Timezone: passZone, Before: 55 * day, Batch: 1}
	s := renewal.NewSchedule(renewal.NewPass(noted{y.Renewals, y}, c.Policy()), c, slog.New(slog.DiscardHandler), y.now)
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

// populate imports the domains.
func (y *year) populate() {
	y.must(y.st.Write(y.ctx, func(tx *store.Tx) error {
		for _, h := range y.domains {
			d := registrar.Domain{Name: h.name, Customer: "c1", Handle: "OLD-R01", Status: registrar.StatusRegistered,
				Renewal: registrar.RenewAuto, PaidTill: h.till}
			if !h.auto {
				d.Renewal = registrar.RenewManual
			}
			if err := tx.Domains.Put(d, y.now()); err != nil {
				return err
			}
		}
		return nil
	}))
}

const (
	step = 6 * hour
	rest = 12 * hour
)

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

// work brings the mail, and steps the loops of the gateway: twice a day in any case.
func (y *year) work() {
	arrived := y.post()
	if len(arrived) == 0 && time.Since(y.begin)%rest != step {
		return
	}
	for mails := range slices.Chunk(arrived, 100) {
		y.must(y.Deliver(y.ctx, mails))
	}
	y.must(y.ReadNew(y.ctx))
	y.must(y.Expire(y.ctx))
	y.must(y.send())
}

// send sends what is due, and more than once if the plugin dies of it.
func (y *year) send() (err error) {
	defer func() {
		if dead := recover(); dead != nil {
			if err, ok := dead.(error); !ok || !errors.Is(err, errDead) {
				panic(dead)
			}
			y.kill()
			err = y.send()
		}
	}()
	_, err = y.SendDue(y.ctx)
	return err
}

func (y *year) kill() {
	y.comes(killed)
	if y.noCron.holds(y.day()) {
		return
	}
	y.stop()
	y.must(y.st.Close())
	y.start(false)
}

// daily is what people and fate do in the morning.
func (y *year) daily() {
	switch d := y.day(); {
	case d == y.poor.from:
		y.balance = 0
	case d == y.poor.to:
		y.balance = 1 << 40
	case d == y.noCron.from:
		y.stop()
	case d == y.noCron.to:
		y.startCron()
	case d%40 == y.killedOn:
		y.kill()
	case d%30 == y.skewedOn: // the clock is set
		y.skew.Store(int64(time.Duration(y.IntN(360)-180) * time.Minute))
		y.comes(skewed)
	}
	y.must(y.st.Read(y.ctx, func(tx *store.Tx) error {
		paused, err := y.Limits.Paused(tx, lifecycle.Prolong)
		if paused {
			y.paused = append(y.paused, time.Now())
		}
		return err
	}))
	y.operate()
	y.customers()
	y.expired()
}

// operate is the operator, who looks at R01's own pages before deciding anything.
func (y *year) operate() {
	var held []store.Request
	y.must(y.st.Read(y.ctx, func(tx *store.Tx) error {
		action, err := tx.Requests.InState(registrar.NeedsAction)
		if err != nil {
			return err
		}
		uncertain, err := tx.Requests.InState(registrar.Uncertain)
		held = append(action, uncertain...)
		return err
	}))
	for _, r := range held {
		h := y.named[r.Object]
		d, err := y.Domain(y.ctx, h.name)
		y.must(err)
		if d.Operation == nil || !d.Operation.State.WaitsForPerson() || h.asked > 0 {
			continue // decided with another, or R01 has it still
		}
		verdict := registrar.VerdictResend
		switch {
		case r.Base.Before(h.till):
			verdict = registrar.VerdictDone
		case y.balance < price:
			continue
		}
		_, err = y.Resolve(y.ctx, registrar.Decision{Operation: d.Operation.ID, Verdict: verdict, By: "olga", Note: "looked at R01"})
		y.must(err)
	}
	reviews, err := y.Desk.Reviews(y.ctx)
	y.must(err)
	for _, r := range reviews {
		_, err := y.ResolveReview(y.ctx, registrar.ReviewDecision{Review: r.ID, Outcome: registrar.ReplyIgnore, By: "olga"})
		y.must(err)
	}
}

// customers renew half of what is renewed by hand, some days before it expires.
func (y *year) customers() {
	today := policy.Today(y.now())
	due := today.AddDays(10)
	for _, h := range y.domains {
		if !h.ordered || h.till != due || h.till != h.first {
			continue
		}
		h.first = registrar.Date{} // once
		_, err := y.Orders.Submit(y.ctx, registrar.Order{ID: registrar.OrderID("by-hand-" + h.name), Kind: registrar.KindRenew, Domain: h.name, PaidTill: h.till})
		y.must(err)
	}
}

// expired looks whether anything has that should not.
func (y *year) expired() {
	today := policy.Today(time.Now())
	for _, h := range y.domains {
		if h.auto && h.till.Before(today) {
			y.t.Fatalf("day %d: %s renews itself and expired on %s", y.day(), h.name, h.till)
		}
	}
}

// verdict judges the year.
func (y *year) verdict() {
	for trouble := range troubles {
		if y.came[trouble] == 0 {
			y.t.Errorf("never came: %s", trouble)
		}
	}
	y.t.Logf("%d renewals were paid, and there came: %v", y.paid, y.came)
	notices := map[string][]time.Time{}
	alarms := map[string][]registrar.Event{} // by domain; "" = of none
	last := registrar.Cursor(0)
	for more := true; more; {
		y.must(y.st.Read(y.ctx, func(tx *store.Tx) error {
			events, err := tx.Events(last, 5000)
			for _, e := range events {
				switch e.Type {
				case registrar.EventNotice:
					notices[e.Name] = append(notices[e.Name], e.At)
				case registrar.EventAlarm:
					alarms[e.Name] = append(alarms[e.Name], e)
				}
				last = e.Cursor
			}
			more = len(events) > 0
			return err
		}))
	}
	y.agreed()
	y.passedInTime()
	y.announcedInTime(notices)
	y.alarmedInTime(alarms)
}

// agreed: what is recorded here is what R01 has, unless something is under way.
func (y *year) agreed() {
	seen := 0
	y.must(y.st.Read(y.ctx, func(tx *store.Tx) error {
		return tx.Domains.EachHolding("", "", func(d *store.Holding) {
			seen++
			h := y.named[string(d.Name)]
			if d.PaidTill == h.till {
				return
			}
			if open, err := tx.Operations.Open(h.name); err != nil || len(open) == 0 {
				y.t.Errorf("%s is paid till %s at R01 and till %s here, and nothing is under way (%v %v)", h.name, h.till, d.PaidTill, open, err)
			}
		})
	}))
	if seen != len(y.domains) {
		y.t.Errorf("%d domains are left of %d", seen, len(y.domains))
	}
}

// passedInTime: a pass was made every day at the hour of its zone, in winter and in summer.
func (y *year) passedInTime() {
	zone, err := time.LoadLocation(passZone)
	y.must(err)
	for d := range 365 {
		if d >= y.noCron.from && d <= y.noCron.to {
			continue
		}
		on := y.begin.AddDate(0, 0, d)
		due := time.Date(on.Year(), on.Month(), on.Day(), passHour, 0, 0, 0, zone)
		if !slices.ContainsFunc(y.passes, due.Equal) {
			y.t.Errorf("no pass at %s", due)
		}
	}
}

// tolerance is a day between passes and the hours by which the clock is set.
const tolerance = 36 * hour

// announcedInTime: a domain that is not renewed is announced at each threshold, within a day or so;
// while no pass was made, after it.
func (y *year) announcedInTime(notices map[string][]time.Time) {
	checked := map[policy.Threshold]int{}
	for _, h := range y.domains {
		if h.auto || h.ordered {
			continue
		}
		for _, threshold := range policy.Thresholds() {
			from := h.till.AddDays(-int(threshold)).In(policy.Zone())
			d := int(from.Sub(y.begin) / day)
			if from.Before(y.begin) || d > 360 || d >= y.noCron.from-1 && d <= y.noCron.to {
				continue
			}
			checked[threshold]++
			if !slices.ContainsFunc(notices[h.name], func(at time.Time) bool {
				return at.After(from.Add(-6*hour)) && at.Before(from.Add(tolerance+6*hour))
			}) {
				y.t.Errorf("%s, paid till %s, was not announced %d days before: %v", h.name, h.till, threshold, notices[h.name])
			}
		}
	}
	for _, threshold := range policy.Thresholds() {
		if checked[threshold] == 0 {
			y.t.Errorf("no announcement %d days before was checked", threshold)
		}
	}
}

// alarmedInTime: no money is told of within hours, and every day that the gateway waits for
// some; that no pass completes, after 36 hours; that R01 does not tell what became of a request, after the days
// it has for that.
func (y *year) alarmedInTime(alarms map[string][]registrar.Event) {
	const clock = 7 * hour // by which two settings may differ
	within := func(name, word string, from, to time.Time) bool {
		return slices.ContainsFunc(alarms[name], func(e registrar.Event) bool {
			return strings.Contains(e.Message, word) && e.At.After(from) && e.At.Before(to)
		})
	}
	for _, at := range slices.Concat(y.unpaid, y.paused) {
		if !within("", "no funds", at.Add(-day-clock), at.Add(rest+clock)) {
			y.t.Errorf("no alarm told that there was no money on %s", at)
		}
	}
	dead := y.begin.Add(time.Duration(y.noCron.from)*day + 6*hour)
	if !within("", "no renewal pass", dead.Add(engine.DeadMan-day-6*hour), dead.Add(engine.DeadMan+rest+clock)) {
		y.t.Errorf("no alarm told that no pass was made since %s", dead)
	}
	for _, s := range y.silences {
		due := s.since.Add(y.settings.DoneWithin)
		if due.Sub(y.begin) < 365*day && !within(s.name, "not reported a result", due.Add(-clock), due.Add(rest+clock)) {
			y.t.Errorf("no alarm told that R01 has been silent about %s since %s", s.name, s.since)
		}
	}
}
