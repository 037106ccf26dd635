package orders

import (
	"context"
	"database/sql"
	"fmt"
	"maps"

	"registrar.panel/host/input"
	"registrar.panel/shared/registrar"
)

// Look is a person's wish to see the sealed part of an order.
type Look struct {
	Order  registrar.OrderID
	By     string // who looks; required
	For    string // on whose behalf, in their own words; a note
	Reason string // may be left out
}

// Contact opens the contacts of an order by role, as they were given, for a person who needs them,
// and records in the Action Log who that was. There is no other way to see them.
func (s *Service) Contact(ctx context.Context, l Look) (o Order, contacts registrar.Contacts, err error) {
	problems := append(input.Person(l.By), input.Behalf(l.For)...)
	if wrong := input.CheckText(l.Reason, longestNote); wrong != "" {
		problems = append(problems, registrar.Problem{Path: "reason", Message: wrong})
	}
	if err := input.Mistakes(problems); err != nil {
		return o, nil, err
	}
	if o, err = s.Order(ctx, l.Order); err != nil {
		return o, nil, err
	}
	order, err := s.contents(ctx, o)
	if err != nil {
		return o, nil, err
	}

	contacts = order.Everyone()
	maps.DeleteFunc(contacts, func(_ registrar.ContactRole, r registrar.Registrant) bool { return len(r.Fields) == 0 })
	if len(contacts) == 0 {
		return o, nil, registrar.Errorf(registrar.Precondition, "order %s has no contact data", o.ID)
	}

	message := fmt.Sprintf("the contact data of order %s were shown to %s", o.ID, l.By)
	if l.Reason != "" {
		message += ": " + input.OneLine(l.Reason, longestNote)
	}

	// Recorded before it is shown: what can't be recorded is not shown.
	err = s.write(ctx, func(tx *sql.Tx) error {
		return insertEntry(ctx, tx, Entry{At: s.now(), Registrar: o.Registrar, Domain: o.Domain, Actor: l.By, Level: registrar.LevelWarning,
			Event: registrar.EventDecision, Message: message + input.OnBehalf(l.For), Order: o.ID, Operation: o.Operation})
	})
	if err != nil {
		return o, nil, fmt.Errorf("record who reads the contact of order %s: %w", o.ID, err)
	}
	return o, contacts, nil
}
