package gateway

import (
	"context"
	"errors"
	"fmt"
	"time"

	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/registry"
	"registrar.panel/plugin/r01/renewal/policy"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/plugin/r01/term"
	"registrar.panel/shared/registrar"
)

// Registry says how the registry is asked and how far it is believed.
type Registry struct {
	Registrars []string      // what the registry calls R01
	Every      time.Duration // between two looks for new zone lists
	Check      time.Duration // between two questions about an operation that waits
	ReportOnly bool          // tell what would change, and change nothing
	MaxGone    float64       // share of our domains that one zone list may show gone
	Misses     int           // zone lists in a row until a domain is believed to be gone
}

// Whois asks the registry about one name; package registry has the real one.
type Whois interface {
	Look(ctx context.Context, name string) registry.Answer
	// Recall is Look that takes an answer of a moment ago, too.
	Recall(ctx context.Context, name string) registry.Answer
	// RecallSparingly is Recall for a question that can wait: it leaves a share of the pace to
	// those that can't.
	RecallSparingly(ctx context.Context, name string) registry.Answer
	// Ready tells whether its pace allows a question now.
	Ready() bool
}

const byRegistry = "registry"

// see applies what the registry shows of a domain: to the operations that are open on it,
// and then to the domain itself. A day that can't be is believed of neither.
func (g *Gateway) see(tx *store.Tx, name string, s sighting) error {
	d, err := tx.Domain(name)
	switch {
	case errors.Is(err, store.ErrNotFound): // it is no affair of ours
		return nil
	case err != nil:
		return fmt.Errorf("domain %s: %w", name, err)
	}
	if why := g.implausible(d, s); why != "" {
		return g.raise(tx, registryAlarm(name), name, s.source()+" shows "+mailform.Unicode(name)+" paid till "+s.PaidTill.String()+
			", which is not believed and not recorded: "+why+". Ask R01")
	}
	open, err := tx.OpenOperations(name)
	if err != nil {
		return err
	}
	for _, op := range open {
		d.Operation = &op.Operation
		if err := g.seeOperation(tx, d, s); err != nil {
			return err
		}
	}
	if d, err = tx.Domain(name); err != nil {
		return err
	}
	return g.seeDomain(tx, d, s)
}

// implausible returns why the day that the registry shows can't be; "" = it can, or it is what
// we know, or it is of a domain that is no affair of ours.
func (g *Gateway) implausible(d registrar.Domain, s sighting) string {
	transfer := d.Operation != nil && d.Operation.Kind == registrar.KindTransfer
	if !s.present || !transfer && !g.ours(s.Registrar) || term.Near(d.PaidTill, s.PaidTill) {
		return ""
	}
	return term.Implausible(policy.Today(g.now()), d.Name, s.PaidTill)
}

func (g *Gateway) seeOperation(tx *store.Tx, d registrar.Domain, s sighting) error {
	op, err := tx.Operation(d.Operation.ID)
	if err != nil {
		return err
	}
	r, err := tx.Request(op.Request)
	if err != nil || r.Object != d.Name { // it waits for its client
		return err
	}
	if r.State == registrar.Queued {
		return g.withdrawIfRenewed(tx, r, s)
	}
	if err := g.settleEarly(tx, &r, s); err != nil || r.State.Final() {
		return err
	}
	order, err := orderOf(tx, op.ID)
	if err != nil {
		return err
	}
	w := g.judge(r, order.Nameservers, s)
	if r.Kind == lifecycle.Transfer {
		if w, err = g.seeTransfer(tx, r, d, s, w); err != nil {
			return err
		}
	}
	if w.event == "" {
		return nil
	}
	if s.fromList && g.whois != nil && r.Kind == lifecycle.NewDomain && w.conflict == "" {
		return nil // a list names no nameservers; whois, which does, is asked about it anyway
	}
	v, err := g.weigh(tx, &r, g.registrySays(r, s, w), fact{actor: byRegistry, evidence: registrar.EvidenceRegistry,
		result: mailform.Result{PaidTill: s.PaidTill}, reason: s.source() + " shows it registered, not delegated"})
	switch {
	case err != nil:
		return err
	case v.Action() == lifecycle.Wait:
		return g.raise(tx, registryAlarm(d.Name), d.Name, nouns[op.Kind]+" of "+mailform.Unicode(d.Name)+": "+g.conflictOf(v, s, w))
	case v.Action() != lifecycle.Apply: // it is being sent just now, or the record proves nothing
		return nil
	}
	return errors.Join(g.clear(tx, registryAlarm(d.Name), d.Name), g.closeAnswered(tx, r, s.source()))
}

// withdrawIfRenewed keeps a renewal from being sent for a year that is there already,
// however old the sighting: expiry does not move back. r01-mail 4.3
func (g *Gateway) withdrawIfRenewed(tx *store.Tx, r store.Request, s sighting) error {
	if r.Kind != lifecycle.Prolong || !s.present {
		return nil
	}
	e := g.registrySays(r, s, word{event: lifecycle.Withdrawn})
	_, err := g.weigh(tx, &r, e, fact{actor: byRegistry, evidence: registrar.EvidenceRegistry,
		reason: "the registry shows it paid till " + s.PaidTill.String() + " already"})
	return err
}

func registryAlarm(name string) string { return "registry:" + name }

// seeDomain brings a domain's record to what the registry shows, as far as it may.
func (g *Gateway) seeDomain(tx *store.Tx, d registrar.Domain, s sighting) error {
	changed, err := tx.DomainChangedAt(d.Name)
	if err != nil {
		return err
	}
	if changed.After(g.now().Add(clockSkew)) { // by a clock that was wrong
		changed = time.Time{}
	}
	switch kind := g.doubtOf(d.Status, d.PaidTill, changed, s); {
	case kind != "":
		return g.doubt(tx, d, kind, s)
	case held(d.Status) && s.present && g.ours(s.Registrar):
		return g.seeHeld(tx, d, s, s.asOf.After(changed))
	case gone(d.Status) && s.present && g.ours(s.Registrar):
		return g.seeBack(tx, d, s)
	case d.Status == registrar.StatusError:
		return g.seeRefused(tx, d, s)
	}
	return nil
}

// seeHeld: it is with us. A day or two more or less is the same expiry, and the registry knows
// best how it is written; all else moves it forward only.
func (g *Gateway) seeHeld(tx *store.Tx, d registrar.Domain, s sighting, fresh bool) error {
	if fresh && d.PaidTill != s.PaidTill && term.Near(d.PaidTill, s.PaidTill) {
		return g.correctExpiry(tx, d, s)
	}
	renewing := d.Operation != nil && d.Operation.Kind == registrar.KindRenew
	if renewing { // what the registry shows is a word on that renewal
		return nil
	}
	moved := d.PaidTill.IsZero() || d.PaidTill.Before(s.PaidTill)
	if err := g.settleDoubt(tx, d.Name); err != nil {
		return err
	}
	switch {
	case !moved:
		return tx.Guess(d.Name, false)
	case term.SameYear(d.PaidTill, s.PaidTill):
		return g.correctExpiry(tx, d, s)
	}
	level, message, err := renewedElsewhere(tx, d, s)
	if err != nil {
		return err
	}
	d.PaidTill = s.PaidTill
	if err := g.renewed(tx, &d); err != nil {
		return err
	}
	return g.record(tx, d, level, message)
}

// correctExpiry writes an expiry as the registry does. Nothing was renewed by that, and what
// hangs on the expiry moves along.
func (g *Gateway) correctExpiry(tx *store.Tx, d registrar.Domain, s sighting) error {
	was, guess := d.PaidTill, ""
	guessed, err := tx.Guessed(d.Name)
	if err != nil {
		return err
	}
	if guessed {
		guess = ", which was our own guess"
	}
	d.PaidTill = s.PaidTill
	if d.Status == registrar.StatusExpired && !d.PaidTill.Before(policy.Today(g.now())) {
		d.Status = registrar.StatusRegistered
	}
	if err := tx.CorrectExpiry(d.Name, was, d.PaidTill); err != nil {
		return err
	}
	return g.record(tx, d, registrar.LevelInfo, fmt.Sprintf("corrected: %s shows %s paid till %s, and our record said %s%s",
		s.source(), mailform.Unicode(d.Name), d.PaidTill, was, guess))
}

// renewedElsewhere says what it means that the expiry of a domain moved without us.
func renewedElsewhere(tx *store.Tx, d registrar.Domain, s sighting) (registrar.Level, string, error) {
	shows := "the registry shows " + mailform.Unicode(d.Name) + " paid till " + s.PaidTill.String()
	if d.PaidTill.IsZero() {
		return registrar.LevelInfo, shows, nil
	}
	op, err := tx.LastOperation(d.Name)
	switch {
	case err != nil && !errors.Is(err, store.ErrNotFound):
		return "", "", err
	case err == nil && op.Kind == registrar.KindRenew && op.State == registrar.Failed:
		return registrar.LevelError, shows + ", though our last renewal of it failed: look at what R01 has charged", nil
	}
	return registrar.LevelWarning, "renewed elsewhere: " + shows + ", and no renewal of ours was sent", nil
}

// record stores what the registry showed of a domain, and tells it.
func (g *Gateway) record(tx *store.Tx, d registrar.Domain, level registrar.Level, message string) error {
	if err := tx.PutDomain(d, g.now()); err != nil {
		return err
	}
	g.log.Info("domain moved", "domain", d.Name, "status", d.Status, "paid_till", d.PaidTill, "evidence", registrar.EvidenceRegistry)
	tx.Emit(registrar.Event{At: g.now(), Type: registrar.EventDomain, Level: level, Message: message,
		Actor: byRegistry, Name: d.Name})
	return nil
}

// settleDoubt: the registry shows what we hold.
func (g *Gateway) settleDoubt(tx *store.Tx, name string) error {
	if err := tx.DropDoubt(name); err != nil {
		return err
	}
	return g.clear(tx, registryAlarm(name), name)
}

// seeBack: a domain that had left is with R01 again, unless somebody has registered the
// name anew since.
func (g *Gateway) seeBack(tx *store.Tx, d registrar.Domain, s sighting) error {
	left, err := tx.Doubt(d.Name)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if s.Created.IsZero() || err != nil || s.Created.After(left.Since) || !s.asOf.After(left.Since) {
		return nil
	}
	if err := g.settleDoubt(tx, d.Name); err != nil {
		return err
	}
	d.Status = registrar.StatusRegistered
	if d.PaidTill.Before(s.PaidTill) {
		d.PaidTill = s.PaidTill
	}
	return g.record(tx, d, registrar.LevelWarning, mailform.Unicode(d.Name)+" is back: the registry shows it with "+s.Registrar+" again")
}

// seeRefused: R01 refused it, and the registry shows it with R01 since then. Nobody but a
// person can tell whose it is.
func (g *Gateway) seeRefused(tx *store.Tx, d registrar.Domain, s sighting) error {
	op, err := tx.LastOperation(d.Name)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if !s.present || !g.ours(s.Registrar) || s.Created.Before(op.CreatedAt.Add(-clockSkew)) {
		return g.clear(tx, registryAlarm(d.Name), d.Name)
	}
	return g.raise(tx, registryAlarm(d.Name), d.Name, fmt.Sprintf("the %s of %s is %s here, and the registry shows it with %s since then: "+
		"if it is ours, take it over with panel domain import", nouns[op.Kind], mailform.Unicode(d.Name), op.State, s.Registrar))
}

// doubt counts a sighting that our record does not agree with. Whois only confirms what
// zone lists have shown often enough.
func (g *Gateway) doubt(tx *store.Tx, d registrar.Domain, kind store.DoubtKind, s sighting) error {
	known, err := tx.Doubt(d.Name)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if err != nil || known.Kind != kind {
		if !s.fromList {
			return nil
		}
		known = store.Doubt{Domain: d.Name, Kind: kind, Since: s.asOf}
	}
	known.Registrar = s.Registrar
	if s.fromList && s.asOf.After(known.SeenAt) {
		known.Times, known.SeenAt = known.Times+1, s.asOf
	}
	if known.Times < g.settings.Registry.Misses || s.fromList && g.whois != nil {
		return tx.PutDoubt(known)
	}
	return g.believe(tx, d, known, s)
}

var believed = map[store.DoubtKind]registrar.DomainStatus{
	store.Absent:    registrar.StatusDeleted,
	store.Elsewhere: registrar.StatusTransferredAway,
}

// believe makes a doubt the record. That R01 said more than the registry shows is only ever
// an alarm: expiry never moves backwards.
func (g *Gateway) believe(tx *store.Tx, d registrar.Domain, known store.Doubt, s sighting) error {
	text := describeDoubt(known, mailform.Unicode(d.Name), s)
	status, moves := believed[known.Kind]
	if !moves || d.Operation != nil {
		return errors.Join(tx.PutDoubt(known), g.raise(tx, registryAlarm(d.Name), d.Name, text+", and our record says otherwise: ask R01"))
	}
	known.Believed = true
	if err := errors.Join(tx.PutDoubt(known), g.clear(tx, registryAlarm(d.Name), d.Name)); err != nil {
		return err
	}
	d.Status = status
	return g.record(tx, d, registrar.LevelError, text)
}
