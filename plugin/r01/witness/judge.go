package witness

import (
	"log/slog"
	"slices"
	"strings"
	"time"

	"registrar.panel/plugin/r01/engine"
	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/registry"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// Judge says what a sighting means.
type Judge struct {
	engine   *engine.Engine
	alarms   *engine.Alarms
	reviews  *engine.Reviews
	timeline *engine.Timeline
	settings *engine.Settings
	whois    Whois
	log      *slog.Logger
	now      func() time.Time
}

// Sighting is what the registry showed of one domain.
type Sighting struct {
	registry.Record
	Present  bool
	AsOf     time.Time // what it is true of
	fromList bool      // and not from whois
}

func (s Sighting) source() string {
	if s.fromList {
		return "the zone list"
	}
	return "whois"
}

// Finding is what a sighting means for one request, if it is believed.
type Finding struct {
	event    lifecycle.Event // "" = nothing
	conflict string          // it is not of what we asked for, and why; "" = it is
}

// Read reads a sighting for a request that has left and waits: what the sighting would show,
// and whether the domain is with our registrar. Whether that is believed is weighed later.
func (j *Judge) Read(r store.Request, ordered []registrar.Nameserver, s Sighting) Finding {
	ours := j.engine.Ours(s.Registrar)

	if r.Kind == lifecycle.Delete {
		return judgeDeletion(s)
	}
	if !s.Present {
		return Finding{}
	}

	switch r.Kind {
	case lifecycle.NewDomain:
		if !j.younger(r, s) { // it is of before
			return Finding{}
		}
		return judgeRegistration(r, ordered, s, ours)
	case lifecycle.Prolong:
		if !ours && j.younger(r, s) {
			return Finding{lifecycle.Confirmed, "the registry shows it with registrar " + s.Registrar}
		}
		return Finding{event: lifecycle.Confirmed} // whether the year has moved is weighed with the expiry
	case lifecycle.Transfer:
		if ours {
			return Finding{event: lifecycle.Confirmed}
		}
	case lifecycle.UpdateDomain:
		// Zone lists name no nameservers, and so prove nothing about an update.
		if ours && s.Nameservers != nil && registry.Compare(s.Nameservers, ordered) == registry.Same {
			return Finding{event: lifecycle.Confirmed}
		}
	}

	return Finding{}
}

// younger reports whether a sighting is from after the request was handed over.
func (j *Judge) younger(r store.Request, s Sighting) bool {
	return s.AsOf.After(latest(r.ClaimedAt, r.CreatedAt))
}

// registrySays returns a sighting as evidence for a request.
func (j *Judge) registrySays(r store.Request, s Sighting, w Finding) lifecycle.Evidence {
	e := lifecycle.Evidence{Source: lifecycle.FromWhois, Event: w.event, Proof: lifecycle.OwnWord, Binding: lifecycle.ByOwnRecord,
		Made: lifecycle.Between, Object: lifecycle.SameObject, Till: j.engine.TillOf(r, s.PaidTill)}
	if s.fromList {
		e.Source = lifecycle.FromList
	}
	if w.conflict != "" {
		e.Object = lifecycle.OtherObject
	}

	// Within the possible difference of the clocks it is not known which came first: this stays
	// Between, and confirms nothing.
	sent := latest(r.ClaimedAt, r.CreatedAt)
	switch {
	case s.AsOf.After(sent):
		e.Made = lifecycle.After
	case s.AsOf.Before(sent.Add(-engine.ClockSkew)):
		e.Made = lifecycle.Before
	}
	return e
}

// conflictOf says why a sighting does not fit a request.
func (j *Judge) conflictOf(v lifecycle.Verdict, s Sighting, w Finding) string {
	switch v.Reason() {
	case lifecycle.TooOld:
		return "the registry showed it paid till " + s.PaidTill.String() + " before our renewal was sent"
	case lifecycle.Implausible:
		return "the registry shows it paid till " + s.PaidTill.String() + ", which it can't be by what was asked for"
	}
	return w.conflict
}

// judgeRegistration is strict, because the record may be that of a faster buyer, or of an earlier owner.
func judgeRegistration(r store.Request, ordered []registrar.Nameserver, s Sighting, ours bool) Finding {
	switch {
	case !ours:
		return Finding{lifecycle.Confirmed, "the registry shows it registered with registrar " + s.Registrar}
	case s.Created.IsZero() || s.Created.Before(r.CreatedAt.Add(-engine.ClockSkew)):
		return Finding{lifecycle.Confirmed, "the registry shows it registered before we asked for it"}
	case len(s.Nameservers) > 0 && registry.Compare(s.Nameservers, ordered) == registry.Untold:
		return Finding{}
	case len(s.Nameservers) > 0 && registry.Compare(s.Nameservers, ordered) == registry.Different:
		return Finding{lifecycle.Confirmed, "the registry shows it registered with other nameservers than were ordered"}
	case s.Delegated:
		return Finding{event: lifecycle.Confirmed}
	case r.Stall == lifecycle.NotDelegated: // as is known
		return Finding{}
	}
	return Finding{event: lifecycle.HalfDone}
}

// deleting is the registry's state of a domain that is about to be removed, in capital letters, without blanks.
const deleting = "PENDINGDELETE"

// judgeDeletion finds that a domain was given up if the registry no longer has it, or is about
// to remove it. Otherwise it does not matter who holds the domain.
func judgeDeletion(s Sighting) Finding {
	goes := slices.ContainsFunc(s.States, func(state string) bool {
		return strings.ReplaceAll(strings.ToUpper(state), " ", "") == deleting
	})
	if s.Present && !goes {
		return Finding{}
	}
	return Finding{event: lifecycle.Confirmed}
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
