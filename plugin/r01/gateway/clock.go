package gateway

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"registrar.panel/internal/wake"
	"registrar.panel/plugin/r01/store"
)

// A clock that is wrong by days sends what is not due, calls overdue what is not, and writes
// times into the store that are wrong for months. So it is held against what others say: the
// registry, the server of a zone list, the mail server. One that disagrees, or that may have
// jumped and that nobody has confirmed since, stops all that costs money, the passes and the
// deadlines, until it is agreed with again.

const (
	// agrees is how far a clock may be from ours.
	agrees = day
	// away is how long nothing may be recorded before the clock must be confirmed.
	away = 2 * day
	// aliveEvery is how often it is recorded that the clock was believed.
	aliveEvery = time.Hour
)

// Those whose word on the time of day is heard.
const (
	byWhois      = "whois"
	byListServer = "the server of the zone list"
	byMailServer = "the mail server"
	byAnswers    = "the answers to our requests"
	byRecord     = "our own record"
)

// clock is what is held against the time of day; losing it costs a doubt that a start may raise
// again.
type clock struct {
	mu     sync.Mutex
	doubts map[string]string // why the time is not believed, by whose word
	told   string            // what the alarm says; "" = there is none
}

func newClock() *clock { return &clock{doubts: map[string]string{}} }

// doubt returns all doubts in one text; "" = there is none.
func (c *clock) doubt() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []string
	for _, who := range slices.Sorted(maps.Keys(c.doubts)) {
		all = append(all, c.doubts[who])
	}
	return strings.Join(all, "; ")
}

func (c *clock) set(who, why string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.doubts[who] = why
}

// confirmed: somebody whose clock is another one says what ours says.
func (c *clock) confirmed(who string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, settled := range []string{who, byRecord, byAnswers} {
		delete(c.doubts, settled)
	}
}

// jumped: what was held against the clock was said before it was set.
func (c *clock) jumped(why string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.doubts = map[string]string{byRecord: why}
}

// DoubtClock tells why the time of day is not believed; "" = it is.
func (g *Gateway) DoubtClock() string {
	why := g.clock.doubt()
	if why == "" {
		return ""
	}
	return "the clock is in doubt: " + why
}

// heardNow is the time that somebody tells us at this moment.
func (g *Gateway) heardNow(who string, said time.Time) {
	switch off := said.Sub(g.now()); {
	case said.IsZero():
	case off > agrees || off < -agrees:
		g.clock.set(who, disagrees(who, said, g.now()))
	default:
		g.clock.confirmed(who)
	}
}

// heardOf is a time at which somebody did something. It may be long ago, and then it says
// nothing; but it is not still to come.
func (g *Gateway) heardOf(who string, said time.Time) {
	if !said.Before(g.now().Add(-agrees)) {
		g.heardNow(who, said)
	}
}

// heardReply is heardAnswer of what answers a request.
func (g *Gateway) heardReply(tx *store.Tx, r store.Request, received time.Time) error {
	first, err := tx.FirstClaim(r.ID)
	if err == nil && !first.IsZero() {
		g.heardAnswer(first, received)
	}
	return err
}

// heardAnswer is when the mail server received an answer to what we handed over at a time that
// our own clock told: it can't have come before.
func (g *Gateway) heardAnswer(handedOver, received time.Time) {
	if !received.IsZero() && received.Before(handedOver.Add(-agrees)) {
		g.clock.set(byAnswers, "the mail server received the answer to a request on "+stamp(received)+", and by this clock the request was sent on "+stamp(handedOver))
	}
}

func disagrees(who string, said, now time.Time) string {
	return fmt.Sprintf("%s says %s, and this machine %s", who, stamp(said), stamp(now))
}

func stamp(at time.Time) string { return at.UTC().Format("2006-01-02 15:04") }

const (
	clockAlarm = "clock"
	// clockAlive is when the clock was believed last.
	clockAlive = "clock:alive"
)

// startClock compares the clock with our own record. With none there is nothing to compare.
func (g *Gateway) startClock(tx *store.Tx) error {
	last, err := tx.Time(clockAlive)
	if err == nil && last.IsZero() {
		last, err = tx.Time(passCompleted)
	}
	if err != nil || last.IsZero() {
		return err
	}
	switch gone := g.now().Sub(last); {
	case gone > away:
		g.clock.jumped(fmt.Sprintf("nothing was recorded between %s and %s", stamp(last), stamp(g.now())))
	case gone < -agrees:
		g.clock.jumped(fmt.Sprintf("this machine says %s, and was at work on %s already", stamp(g.now()), stamp(last)))
	}
	return nil
}

// clockLoop watches the clock for jumps, and keeps the alarm about it.
func (g *Gateway) clockLoop(ctx context.Context) {
	never := make(wake.Signal)
	for ctx.Err() == nil {
		if err := g.keepClock(ctx); err != nil && ctx.Err() == nil {
			g.log.Error("recording the state of the clock failed, will be tried again", "err", err)
		}
		before := g.now()
		pause(ctx, never, lookAgain)
		if passed := g.now().Sub(before); passed > agrees || passed < -agrees {
			g.clock.jumped(fmt.Sprintf("it went from %s to %s within a minute", stamp(before), stamp(g.now())))
		}
	}
}

// keepClock records that the clock is believed, and tells when it is not, or is again. What
// waited for that goes on.
func (g *Gateway) keepClock(ctx context.Context) error {
	doubt := g.DoubtClock()
	last, err := look(ctx, g.store, func(tx *store.Tx) (time.Time, error) { return tx.Time(clockAlive) })
	if err != nil {
		return err
	}
	since := g.now().Sub(last)
	if doubt == g.clock.told && (doubt != "" || since >= 0 && since < aliveEvery) {
		return nil
	}
	err = g.write(ctx, func(tx *store.Tx) error {
		if doubt != "" {
			return g.raise(tx, clockAlarm, "", doubt+". Nothing that costs money is sent, no renewal pass is made and no deadline passes until the clock is agreed with again. "+
				"Set it if it is wrong (timedatectl); if it is right, any mail that arrives at "+g.settings.Callback+" shows it")
		}
		return errors.Join(tx.SetTime(clockAlive, g.now()), g.clear(tx, clockAlarm, ""))
	})
	if err == nil {
		g.clock.told = doubt
	}
	return err
}
