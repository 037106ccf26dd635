package store

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/shared/registrar"
)

func TestEventsAreDense(t *testing.T) {
	t.Parallel()

	s := open(t)
	emit := func(message string, fail error) {
		err := s.Write(t.Context(), func(tx *Tx) error {
			tx.Emit(registrar.Event{At: noon, Type: registrar.EventNotice, Message: message})
			return fail
		})
		if !errors.Is(err, fail) {
			t.Fatal(err)
		}
	}

	emit("one", nil)
	emit("undone", errors.New("rolled back"))
	emit("two", nil)
	emit("three", nil)

	err := s.Read(t.Context(), func(tx *Tx) error {
		events, err := tx.Events(1, 10)
		if len(events) != 2 || events[0].Cursor != 2 || events[0].Message != "two" || events[1].Cursor != 3 {
			t.Errorf("after 1: %+v", events)
		}
		first, err2 := tx.Events(0, 1)
		if len(first) != 1 || first[0].Cursor != 1 {
			t.Errorf("the first: %+v", first)
		}
		return errors.Join(err, err2)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A transaction may emit more than fits one statement.
func TestManyEventsAtOnce(t *testing.T) {
	t.Parallel()

	s := open(t)
	const before, many = 3, 64 + 2*8 + 5
	emit := func(tx *Tx, n int) {
		tx.Emit(registrar.Event{At: noon, Type: registrar.EventDomain, Message: fmt.Sprint("event ", n), Name: fmt.Sprintf("d%d.ru", n%70)})
	}

	write(t, s, func(tx *Tx) error {
		for n := range before {
			emit(tx, n)
		}
		return nil
	})

	write(t, s, func(tx *Tx) error {
		for n := range many {
			name := fmt.Sprintf("d%d.ru", n)
			d := registrar.Domain{Name: name, Customer: name, Status: registrar.StatusRegistered, Renewal: registrar.RenewAuto}
			if err := tx.Domains.Put(d, noon); err != nil {
				return err
			}
			emit(tx, before+n)
		}
		return nil
	})

	events := recorded(t, s)
	if len(events) != before+many {
		t.Fatalf("%d events", len(events))
	}

	for i, e := range events {
		switch {
		case e.Cursor != registrar.Cursor(i+1) || e.Message != fmt.Sprint("event ", i):
			t.Errorf("event %d is %d, %q", i, e.Cursor, e.Message)
		case i < before && e.Domain != nil:
			t.Errorf("event %d knows a domain that was not known then", i)
		case i >= before && (e.Domain == nil || e.Domain.Customer != e.Name):
			t.Errorf("event %d, about %s, carries %+v", i, e.Name, e.Domain)
		}
	}
}

func recorded(t *testing.T, s *Store) (events []registrar.Event) {
	t.Helper()
	err := s.Read(t.Context(), func(tx *Tx) (err error) {
		events, err = tx.Events(0, 1000)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return events
}

// An event tells of what its transaction leaves, and not of what is undone.
func TestEventOfAPart(t *testing.T) {
	t.Parallel()

	s := open(t)
	failed := errors.New("failed")
	put := func(tx *Tx, status registrar.DomainStatus) error {
		tx.Emit(registrar.Event{At: noon, Type: registrar.EventDomain, Name: "a.ru", Message: string(status)})
		return tx.Domains.Put(registrar.Domain{Name: "a.ru", Status: status, Renewal: registrar.RenewAuto}, noon)
	}

	write(t, s, func(tx *Tx) error {
		err := tx.Part(func() error { return put(tx, registrar.StatusRegistering) })
		err2 := tx.Part(func() error { return errors.Join(put(tx, registrar.StatusDeleted), failed) })
		if !errors.Is(err2, failed) {
			t.Errorf("the part that failed: %v", err2)
		}
		return errors.Join(err, put(tx, registrar.StatusRegistered))
	})

	var told []string
	for _, e := range recorded(t, s) {
		told = append(told, fmt.Sprintf("%d %s, now %s", e.Cursor, e.Message, e.Domain.Status))
	}

	if want := []string{"1 Registering, now Registered", "2 Registered, now Registered"}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}

	err := s.Read(t.Context(), func(tx *Tx) error {
		tx.Emit(registrar.Event{At: noon, Type: registrar.EventNotice})
		return nil
	})
	if !errors.Is(err, errOnlyReads) {
		t.Errorf("emitting while reading: %v", err)
	}
}

func TestEventCarriesTheDomain(t *testing.T) {
	t.Parallel()

	s := open(t)
	write(t, s, func(tx *Tx) error {
		d := registrar.Domain{Name: "a.ru", Customer: "c1", Status: registrar.StatusRegistering, Renewal: registrar.RenewAuto,
			PaidTill: registrar.Date{Year: 2027, Month: 5, Day: 1}, Nameservers: []registrar.Nameserver{{Host: "ns1.x.ru"}, {Host: "ns.a.ru", IPs: []string{"192.0.2.1"}}}}
		_, err := addRequest(tx, "a", lifecycle.NewDomain, "a.ru")
		return errors.Join(tx.Domains.Put(d, noon), err)
	})

	write(t, s, func(tx *Tx) error {
		fresh, err := tx.RaiseAlarm(registrar.Alarm{Key: "k", Since: noon, Message: "look"}, "a.ru")
		again, err2 := tx.RaiseAlarm(registrar.Alarm{Key: "k", Since: noon.Add(time.Hour), Message: "look"}, "a.ru")
		if !fresh || again {
			t.Errorf("raising twice: fresh = %v, then %v", fresh, again)
		}
		tx.Emit(registrar.Event{At: noon, Type: registrar.EventDomain, Name: "a.ru"})
		return errors.Join(err, err2)
	})

	err := s.Read(t.Context(), func(tx *Tx) error {
		events, err := tx.Events(0, 10)
		if err != nil {
			return err
		}

		d := events[0].Domain
		if d == nil || d.PaidTill.String() != "2027-05-01" || len(d.Nameservers) != 2 || d.Nameservers[1].IPs[0] != "192.0.2.1" ||
			d.Operation == nil || d.Operation.ID != "op-a" || len(d.Alarms) != 1 || !d.Alarms[0].Since.Equal(noon) {
			t.Errorf("the event's domain: %+v", d)
		}

		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
