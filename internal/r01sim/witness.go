package r01sim

import (
	"net/http"
	"slices"
	"sync"

	"registrar.panel/shared/registrar"
	"registrar.panel/shared/registrar/registrartest"
)

// witness tells how often requests for a domain have reached the robot, and has it misbehave to them:
// the contract of witnesses, in docs/conformance.md. A request is known by the domain in it, because
// R01 hears of no order.
type witness struct {
	ledger registrartest.Ledger

	mu      sync.Mutex
	waiting map[string][]postponed // by domain
}

func newWitness() *witness { return &witness{waiting: map[string][]postponed{}} }

// postponed is what the robot does once it behaves otherwise.
type postponed struct {
	while registrartest.Behaviour
	do    func()
}

// told are the behaviours that are spells, too.
var told = map[registrartest.Behaviour]magic{
	registrartest.Refuses:      magicRefuse,
	registrartest.LosesAnswers: magicMute,
	registrartest.AnswersTwice: magicTwice,
}

// orderKind is the kind of order behind a template for a domain. A transfer is not asked for by mail.
func orderKind(a Action) registrar.OperationKind {
	switch a {
	case ActionProlong:
		return registrar.KindRenew
	case ActionUpdate:
		return registrar.KindUpdate
	}
	return registrar.KindRegister
}

// arrived counts the templates of a request.
func (w *witness) arrived(r Request) {
	for _, t := range r.Templates {
		if t.Kind == KindDomain {
			w.ledger.Arrived(orderKind(r.Action), t.Object)
		}
	}
}

// spell is the magic of a template: what the witness was told, or that of its name.
func (w *witness) spell(t Template) magic {
	if t.Kind == KindDomain {
		if m := told[w.behaviour(t.Object)]; m != "" {
			return m
		}
	}
	return magicOf(t)
}

func (w *witness) behaviour(domain string) registrartest.Behaviour {
	b, _ := w.ledger.Behaves(domain)
	return b
}

// treatment is how the relay in front of the robot treats a mail: as the first of its domains that is
// not treated well.
func (w *witness) treatment(raw []byte) (domain string, b registrartest.Behaviour) {
	r, rejection := openMail(raw)
	if rejection != nil {
		return "", registrartest.BehavesWell
	}
	request, _ := r.read(func(Authorization) *Rejection { return nil })
	for _, t := range request.Templates {
		if t.Kind != KindDomain {
			continue
		}
		if b := w.behaviour(t.Object); b != registrartest.BehavesWell {
			return t.Object, b
		}
	}
	return "", registrartest.BehavesWell
}

// unless does something now; while the robot behaves so to the domain it does it then, when that ends.
func (w *witness) unless(while registrartest.Behaviour, domain string, now, then func()) {
	w.mu.Lock()
	postpone := w.behaviour(domain) == while
	if postpone {
		w.waiting[domain] = append(w.waiting[domain], postponed{while, then})
	}
	w.mu.Unlock()
	if !postpone {
		now()
	}
}

// ServeHTTP implements http.Handler. What waited for another behaviour follows.
func (w *witness) ServeHTTP(answer http.ResponseWriter, r *http.Request) {
	domain := r.PathValue("domain")
	w.ledger.ServeHTTP(answer, r)

	w.mu.Lock()
	now := w.behaviour(domain)
	ready := slices.DeleteFunc(slices.Clone(w.waiting[domain]), func(p postponed) bool { return p.while == now })
	w.waiting[domain] = slices.DeleteFunc(w.waiting[domain], func(p postponed) bool { return p.while != now })
	w.mu.Unlock()

	for _, p := range ready {
		p.do()
	}
}
