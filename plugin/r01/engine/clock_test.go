package engine

import (
	"testing"
	"time"
)

// Whose word makes the clock doubtful, and whose word settles a doubt.
func TestClockIsDoubted(t *testing.T) {
	t.Parallel()

	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	lastYear := now.AddDate(-1, 0, 0)
	for _, c := range []struct {
		name  string
		hears func(*Clock)
		doubt bool
	}{
		{"it hears nothing", func(*Clock) {}, false},
		{"whois agrees", func(c *Clock) { c.HeardNow(ByWhois, now.Add(time.Hour)) }, false},
		{"whois says last year", func(c *Clock) { c.HeardNow(ByWhois, lastYear) }, true},
		{"whois does not say", func(c *Clock) { c.HeardNow(ByWhois, time.Time{}) }, false},
		{"whois corrects itself", func(c *Clock) { c.HeardNow(ByWhois, lastYear); c.HeardNow(ByWhois, now) }, false},
		{"another agrees", func(c *Clock) { c.HeardNow(ByWhois, lastYear); c.HeardNow(ByListServer, now) }, true},
		{"a mail is of last year", func(c *Clock) { c.HeardOf(ByMailServer, lastYear) }, false},
		{"a mail is of next year", func(c *Clock) { c.HeardOf(ByMailServer, now.AddDate(1, 0, 0)) }, true},
		{"an answer came before its request", func(c *Clock) { c.HeardAnswer(now, lastYear) }, true},
		{"an answer came after it", func(c *Clock) { c.HeardAnswer(lastYear, now) }, false},
		{"an answer has no date", func(c *Clock) { c.HeardAnswer(now, time.Time{}) }, false},
		{"it jumped", func(c *Clock) { c.jumped("it went") }, true},
		{"it jumped, and a mail server agrees since", func(c *Clock) { c.jumped("it went"); c.HeardNow(ByMailServer, now) }, false},
		{"what was said before a jump is void", func(c *Clock) { c.HeardNow(ByWhois, lastYear); c.jumped("it went"); c.HeardNow(ByMailServer, now) }, false},
	} {
		clock := newClock(func() time.Time { return now })
		c.hears(clock)
		if got := clock.Doubt(); (got != "") != c.doubt {
			t.Errorf("%s: doubt %q", c.name, got)
		}
	}
}
