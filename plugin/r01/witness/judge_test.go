package witness

import (
	"strings"
	"testing"
	"time"

	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/registry"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// What a record of a domain says about our request to register it.
func TestJudgeRegistration(t *testing.T) {
	t.Parallel()

	asked := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	ordered := []registrar.Nameserver{{Host: "ns1.hoster.example"}, {Host: "ns2.hoster.example"}}
	others := []registrar.Nameserver{{Host: "ns1.other.example"}, {Host: "ns2.other.example"}}
	record := func(created time.Time, delegated bool, ns []registrar.Nameserver) Sighting {
		return Sighting{Present: true, Record: registry.Record{Registrar: "R01-RU", Created: created, Delegated: delegated, Nameservers: ns}}
	}
	for _, c := range []struct {
		name     string
		seen     Sighting
		ours     bool
		hold     lifecycle.StallReason
		event    lifecycle.Event
		conflict string // a part of it; "" = there is none
	}{
		{"as ordered", record(asked.Add(time.Hour), true, ordered), true, "", lifecycle.Confirmed, ""},
		{"it names no nameservers", record(asked.Add(time.Hour), true, nil), true, "", lifecycle.Confirmed, ""},
		{"not delegated", record(asked.Add(time.Hour), false, nil), true, "", lifecycle.HalfDone, ""},
		{"not delegated, as is known", record(asked.Add(time.Hour), false, nil), true, lifecycle.NotDelegated, "", ""},
		{"another registrar's", record(asked.Add(time.Hour), true, ordered), false, "", lifecycle.Confirmed, "with registrar R01-RU"},
		{"of before", record(asked.Add(-time.Hour), true, ordered), true, "", lifecycle.Confirmed, "before we asked"},
		{"of an untold day", record(time.Time{}, true, ordered), true, "", lifecycle.Confirmed, "before we asked"},
		{"other nameservers", record(asked.Add(time.Hour), true, others), true, "", lifecycle.Confirmed, "other nameservers"},
		{"clocks that differ a little", record(asked.Add(-time.Second), true, ordered), true, "", lifecycle.Confirmed, ""},
	} {
		got := judgeRegistration(store.Request{Kind: lifecycle.NewDomain, CreatedAt: asked, Stall: c.hold}, ordered, c.seen, c.ours)
		if got.event != c.event || (got.conflict == "") != (c.conflict == "") || !strings.Contains(got.conflict, c.conflict) {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}
