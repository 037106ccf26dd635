package main

import (
	"database/sql"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"registrar.panel/host/web/api"
	"registrar.panel/internal/pace"
	"registrar.panel/internal/pgtest"
	"registrar.panel/internal/testrun"
	"registrar.panel/shared/registrar"
)

var (
	holderKills = flag.Int("holder-kills", 1, "kill the holder of the lease of three nodes so often")
	holderLives = flag.Duration("holder-lives", 0, "when it has worked so long; 0 = as soon as it has something to do")
	holderPace  = flag.Duration("holder-pace", time.Second, "and place an order so often meanwhile")
)

// takenOverWithin is the longest time without a node at work: the lease of a killed one runs out after 15 s, and the
// others ask for it every 2 s.
const takenOverWithin = 20 * time.Second

// The holder of the lease is killed again and again while orders come to three nodes. No acknowledged order is lost,
// R01 gets each request once, another node works within 20 s, and the growth of processes and databases is logged.
// The test looks at R01 to answer what an operator would be asked. issue 17
func TestThreeNodes(t *testing.T) {
	t.Parallel()
	if *holderKills < 1 {
		t.Fatal("-holder-kills: want 1 or more")
	}
	n := newTrio(t)
	n.rest()
	n.begun = n.size()
	for i := range *holderKills {
		n.live()
		n.measure()
		n.replace(i)
	}

	n.shop.settle()
	n.measure()
	n.judge()
	n.tell()
}

// trio are three panels with their plugins on common databases.
type trio struct {
	t             *testing.T
	place         *testrun.Held
	nodes         []*world
	shop          *shop
	hatch         *hatch  // in front of R01's relay
	panel, plugin *sql.DB // both books, read directly and not through the panel

	dead      struct{ process, connection int } // the plugin that was killed last, and R01's last connection until then
	replaced  []replacement
	processes map[int]*occupancy // by process ID
	begun     size
}

func newTrio(t *testing.T) *trio {
	t.Helper()
	place := testrun.Place(t)
	server := postgres.Use(t)
	panel, plugin := server.Database(), server.Database()
	n := &trio{t: t, place: place, panel: openBook(t, panel), plugin: openBook(t, plugin), processes: map[int]*occupancy{}}
	for i := range 3 {
		w := newPlace(t)
		w.panelStore, w.pluginStore = panel, plugin
		if n.nodes = append(n.nodes, w); i == 0 {
			w.simulate()
			w.sim.SetBalance(1_000_000_000, 0)
			n.hatch = startHatch(t, w.mail.smtp)
			w.mail.smtp = n.hatch.address
		}
		w.sim, w.mail = n.nodes[0].sim, n.nodes[0].mail
		w.settle(func(hcl string) string { // a campaign spends more than the usual brake would let it
			return withBlocks(hcl, openBrake)
		})
	}

	n.shop = newShop(t, n.nodes, n.plugin, n.quiet)
	n.nodes[0].serve()
	for _, w := range n.nodes[1:] {
		w.join(n.nodes[0])
	}
	return n
}

// openBook opens a database on a server for reading.
func openBook(t *testing.T, url string) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", url) // the driver comes with internal/sqldb
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// holder returns the instance that has the lease; "" = none has it.
func (n *trio) holder() (name string) {
	n.t.Helper()
	err := n.plugin.QueryRowContext(n.t.Context(), "select holder from leases where name = 'r01'").Scan(&name)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		n.t.Fatal(err)
	}
	return name
}

// nodeOf returns the node whose plugin has the lease, when all is at rest.
func (n *trio) nodeOf(holder string) *world {
	n.t.Helper()
	for _, w := range n.nodes {
		if strings.Contains(holder, fmt.Sprintf("(process %d,", w.child())) {
			return w
		}
	}
	n.t.Fatalf("no node has the lease of %q", holder)
	return nil
}

// shows reports whether a node's health says that the holder of the lease works there.
func (n *trio) shows(holder string) bool {
	return slices.ContainsFunc(n.nodes, func(w *world) bool { return w.panel != nil && w.lease().detail == "this instance works: "+holder })
}

// rest waits until one node works and the others stand by. Orders continue.
func (n *trio) rest() {
	n.t.Helper()
	testrun.Until(n.t, "one node to work and two to stand by", func() (bool, string) {
		n.shop.tick()
		holder := n.holder()
		var details []string
		for _, w := range n.nodes {
			details = append(details, w.lease().detail)
		}

		slices.Sort(details) // standby, standby, this instance
		stands := "standby: " + holder + " holds the lease"
		return slices.Equal(details, []string{stands, stands, "this instance works: " + holder}), strings.Join(details, "; ")
	})
}

// live places orders for as long as a holder lives.
func (n *trio) live() {
	n.t.Helper()
	end, next := time.After(*holderLives), time.NewTicker(max(*holderPace/4, time.Millisecond)) // too many ticks do no harm
	defer next.Stop()
	for {
		select {
		case <-end:
			return
		case <-next.C:
			n.shop.tick()
		}
	}
}

// replace kills the holder of the lease, waits until another node works, and lets the killed one stand by.
func (n *trio) replace(i int) {
	n.t.Helper()
	old := n.holder()
	w := n.nodeOf(old)
	plugin := w.child()
	when := n.approach((i+i/3)%3, w) // each moment with each way to kill, in turn

	killed := time.Now()
	what := n.kill(i%3, w, plugin)
	n.dead.process, n.dead.connection = plugin, n.hatch.latest()
	n.hatch.open()
	var r replacement
	var holder string
	n.place.Lend(func() { r, holder = n.wait(killed, old) })
	n.replaced = append(n.replaced, r)
	n.t.Logf("%s of %s killed when %s: after %s %s had the lease, after %s R01 got a request, after %s panel plugins showed it",
		what, old, when, tenths(r.lease), holder, tenths(r.work), tenths(r.shown))

	if w.panel == nil {
		w.until("the plugin of the dead panel to end", func() bool { return !alive(plugin) })
		w.launch()
	}
	n.rest()
	n.vacuum()
}

// approach places an order at the holder's node, and returns at one of three moments: a mail has been claimed, and R01
// will never get it; the order was acknowledged a moment ago; R01 got a request a moment ago.
func (n *trio) approach(moment int, w *world) (when string) {
	n.t.Helper()
	requests := len(w.sim.History())
	switch moment {
	case 0:
		came := n.hatch.shut()
		n.shop.sell(w)
		w.until("a mail to be claimed", func() bool {
			select {
			case <-came:
				return true
			default:
				return false
			}
		})
		return "a mail was claimed"
	case 1:
		n.shop.sell(w)
		return "an order was acknowledged"
	}

	n.shop.sell(w)
	w.until("R01 to get a request", func() bool { return len(w.sim.History()) > requests })
	return "R01 got a request"
}

// kill ends a panel and its plugin, or one of them.
func (n *trio) kill(way int, w *world, plugin int) (what string) {
	n.t.Helper()
	what = []string{"panel and plugin", "plugin", "panel"}[way]
	if what != "panel" {
		if err := syscall.Kill(plugin, syscall.SIGKILL); err != nil {
			n.t.Fatal(err)
		}
	}
	if what != "plugin" {
		w.stop(syscall.SIGKILL)
	}
	return what
}

// quiet reports whether nothing from the dead plugin is on its way to R01 any more.
func (n *trio) quiet() bool { return !alive(n.dead.process) && n.hatch.ended(n.dead.connection) }

// wait returns how long it takes until another instance has the lease and
// works. A plugin that its panel has started again counts as another instance.
func (n *trio) wait(killed time.Time, old string) (r replacement, holder string) {
	n.t.Helper()
	requests := 0
	testrun.Until(n.t, "another instance to have the lease", func() (bool, string) {
		requests = len(n.nodes[0].sim.History())
		if holder = n.holder(); holder != "" && holder != old {
			r.lease = time.Since(killed)
			return true, holder
		}
		n.shop.tick()
		return false, holder
	})

	testrun.Until(n.t, "it to work, and its panel to say so", func() (bool, string) {
		if r.work == 0 && len(n.nodes[0].sim.History()) > requests {
			r.work = time.Since(killed)
		}
		if r.shown == 0 && n.shows(holder) {
			r.shown = time.Since(killed)
		}
		n.shop.tick()
		return r.work > 0 && r.shown > 0, fmt.Sprintf("%+v", r)
	})

	if longest := max(r.lease, r.work); longest > takenOverWithin && longest > pace.Scale(takenOverWithin) {
		n.t.Errorf("%s works %s after the kill, want %s at most", holder, longest, takenOverWithin)
	}
	if r.shown > replacedWithin && r.shown > pace.Scale(replacedWithin) {
		n.t.Errorf("%s is shown to work %s after the kill, want %s at most", holder, r.shown, replacedWithin)
	}
	return r, holder
}

// vacuum does what autovacuum does once a minute, because the tests' servers run without it.
func (n *trio) vacuum() {
	n.t.Helper()
	for _, w := range []string{n.nodes[0].panelStore, n.nodes[0].pluginStore} {
		pgtest.Exec(n.t, w, "vacuum analyze")
	}
}

// judge compares the orders with the books of all three, once the panels have heard all events.
func (n *trio) judge() {
	n.t.Helper()
	orders, err := list[api.Order](n.shop, "orders", nil)
	if err != nil {
		n.t.Fatal(err)
	}
	domains, err := list[api.Domain](n.shop, "domains", nil)
	if err != nil {
		n.t.Fatal(err)
	}

	sim := n.nodes[0].sim
	a := account{sold: n.shop.sold, orders: orders, domains: domains, there: sim.State().Domains, history: sim.History()}
	lost, double := a.lost(), a.double()
	for _, wrong := range slices.Concat(lost, double) {
		n.t.Error(wrong)
	}
	n.t.Logf("%d orders, %d requests at R01, %d kills: %d lost, %d double", len(a.sold), len(a.history), len(n.replaced), len(lost), len(double))

	testrun.Until(n.t, "the Action Log to tell each event once", func() (bool, string) {
		why := unheard(n.told(), n.heard())
		return why == "", why
	})
	n.nodes[0].until("all nodes to show one log", func() bool { // to which an entry may be added between two looks
		log := n.nodes[0].must("log", "-o", "json")
		return !slices.ContainsFunc(n.nodes[1:], func(w *world) bool { return w.must("log", "-o", "json") != log })
	})
}

// told returns the plugin's events in their order.
func (n *trio) told() (all []string) {
	n.t.Helper()
	for _, text := range n.column(n.plugin, "select event from events order by cursor") {
		var e registrar.Event
		if err := json.Unmarshal([]byte(text), &e); err != nil {
			n.t.Fatal(err)
		}
		all = append(all, fmt.Sprintf("%s %s %s", e.Type, e.Name, e.Message))
	}
	return all
}

// heard returns the lines of the Action Log, without the panel's own entries.
func (n *trio) heard() []string {
	n.t.Helper()
	return n.column(n.panel, "select event || ' ' || domain || ' ' || message from log where actor <> 'panel' order by id")
}

func (n *trio) column(db *sql.DB, query string) (all []string) {
	n.t.Helper()
	rows, err := db.QueryContext(n.t.Context(), query)
	if err != nil {
		n.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var v string
		if err := rows.Scan(&v); err != nil {
			n.t.Fatal(err)
		}
		all = append(all, v)
	}
	if err := rows.Err(); err != nil {
		n.t.Fatal(err)
	}
	return all
}
