package config

import (
	"strconv"
	"strings"
	"time"
)

// How long an order may wait for its payment.
const (
	defaultUnpaid  = "7d"
	shortestUnpaid = time.Minute
	longestUnpaid  = 365 * 24 * time.Hour
)

// unpaid reads how long an order may wait for its payment.
func (r *reader) unpaid(b *panelBlock) time.Duration {
	d, ok := lasting(or(b.Unpaid, defaultUnpaid))
	if !ok || d < shortestUnpaid || d > longestUnpaid {
		r.add(r.at(b.UnpaidAt, b.At), `panel.unpaid must be a time from "1m" to "365d", such as "7d" or "48h": after it an order that is not paid ends by itself`)
		return 0
	}
	return d
}

// lasting reads a duration, written as in Go or in whole days.
func lasting(text string) (time.Duration, bool) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		return time.Duration(n) * 24 * time.Hour, err == nil
	}
	d, err := time.ParseDuration(text)
	return d, err == nil
}
