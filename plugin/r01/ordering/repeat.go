package ordering

import (
	"encoding/json"
	"fmt"

	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// Digest identifies the contents of an order. It is keyed, because orders hold personal data.
func (ord *Orders) Digest(o registrar.Order) string {
	return ord.store.Fingerprint("order contents", string(o.Canonical()))
}

// repeated returns the operation of an order that is known here, or a Conflict when the order
// was submitted with other contents. If the contents were erased, only its ID is known.
func (ord *Orders) repeated(tx *store.Tx, known store.Operation, o registrar.Order, digest string) (store.Operation, error) {
	if known.Digest == digest || known.Digest == store.Erased {
		return known, nil
	}

	// Stores of earlier versions hold a digest of another form. If it fits, it is replaced.
	first, err := ord.firstDigest(o)
	if err != nil {
		return store.Operation{}, err
	}
	if known.Digest != first {
		return store.Operation{}, registrar.Errorf(registrar.Conflict, "order %s is known here with other contents", o.ID)
	}
	return known, tx.Operations.SetDigest(&known, digest)
}

// firstOrder is the contract's Order as the first versions of this plugin wrote it into their
// digests. It is frozen and does not follow the contract.
type firstOrder struct {
	ID          string
	Kind        string
	Domain      string
	Customer    string
	Registrant  *firstRegistrant
	Nameservers []firstNameserver
	AuthCode    string
	PaidTill    string
}

type firstRegistrant struct {
	Kind   string
	Fields map[string][]string
}

type firstNameserver struct {
	Host string   `json:"host"`
	IPs  []string `json:"ips,omitempty"`
}

// firstDigest makes the digest of an order as the first versions of this plugin did.
func (ord *Orders) firstDigest(o registrar.Order) (string, error) {
	f := firstOrder{Kind: string(o.Kind), Domain: o.Domain, Customer: o.Customer, PaidTill: o.PaidTill.String(),
		AuthCode: "***"} // the code hid itself and was digested beside the text
	if o.Registrant != nil {
		f.Registrant = &firstRegistrant{Kind: string(o.Registrant.Kind), Fields: o.Registrant.Fields}
	}
	if o.Nameservers != nil {
		f.Nameservers = make([]firstNameserver, len(o.Nameservers))
		for i, ns := range o.Nameservers {
			f.Nameservers[i] = firstNameserver{Host: ns.Host, IPs: ns.IPs}
		}
	}

	text, err := json.Marshal(f)
	if err != nil {
		return "", fmt.Errorf("digest order: %w", err)
	}
	return ord.store.Fingerprint("order", string(text), string(o.AuthCode)), nil
}
