package ordering

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// identities are the marks by which a client is known again, who it is and not how to reach it:
// first that of what is sent, whatever lines and signs it was typed in; then those by which
// earlier versions kept clients, of what is sent and of what was typed.
func (ord *Orders) identities(typed registrar.Registrant) []string {
	sent := mailform.Normal(typed)
	parts := []string{"identity of what is sent", string(sent.Kind)}
	for _, key := range mailform.IdentityKeys(sent.Kind) {
		parts = append(parts, key, mailform.Letters(strings.Join(sent.Fields[key], " ")))
	}
	return []string{ord.store.Fingerprint(parts...), ord.firstIdentity(sent), ord.firstIdentity(typed)}
}

func (ord *Orders) firstIdentity(r registrar.Registrant) string {
	parts := []string{"identity", string(r.Kind)}
	for _, key := range mailform.IdentityKeys(r.Kind) {
		parts = append(parts, key, strings.ToLower(strings.Join(r.Fields[key], "\n")))
	}
	return ord.store.Fingerprint(parts...)
}

// otherContact says that a client whom R01 knows was registered with other contact data than an
// order has: with the domain, R01 is sent none. No note for a client of whom that is not known.
func (ord *Orders) otherContact(tx *store.Tx, o registrar.Order, p plan) ([]registrar.Problem, error) {
	if o.Registrant == nil || !o.Kind.Acquires() {
		return nil, nil
	}
	c, err := ord.findClient(tx, o, p)
	if err != nil || c.State != registrar.HandleRegistered {
		if errors.Is(err, store.ErrNotFound) {
			err = nil
		}
		return nil, err
	}
	contact, err := tx.Clients.Contact(c.ID)
	if err != nil || contact == nil {
		return nil, err
	}
	var known registrar.Registrant
	if err := json.Unmarshal(contact, &known); err != nil {
		return nil, fmt.Errorf("read contact of client %s: %w", c.Handle, err)
	}
	return mailform.OtherContact(c.Handle, known, *o.Registrant), nil
}
