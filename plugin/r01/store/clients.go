package store

import (
	"fmt"
	"time"

	"registrar.panel/internal/sqldb"
	"registrar.panel/shared/registrar"
)

// Client is a registrant as R01 knows it.
type Client struct {
	ID        int64
	Customer  string
	Kind      registrar.RegistrantKind
	Identity  string // fingerprint of who it is; "" = adopted
	Handle    string
	State     registrar.HandleState
	CreatedAt time.Time
}

const clientColumns = "id, customer, kind, identity, handle, state, created_at"

func scanClient(s sqldb.Scanner) (c Client, err error) {
	err = s.Scan(&c.ID, &c.Customer, &c.Kind, &c.Identity, &c.Handle, &c.State, sqldb.At(&c.CreatedAt))
	return c, err
}

// Add stores a new client and gives it its ID. contact is sealed; nil = adopted.
func (t Clients) Add(c Client, contact []byte) (Client, error) {
	// The ID first, because sealed data are bound to it.
	id, err := t.tx.Count("client", 1)
	if err != nil {
		return Client{}, err
	}
	c.ID = id
	var sealed []byte
	if contact != nil {
		sealed = t.tx.box.Seal(contact, fmt.Sprint("clients|", c.ID))
	}
	err = t.tx.exec(`insert into clients (id, customer, kind, identity, handle, state, sealed_contact, created_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8)`,
		c.ID, c.Customer, c.Kind, c.Identity, c.Handle, c.State, sealed, sqldb.Millis(c.CreatedAt))
	if err != nil {
		return Client{}, fmt.Errorf("add client: %w", err)
	}
	return c, nil
}

// ByIdentity finds the client that is this registrant for this customer, registered or asked
// for. A client that was refused is not found.
func (t Clients) ByIdentity(customer, identity string) (Client, error) {
	return one(t.tx, scanClient, "select "+clientColumns+` from clients
		where customer = $1 and identity = $2 and identity <> '' and state <> 'failed'`, customer, identity)
}

// Adopted finds a handle of this kind that was taken over for the customer.
func (t Clients) Adopted(customer string, kind registrar.RegistrantKind) (Client, error) {
	return one(t.tx, scanClient, adoptedQuery, customer, kind)
}

const adoptedQuery = "select " + clientColumns + ` from clients
	where customer = $1 and kind = $2 and identity = '' and state = 'registered' order by id desc limit 1`

// Get returns a client by its ID.
func (t Clients) Get(id int64) (Client, error) {
	return one(t.tx, scanClient, "select "+clientColumns+" from clients where id = $1", id)
}

// Contact opens the contact with which a client was registered; nil = the client was adopted.
func (t Clients) Contact(id int64) ([]byte, error) {
	sealed, err := one(t.tx, scanBytes, "select sealed_contact from clients where id = $1", id)
	if err != nil || sealed == nil {
		return nil, err
	}
	return t.tx.box.Open(sealed, fmt.Sprint("clients|", id))
}

// ByHandle returns a client by its handle.
func (t Clients) ByHandle(handle string) (Client, error) {
	return one(t.tx, scanClient, "select "+clientColumns+" from clients where handle = $1", handle)
}

// Of lists the clients of a customer, oldest first.
func (t Clients) Of(customer string) ([]Client, error) {
	return collect(t.tx, scanClient, clientsQuery, customer)
}

const clientsQuery = "select " + clientColumns + " from clients where customer = $1 order by id"

// Conclude moves a pending client to registered or failed, with the handle R01 uses.
func (t Clients) Conclude(id int64, to registrar.HandleState, handle string) error {
	if err := t.tx.swap("update clients set state = $1, handle = $2 where id = $3 and state <> $1", to, handle, id); err != nil {
		return fmt.Errorf("conclude client: %w", err)
	}
	return nil
}
