package main

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"registrar.panel/internal/mailhost"
	"registrar.panel/internal/r01sim"
	"registrar.panel/internal/testrun"
	"registrar.panel/shared/registrar"
)

var (
	busyDomains   = flag.Int("busy-domains", 500, "an hour of a panel with so many domains")
	busyRenewals  = flag.Int("busy-renewals", 20, "of which so many are renewed; R01 answers each twice")
	busyFor       = flag.Duration("busy-for", 2*time.Second, "within which R01's answers come")
	busyOperators = flag.Int("busy-operators", 4, "beside so many operators")
	busyReads     = flag.Duration("busy-reads", 200*time.Millisecond, "each of whom reads a page so long, in the mean, before the next")
)

// A panel with many domains renews those that are due in one pass; R01's answers arrive in a Dovecot over
// an hour, while operators go from page to page. Each renewal is asked for once, answered and in the panel's
// book. docs/nodes.md has the figures of such an hour.
func TestBusyHour(t *testing.T) {
	t.Parallel()
	testrun.Place(t)
	h := newBusyHour(t)

	operators, stop := context.WithCancel(t.Context())
	defer stop()
	var reading sync.WaitGroup
	for i := range *busyOperators {
		reading.Go(func() { h.operate(operators, i) })
	}
	h.rest("renewals to be asked for", 0, func() int { return *busyRenewals - len(h.sim.State().Tasks) })
	h.occupy("all are asked for")
	for part := 4; part >= 0; part-- {
		h.rest("renewals to be in the panel's book", *busyRenewals*part/5, h.missing)
		h.occupy(fmt.Sprintf("%d of 5 parts are answered", 5-part))
	}
	stop()
	reading.Wait()

	h.stop(syscall.SIGTERM)
	h.judge()
	h.report()
}

// busyHour is a world with a large store and operators who read.
type busyHour struct {
	*world

	mu    sync.Mutex
	pages map[string][]time.Duration // how long each page took
}

func newBusyHour(t *testing.T) *busyHour {
	t.Helper()
	w := newPlace(t)
	dovecot := mailhost.StartDovecot(t, mailhost.DovecotOptions{Users: map[string]string{callback: imapPassword}})
	w.sim = runSimulator(t, "lmtp://"+dovecot.Addresses.LMTP, func(o *r01sim.Options) {
		o.Policy.Queued, o.Policy.Done = r01sim.Delay(time.Millisecond), r01sim.Delay(time.Millisecond)
		o.Policy.Jitter = float64(busyFor.Milliseconds())
	})
	w.sim.SetBalance(*busyRenewals*w.sim.Policy().Price, 0)
	w.mail = mailServers{smtp: w.sim.Addresses().SMTP, imap: dovecot.Addresses.IMAP, tls: "none", mailUser: callback, poll: "1s"}
	w.settle(func(hcl string) string {
		return withBlocks(hcl, openBrake)
	})
	w.serve()
	w.stop(syscall.SIGTERM)

	due := fmt.Sprintf("update domains set paid_till = date('now', case when name <= 'd%07d.ru' then '30 days' else '300 days' end)", *busyRenewals)
	fill(t, w.pluginBook(), append(heldRows(*busyDomains), due))
	fill(t, w.panelBook(), append(bookRows(fileRows, *busyDomains, *busyDomains/10), due))
	till := registrar.DateOf(time.Now().UTC()).AddDays(30)
	for i := range *busyRenewals {
		if err := w.sim.AddDomain(r01sim.Domain{Name: fmt.Sprintf("d%07d.ru", i+1), PaidTill: till, Handle: "OLD_1_X-R01"}); err != nil {
			t.Fatal(err)
		}
	}
	w.serve() // a start makes a pass
	return &busyHour{world: w, pages: map[string][]time.Duration{}}
}

// operate plays an operator who goes from page to page.
func (h *busyHour) operate(ctx context.Context, seed int) {
	client := h.browser()
	defer client.CloseIdleConnections()
	random := rand.New(rand.NewPCG(uint64(seed), 0))
	all := consolePages(*busyDomains)
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Duration(random.ExpFloat64() * float64(*busyReads))):
		}

		page := all[random.IntN(len(all))]
		began := time.Now()
		if _, err := page.get(client, "/", random.IntN(*busyDomains)); err != nil {
			h.t.Error(err)
			return
		}
		h.mu.Lock()
		h.pages[page.what] = append(h.pages[page.what], time.Since(began))
		h.mu.Unlock()
	}
}

// rest waits until no more than most are left of something. An hour is longer than the patience of other waits, so each
// of these waits for some more events to be heard; to count what is left costs more.
func (h *busyHour) rest(what string, most int, left func() int) {
	h.t.Helper()
	const heard = "select coalesce(max(cursor), 0) from followed"
	for now := left(); now > most; now = left() {
		enough := h.number(h.panelBook(), heard) + max(1, min(now-most, *busyRenewals/50))
		testrun.Until(h.t, what, func() (bool, string) {
			n := h.number(h.panelBook(), heard)
			return n >= enough, fmt.Sprintf("%d are left; %d events were heard, want %d", now, n, enough)
		})
	}
}

// occupy logs the memory of panel and plugin.
func (h *busyHour) occupy(when string) {
	h.t.Helper()
	h.t.Logf("%s: the panel's memory is %s, the plugin's %s", when, memory(h.t, h.panel.Process.Pid), memory(h.t, h.child()))
}

// missing counts the renewals that are not in the panel's book.
func (h *busyHour) missing() int {
	return h.number(h.panelBook(), "select count(*) from domains where name <= ? and paid_till < date('now', '300 days')", fmt.Sprintf("d%07d.ru", *busyRenewals))
}

func (h *busyHour) number(book, query string, args ...any) (n int) {
	h.t.Helper()
	db := h.open(book)
	defer db.Close()
	if err := db.QueryRow(query, args...).Scan(&n); err != nil {
		h.t.Fatal(err)
	}
	return n
}

func (h *busyHour) open(book string) *sql.DB {
	h.t.Helper()
	db, err := sql.Open("sqlite", "file:"+book+"?mode=ro&_pragma=busy_timeout(60000)")
	if err != nil {
		h.t.Fatal(err)
	}
	return db
}

// judge checks that R01 got each renewal once, and that nothing is left.
func (h *busyHour) judge() {
	h.t.Helper()
	asked := map[string]int{}
	for _, task := range h.sim.State().Tasks {
		asked[task.Object]++
	}
	for object, times := range asked {
		if times != 1 {
			h.t.Errorf("R01 was asked %d times to renew %s", times, object)
		}
	}
	if len(asked) != *busyRenewals {
		h.t.Errorf("R01 was asked to renew %d domains, want %d", len(asked), *busyRenewals)
	}

	for query, want := range map[string]int{
		"select count(*) from operations where state = 'Succeeded'":         *busyRenewals,
		"select count(*) from operations":                                   *busyRenewals,
		"select count(*) from mails where direction = 'in'":                 2 * *busyRenewals,
		"select count(*) from mails where state not in ('sent', 'applied')": 0,
	} {
		if n := h.number(h.pluginBook(), query); n != want {
			h.t.Errorf("%s: %d, want %d", query, n, want)
		}
	}
}

// report logs how long it took to act on R01's answers, and how long operators waited.
func (h *busyHour) report() {
	h.t.Helper()
	// Dovecot gives the time of a mail's delivery in whole seconds.
	const steps = `select steps.at, mails.at, mails.received_at + 999 from operations join steps on operation = operations.id
		join mails on mails.request = operations.request and direction = 'in'
		where domain = ? and steps.state = 'Succeeded' order by mails.at desc limit 1`
	var until, delivered, stored, applied []time.Duration
	db := h.open(h.pluginBook())
	defer db.Close()
	for _, task := range h.sim.State().Tasks {
		var step, kept, arrived int64
		if err := db.QueryRow(steps, task.Object).Scan(&step, &kept, &arrived); err != nil {
			h.t.Fatalf("when %s was renewed: %v", task.Object, err)
		}
		until = append(until, time.UnixMilli(step).Sub(task.FinishedAt))
		delivered = append(delivered, max(0, time.UnixMilli(arrived).Sub(task.FinishedAt)))
		stored = append(stored, max(0, time.Duration(kept-arrived)*time.Millisecond))
		applied = append(applied, time.Duration(step-kept)*time.Millisecond)
	}
	h.t.Logf("from R01's doing to our step: %s", spread(until))
	h.t.Logf("of this, until its mail was in the mailbox, up to a second less: %s", spread(delivered))
	h.t.Logf("from then until the mail was stored, up to a second more: %s", spread(stored))
	h.t.Logf("from then to our step: %s", spread(applied))

	for _, what := range slices.Sorted(maps.Keys(h.pages)) {
		h.t.Logf("%s: %s", what, spread(h.pages[what]))
	}
}
