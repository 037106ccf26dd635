package web

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"registrar.panel/shared/registrar"
)

func (f *fake) Erase(_ context.Context, q registrar.ErasureQuery) (registrar.Erasure, error) {
	return registrar.Erasure{Removed: []registrar.Removed{{What: "mails of " + q.Customer, Count: 3}},
		Kept: []registrar.Kept{{What: "a contact", Why: "\x1b[31m a domain is held"}}, Beyond: []string{"a mailbox"}}, f.may("erase")
}

func (f *fake) RotateKeys(context.Context) (registrar.Rotation, error) {
	return registrar.Rotation{Key: "abcd", Sealed: 5}, f.may("rotate")
}

// What goes, what stays and what can't be reached is told by who has it, and who is missing.
func TestEraseCustomer(t *testing.T) {
	t.Parallel()
	b := newBench(t, "")
	id := b.placed(newOrder)
	const r01 = `{"by":"r01","what":"mails of c1","count":3}`
	const beyond = `[{"by":"panel","where":"backups that were made before: remove them, or let them expire"},{"by":"r01","where":"a mailbox"}]`
	held := `{"by":"r01","what":"a contact","why":"` + "\uFFFD" + `[31m a domain is held"}`
	b.wantJSON(b.call("POST", "/api/v1/customers/c1/erase", `{"by":"olga"}`), `{"customer":"c1","removed":[`+r01+`],"kept":[
		{"by":"panel","what":"contact and code of order `+id+` (register пример.рф)","why":"it is unpaid and not concluded"},`+held+`],"beyond":`+beyond+`}`)
	b.call("POST", "/api/v1/orders/"+id+"/cancel", `{}`)
	b.fake.refuse = func(string) error { return registrar.Errorf(registrar.Unsupported, "an older plugin") }
	w := b.call("POST", "/api/v1/customers/c1/erase", `{"by":"olga"}`)
	b.wantJSON(w, `{"customer":"c1","removed":[{"by":"panel","what":"orders' contacts and codes","count":1}],"kept":[],"beyond":[{"by":"panel","where":"backups that were made before: remove them, or let them expire"}]}`)
	if missing := w.Header().Get("Panel-Missing"); !strings.HasPrefix(missing, "r01: it can't erase") {
		t.Errorf("missing is %q", missing)
	}
	if w := b.call("POST", "/api/v1/customers/%00/erase", `{}`); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("nobody's data: %d %s", w.Code, w.Body)
	}
}

func TestRotateKeys(t *testing.T) {
	t.Parallel()
	b := newBench(t, "")
	b.placed(newOrder)
	var keys []struct {
		Of, Key string
		Sealed  int
	}
	b.decode(b.call("POST", "/api/v1/keys/rotate", `{}`), http.StatusOK, &keys)
	if len(keys) != 2 || keys[0].Of != "panel" || len(keys[0].Key) != 16 || keys[0].Sealed != 1 || keys[1].Of != "r01" || keys[1].Key != "abcd" {
		t.Errorf("keys %+v", keys)
	}
	b.fake.refuse = func(string) error { return registrar.Errorf(registrar.Unavailable, "it is down") }
	if missing := b.call("POST", "/api/v1/keys/rotate", `{}`).Header().Get("Panel-Missing"); missing != "r01: it is down" {
		t.Errorf("missing is %q", missing)
	}
}
