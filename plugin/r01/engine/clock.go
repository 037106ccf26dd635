package engine

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"registrar.panel/plugin/r01/store"
)

// A clock that is wrong by days sends what is not due, calls overdue what is not, and writes times into the
// store that stay wrong for months. So our clock is compared with others: the registry's, those of the servers
// of the zone lists, the mail server's. If it disagrees with one, or may have jumped and has not been confirmed
// since, then everything that costs money, the passes and the deadlines stop until another clock agrees again.

const (
	// agrees is how far a clock may be from ours.
	agrees = day
	// away is how long nothing may be recorded before the clock must be confirmed.
	away = 2 * day
	// aliveEvery is how often it is recorded that the clock was believed.
	aliveEvery = time.Hour
)

// Who tells us the time of day.
const (
	ByWhois      = "whois"
	ByListServer = "the server of the zone list"
	ByMailServer = "the mail server"
	byAnswers    = "the answers to our requests"
	byRecord     = "our own record"
)

// Clock keeps what speaks against the time of day. If it is lost, a doubt is lost that the next start may raise again.
type Clock struct {
	now func() time.Time

	mu     sync.Mutex
	doubts map[string]string // why the time is not believed, by whose word
	told   string            // what the alarm says; "" = there is none
}

func newClock(now func() time.Time) *Clock { return &Clock{now: now, doubts: map[string]string{}} }

// reasons returns all doubts in one text; "" = there is none.
func (c *Clock) reasons() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []string
	for _, who := range slices.Sorted(maps.Keys(c.doubts)) {
		all = append(all, c.doubts[who])
	}
	return strings.Join(all, "; ")
}

func (c *Clock) set(who, why string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.doubts[who] = why
}

// confirmed ends the doubt: another clock agrees with ours.
func (c *Clock) confirmed(who string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	// Our record and the answers to us raise doubts and can't end them: any clock that agrees does.
	for _, settled := range []string{who, byRecord, byAnswers} {
		delete(c.doubts, settled)
	}
}

// jumped replaces all doubts by that of our own record: they were about the clock before it was set.
func (c *Clock) jumped(why string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.doubts = map[string]string{byRecord: why}
}

// Doubt returns why the time of day is not believed; "" = it is.
func (c *Clock) Doubt() string {
	why := c.reasons()
	if why == "" {
		return ""
	}
	return "the clock is in doubt: " + why
}

// HeardNow takes the time that another clock shows at this moment.
func (c *Clock) HeardNow(who string, said time.Time) {
	switch off := said.Sub(c.now()); {
	case said.IsZero():
	case off > agrees || off < -agrees:
		c.set(who, disagrees(who, said, c.now()))
	default:
		c.confirmed(who)
	}
}

// HeardOf takes the time of an event elsewhere. An event may be long past, which says nothing;
// it can't lie in the future.
func (c *Clock) HeardOf(who string, said time.Time) {
	if !said.Before(c.now().Add(-agrees)) {
		c.HeardNow(who, said)
	}
}

// HeardReply is HeardAnswer for a mail that answers a request.
func (c *Clock) HeardReply(tx *store.Tx, r store.Request, received time.Time) error {
	if received.IsZero() {
		return nil
	}
	if r.Attempt == 1 && !r.ClaimedAt.IsZero() {
		c.HeardAnswer(r.ClaimedAt, received)
		return nil
	}
	first, err := tx.Requests.FirstClaim(r.ID)
	if err == nil && !first.IsZero() {
		c.HeardAnswer(first, received)
	}
	return err
}

// HeardAnswer takes the time when the mail server received an answer, and the time by our own
// clock when we handed over what it answers: the answer can't have come before.
func (c *Clock) HeardAnswer(handedOver, received time.Time) {
	if !received.IsZero() && received.Before(handedOver.Add(-agrees)) {
		c.set(byAnswers, "the mail server received the answer to a request on "+stamp(received)+", and by this clock the request was sent on "+stamp(handedOver))
	}
}

func disagrees(who string, said, now time.Time) string {
	return fmt.Sprintf("%s says %s, and this machine %s", who, stamp(said), stamp(now))
}

func stamp(at time.Time) string { return at.UTC().Format("2006-01-02 15:04") }

// ClockSkew is how far the registry's clock and ours may differ.
const ClockSkew = time.Minute
