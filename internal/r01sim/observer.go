package r01sim

import (
	"net/http"
	"slices"
	"sync"

	"registrar.panel/shared/registrar"
	"registrar.panel/shared/registrar/registrartest"
)

// observer counts how often requests for a domain have reached the robot, and makes
// the robot misbehave to them: the contract of witnesses, in docs/conformance.md.
// It knows a request by the domain in it, because R01 never hears of orders.
type observer struct {
	ledger registrartest.Ledger

	mu      sync.Mutex
	waiting map[string][]postponed // by domain
}

func newObserver() *observer { return &observer{waiting: map[string][]postponed{}} }

// postponed is what the robot does when its behaviour changes.
type postponed struct {
	while registrartest.Behaviour
	do    func()
}

// told maps the behaviours to the magic that has the same effect.
var told = map[registrartest.Behaviour]magic{
	registrartest.Refuses:      magicRefuse,
	registrartest.LosesAnswers: magicMute,
	registrartest.AnswersTwice: magicTwice,
}

// orderKind returns the kind of order behind a template for a domain. Transfers are not requested by mail.
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
func (o *observer) arrived(r Request) {
	for _, t := range r.Templates {
		if t.Kind == KindDomain {
			o.ledger.Arrived(orderKind(r.Action), t.Object)
		}
	}
}

// spell returns the magic of a template: the behaviour that the witness was told, or that of the template's name.
func (o *observer) spell(t Template) magic {
	if t.Kind == KindDomain {
		if m := told[o.behaviour(t.Object)]; m != "" {
			return m
		}
	}
	return magicOf(t)
}

func (o *observer) behaviour(domain string) registrartest.Behaviour {
	b, _ := o.ledger.Behaves(domain)
	return b
}

// treatment returns how the relay in front of the robot treats
// a mail: as the first of its domains that is not treated well.
func (o *observer) treatment(raw []byte) (domain string, b registrartest.Behaviour) {
	r, rejection := openMail(raw)
	if rejection != nil {
		return "", registrartest.BehavesWell
	}
	// The relay in front of the robot knows no passwords, so it accepts every account.
	request, _ := r.read(func(Authorization) *Rejection { return nil })
	for _, t := range request.Templates {
		if t.Kind != KindDomain {
			continue
		}
		if b := o.behaviour(t.Object); b != registrartest.BehavesWell {
			return t.Object, b
		}
	}
	return "", registrartest.BehavesWell
}

// unless calls now. While the robot behaves in the given way to the domain, it instead calls then when that ends.
func (o *observer) unless(while registrartest.Behaviour, domain string, now, then func()) {
	// When the behaviour changes, ServeHTTP collects the waiting calls under the same
	// lock, so that it collects every call that waits because of the old behaviour.
	o.mu.Lock()
	postpone := o.behaviour(domain) == while
	if postpone {
		o.waiting[domain] = append(o.waiting[domain], postponed{while, then})
	}
	o.mu.Unlock()
	if !postpone {
		now()
	}
}

// ServeHTTP implements http.Handler. It then does what has waited for another behaviour.
func (o *observer) ServeHTTP(answer http.ResponseWriter, r *http.Request) {
	domain := r.PathValue("domain")
	o.ledger.ServeHTTP(answer, r)

	o.mu.Lock()
	now := o.behaviour(domain)
	ready := slices.DeleteFunc(slices.Clone(o.waiting[domain]), func(p postponed) bool { return p.while == now })
	o.waiting[domain] = slices.DeleteFunc(o.waiting[domain], func(p postponed) bool { return p.while != now })
	o.mu.Unlock()

	for _, p := range ready {
		p.do()
	}
}
