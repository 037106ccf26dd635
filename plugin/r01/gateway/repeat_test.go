package gateway

import (
	"strings"
	"testing"

	"registrar.panel/plugin/r01/store"
	"registrar.panel/shared/registrar"
)

// earlierForm is what earlier versions digested of a transfer order: the contract's struct
// of that time as JSON. It is spelled out, because it can't be made of today's contract.
const earlierForm = `{"ID":"","Kind":"transfer","Domain":"coming.ru","Customer":"c1","Registrant":{"Kind":"person","Fields":{` +
	`"birth_date":["1965-10-18"],"emails":["sidorov@example.ru"],"name":["Сидоров Сидор Сидорович"],"name_latin":["Sidor S Sidorov"],` +
	`"passport":["4510 123456","выдан ОВД Тверского района","30.01.2010"],"phones":["+7 495 1234567"],` +
	`"postal_address":["123007, Москва, Тестовая ул., д. 1"],"resident":["true"]}},"Nameservers":null,"AuthCode":"***","PaidTill":""}`

// An order that an earlier version of the plugin took is still known after an upgrade, in
// whatever way the contract has grown since.
func TestOrderOfAnEarlierVersionIsKnown(t *testing.T) {
	t.Parallel()
	g, _, _ := newGateWithClient(t)
	o := transferOrder("o2", "coming.ru")
	op := g.submit(o)

	stored := g.stored(o.ID)
	if stored.Digest != g.Digest(o) {
		t.Fatalf("digest %q, want that of the canonical form", stored.Digest)
	}
	g.writeDigest(stored, g.st.Fingerprint("order", earlierForm, string(o.AuthCode)))

	other := o
	other.AuthCode = "another"
	if _, err := g.Submit(t.Context(), other); registrar.CodeOf(err) != registrar.Conflict {
		t.Errorf("the same OrderID with another code: %v, want Conflict", err)
	}

	for range 2 { // the second time by the new digest
		if again := g.submit(o); again.ID != op.ID {
			t.Errorf("the order is operation %s, and was %s", again.ID, op.ID)
		}
		if now := g.stored(o.ID).Digest; now != g.Digest(o) {
			t.Errorf("the digest of an earlier version was not replaced: %q", now)
		}
	}
}

// Digests follow the contents that the contract names, in whatever order they are given.
func TestDigestIsOfTheContents(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	o := registration("o1", "newtime.ru")
	same := registration("another", "newtime.ru")
	same.Registrant.Fields["faxes"] = []string{}
	if g.Digest(o) != g.Digest(same) {
		t.Error("the ID or an empty field changes the digest")
	}

	same.Registrant.Fields["emails"] = []string{"Sidorov@example.ru"}
	if g.Digest(o) == g.Digest(same) {
		t.Error("another mail address does not change the digest")
	}
	if text := g.Digest(o); strings.Contains(text, "Sidor") {
		t.Errorf("the digest %q shows personal data", text)
	}
}

func (g *gate) stored(id registrar.OrderID) (op store.Operation) {
	g.t.Helper()
	err := g.st.Read(g.t.Context(), func(tx *store.Tx) (err error) {
		op, err = tx.Operations.ByOrder(id)
		return err
	})
	if err != nil {
		g.t.Fatal(err)
	}
	return op
}

func (g *gate) writeDigest(op store.Operation, digest string) {
	g.t.Helper()
	if err := g.st.Write(g.t.Context(), func(tx *store.Tx) error { return tx.Operations.SetDigest(&op, digest) }); err != nil {
		g.t.Fatal(err)
	}
}
