package engine

import (
	"encoding/json"
	"errors"
	"fmt"

	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// changeContact records what R01 has changed about a client, because the next order is compared with
// it. Nothing is known of a client that was taken over, and one change does not make that better.
func (en *Engine) changeContact(tx *store.Tx, r store.Request) error {
	c, err := tx.Clients.ByHandle(r.Object)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}

	known, err := ContactOf(tx, c)
	if err != nil || known == nil {
		return err
	}

	sent, err := templatesOf(tx, r.ID)
	if err != nil {
		return err
	}

	// An UPDATE has the fields that change and no others. r01-mail 2.7
	now := *known
	for _, t := range sent {
		now = mailform.Updated(now, t)
	}
	text, err := json.Marshal(now)
	if err != nil {
		return fmt.Errorf("store contact: %w", err)
	}
	return tx.Clients.SetContact(c.ID, text)
}

// ContactOf returns what R01 knows of a client; nil = the client was taken over, so that is not known.
func ContactOf(tx *store.Tx, c store.Client) (*registrar.Registrant, error) {
	text, err := tx.Clients.Contact(c.ID)
	if err != nil || text == nil {
		return nil, err
	}
	var known registrar.Registrant
	if err := json.Unmarshal(text, &known); err != nil {
		return nil, fmt.Errorf("read contact of client %s: %w", c.Handle, err)
	}
	return &known, nil
}
