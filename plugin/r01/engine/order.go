package engine

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// OrderOf returns what an operation needs of its order.
func OrderOf(tx *store.Tx, id registrar.OperationID) (StoredOrder, error) {
	text, err := tx.Operations.Order(id)
	if err != nil {
		return StoredOrder{}, err
	}
	var o StoredOrder
	if err := json.Unmarshal(text, &o); err != nil {
		return StoredOrder{}, fmt.Errorf("read order of operation %s: %w", id, err)
	}
	return o, nil
}

// Ours reports whether the registry means R01 by the name of a registrar.
func (en *Engine) Ours(name string) bool {
	return slices.ContainsFunc(en.settings.Registry.Registrars, func(own string) bool { return strings.EqualFold(own, name) })
}

// WasOurs reports whether a domain of this status was ours once and is not any more.
func WasOurs(status registrar.DomainStatus) bool {
	return status == registrar.StatusDeleted || status == registrar.StatusTransferredAway
}

// StoredOrder is what later steps of an operation need of its order.
type StoredOrder struct {
	Nameservers []registrar.Nameserver `json:"nameservers,omitempty"`
}

// OperationOf returns an operation with its history, as people see it.
func OperationOf(tx *store.Tx, id registrar.OperationID) (store.Operation, error) {
	op, err := tx.Operations.Get(id)
	if err != nil {
		return store.Operation{}, err
	}
	op.History, err = tx.Operations.History(id)
	return op, err
}

// HandleOf is a client as the contract shows it.
func HandleOf(c store.Client) registrar.Handle {
	return registrar.Handle{Handle: c.Handle, Customer: c.Customer, Kind: c.Kind, State: c.State}
}
