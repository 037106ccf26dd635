package gateway

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/registry"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/plugin/r01/term"
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

// word is what a sighting says about a request.
type word struct {
	event    lifecycle.Event // "" = nothing
	conflict string          // it can't be reconciled with the request, and why; "" = it can
}

// clockSkew is how far the registry's clock and ours may differ.
const clockSkew = time.Minute

// judge weighs a sighting for a request that has left and waits. Only a record that is
// younger than the request, with one of our registrar names, can prove it done.
func (g *Gateway) judge(r store.Request, ordered []registrar.Nameserver, s sighting) word {
	sent := latest(r.ClaimedAt, r.CreatedAt)
	ours := g.ours(s.Registrar)
	switch {
	case !s.present:
		return word{}
	case r.Kind == lifecycle.Prolong && term.Year(r.Base).Holds(s.PaidTill) && s.asOf.Before(sent.Add(-clockSkew)):
		return word{conflict: "the registry showed it paid till " + s.PaidTill.String() + " before our renewal was sent"}
	case !s.asOf.After(sent):
		return word{}
	}
	switch r.Kind {
	case lifecycle.NewDomain:
		return judgeRegistration(r, ordered, s, ours)
	case lifecycle.Prolong:
		switch {
		case !ours:
			return word{conflict: "the registry shows it with registrar " + s.Registrar}
		case term.Year(r.Base).Holds(s.PaidTill):
			return word{event: lifecycle.Confirmed}
		}
	case lifecycle.Transfer:
		if ours {
			return word{event: lifecycle.Confirmed}
		}
	case lifecycle.UpdateDomain:
		if ours && s.Nameservers != nil && registry.Compare(s.Nameservers, ordered) == registry.Same {
			return word{event: lifecycle.Confirmed}
		}
	}
	return word{}
}

// judgeRegistration is strict: the record may be of somebody who was faster, or of an
// owner of old.
func judgeRegistration(r store.Request, ordered []registrar.Nameserver, s sighting, ours bool) word {
	switch {
	case !ours:
		return word{conflict: "the registry shows it registered with registrar " + s.Registrar}
	case s.Created.IsZero() || s.Created.Before(r.CreatedAt.Add(-clockSkew)):
		return word{conflict: "the registry shows it registered before we asked for it"}
	case len(s.Nameservers) > 0 && registry.Compare(s.Nameservers, ordered) == registry.Untold:
		return word{}
	case len(s.Nameservers) > 0 && registry.Compare(s.Nameservers, ordered) == registry.Different:
		return word{conflict: "the registry shows it registered with other nameservers than were ordered"}
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
	case !paidTill.IsZero() && s.PaidTill.Before(paidTill) && !term.Near(paidTill, s.PaidTill):
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
