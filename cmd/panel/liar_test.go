package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"registrar.panel/host/web/api"
	"registrar.panel/internal/pgtest"
	"registrar.panel/internal/r01sim"
	contract "registrar.panel/shared/registrar"
	"registrar.panel/shared/secret"
)

// receiver is the name of the callback's mail server in Authentication-Results.
const receiver = "mx.panel.example"

// Three sorts of mail move nothing: a stranger's; twisted ones, which may not be believed from any sender;
// and, if a proof of the sender is required, those of a sender who knows the token. Only R01 answers the requests.
func TestNoLieIsBelieved(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		proof  bool
		server bool
		told   []r01sim.LieGroup
		forms  int // in how many forms each lie is told about each request: most have several
		kinds  int // how many kinds of lies are told about one request
	}{
		{"who has the token is believed", false, false, []r01sim.LieGroup{r01sim.LieOfStranger, r01sim.LieTwisted}, 2, 1},
		{"a proof is required", true, false, r01sim.LieGroups(), 2, 1},
		{"a proof is required, on PostgreSQL", true, true, r01sim.LieGroups(), 1, 6},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := newLiedWorld(t, row.proof, row.server)
			w.serve()
			w.beginAll(slices.Collect(slices.Chunk(r01sim.LieKinds(row.told...), row.kinds)))
			w.tellAll(row.forms)
			w.unmoved()
			w.answered()
		})
	}
}

// liedWorld is a panel with open requests, about which lies are told.
type liedWorld struct {
	*world
	client *api.Client
	open   []open
}

// open is a domain with an open request, and the lies about that.
type open struct {
	kinds  []r01sim.LieKind
	domain string
	object string // of the request: the domain, or the handle of a client
	before api.Domain
	asked  int // requests about the domain that R01 had then
}

func newLiedWorld(t *testing.T, proof, server bool) *liedWorld {
	w := newPlace(t)
	if server {
		databases := pgtest.Start(t)
		w.panelStore, w.pluginStore = databases.Database(), databases.Database()
	}
	w.simulate(func(o *r01sim.Options) {
		if proof {
			o.AuthServID = receiver
		}
	})
	w.settle(func(hcl string) string {
		blocks := openBrake
		if proof {
			blocks += fmt.Sprintf("    replies {\n      from = [%q]\n      require = \"authentication-results\"\n      authserv_id = %q\n    }\n", robot, receiver)
		}
		return withBlocks(hcl, blocks)
	})
	client, err := api.NewClient("unix://"+w.dir+"/panel.sock", secret.String{})
	if err != nil {
		t.Fatal(err)
	}
	return &liedWorld{world: w, client: client}
}

func (w *liedWorld) place(o api.NewOrder) {
	w.t.Helper()
	o.Own = true
	if o.Kind != string(contract.KindRenew) {
		o.Nameservers = []api.Nameserver{{Host: "ns1.hoster.example", IPs: []string{}}, {Host: "ns2.hoster.example", IPs: []string{}}}
	}
	if o.Kind == string(contract.KindRegister) {
		o.Contact = api.Contact{"kind": {"person"}, "name_latin": {"Sidor S Sidorov"}, "name": {"Сидоров Сидор Сидорович"},
			"passport": {"4510 123456", "выдан ОВД Тверского района", "30.01.2010"}, "birth_date": {"1965-10-18"},
			"postal_address": {"123007, Москва, Тестовая ул., д. 1"}, "phones": {"+7 495 1234567"}, "emails": {o.Customer + "@example.ru"},
			"resident": {"true"}}
	}
	w.until("the order before to be over", func() bool {
		_, err := api.Post[api.Order](w.t.Context(), w.client, api.Path("orders"), o)
		if err != nil && !strings.Contains(err.Error(), "has an open order") {
			w.t.Fatalf("order %s %s: %v", o.Kind, o.Domain, err)
		}
		return err == nil
	})
}

func (w *liedWorld) register(domain, customer string) {
	w.t.Helper()
	w.place(api.NewOrder{Kind: string(contract.KindRegister), Domain: domain, Customer: customer})
}

func (w *liedWorld) at(domain string) api.Domain {
	w.t.Helper()
	d, err := api.Get[api.Domain](w.t.Context(), w.client, api.Path("domains", domain), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

func (w *liedWorld) registered(domain string) {
	w.t.Helper()
	w.until(domain+" to be registered", func() bool { return w.at(domain).Status == string(contract.StatusRegistered) })
}

// beginAll opens requests of every sort for each group of lies: a new domain, one that R01 has queued, a
// renewal, an update of a domain whose registration is over, and a new client. R01 holds back its answers.
func (w *liedWorld) beginAll(lies [][]r01sim.LieKind) {
	w.t.Helper()
	w.register("first.ru", "c1")
	w.registered("first.ru")
	for i := range lies {
		w.register(fmt.Sprintf("changed%d.ru", i), "c1")
	}
	for i := range lies { // so that R01 has said of each, once, that it is registered and that it is changed
		changed := fmt.Sprintf("changed%d.ru", i)
		w.registered(changed)
		w.place(api.NewOrder{Kind: string(contract.KindUpdate), Domain: changed, Customer: "c1"})
	}
	for i := range lies {
		changed := fmt.Sprintf("changed%d.ru", i)
		// Before the update has begun, there is no operation either.
		w.until("the first update to be over", func() bool { return w.requests(changed) == 2 && w.at(changed).Operation == nil })
	}
	w.sim.Hold()
	w.register("sentinel.ru", "c1")
	w.until("R01's answers about the sentinel", func() bool { return w.sim.Held() == 2 })
	soon := time.Now().AddDate(0, 0, 20).Format(time.DateOnly)
	for i, kinds := range lies {
		numbered := func(name string) string { return fmt.Sprintf("%s%d.ru", name, i) }
		fresh, queued, old, changed, first := numbered("fresh"), numbered("queued"), numbered("old"), numbered("changed"), numbered("first")
		w.register(fresh, "c1")
		w.register(queued, "c1")
		w.takeOver(old, soon)
		w.place(api.NewOrder{Kind: string(contract.KindRenew), Domain: old, Customer: "c2", PaidTill: soon})
		w.place(api.NewOrder{Kind: string(contract.KindUpdate), Domain: changed, Customer: "c1"})
		w.register(first, fmt.Sprintf("new%d", i))
		for _, domain := range []string{fresh, queued, old, changed, first} {
			w.open = append(w.open, open{kinds: kinds, domain: domain, object: domain})
		}
	}
	for i := range w.open {
		o := &w.open[i]
		o.before = w.reaches(o.domain, contract.Sent)
		o.asked = w.requests(o.domain)
		if strings.HasPrefix(o.domain, "queued") {
			w.queue(o.domain)
			o.before = w.reaches(o.domain, contract.Accepted)
		}
		if strings.HasPrefix(o.domain, "first") {
			o.object = w.handleOf(strings.TrimSuffix(strings.TrimPrefix(o.domain, "first"), ".ru"))
		}
	}
}

// reaches waits until the open operation on a domain is in a state.
func (w *liedWorld) reaches(domain string, state contract.OperationState) (d api.Domain) {
	w.t.Helper()
	w.until(fmt.Sprintf("the operation on %s to be %s", domain, state), func() bool {
		d = w.at(domain)
		return d.Operation != nil && d.Operation.State == string(state)
	})
	return d
}

// queue lets R01 say that it has queued the only request for a domain.
func (w *liedWorld) queue(domain string) {
	w.t.Helper()
	task := w.sim.State().Tasks[slices.IndexFunc(w.sim.State().Tasks, func(t r01sim.Task) bool { return t.Object == domain })]
	asked := w.sim.History()[slices.IndexFunc(w.sim.History(), func(e r01sim.Entry) bool { return slices.Contains(e.Objects, domain) })]
	w.sim.Inject([]byte(strings.ReplaceAll(fmt.Sprintf("Authentication-Results: %s; dkim=pass header.d=registrar.example\n"+
		"From: %s\nTo: %s\nSubject: R01\nDate: %s\nMessage-ID: <queued-%d@registrar.example>\nIn-Reply-To: %s\n\n"+
		"task: %d\naction: NEW\nobject: domain\ndomain: %s\nstatus: TASK_QUEUED\n",
		receiver, robot, callback, time.Now().Add(time.Second).Format(time.RFC1123Z), task.ID, asked.MessageID, task.ID, domain), "\n", "\r\n")))
}

func (w *liedWorld) takeOver(domain, paidTill string) {
	w.t.Helper()
	till, err := contract.ParseDate(paidTill)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.sim.AddDomain(r01sim.Domain{Name: domain, PaidTill: till, Handle: "OLD_1_10000-R01", Delegated: true}); err != nil {
		w.t.Fatal(err)
	}
	if _, err := api.Post[api.Domain](w.t.Context(), w.client, api.Path("domains", domain, "import"), api.Import{Customer: "c2", Handle: "OLD_1_10000-R01", PaidTill: paidTill}); err != nil {
		w.t.Fatal(err)
	}
}

// handleOf returns the handle under which R01 was asked to register the customer with a number.
func (w *liedWorld) handleOf(number string) string {
	w.t.Helper()
	for _, e := range w.sim.History() {
		if bytes.Contains(e.Raw, []byte("e-mail: new"+number+"@example.ru\r\n")) {
			return e.Objects[0]
		}
	}
	w.t.Fatalf("R01 was asked for no client of customer new%s", number)
	return ""
}

// tellAll tells the lies, and returns when the plugin has read them,
// which is when it has applied an answer of R01 that came after them.
func (w *liedWorld) tellAll(forms int) {
	w.t.Helper()
	told := map[r01sim.LieKind]bool{}
	for _, o := range w.open {
		for _, kind := range o.kinds {
			for range forms {
				if w.sim.TellLie(kind, o.object) == nil { // an error = it does not suit
					told[kind] = true
				}
			}
		}
	}
	for _, o := range w.open {
		for _, kind := range o.kinds {
			if !told[kind] {
				w.t.Errorf("%s was not told", kind)
			}
		}
	}
	w.sim.Release(2)
	w.registered("sentinel.ru")
}

// unmoved compares what the panel shows now with what it showed before the lies.
func (w *liedWorld) unmoved() {
	w.t.Helper()
	for _, o := range w.open {
		now := w.at(o.domain)
		if shown(now) != shown(o.before) {
			w.t.Errorf("%v about %s was believed: %s became %s", o.kinds, o.domain, shown(o.before), shown(now))
		}
		if asked := w.requests(o.domain); asked != o.asked {
			w.t.Errorf("%v about %s was believed: R01 was asked %d times more", o.kinds, o.domain, asked-o.asked)
		}
	}
	if w.t.Failed() {
		return
	}
	w.register("after.ru", "c1") // nothing is paused
	w.until("R01 to be asked for after.ru", func() bool { return w.requests("after.ru") > 0 })
}

// shown returns the parts that must not change.
func shown(d api.Domain) string {
	state, till, handle := "over", "-", "-"
	if d.Operation != nil {
		state = d.Operation.State
	}
	if d.PaidTill != nil {
		till = *d.PaidTill
	}
	if d.Handle != nil {
		handle = *d.Handle
	}
	return fmt.Sprintf("%s, %s, paid till %s, of %s", d.Status, state, till, handle)
}

// answered lets R01 answer, and compares what the panel shows in the end with R01's record.
func (w *liedWorld) answered() {
	w.t.Helper()
	if w.t.Failed() {
		return
	}
	w.sim.Release(0)
	for _, o := range w.open {
		w.until("R01's word on "+o.domain, func() bool { return w.at(o.domain).Operation == nil })
		now, truth := w.at(o.domain), w.truth(o.domain)
		if now.Status != string(contract.StatusRegistered) || *now.PaidTill != truth.PaidTill.String() || *now.Handle != truth.Handle {
			w.t.Errorf("%v about %s: R01 has %+v, the panel shows %s", o.kinds, o.domain, truth, shown(now))
		}
	}
}

func (w *liedWorld) truth(domain string) r01sim.Domain {
	all := w.sim.State().Domains
	at := slices.IndexFunc(all, func(d r01sim.Domain) bool { return d.Name == domain })
	if at < 0 {
		w.t.Fatalf("R01 has no %s", domain)
	}
	return all[at]
}
