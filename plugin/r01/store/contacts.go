package store

import (
	"fmt"

	"registrar.panel/plugin/r01/lifecycle"
)

// SetContact replaces what R01 knows of a client that we registered.
func (t Clients) SetContact(id int64, contact []byte) error {
	if err := t.tx.exec("update clients set sealed_contact = $1 where id = $2 and sealed_contact is not null", t.tx.box.Seal(contact, fmt.Sprint("clients|", id)), id); err != nil {
		return fmt.Errorf("set contact of client %d: %w", id, err)
	}
	return nil
}

// Change finds the open request that changes the client with a handle.
func (t Requests) Change(handle string) (Request, error) {
	return one(t.tx, scanRequest, "select "+requestColumns+" from requests where object = $1 and kind = $2 and "+unfinished, handle, lifecycle.UpdateClient)
}
