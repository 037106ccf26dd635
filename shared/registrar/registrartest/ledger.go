package registrartest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"

	"registrar.panel/shared/registrar"
)

// Behaviour is how a simulated registrar treats the orders for one domain.
type Behaviour string

const (
	BehavesWell  Behaviour = "well"   // carries orders out, and answers
	LosesAnswers Behaviour = "lost"   // carries an order out, and the connection breaks instead of the answer
	HoldsAnswers Behaviour = "held"   // carries an order out, and does not answer; the connection breaks when this ends
	TakesLong    Behaviour = "late"   // has an order, and finishes it only when it behaves well again
	AnswersTwice Behaviour = "double" // carries an order out, and answers twice
	IsDown       Behaviour = "down"   // takes no order, and says so
	Refuses      Behaviour = "refuse" // refuses orders, with a reason
)

// Behaviours lists every behaviour.
func Behaviours() []Behaviour {
	return []Behaviour{BehavesWell, LosesAnswers, HoldsAnswers, TakesLong, AnswersTwice, IsDown, Refuses}
}

// Ledger is the witness within a simulated registrar: it counts the orders that arrive, and is told how to
// misbehave. It implements the contract of witnesses in docs/conformance.md:
//
//	GET DOMAIN                          {"reached": {"register": 1}}
//	PUT DOMAIN  {"behaviour": "lost"}   204; 501 for a behaviour that it lacks
//
// The zero Ledger is ready; its methods may be called concurrently.
type Ledger struct {
	mu      sync.Mutex
	domains map[string]*page
}

// page is what the ledger knows about one domain.
type page struct {
	reached   map[registrar.OperationKind]int
	behaviour Behaviour
	changed   chan struct{} // closed when the behaviour changes
}

func (l *Ledger) of(domain string) *page {
	if l.domains == nil {
		l.domains = map[string]*page{}
	}
	if l.domains[domain] == nil {
		l.domains[domain] = &page{reached: map[registrar.OperationKind]int{}, behaviour: BehavesWell, changed: make(chan struct{})}
	}
	return l.domains[domain]
}

// Arrived counts an order that has arrived, and returns how to treat it. No order arrives while the registrar
// is down.
func (l *Ledger) Arrived(kind registrar.OperationKind, domain string) Behaviour {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.of(domain)
	if p.behaviour != IsDown {
		p.reached[kind]++
	}
	return p.behaviour
}

// Behaves returns how to treat questions about a domain, and a channel that closes when that changes.
func (l *Ledger) Behaves(domain string) (Behaviour, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.of(domain)
	return p.behaviour, p.changed
}

// Behave sets how the orders for a domain are treated from now on.
func (l *Ledger) Behave(domain string, b Behaviour) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.of(domain)
	p.behaviour = b
	close(p.changed)
	p.changed = make(chan struct{})
}

// Reached returns how often orders of each kind have arrived.
func (l *Ledger) Reached(domain string) map[registrar.OperationKind]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := map[registrar.OperationKind]int{}
	for kind, n := range l.of(domain).reached {
		all[kind] = n
	}
	return all
}

// The two bodies in the contract of witnesses.
type (
	reachedBody struct {
		Reached map[registrar.OperationKind]int `json:"reached"`
	}
	behaviourBody struct {
		Behaviour Behaviour `json:"behaviour"`
	}
)

// ServeHTTP implements http.Handler; the path's wildcard {domain} names the domain.
func (l *Ledger) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	domain := r.PathValue("domain")
	switch r.Method {
	case http.MethodGet:
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(reachedBody{l.Reached(domain)}) // the caller is gone
	case http.MethodPut:
		var body behaviourBody
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			http.Error(w, "want {\"behaviour\": …}", http.StatusBadRequest)
			return
		}
		if !slices.Contains(Behaviours(), body.Behaviour) {
			http.Error(w, fmt.Sprintf("the behaviour %q is not known", body.Behaviour), http.StatusNotImplemented)
			return
		}
		l.Behave(domain, body.Behaviour)
		w.WriteHeader(http.StatusNoContent)
	default:
		http.Error(w, "GET or PUT", http.StatusMethodNotAllowed)
	}
}
