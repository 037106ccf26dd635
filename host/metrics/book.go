package metrics

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"registrar.panel/host/orders"
)

// How often the book is counted at most, how long that may take, and the same for the check whether it answers at all.
const (
	countEvery  = time.Minute
	countWithin = 10 * time.Second
	lookEvery   = time.Second
	lookWithin  = 2 * time.Second
)

// counts are the numbers that were found in the book.
type counts struct {
	domains, orders map[string]int
	operations      []orders.UnderWay
	attention       int
	at              time.Time // zero = it could not be counted
}

// counter counts the book, and keeps the result.
type counter struct {
	book Book
	now  func() time.Time

	counting sync.Mutex // held while counting
	mu       sync.Mutex
	last     counts
	tried    time.Time

	looking sync.Mutex
	looked  time.Time
	fault   error
}

// renew counts again when the counts are old. While one caller counts, others get the former
// counts; if there are none yet, they wait.
func (c *counter) renew(ctx context.Context) {
	if !c.due() {
		return
	}
	if !c.counting.TryLock() {
		if !c.known().at.IsZero() {
			return
		}
		c.counting.Lock()
	}
	defer c.counting.Unlock()
	// Another caller may have counted while this one waited.
	if !c.due() {
		return
	}

	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), countWithin) // the next caller wants it, too
	defer cancel()
	found, err := c.count(ctx)

	c.mu.Lock()
	defer c.mu.Unlock()
	// A failure counts as a try, too, or every scrape would ask a book that hangs.
	if c.tried = c.now(); err != nil {
		found = counts{}
	}
	c.last = found
}

func (c *counter) due() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tried.IsZero() || c.now().Sub(c.tried) >= countEvery
}

func (c *counter) known() counts {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last
}

func (c *counter) count(ctx context.Context) (found counts, err error) {
	if found.domains, err = c.book.CountDomains(ctx); err != nil {
		return found, err
	}
	if found.orders, err = c.book.CountOrders(ctx); err != nil {
		return found, err
	}
	if found.operations, err = c.book.CountOperations(ctx); err != nil {
		return found, err
	}
	found.attention, err = c.book.CountAttention(ctx)
	found.at = c.now()
	return found, err
}

// alive returns whether the book answers, which it asks once a second at most.
func (c *counter) alive(ctx context.Context) error {
	c.looking.Lock()
	defer c.looking.Unlock()
	if !c.looked.IsZero() && c.now().Sub(c.looked) < lookEvery {
		return c.fault
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookWithin)
	defer cancel()
	c.fault = c.book.Alive(ctx)
	c.looked = c.now()
	return c.fault
}

// What is reported about the book.
var (
	bookUp     = prometheus.NewDesc("panel_book_up", "Whether the panel's database could be read: 1 or 0.", nil, nil)
	countedAt  = prometheus.NewDesc("panel_book_counted_timestamp_seconds", "When the book was counted, once a minute at most.", nil, nil)
	domains    = prometheus.NewDesc("panel_domains", "Domains by status.", []string{"status"}, nil)
	attention  = prometheus.NewDesc("panel_domains_attention", "Domains that need a person, or have an alarm.", nil, nil)
	openOrders = prometheus.NewDesc("panel_orders_open", "Orders that are not concluded, by state.", []string{"state"}, nil)
	operations = prometheus.NewDesc("panel_operations", "Operations that are under way, by state.", []string{"state"}, nil)
	oldest     = prometheus.NewDesc("panel_operations_oldest_age_seconds", "How long ago the oldest operation in a state was begun.", []string{"state"}, nil)
)

// bookMetrics reports what was counted in the book.
type bookMetrics struct{ *counter }

// Describe implements [prometheus.Collector].
func (b bookMetrics) Describe(all chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{bookUp, countedAt, domains, attention, openOrders, operations, oldest} {
		all <- d
	}
}

// Collect implements [prometheus.Collector].
func (b bookMetrics) Collect(all chan<- prometheus.Metric) {
	tell := func(d *prometheus.Desc, value float64, labels ...string) {
		all <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}

	found := b.known()
	// No counts rather than zeros, which would look like a book without domains.
	if found.at.IsZero() {
		tell(bookUp, 0)
		return
	}

	tell(bookUp, 1)
	tell(countedAt, float64(found.at.Unix()))
	tell(attention, float64(found.attention))
	for status, n := range found.domains {
		tell(domains, float64(n), status)
	}
	for state, n := range found.orders {
		tell(openOrders, float64(n), state)
	}
	for _, o := range found.operations {
		tell(operations, float64(o.Count), string(o.State))
		if !o.Oldest.IsZero() {
			tell(oldest, b.now().Sub(o.Oldest).Seconds(), string(o.State))
		}
	}
}
