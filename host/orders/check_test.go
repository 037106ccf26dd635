package orders

import (
	"context"
	"errors"
	"github.com/google/go-cmp/cmp"
	"strings"
	"testing"

	"registrar.panel/shared/registrar"
)

// checker is a registrar that says this of every name.
type checker struct {
	fake
	says  registrar.AvailabilityStatus
	price registrar.Price
	err   error
}

func (c *checker) Check(_ context.Context, names []string) ([]registrar.Availability, error) {
	var all []registrar.Availability
	for _, name := range names {
		all = append(all, registrar.Availability{Name: name, Status: c.says, Detail: "by the registrar", Price: c.price})
	}
	return all, c.err
}

func TestCheck(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	c := &checker{says: registrar.Available}
	b.registrars.set("r01", c)
	b.place(request("ordered.ru"))
	got, err := b.Check(t.Context(), []string{"Free.RU", "пример.рф", "ordered.ru", "free.com", "free.zz", "no name"})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []registrar.Availability{
		{Name: "free.ru", Status: registrar.Available, Detail: "by the registrar"},
		{Name: "xn--e1afmkfd.xn--p1ai", Status: registrar.Available, Detail: "by the registrar"},
		{Name: "ordered.ru", Status: registrar.Taken, Reason: registrar.ReasonTaken, Detail: "it is Pending here"},
		{Name: "free.com", Status: registrar.AvailabilityUnknown, Reason: registrar.ReasonNoAnswer, Detail: "registrar m does not answer"},
		{Name: "free.zz", Status: registrar.NameInvalid, Reason: registrar.ReasonInvalid, Detail: "no registrar serves .zz"},
	} {
		if !cmp.Equal(got[i], want) {
			t.Errorf("%+v, want %+v", got[i], want)
		}
	}
	if last := got[5]; last.Name != "no name" || last.Status != registrar.NameInvalid || !strings.Contains(last.Detail, "is not a domain name") {
		t.Errorf("%+v", last)
	}
	c.err = errors.New("out of order")
	if got, err := b.Check(t.Context(), []string{"free.ru"}); err != nil || got[0].Status != registrar.AvailabilityUnknown {
		t.Errorf("a registrar that fails: %+v, %v", got, err)
	}
}

func TestTransferCode(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	q := request("example.ru")
	q.Kind, q.AuthCode = registrar.KindTransfer, "CODE-CANARY"
	o := b.place(q)
	if code, err := b.TransferCode(t.Context(), o.ID, "olga", ""); err != nil || code != "CODE-CANARY" {
		t.Errorf("%q, %v", code, err)
	}
	entries := b.entries("example.ru")
	last := entries[len(entries)-1]
	if last.Actor != "olga" || last.Event != registrar.EventDecision || last.Order != o.ID || !strings.Contains(last.Message, "shown to olga") {
		t.Errorf("the log says %+v", last)
	}
	for _, e := range entries {
		if strings.Contains(e.Message, "CANARY") {
			t.Errorf("the log tells it: %+v", e)
		}
	}
	_, err := b.TransferCode(t.Context(), o.ID, " ", "")
	wantCode(t, err, registrar.Invalid, "by")
	_, err = b.TransferCode(t.Context(), b.place(request("other.ru")).ID, "olga", "")
	wantCode(t, err, registrar.Precondition, "no transfer code")
	_, err = b.TransferCode(t.Context(), "nothing", "olga", "")
	wantCode(t, err, registrar.NotFound, "")
	if n := len(b.entries("example.ru")); n != len(entries) {
		t.Errorf("refusals left %d entries", n-len(entries))
	}
}
