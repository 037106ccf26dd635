package main

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"registrar.panel/internal/pgtest"
)

var (
	largeDomains    = flag.Int("large-domains", 1000, "measure a panel and a plugin with so many domains")
	largeOperations = flag.Int("large-operations", 100, "and so many open operations")
	largeOrders     = flag.Int("large-orders", 100, "and so many orders")
	largeCalls      = flag.Int("large-calls", 3, "and ask for each page so often")
	largeServer     = flag.Bool("large-server", false, "with the panel's book on PostgreSQL")
)

// The cost of a panel and a plugin with large stores: their memory, how long they
// take to be ready, how long the plugin does not serve after it was killed, and
// how long callers of the API wait. The figures are in docs/benchmarks.md.
func TestLargeStore(t *testing.T) {
	w := newPlace(t)
	if *largeServer {
		w.panelStore = postgres.Use(t).Database()
	}
	w.simulate()
	w.settle(nil)
	w.serve()
	w.stop(syscall.SIGTERM)
	fill(t, w.pluginBook(), append(heldRows(*largeDomains), openRows(*largeOperations)...))
	if *largeServer {
		for _, statement := range append(bookRows(serverRows, *largeDomains, *largeOrders), "analyze") {
			pgtest.Exec(t, w.panelStore, statement)
		}
	} else {
		fill(t, w.panelBook(), bookRows(fileRows, *largeDomains, *largeOrders))
	}

	began := time.Now()
	w.serve()
	t.Logf("ready after %d ms", time.Since(began).Milliseconds())
	w.must("plugins")
	for range 50 { // some work, so that the caches are filled
		w.run("domain", "show", "d0000001.ru")
	}
	t.Logf("memory of the plugin: %s", memory(t, w.child()))

	w.measureKills()

	w.measureAPI()
	t.Logf("memory of the panel: %s", memory(t, w.panel.Process.Pid))
	w.measurePages()
	t.Logf("memory of the panel after its pages: %s", memory(t, w.panel.Process.Pid))
	w.measureCommands()
}

// measureKills logs how long it takes until everything serves again: when the plugin's
// process is killed, for the first time in the life of its panel, because the pauses
// grow with each kill; and when the panel's is killed and started again at once.
func (w *world) measureKills() {
	w.t.Helper()
	var ofPlugin, ofPanel []int64
	for range 3 {
		old := w.child()
		began := time.Now()
		if err := syscall.Kill(old, syscall.SIGKILL); err != nil {
			w.t.Fatal(err)
		}
		w.until("another process to serve", func() bool {
			now := children(w.t, w.panel.Process.Pid)
			return len(now) == 1 && now[0] != old && w.isRunning()
		})
		ofPlugin = append(ofPlugin, time.Since(began).Milliseconds())

		began = time.Now()
		w.stop(syscall.SIGKILL)
		w.launch()
		w.until("another panel to serve", w.isRunning)
		ofPanel = append(ofPanel, time.Since(began).Milliseconds())
	}
	w.t.Logf("serving again after a kill of the plugin %d ms, of the panel %d ms", ofPlugin, ofPanel)
}

// child returns the process of the only plugin.
func (w *world) child() int {
	w.t.Helper()
	plugins := children(w.t, w.panel.Process.Pid)
	if len(plugins) != 1 {
		w.t.Fatalf("the panel has %d children", len(plugins))
	}
	return plugins[0]
}

// isRunning reports whether the panel says that its plugin serves.
func (w *world) isRunning() bool {
	var all []struct{ State string }
	return w.ask(&all, "plugins") == nil && len(all) == 1 && all[0].State == "running"
}

// measured is something that is asked for often, and a part of its answer.
type measured struct {
	what string
	path func(i int) string
	want string
}

// measureAPI logs how long the slowest but one of a hundred calls takes.
func (w *world) measureAPI() {
	w.t.Helper()
	for _, m := range []measured{
		{"the first page of domains", func(int) string { return "domains?limit=100" }, `"d0000001.ru"`},
		{"a search by prefix", func(i int) string { return fmt.Sprintf("domains?limit=100&q=d0000%d", i%10) }, `"d0000`},
		{"attention", func(int) string { return "attention?limit=100" }, `"panel operation resolve`},
		{"what is due", func(int) string { return "domains?limit=100&due=30d" }, `[`},
		{"orders", func(int) string { return "orders?limit=100&sort=-created" }, `"bill-`},
		{"one domain", func(i int) string { return fmt.Sprintf("domains/d%07d.ru", 1+i%*largeDomains) }, `"timeline"`},
	} {
		w.measure("/api/v1/", m)
	}
}

// measurePages logs the same for the console's pages.
func (w *world) measurePages() {
	w.t.Helper()
	for _, m := range consolePages(*largeDomains) {
		w.measure("/", m)
	}
}

// consolePages lists the pages that an operator opens, for a panel with a number of domains.
func consolePages(domains int) (all []measured) {
	for _, page := range []string{"", "domains", "domains?q=d00001", "orders", "operations", "review", "mails", "renewals", "customers", "log", "registrars", "notifications"} {
		all = append(all, measured{"page /" + page, func(int) string { return page }, "</html>"})
	}
	return append(all, measured{"page of a domain", func(i int) string { return fmt.Sprintf("domains/d%07d.ru", 1+i%domains) }, "</html>"})
}

func (w *world) measure(root string, m measured) {
	w.t.Helper()
	client := w.browser()
	defer client.CloseIdleConnections()

	var took []time.Duration
	largest := 0
	for i := range *largeCalls {
		began := time.Now()
		size, err := m.get(client, root, i)
		if err != nil {
			w.t.Fatal(err)
		}
		took, largest = append(took, time.Since(began)), max(largest, size)
	}
	w.t.Logf("%s: %s, %d KB at most", m.what, spread(took), largest/1000)
}

// spread says how often something was done, and how long that took: the median, the hundredth longest, the longest.
func spread(took []time.Duration) string {
	slices.Sort(took)
	n := len(took)
	return fmt.Sprintf("%d times, median %.1f ms, p99 %.1f ms, %.1f ms at most", n, ms(took[n/2]), ms(took[(n*99+99)/100-1]), ms(took[n-1]))
}

// browser returns a client of the panel's socket that keeps its connections.
func (w *world) browser() *http.Client {
	transport := w.transport()
	transport.DisableKeepAlives = false
	return &http.Client{Transport: transport}
}

// transport connects to the panel's socket, anew for each request.
func (w *world) transport() *http.Transport {
	return &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", filepath.Join(w.dir, "panel.sock"))
	}}
}

// get asks for it for the i-th time, and returns the size of the answer.
func (m measured) get(client *http.Client, root string, i int) (size int, err error) {
	answer, err := client.Get("http://panel" + root + m.path(i))
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()

	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK || !strings.Contains(string(body), m.want) {
		return 0, fmt.Errorf("%s: %s %w: %.300s", m.what, answer.Status, err, body)
	}
	return len(body), nil
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// measureCommands compares a command that lists with one that makes no call.
func (w *world) measureCommands() {
	w.t.Helper()
	median := func(args ...string) time.Duration {
		var took []time.Duration
		for range min(*largeCalls, 40) {
			began := time.Now()
			if _, stderr, code := w.execute(args...); code != 0 {
				w.t.Fatalf("panel %v: exit %d: %s", args, code, stderr)
			}
			took = append(took, time.Since(began))
		}
		slices.Sort(took)
		return took[len(took)/2]
	}
	version, list := median("version"), median("domains", "--limit", "50")
	w.t.Logf("panel version %.0f ms, panel domains --limit 50 %.0f ms, %.2f times as long", ms(version), ms(list), float64(list)/float64(version))
}

// pluginBook returns the file of the plugin's store, panelBook that of the panel's.
func (w *world) pluginBook() string {
	return filepath.Join(w.dir, "data", "plugins", "r01", "r01.db")
}

func (w *world) panelBook() string { return filepath.Join(w.dir, "data", "panel.db") }

// fill inserts rows that need not make sense.
func fill(t *testing.T, path string, statements []string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=foreign_keys(0)&_pragma=synchronous(0)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range statements {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
}

func numbers(n int) string { return between(1, n) }

func between(first, last int) string {
	return fmt.Sprintf("with recursive n(i) as (select %d union all select i + 1 from n where i < %d) ", first, last)
}

// inParts returns statements for the numbers from 1 to n, some thousands in each:
// PostgreSQL keeps every state of the rows that count domains until a transaction ends.
func inParts(n int, rest string) (all []string) {
	const part = 5000
	for first := 1; first <= n; first += part {
		all = append(all, between(first, min(first+part-1, n))+rest)
	}
	return all
}

// heldRows returns statements that insert the plugin's domains, of which none is due.
func heldRows(domains int) []string {
	return []string{
		numbers(domains) + `insert into domains (name, customer, status, paid_till, renewal, nameservers, updated_at)
			select printf('d%07d.ru', i), 'c' || (i % 50000), 'Registered', date('now', '+360 days'), 'auto', '[{"host":"ns1.hoster.example"}]', 0 from n`,
	}
}

// openRows returns statements that insert the plugin's renewals that R01 has accepted.
func openRows(operations int) []string {
	return []string{
		numbers(operations) + `insert into requests (id, kind, agreement, object, base, state, message_id, token, sealed_body, created_at, due_at, deadline_at, updated_at)
			select 'rq-' || i, 'prolong', 'A', printf('d%07d.ru', i), '2026-11-24', 'Accepted', 'm' || i, 't' || i, randomblob(1200), 0, 0, 4000000000000, 0 from n`,
		numbers(operations) + `insert into operations (id, order_id, digest, kind, domain, customer, request, state, sealed_order, created_at, updated_at)
			select 'op-' || i, 'o' || i, 'd', 'renew', printf('d%07d.ru', i), 'c', 'rq-' || i, 'Accepted', randomblob(300), 0, 0 from n`,
	}
}

// rowWords are the expressions that differ between SQLite and PostgreSQL.
type rowWords struct {
	domain string // the name of the domain with a number, which is %s
	day    string // the day i days after the first one
	noise  string // as many bytes as a sealed contact has
}

var (
	fileRows   = rowWords{"printf('d%%07d.ru', %s)", "date('2026-12-01', (i % 365) || ' days')", "randomblob(200)"}
	serverRows = rowWords{"'d' || lpad((%s)::text, 7, '0') || '.ru'", "to_char(date '2026-12-01' + (i % 365), 'YYYY-MM-DD')", "decode(repeat(md5(i::text), 12), 'hex')"}
)

func (w rowWords) name(number string) string { return fmt.Sprintf(w.domain, number) }

// bookRows returns statements that insert the panel's rows: one domain in a thousand needs a person.
func bookRows(w rowWords, domains, orders int) []string {
	const closed = 1_795_000_000_000
	return slices.Concat(
		inParts(domains, `insert into domains (name, unicode, customer, registrar, status, handle, paid_till, renewal, nameservers, operation, operation_state, attention)
			select `+w.name("i")+`, `+w.name("i")+`, 'c' || (i % 50000), 'r01', 'Registered', 'MYCO_' || (i % 50000) || '_A-R01', `+w.day+`, 'manual',
				'[{"Host":"ns1.hoster.example"},{"Host":"ns2.hoster.example"}]',
				case when i % 1000 = 1 then '{"id":"op-' || i || '","kind":"renew","state":"Uncertain"}' else 'null' end,
				case when i % 1000 = 1 then 'Uncertain' else '' end, case when i % 1000 = 1 then 2 else 0 end from n`),
		inParts(orders, fmt.Sprintf(`insert into orders (id, kind, domain, customer, registrar, state, own, nameservers, paid_till, sealed_private, operation, submission,
				created_at, paid_at, closed_at, begun_at, operation_state, outcome, reference)
			select 'bill-' || i, 'renew', %[2]s, 'c' || (i %% 50000), 'r01', 'paid', 0, '[]', '2026-11-24', %[3]s, 'op-' || i, 'bill-' || i,
				%[1]d + i, %[1]d + i, %[1]d + i, %[1]d + i, 'Succeeded', 'succeeded', 'invoice ' || i from n`, int64(closed), w.name("i"), w.noise)),
		inParts(orders*3, fmt.Sprintf(`insert into log (at, registrar, domain, actor, level, event, message, "order", operation, mail)
			select %d + i, 'r01', %s, 'registrar', 'info', 'operation', 'the request was sent to R01', 'bill-' || i, 'op-' || i, '' from n`, int64(closed), w.name(fmt.Sprint("i % ", orders)))),
	)
}

var occupied = regexp.MustCompile(`Vm(HWM|RSS):\s+(\d+) kB`)

// memory returns the peak memory of a process and its present one as text.
func memory(t *testing.T, pid int) string {
	t.Helper()
	peak, now := occupies(t, pid)
	return fmt.Sprintf("%d MiB at its peak, %d MiB now", peak, now)
}

// occupies returns the peak memory of a process and its present one, in MiB.
func occupies(t *testing.T, pid int) (peak, now int) {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	mib := map[string]int{}
	for _, m := range occupied.FindAllStringSubmatch(string(text), -1) {
		kb, err := strconv.Atoi(m[2])
		if err != nil {
			t.Fatal(err)
		}
		mib[m[1]] = kb >> 10
	}
	if mib["HWM"] == 0 || mib["RSS"] == 0 {
		t.Fatalf("no memory in %s", text)
	}
	return mib["HWM"], mib["RSS"]
}
