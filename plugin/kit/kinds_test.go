package kit

import (
	"testing"
	"time"

	"registrar.panel/plugin/kit/internal/store"
	"registrar.panel/shared/registrar"
)

// An order is complete when the facts show the whole of what was ordered.
func TestCompleteKinds(t *testing.T) {
	t.Parallel()

	base := registrar.Date{Year: 2027, Month: time.May, Day: 4}
	for _, c := range []struct {
		kind  registrar.OperationKind
		years int
		f     Facts
		want  bool
	}{
		{registrar.KindRenew, 0, Facts{PaidTill: base}, false},
		{registrar.KindRenew, 0, Facts{PaidTill: base.AddYears(1)}, true},
		{registrar.KindRenew, 3, Facts{PaidTill: base.AddYears(1)}, false},
		{registrar.KindRenew, 3, Facts{PaidTill: base.AddYears(2)}, false},
		{registrar.KindRenew, 3, Facts{PaidTill: base.AddYears(3)}, true},
		{registrar.KindAuthCode, 0, Facts{Held: true}, false},
		{registrar.KindAuthCode, 0, Facts{AuthCode: "code"}, true},
		{registrar.KindDelete, 0, Facts{}, true},
		{registrar.KindLock, 0, Facts{Held: true}, true},
	} {
		task := store.Task{Operation: registrar.Operation{Kind: c.kind}, Contents: registrar.Order{Kind: c.kind, PaidTill: base, Years: c.years}}
		if have := complete(task, c.f); have != c.want {
			t.Errorf("%s for %d years is complete with %+v: %v", c.kind, c.years, c.f, have)
		}
	}
}
