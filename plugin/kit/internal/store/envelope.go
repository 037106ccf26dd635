package store

import (
	"encoding/json"
	"fmt"
	"strings"

	"registrar.panel/internal/seal"
	"registrar.panel/shared/registrar"
)

// envelope seals orders, and recognises an order of which nothing is left.
type envelope struct{ box *seal.Box }

// sealedOrder is the sealed form of an order. A transfer code hides itself from JSON, so it is text here.
type sealedOrder struct {
	registrar.Order
	Code string `json:",omitempty"`
}

// digest is the same only for the same contents, and can't be used to test a guess without the key.
func (e envelope) digest(o registrar.Order) string {
	return e.box.Fingerprint("order", string(o.Canonical()))
}

func (e envelope) seal(o registrar.Order) ([]byte, error) {
	text, err := json.Marshal(sealedOrder{Order: o, Code: string(o.AuthCode)})
	if err != nil {
		return nil, fmt.Errorf("seal order: %w", err)
	}
	return e.box.Seal(text, sealedAs(o.ID)), nil
}

// sealedAs returns the context that an order is sealed under: see sealedOrders.
func sealedAs(id registrar.OrderID) string { return "order|" + string(id) }

func (e envelope) open(sealed []byte, id registrar.OrderID) (registrar.Order, error) {
	text, err := e.box.Open(sealed, sealedAs(id))
	if err != nil {
		return registrar.Order{}, err
	}
	var o sealedOrder
	if err := json.Unmarshal(text, &o); err != nil {
		return registrar.Order{}, fmt.Errorf("open order %s: %w", id, err)
	}
	o.AuthCode = registrar.AuthCode(o.Code)
	return o.Order, nil
}

// The digest of an order that is not completely known any more begins with one of these.
const (
	codeApart   = "code apart"      // | of the order without the code | of the code
	withoutData = "without contact" // | of the order without contact and code
)

// digestOf returns the digest of a book's order.
func (e envelope) digestOf(o bookOrder) string {
	switch {
	case o.Erased:
		return e.digestWithoutData(o.Order)
	case o.Code != "":
		return e.digestCodeApart(o.Order, o.Code)
	}
	return e.digest(o.Order)
}

func (e envelope) digestWithoutData(o registrar.Order) string {
	o.Registrant, o.AuthCode = nil, ""
	return withoutData + "|" + e.digest(o)
}

func (e envelope) digestCodeApart(o registrar.Order, code string) string {
	o.AuthCode = ""
	return codeApart + "|" + e.digest(o) + "|" + code
}

// is reports whether a digest is that of an order.
func (e envelope) is(digest string, o registrar.Order) bool {
	switch form, _, _ := strings.Cut(digest, "|"); form {
	case withoutData:
		return digest == e.digestWithoutData(o)
	case codeApart:
		return digest == e.digestCodeApart(o, e.box.Fingerprint("auth code", string(o.ID), string(o.AuthCode)))
	}
	return digest == e.digest(o)
}
