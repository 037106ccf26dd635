package gateway

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/registry"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// sighting is what the registry showed of one domain.
type sighting struct {
	registry.Record
	present  bool
	asOf     time.Time // what it is true of
	fromList bool      // and not from whois
}

func (s sighting) source() string {
	if s.fromList {
		return "the zone list"
	}
	return "whois"
}

// word is what a sighting would say about a request, were it believed.
type word struct {
	event    lifecycle.Event // "" = nothing
	conflict string          // it is not of what we asked for, and why; "" = it is
}

// clockSkew is how far the registry's clock and ours may differ.
const clockSkew = time.Minute

// judge reads a sighting for a request that has left and waits: what it would show, and whether
// it is of our registrar. Whether that is believed is weighed.
func (g *Gateway) judge(r store.Request, ordered []registrar.Nameserver, s sighting) word {
	ours := g.ours(s.Registrar)
	if !s.present {
		return word{}
	}
	switch r.Kind {
	case lifecycle.NewDomain:
		if !g.younger(r, s) { // it is of before
			return word{}
		}
		return judgeRegistration(r, ordered, s, ours)
	case lifecycle.Prolong:
		if !ours && g.younger(r, s) {
			return word{lifecycle.Confirmed, "the registry shows it with registrar " + s.Registrar}
		}
		return word{event: lifecycle.Confirmed}
	case lifecycle.Transfer:
		if ours {
			return word{event: lifecycle.Confirmed}
		}
	case lifecycle.UpdateDomain:
		if ours && s.Nameservers != nil && registry.SameHosts(s.Nameservers, ordered) {
			return word{event: lifecycle.Confirmed}
		}
	}
	return word{}
}

// younger reports whether a sighting is of after the request was handed over.
func (g *Gateway) younger(r store.Request, s sighting) bool {
	return s.asOf.After(latest(r.ClaimedAt, r.CreatedAt))
}

// registrySays is a sighting as evidence for a request.
func (g *Gateway) registrySays(r store.Request, s sighting, w word) lifecycle.Evidence {
	e := lifecycle.Evidence{Source: lifecycle.FromWhois, Event: w.event, Proof: lifecycle.OwnWord, Binding: lifecycle.ByOwnRecord,
		Made: lifecycle.Between, Object: lifecycle.SameObject, Till: g.tillOf(r, s.PaidTill)}
	if s.fromList {
		e.Source = lifecycle.FromList
	}
	if w.conflict != "" {
		e.Object = lifecycle.OtherObject
	}
	sent := latest(r.ClaimedAt, r.CreatedAt)
	switch {
	case s.asOf.After(sent):
		e.Made = lifecycle.After
	case s.asOf.Before(sent.Add(-clockSkew)):
		e.Made = lifecycle.Before
	}
	return e
}

// conflictOf says why a sighting can't be reconciled with a request.
func (g *Gateway) conflictOf(v lifecycle.Verdict, s sighting, w word) string {
	switch v.Reason() {
	case lifecycle.TooOld:
		return "the registry showed it paid till " + s.PaidTill.String() + " before our renewal was sent"
	case lifecycle.Implausible:
		return "the registry shows it paid till " + s.PaidTill.String() + ", which it can't be by what was asked for"
	}
	return w.conflict
}

// judgeRegistration is strict: the record may be of somebody who was faster, or of an
// owner of old.
func judgeRegistration(r store.Request, ordered []registrar.Nameserver, s sighting, ours bool) word {
	switch {
	case !ours:
		return word{lifecycle.Confirmed, "the registry shows it registered with registrar " + s.Registrar}
	case s.Created.IsZero() || s.Created.Before(r.CreatedAt.Add(-clockSkew)):
		return word{lifecycle.Confirmed, "the registry shows it registered before we asked for it"}
	case len(s.Nameservers) > 0 && !registry.SameHosts(s.Nameservers, ordered):
		return word{lifecycle.Confirmed, "the registry shows it registered with other nameservers than were ordered"}
	case s.Delegated:
		return word{event: lifecycle.Confirmed}
	case r.Hold == lifecycle.NotDelegated: // as is known
		return word{}
	}
	return word{event: lifecycle.HalfDone}
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// ours tells whether a registrar of the registry is R01.
func (g *Gateway) ours(name string) bool {
	return slices.ContainsFunc(g.settings.Registry.Registrars, func(own string) bool { return strings.EqualFold(own, name) })
}

// doubtOf is what a sighting shows and a domain's record does not; "" = nothing. A sighting
// from before the record last changed says nothing.
func (g *Gateway) doubtOf(status registrar.DomainStatus, paidTill registrar.Date, changed time.Time, s sighting) store.DoubtKind {
	switch {
	case !held(status) || !s.asOf.After(changed):
		return ""
	case !s.present:
		return store.Absent
	case !g.ours(s.Registrar):
		return store.Elsewhere
	case !paidTill.IsZero() && s.PaidTill.Before(paidTill):
		return store.Behind
	}
	return ""
}

// held tells whether a domain is ours as far as we know.
func held(status registrar.DomainStatus) bool {
	return status == registrar.StatusRegistered || status == registrar.StatusExpired
}

// gone tells whether it was ours.
func gone(status registrar.DomainStatus) bool {
	return status == registrar.StatusDeleted || status == registrar.StatusTransferredAway
}

func describeDoubt(d store.Doubt, name string, s sighting) string {
	switch d.Kind {
	case store.Absent:
		return "the registry has no " + name + " any more"
	case store.Elsewhere:
		return "the registry shows " + name + " with registrar " + d.Registrar
	}
	return fmt.Sprintf("the registry still shows %s paid till %s", name, s.PaidTill)
}
