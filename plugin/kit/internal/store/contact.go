package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"

	"registrar.panel/internal/seal"
	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/registrar"
)

// sealedContacts is the sealed column of contacts.
var sealedContacts = sqldb.Sealed{Table: "contacts", Key: "domain", Column: "sealed", Context: "'contacts|' || domain"}

// contactSeal keeps the contacts of domains.
type contactSeal struct{ box *seal.Box }

func contactsContext(domain string) string { return "contacts|" + domain }

// keepContacts records, masked, what an order that has succeeded changes about its domain's contacts: an
// order that acquires the domain brings them all, another order those that it names. They are removed with
// the domain.
func keepContacts(ctx context.Context, s *Store, tx *sql.Tx, t Task) error {
	if t.Kind == registrar.KindDelete {
		_, err := tx.ExecContext(ctx, "delete from contacts where domain = $1", t.Domain)
		return err
	}
	if s.Masked == nil || len(t.sealed) == 0 {
		return nil
	}

	o, err := s.orders.open(t.sealed, t.Order)
	if err != nil {
		return err
	}
	brought := s.Masked(o)
	if len(brought) == 0 && !t.Kind.Acquires() {
		return nil
	}

	// An order that acquires a domain keeps none of the contacts that the domain had before.
	have, kept := registrar.Contacts{}, contactSeal{s.box}
	if !t.Kind.Acquires() {
		if have, err = kept.read(ctx, tx, t.Domain); err != nil {
			return err
		}
	}
	for role, r := range brought {
		have[role] = merged(have[role], r, t.Kind)
	}
	return kept.put(ctx, tx, t.Domain, have)
}

// merged returns a contact after an order: an update names only what changes.
func merged(have, brought registrar.Registrant, kind registrar.OperationKind) registrar.Registrant {
	if kind != registrar.KindUpdate || have.Kind != brought.Kind {
		return brought
	}
	maps.Copy(have.Fields, brought.Fields)
	return have
}

func (s contactSeal) put(ctx context.Context, tx *sql.Tx, domain string, c registrar.Contacts) error {
	text, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("keep contacts: %w", err)
	}
	_, err = tx.ExecContext(ctx, "insert into contacts (domain, sealed) values ($1, $2) on conflict (domain) do update set sealed = excluded.sealed",
		domain, s.box.Seal(text, contactsContext(domain)))
	if err != nil {
		return fmt.Errorf("keep contacts: %w", err)
	}
	return nil
}

func (s contactSeal) read(ctx context.Context, tx *sql.Tx, domain string) (registrar.Contacts, error) {
	c := registrar.Contacts{}
	var sealed []byte
	err := tx.QueryRowContext(ctx, "select sealed from contacts where domain = $1", domain).Scan(&sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return c, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read contacts: %w", err)
	}

	text, err := s.box.Open(sealed, contactsContext(domain))
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &c); err != nil {
		return nil, fmt.Errorf("read contacts of %s: %w", domain, err)
	}
	return c, nil
}

// Contacts returns the contacts of a domain that the store knows, masked.
func Contacts(ctx context.Context, s *Store, domain string) (c registrar.Contacts, err error) {
	err = s.db.Read(ctx, func(tx *sql.Tx) error {
		if _, err := s.readDomain(ctx, tx, domain); err != nil {
			return err
		}
		c, err = contactSeal{s.box}.read(ctx, tx, domain)
		return err
	})
	return c, err
}
