package orders

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"registrar.panel/shared/registrar"
)

// What falls due is counted by day and by how it is renewed; what is not ours does not count.
func TestCalendar(t *testing.T) {
	t.Parallel()

	b := newBook(t)
	day := func(d int) registrar.Date { return registrar.Date{Year: 2026, Month: 5, Day: d} }
	var domains []Domain
	for _, d := range []registrar.Domain{
		{Name: "a.ru", Status: registrar.StatusRegistered, PaidTill: day(2), Renewal: registrar.RenewAuto},
		{Name: "b.ru", Status: registrar.StatusRegistered, PaidTill: day(2), Renewal: registrar.RenewManual},
		{Name: "c.ru", Status: registrar.StatusExpired, PaidTill: day(1), Renewal: registrar.RenewAuto},
		{Name: "gone.ru", Status: registrar.StatusTransferredAway, PaidTill: day(2)},
		{Name: "before.ru", Status: registrar.StatusRegistered, PaidTill: registrar.Date{Year: 2026, Month: 4, Day: 30}},
		{Name: "after.ru", Status: registrar.StatusRegistered, PaidTill: day(10)},
		{Name: "unknown.ru", Status: registrar.StatusRegistered},
	} {
		d.Customer = "c1"
		domains = append(domains, Domain{Domain: d, Registrar: "r01"})
	}
	b.shelve(domains...)

	got, err := b.Lists().Calendar(t.Context(), day(1), day(9))
	want := []DueDay{{day(1), 1, 0}, {day(2), 1, 1}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}
