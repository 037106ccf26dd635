package registrartest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"registrar.panel/shared/registrar"
)

// Fake simulates a registrar with an API, and is a witness of what reaches it. A plugin that was made from
// the skeleton speaks with it until its author connects it to a real registrar:
//
//	POST /orders              FakeOrder → 200, 202 or 422 FakeAnswer; 503: it took nothing
//	GET  /orders/{id}         → 200, 202 or 422 FakeAnswer; 404: it has never got it
//	GET  /domains/{domain}    → 200 FakeDomain; 404: it does not hold it
//	GET, PUT /witness/{domain}  the contract of witnesses: see Ledger
//
// Every request carries a token, any one, except those to the witness. An order that arrives again under the
// same ID is counted and carried out again: a plugin must not let that happen. Make a Fake with NewFake.
type Fake struct {
	Ledger Ledger
	mux    *http.ServeMux

	mu      sync.Mutex
	orders  map[string]*fakeOrder
	domains map[string]FakeDomain
}

// FakeOrder is an order as the fake's API takes it.
type FakeOrder struct {
	ID          string                  `json:"id"` // the caller's
	Kind        registrar.OperationKind `json:"kind"`
	Domain      string                  `json:"domain"`
	Contact     map[string][]string     `json:"contact,omitempty"`
	Nameservers []string                `json:"nameservers,omitempty"`
	AuthCode    string                  `json:"auth_code,omitempty"`
	PaidTill    string                  `json:"paid_till,omitempty"` // the expiry to renew from, for a renewal
	Years       int                     `json:"years,omitempty"`     // 0 = one year
}

// FakeAnswer is the fake's answer to an order.
type FakeAnswer struct {
	Reference string `json:"reference,omitempty"`
	Reason    string `json:"reason,omitempty"`    // why it was refused
	AuthCode  string `json:"auth_code,omitempty"` // for an order of a code
	FakeDomain
}

// FakeDomain is the fake's record of a domain.
type FakeDomain struct {
	PaidTill    registrar.Date `json:"paid_till"`
	Nameservers []string       `json:"nameservers,omitempty"`

	deleted bool
}

// fakeOrder is an order that arrived.
type fakeOrder struct {
	FakeOrder
	done    bool
	refused bool
}

// NewFake makes a Fake that holds no domains and behaves well.
func NewFake() *Fake {
	f := &Fake{mux: http.NewServeMux(), orders: map[string]*fakeOrder{}, domains: map[string]FakeDomain{}}
	f.mux.Handle("POST /orders", withToken(f.take))
	f.mux.Handle("GET /orders/{id}", withToken(f.tell))
	f.mux.Handle("GET /domains/{domain}", withToken(f.show))
	f.mux.Handle("/witness/{domain}", &f.Ledger)
	return f
}

// ServeHTTP implements http.Handler.
func (f *Fake) ServeHTTP(w http.ResponseWriter, r *http.Request) { f.mux.ServeHTTP(w, r) }

func withToken(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "" {
			http.Error(w, "no token", http.StatusUnauthorized)
			return
		}
		next(w, r)
	})
}

// take handles an order that arrives.
func (f *Fake) take(w http.ResponseWriter, r *http.Request) {
	var o FakeOrder
	if err := json.NewDecoder(r.Body).Decode(&o); err != nil || o.ID == "" || o.Domain == "" {
		http.Error(w, "no order", http.StatusBadRequest)
		return
	}

	behaviour := f.Ledger.Arrived(o.Kind, o.Domain)
	if behaviour == IsDown {
		http.Error(w, "come back later", http.StatusServiceUnavailable)
		return
	}

	// Recorded before the answer, so that a fault after it happens to an order that the registrar has.
	order := f.enter(o, behaviour)
	switch behaviour {
	case LosesAnswers:
		hangUp(w)
	case HoldsAnswers:
		f.hold(r, o.Domain)
		hangUp(w)
	case AnswersTwice:
		f.answerTwice(w, order)
	default:
		f.answer(w, order)
	}
}

// hold waits until the registrar behaves otherwise to a domain, or the caller is gone.
func (f *Fake) hold(r *http.Request, domain string) {
	for {
		behaviour, changed := f.Ledger.Behaves(domain)
		if behaviour != HoldsAnswers {
			return
		}
		select {
		case <-changed:
		case <-r.Context().Done():
			return
		}
	}
}

// enter records an order, and carries it out unless that takes long.
func (f *Fake) enter(o FakeOrder, b Behaviour) *fakeOrder {
	f.mu.Lock()
	defer f.mu.Unlock()
	order := &fakeOrder{FakeOrder: o, refused: b == Refuses}
	f.orders[o.ID] = order
	if b != Refuses && b != TakesLong {
		f.carryOut(order)
	}
	return order
}

// carryOut changes the domain. A renewal that arrives twice adds a year too many.
func (f *Fake) carryOut(o *fakeOrder) {
	o.done = true
	d, years := f.domains[o.Domain], max(o.Years, 1)
	switch o.Kind {
	case registrar.KindRegister, registrar.KindTransfer:
		d = FakeDomain{PaidTill: registrar.DateOf(time.Now().UTC()).AddYears(years), Nameservers: o.Nameservers}
	case registrar.KindRenew:
		d.PaidTill = d.PaidTill.AddYears(years)
	case registrar.KindUpdate:
		d.Nameservers = o.Nameservers
	case registrar.KindDelete, registrar.KindRestore:
		d.deleted = o.Kind == registrar.KindDelete
	}
	f.domains[o.Domain] = d
}

// tell reports what became of an order.
func (f *Fake) tell(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	order := f.orders[r.PathValue("id")]
	f.mu.Unlock()
	if order == nil {
		http.Error(w, "there is no such order", http.StatusNotFound)
		return
	}

	switch behaviour, _ := f.Ledger.Behaves(order.Domain); behaviour {
	case IsDown:
		http.Error(w, "come back later", http.StatusServiceUnavailable)
	case AnswersTwice:
		f.answerTwice(w, order)
	case TakesLong:
		f.answer(w, order)
	default:
		// An order that takes long is done as soon as the registrar behaves well again.
		f.mu.Lock()
		if !order.done && !order.refused {
			f.carryOut(order)
		}
		f.mu.Unlock()
		f.answer(w, order)
	}
}

func (f *Fake) show(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	d, held := f.domains[r.PathValue("domain")]
	f.mu.Unlock()
	if !held || d.deleted {
		http.Error(w, "we do not hold it for you", http.StatusNotFound)
		return
	}
	write(w, http.StatusOK, d)
}

func (f *Fake) answer(w http.ResponseWriter, o *fakeOrder) {
	status, body := f.word(o)
	write(w, status, body)
}

// word returns the fake's answer about an order.
func (f *Fake) word(o *fakeOrder) (status int, a FakeAnswer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	a.Reference = "fake-" + o.ID
	switch {
	case o.refused:
		a.Reason = "the registry does not want this name"
		return http.StatusUnprocessableEntity, a
	case !o.done:
		return http.StatusAccepted, a
	}
	if o.Kind == registrar.KindAuthCode {
		a.AuthCode = "code-of-" + o.ID
	}
	a.FakeDomain = f.domains[o.Domain]
	return http.StatusOK, a
}

func write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the caller is gone
}

// answerTwice writes the whole answer twice to the connection, and closes it.
func (f *Fake) answerTwice(w http.ResponseWriter, o *fakeOrder) {
	status, body := f.word(o)
	text, err := json.Marshal(body)
	if err != nil {
		return
	}

	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	for range 2 {
		fmt.Fprintf(buffered, "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", status, http.StatusText(status), len(text), text)
	}
	_ = buffered.Flush() // the caller is gone
}

// hangUp breaks the connection.
func hangUp(w http.ResponseWriter) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		conn.Close()
	}
}
