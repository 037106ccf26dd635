package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"registrar.panel/host/orders"
	"registrar.panel/host/web/api"
	"registrar.panel/internal/testrun"
	"registrar.panel/shared/registrar"
	"registrar.panel/shared/secret"
)

func (b *bench) decode(w interface{ Result() *http.Response }, status int, v any) {
	b.t.Helper()
	answer := w.Result()
	defer answer.Body.Close()
	if answer.StatusCode != status || answer.Header.Get("Content-Type") != "application/json" {
		b.t.Fatalf("status %d (%s), want %d as JSON", answer.StatusCode, answer.Header.Get("Content-Type"), status)
	}
	if err := json.NewDecoder(answer.Body).Decode(v); err != nil {
		b.t.Fatal(err)
	}
}

// wantJSON asserts an answer, word for word but for white space and the order of keys.
func (b *bench) wantJSON(w interface{ Result() *http.Response }, want string) {
	b.t.Helper()
	var got, wanted any
	b.decode(w, http.StatusOK, &got)
	if err := json.Unmarshal([]byte(want), &wanted); err != nil {
		b.t.Fatalf("the test is wrong: %v", err)
	}
	if diff := cmp.Diff(wanted, got); diff != "" {
		b.t.Errorf("answer (-want +got):\n%s", diff)
	}
}

// What the answers have in common. $ORDER is the ID of the first order.
const (
	at           = `"2026-03-01T12:04:05.678Z"`
	orderKeys    = `"id":"$ORDER","kind":"register","domain":"xn--e1afmkfd.xn--p1ai","unicode":"пример.рф","customer":"c1","registrar":"r01","own":false,"operation":null,"error":null,"reference":null,"paid_till":null,"years":null,"ds":[],"contact_roles":[],"attempt":1,"expires_at":` + expiry + `,"refunded_at":null,"dismissed_at":null,"created_at":` + at
	orderJSON    = `{` + orderKeys + `,"state":"unpaid","paid_at":null,"closed_at":null,"waits_for":"the customer to pay","waits_until":` + expiry + untold + `}`
	expiry       = `"2026-03-08T12:04:05.678Z"`
	untold       = `,"outcome":null,"reason":null,"operation_state":null`
	pendingJSON  = `{"name":"xn--e1afmkfd.xn--p1ai","unicode":"пример.рф","status":"Pending","registrar":"r01","customer":"c1","handle":null,"paid_till":null,"renewal":null,"nameservers":[{"host":"ns1.xn--e1afmkfd.xn--p1ai","ips":["192.0.2.1"]},{"host":"ns2.hoster.example","ips":[]}],"registry":[],"operation":null,"alarms":[],"locked":false` + untold + `}`
	domainKeys   = `"name":"example.ru","unicode":"example.ru","status":"Registered","registrar":"r01","customer":"c1","handle":"C1-RIPN","paid_till":"2027-03-01","renewal":"auto","nameservers":[{"host":"ns1.example.ru","ips":["192.0.2.1"]},{"host":"ns2.hoster.example","ips":[]}],"registry":[],"operation":{"id":"op-1","kind":"update","state":"Sent","waits_for":"an answer","error":null,"version":"3","deadline":null},"outcome":null,"reason":null,"operation_state":"Sent","alarms":[{"key":"silence","since":` + at + `,"message":"<script>alert(\"1\")</script>"}],"locked":false`
	domainJSON   = `{` + domainKeys + `}`
	placedEntry  = `{"id":1,"at":` + at + `,"domain":"xn--e1afmkfd.xn--p1ai","actor":"panel","level":"info","event":"order-placed","message":"order $ORDER: register пример.рф for customer c1","operation":null,"mail":null,"order":"$ORDER","registrar":"r01"` + untold + `}`
	eventEntry   = `{"id":2,"at":` + at + `,"domain":"example.ru","actor":"registrar","level":"warning","event":"domain","message":"<script>alert(\"1\")</script>","operation":"op-1","mail":"m-1","order":null,"registrar":"r01"` + untold + `}`
	reviewKeys   = `"received_at":` + at + `,"from":"robot@registrar.example","subject":"<script>alert(\"1\")</script>","reason":"no rule matched","mail":"m-1"`
	unresolved   = `,"resolved_at":null,"resolved_by":null,"outcome":null,"version":"6","stranger":false,"note":null`
	handleJSON   = `{"handle":"C1-RIPN","customer":"c1","registrar":"r01","kind":"person","state":"registered"}`
	bareDomain   = `"unicode":"example.ru","status":"Registered","registrar":"r01","customer":"c1","nameservers":[],"registry":[],"operation":null,"alarms":[],"locked":false` + untold
	operationKey = `"id":"op-1","kind":"register","domain":"example.ru","created_at":` + at + `,"updated_at":` + at
)

func TestEndpoints(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ method, path, body, want string }{
		{"GET", "form/%D1%80%D1%84?registrant=organization&kind=transfer", "", `{"tld":"xn--p1ai","kind":"transfer","registrant":"organization","ds":false,"role":null,"contacts":[],"years":null,"nameservers_optional":false,"fields":[
			{"key":"passport","label":{"en":"Passport","ru":"Паспорт"},"type":"text","required":true,"multiple":true,"pattern":"^[^<]+$","example":"4510 123456","class":"identity"},
			{"key":"faxes","label":{"en":"Fax"},"type":"phone","required":false,"multiple":false,"pattern":null,"example":null,"class":"personal"},
			{"key":"purpose","label":{"en":"Purpose"},"type":"text","required":false,"multiple":false,"pattern":null,"example":null,"class":"public","help":{"en":"What for"},
			"choices":[{"value":"home"},{"value":"trade","label":{"en":"Trade"}}],"when":[{"field":"faxes","values":["","none"]}],"min_length":2,"max_length":9},
			{"key":"terms","label":{"en":"Terms"},"type":"agreement","required":false,"multiple":false,"pattern":null,"example":null,"class":"public","link":"https://registry.example/terms"}]}`},
		{"GET", "orders", "", `[` + orderJSON + `]`},
		{"GET", "orders?customer=nobody", "", `[]`},
		{"GET", "orders/$ORDER", "", orderJSON},
		{"GET", "orders/$ORDER/preview", "", `{"preview":"the mail for xn--e1afmkfd.xn--p1ai"}`},
		{"POST", "orders/$ORDER/pay", "{}", `{` + orderKeys + `,"state":"paid","paid_at":` + at + `,"closed_at":null,"waits_for":"registrar r01 to take it","waits_until":null` + untold + `,"changed":true}`},
		{"POST", "orders/$ORDER/cancel", "null", `{` + orderKeys + `,"state":"cancelled","paid_at":null,"closed_at":` + at + `,"waits_for":null,"waits_until":null,"outcome":"cancelled","reason":"cancelled before it was paid","operation_state":null,"changed":true}`},
		{"GET", "availability?name=free.%D1%80%D1%84&name=example.ru", "", `[{"name":"free.xn--p1ai","unicode":"free.рф","status":"available","detail":null},
			{"name":"example.ru","unicode":"example.ru","status":"taken","reason":"taken","detail":"it is Registered here"}]`},
		{"GET", "domains", "", `[` + domainJSON + `,` + pendingJSON + `]`},
		{"GET", "domains?status=Registered", "", `[` + domainJSON + `]`},
		{"GET", "domains?status=registered&customer=&q=EXAM", "", `[` + domainJSON + `]`},
		{"GET", "domains?status=Deleted", "", `[]`},
		{"GET", "domains?q=%D0%9F%D1%80%D0%B8", "", `[` + pendingJSON + `]`},
		{"GET", "domains?q=xn--e1a&attention=0", "", `[` + pendingJSON + `]`},
		{"GET", "domains?attention=1", "", `[` + domainJSON + `]`},
		{"GET", "domains?due=2027-03-01", "", `[` + domainJSON + `]`},
		{"GET", "domains?due=364d", "", `[]`},
		{"GET", "domains?sort=-name", "", `[` + pendingJSON + `,` + domainJSON + `]`},
		{"GET", "orders?q=$ORDER&state=unpaid&open=1", "", `[` + orderJSON + `]`},
		{"GET", "orders?domain=%D0%BF%D1%80%D0%B8%D0%BC%D0%B5%D1%80.%D1%80%D1%84&reference=", "", `[` + orderJSON + `]`},
		{"GET", "operations", "", `[{"id":"op-1","kind":"update","state":"Sent","domain":"example.ru","unicode":"example.ru","customer":"c1","registrar":"r01","waits_for":"an answer","error":null,"version":"3"}]`},
		{"GET", "operations?state=queued", "", `[]`},
		{"GET", "operations/counts", "", `[{"state":"Sent","count":1,"oldest":null}]`},
		{"POST", "orders/validate", `{"kind":"register","domain":"free.ru","customer":"c1"}`, `{"valid":true,"registrar":"r01","problems":[],"notes":[],"preview":"the mail for free.ru"}`},
		{"POST", "orders/validate", `{"kind":"register","domain":"free.com","customer":"c1"}`, `{"valid":false,"registrar":null,"problems":[{"path":"domain","message":"no registrar serves .com"}],"notes":[],"preview":null}`},
		{"GET", "log?level=warning", "", `[` + eventEntry + `]`},
		{"GET", "log?level=error&since=1h", "", `[]`},
		{"GET", "log?after=0&limit=1", "", `[` + placedEntry + `]`},
		{"GET", "log?after=1&wait=1", "", `[` + eventEntry + `]`},
		{"GET", "log?event=order-placed&actor=panel&registrar=r01&since=2026-03-01", "", `[` + placedEntry + `]`},
		{"GET", "domains/EXAMPLE.ru.", "", `{` + domainKeys + `,"timeline":[` + eventEntry + `]}`},
		{"GET", "domains/EXAMPLE.ru/contacts", "", `[{"role":"admin","kind":"person","fields":{"name":["O*** I******"]}}]`},
		{"POST", "domains/example.ru/renewal", `{"mode":"manual"}`, `{"name":"example.ru","handle":null,"paid_till":null,"renewal":"manual",` + bareDomain + `}`},
		{"POST", "domains/new.ru/import", `{"customer":"c1","handle":"H","paid_till":"2027-01-31"}`, `{"name":"new.ru","handle":"H","paid_till":"2027-01-31","renewal":"auto",` + strings.Replace(bareDomain, "example", "new", 1) + `}`},
		{"POST", "domains/example.ru/move", `{"to":"r01","by":"ann","handle":"H","paid_till":"2027-01-31"}`, `{` + domainKeys + `,"changed":false}`},
		{"GET", "plugins/r01/settings", "", `[{"name":"password","value":null,"secret":true,"default":false,"about":null}]`},
		{"POST", "plugins/r01/upgrade", `{"by":"ann"}`, `{"name":"r01","plugin":null,"title":"olga for ann","version":"2.0.0","state":"running","tlds":[],"kinds":[],"offers":[],"capabilities":[],"restarts":0,"since":` + at + `,"error":null,"health":[]}`},
		{"GET", "customers/c1", "", `{"id":"c1","handles":[` + handleJSON + `],"domains":[` + domainJSON + `,` + pendingJSON + `],"orders":[` + orderJSON + `]}`},
		{"GET", "customers", "", `[{"id":"c1","domains":1,"orders":1,"open_orders":1}]`},
		{"GET", "customers?q=d", "", `[]`},
		{"GET", "customers/nobody", "", `{"id":"nobody","handles":[],"domains":[],"orders":[]}`},
		{"POST", "customers/c2/handles", `{"handle":"C2-ORG-RIPN"}`, `{"handle":"C2-ORG-RIPN","customer":"c2","registrar":"r01","kind":"organization","state":"registered"}`},
		{"POST", "renewals/run", `{"dry_run":true}`, `[{"domain":"example.ru","registrar":"r01","paid_till":"2027-03-01","action":"send","reason":"dry run: true"},
			{"domain":"other.ru","registrar":"r01","paid_till":null,"action":"hold","reason":"no date is known"}]`},
		{"GET", "log", "", `[` + placedEntry + `,` + eventEntry + `]`},
		{"GET", "log?after=1", "", `[` + eventEntry + `]`},
		{"GET", "log?limit=1", "", `[` + eventEntry + `]`},
		{"GET", "log?domain=%D0%BF%D1%80%D0%B8%D0%BC%D0%B5%D1%80.%D1%80%D1%84", "", `[` + placedEntry + `]`},
		{"GET", "log?domain=unheard.ru", "", `[]`},
		{"GET", "review", "", `[{"id":"rv-1","candidates":["op-1"],"text":null,` + reviewKeys + unresolved + `},{"id":"rv-2","candidates":[],"text":null,` + reviewKeys + unresolved + `}]`},
		{"GET", "review/rv-1", "", `{"id":"rv-1","candidates":["op-1"],"text":"Subject: <script>alert(\"1\")</script>",` + reviewKeys + unresolved + `}`},
		{"GET", "review/rv-1/rule", "", `{"rule":"reply \"rv-1\" {\n  outcome = \"done\"\n}\n","block":"reply","name":"rv-1","settings":[{"name":"outcome","value":"done"}],"why":null,"tried":7,"matched":1,
			"matches":[{"mail":"m-1","at":` + at + `,"from":"robot@r01.example","subject":"[1] done","outcome":"done","domain":"example.ru","state":"review"}]}`},
		{"POST", "review/rv-1/resolve", `{"version":"6","outcome":"ignore","by":"ann","reason":"why"}`, `{"id":"rv-1","candidates":["op-1"],"text":null,` + reviewKeys + `,"resolved_at":` + at + `,"resolved_by":"olga","outcome":"ignore","version":"7","stranger":false,"note":"why"}`},
		{"GET", "review?strangers=1", "", `[{"id":"rv-9","candidates":[],"text":null,` + reviewKeys + strings.Replace(unresolved, "false", "true", 1) + `}]`},
		{"GET", "review?limit=1&after=2026-03-01T12:04:05.678Z~rv-1", "", `[{"id":"rv-2","candidates":[],"text":null,` + reviewKeys + unresolved + `}]`},
		{"POST", "review/resolve", `{"reviews":[{"id":"rv-1","version":"6"},{"id":"rv-0","version":"6"}],"outcome":"ignore","reason":"spam","by":"ann"}`,
			`{"resolved":1,"refused":[{"id":"rv-0","code":"NOT_FOUND","reason":"no such entry, olga"}],"ignored":[]}`},
		{"POST", "review/resolve", `{"from":"evil@spam.example","outcome":"ignore","from_now_on":true}`, `{"resolved":0,"refused":[],"ignored":["evil@spam.example"]}`},
		{"GET", "review/senders", "", `[{"address":"evil@spam.example","since":` + at + `,"by":"olga","note":"spam","registrar":"r01"}]`},
		{"POST", "review/senders/heed", `{"address":"evil@spam.example","by":"ann"}`, `{"address":"evil@spam.example","by":"ann"}`},
		{"GET", "mails", "", `[{"id":"m-1","at":` + at + `,"out":false,"from":"robot@registrar.example","to":"callback@panel.example","subject":"<script>alert(\"1\")</script>","state":"review","registrar":"r01"}]`},
		{"GET", "operations/op-1", "", `{` + operationKey + `,"state":"NeedsAction","waits_for":"staff","error":null,"version":"4","order":null,"deadline":` + at + `,"finished_at":null,
			"history":[{"at":` + at + `,"state":"NeedsAction","message":"it stands","actor":"registrar","evidence":"reply","mail":"m-1"}]}`},
		{"POST", "operations/op-1/resolve", `{"version":"4","outcome":"failed","by":"ann","note":"told by phone"}`, `{` + operationKey + `,"state":"Failed","waits_for":null,"error":"olga: told by phone","version":"5","order":"o-1","deadline":null,"finished_at":` + at + `,"history":[]}`},
		{"POST", "replies/test", `{"raw":"cmF3"}`, `{"from":"b@registrar.example","subject":"raw","kind":"reply","results":[{"rule":"done","outcome":"done","domain":"example.ru","handle":null,"task":null,"message":null,"state":null,"paid_till":"2027-03-01"}],
			"doubt":null,"bindings":[{"by":"token","value":"TOKEN","operation":"op-1"},{"by":"hint","value":"example.ru","operation":null}],
			"proof":"missing","proof_detail":"it is not signed","fate":"wait","reason":"its sender is not proved","stored":true}`},
		{"GET", "mails/m-1", "", `{"id":"m-1","at":` + at + `,"out":true,"from":"a@panel.example","to":"b@registrar.example","subject":"New domain","text":"masked"}`},
		{"GET", "phrases", "", `[{"code":"waits.answer","texts":{"en":"an answer","ru":"ответа"}}]`},
		{"GET", "plugins", "", `[{"name":"r01","plugin":null,"title":"R01 by mail","version":"1.0.0","state":"degraded","tlds":["ru"],"kinds":["register"],"offers":[],"capabilities":["mail"],"restarts":2,"since":` + at + `,"error":null,"health":[{"component":"imap","ok":false,"detail":"<script>alert(\"1\")</script>"}]},
			{"name":"manual","plugin":null,"title":"","version":"","state":"backoff","tlds":[],"kinds":[],"offers":[],"capabilities":[],"restarts":0,"since":` + at + `,"error":"it ended","health":[]}]`},
	} {
		t.Run(c.method+" "+c.path, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, "")
			order := b.placed(newOrder)
			b.registered()
			fill := strings.NewReplacer("$ORDER", order)
			b.wantJSON(b.call(c.method, "/api/v1/"+fill.Replace(c.path), c.body), fill.Replace(c.want))
		})
	}
}

func TestEmptyPanelAnswersWithLists(t *testing.T) {
	t.Parallel()
	b := newBench(t, "")
	for _, path := range []string{"orders", "domains", "log"} {
		b.wantJSON(b.call("GET", "/api/v1/"+path, ""), `[]`)
	}
}

func TestPlace(t *testing.T) {
	t.Parallel()
	b := newBench(t, "")
	w := b.call("POST", "/api/v1/orders", newOrder)
	stored, _, err := b.book.Lists().Orders(t.Context(), orders.OrderList{})
	if err != nil || len(stored) != 1 {
		t.Fatalf("%d orders, %v", len(stored), err)
	}
	b.wantJSON(w, strings.ReplaceAll(orderJSON, "$ORDER", string(stored[0].ID)))
}

func TestChangingTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	for _, action := range []string{"pay", "cancel"} {
		b := newBench(t, "")
		path := "/api/v1/orders/" + b.placed(newOrder) + "/" + action
		var first, second api.Changed
		b.decode(b.call("POST", path, "{}"), http.StatusOK, &first)
		b.decode(b.call("POST", path, "{}"), http.StatusOK, &second)
		if !first.Changed || second.Changed {
			t.Errorf("%s: changed %t, then %t", action, first.Changed, second.Changed)
		}
		if diff := cmp.Diff(first.Order, second.Order); diff != "" {
			t.Errorf("%s twice (-first +second):\n%s", action, diff)
		}
	}
}

// refusal is a call that is refused.
type refusal struct {
	method, path, body string
	status             int
	code, says         string
	problem            string // path of the only one
}

func refusedOrdersAndLists() []refusal {
	return []refusal{
		{"GET", "form/com", "", 422, "INVALID", "", "tld"},
		{"GET", "form/ru?kind=sell", "", 422, "INVALID", "", "kind"},
		{"GET", "form/ru?registrant=robot", "", 422, "INVALID", "", "registrant"},
		{"POST", "orders", `{"kind":"sell","domain":"a.ru","customer":"c"}`, 422, "INVALID", "", "kind"},
		{"POST", "orders", `{"kind":"register","domain":"","customer":"c"}`, 422, "INVALID", "", "domain"},
		{"POST", "orders", `{"kind":"register","domain":"a.com","customer":"c"}`, 422, "INVALID", "", "domain"},
		{"POST", "orders", `{"kind":"register","domain":"a.ru"}`, 422, "INVALID", "", "customer"},
		{"POST", "orders", `{"kind":"renew","domain":"a.ru","paid_till":"tomorrow"}`, 422, "INVALID", "", "paid_till"},
		{"POST", "orders", `{"kind":"renew","domain":"a.ru"}`, 422, "INVALID", "", "paid_till"},
		{"POST", "orders", `{"kind":"renew","domain":"a.ru","paid_till":"2027-03-01"}`, 409, "PRECONDITION", "nothing to renew", ""},
		{"POST", "orders", `{"kind":"renew","domain":"example.ru","customer":"c2","paid_till":"2027-03-01"}`, 409, "PRECONDITION", "op-1", ""},
		{"POST", "orders", newOrder, 409, "PRECONDITION", "пример.рф has been ordered already", "domain"},
		{"POST", "orders", `{"id":"a/b","kind":"register","domain":"b.ru","customer":"c"}`, 422, "INVALID", "", "id"},
		{"POST", "orders", `{"reference":"a\u0007b","kind":"register","domain":"b.ru","customer":"c"}`, 422, "INVALID", "", "reference"},
		{"POST", "orders/validate", `{"kind":"renew","domain":"example.ru"}`, 422, "INVALID", "", "paid_till"},
		{"POST", "orders/validate", newOrder, 409, "PRECONDITION", "пример.рф has been ordered already", ""},
		{"GET", "orders/none", "", 404, "NOT_FOUND", "none", ""},
		{"GET", "orders/none/preview", "", 404, "NOT_FOUND", "none", ""},
		{"POST", "orders/none/pay", "{}", 404, "NOT_FOUND", "none", ""},
		{"GET", "domains?status=bought", "", 422, "INVALID", "", "status"},
		{"GET", "domains?sort=colour", "", 422, "INVALID", "", "sort"},
		{"GET", "domains?due=soon", "", 422, "INVALID", "", "due"},
		{"GET", "domains?attention=maybe", "", 422, "INVALID", "", "attention"},
		{"GET", "domains?limit=many", "", 422, "INVALID", "", "limit"},
		{"GET", "domains?after=x", "", 422, "INVALID", "", "after"},
		{"GET", "domains?statsu=Error", "", 400, "BAD_REQUEST", "there is no parameter \"statsu\" here, but after, attention, customer", ""},
		{"GET", "domains/example.ru?full=1", "", 400, "BAD_REQUEST", "but none at all", ""},
		{"GET", "domains?a=%zz", "", 400, "BAD_REQUEST", "the query can't be read", ""},
		{"GET", "orders?state=open", "", 422, "INVALID", "", "state"},
		{"GET", "orders?sort=name", "", 422, "INVALID", "", "sort"},
		{"GET", "orders?after=MQ", "", 422, "INVALID", "", "after"},
		{"GET", "orders?domain=ru", "", 422, "INVALID", "", "domain"},
		{"GET", "operations?state=Failed", "", 422, "INVALID", "", "state"},
		{"GET", "review?after=none", "", 422, "INVALID", "", "after"},
		{"GET", "log?level=loud", "", 422, "INVALID", "", "level"},
		{"GET", "log?event=party", "", 422, "INVALID", "", "event"},
		{"GET", "log?since=yesterday", "", 422, "INVALID", "", "since"},
		{"GET", "log?wait=1h", "", 422, "INVALID", "", "wait"},
	}
}

func refusedAboutDomains() []refusal {
	return []refusal{
		{"GET", "domains/unheard.ru", "", 404, "NOT_FOUND", "unheard.ru", ""},
		{"GET", "domains/ru", "", 422, "INVALID", "", "domain"},
		{"POST", "domains/example.ru/renewal", `{"mode":"never"}`, 422, "INVALID", "", "mode"},
		{"POST", "domains/example.ru/import", `{"customer":"c1","handle":"H","paid_till":"2027-01-31"}`, 409, "CONFLICT", "panel domain correct", ""},
		{"POST", "domains/example.ru/correct", `{"paid_till":"2027-04-01","by":"ann"}`, 422, "INVALID", "", "reason"},
		{"POST", "domains/example.ru/correct", `{"paid_till":"soon","reason":"r","by":"ann"}`, 422, "INVALID", "", "paid_till"},
		{"POST", "domains/example.ru/correct", `{"paid_till":"2027-04-01","reason":"r","by":"ann"}`, 409, "PRECONDITION", "op-1", ""},
		{"POST", "domains/example.ru/forget", `{"by":"ann"}`, 422, "INVALID", "", "reason"},
		{"POST", "domains/example.ru/forget", `{"reason":"r","by":"ann"}`, 409, "PRECONDITION", "op-1", ""},
		{"POST", "domains/a.ru/import", `{"paid_till":"31.01.2027"}`, 422, "INVALID", "", "paid_till"},
		{"POST", "customers/c1/handles", `{"handle":"H","registrar":"r02"}`, 422, "INVALID", "", "registrar"},
		{"GET", "log?after=x", "", 422, "INVALID", "", "after"},
		{"GET", "log?limit=-1", "", 422, "INVALID", "", "limit"},
		{"GET", "log?domain=ru", "", 422, "INVALID", "", "domain"},
		{"GET", "log?domain=ru&follow=1", "", 422, "INVALID", "", "domain"},
	}
}

func refusedAboutMails() []refusal {
	return []refusal{
		{"GET", "review/none", "", 404, "NOT_FOUND", "none", ""},
		{"GET", "review/none/rule", "", 404, "NOT_FOUND", "none", ""},
		{"GET", "review?limit=many", "", 422, "INVALID", "", "limit"},
		{"GET", "review?strangers=perhaps", "", 422, "INVALID", "", "strangers"},
		{"GET", "review?after=rv-1", "", 422, "INVALID", "", "after"},
		{"GET", "mails?after=yesterday~m-1", "", 422, "INVALID", "", "after"},
		{"POST", "review/resolve", `{"from":"evil@spam.example","outcome":"done"}`, 422, "INVALID", "", "outcome"},
		{"POST", "review/resolve", `{"from":"evil","outcome":"ignore"}`, 422, "INVALID", "", "from"},
		{"POST", "review/resolve", `{"outcome":"ignore"}`, 422, "INVALID", "", "reviews"},
		{"POST", "review/resolve", `{"reviews":[{"id":"rv-1"}],"outcome":"ignore"}`, 422, "INVALID", "", "reviews[0].version"},
		{"POST", "review/resolve", `{"from":"evil@spam.example","outcome":"notice","from_now_on":true}`, 422, "INVALID", "", "from_now_on"},
		{"POST", "review/senders/heed", `{"address":"other@spam.example"}`, 404, "NOT_FOUND", "", ""},
		{"POST", "review/rv-1/resolve", `{"outcome":"ignore","by":" "}`, 422, "INVALID", "", "by"},
		{"POST", "review/rv-1/resolve", `{"outcome":"eat","by":"ann"}`, 422, "INVALID", "", "outcome"},
		{"POST", "review/rv-1/resolve", `{"outcome":"ignore","by":"ann"}`, 422, "INVALID", "", "version"},
		{"POST", "review/rv-1/resolve", `{"version":"5","outcome":"ignore","by":"ann"}`, 409, "CONFLICT", "review entry rv-1 has moved on", "version"},
		{"GET", "operations/none", "", 404, "NOT_FOUND", "none", ""},
		{"POST", "operations/op-1/resolve", `{"outcome":"eat","by":"ann"}`, 422, "INVALID", "", "outcome"},
		{"POST", "operations/op-1/resolve", `{"outcome":"done","by":" "}`, 422, "INVALID", "", "by"},
		{"POST", "operations/op-1/resolve", `{"outcome":"done","by":"ann"}`, 422, "INVALID", "", "version"},
		{"POST", "operations/op-1/resolve", `{"version":null,"outcome":"done","by":"ann"}`, 422, "INVALID", "", "version"},
		{"POST", "operations/op-1/resolve", `{"version":"3","outcome":"done","by":"ann"}`, 409, "CONFLICT", "it is NeedsAction now, by registrar at 2026-03-01T12:04:05Z: it stands", "version"},
		{"GET", "mails/none", "", 404, "NOT_FOUND", "none", ""},
		{"GET", "mails/none/raw", "", 404, "NOT_FOUND", "none", ""},
		{"GET", "nothing", "", 404, "NOT_FOUND", "nothing", ""},
		{"DELETE", "orders/none", "", 404, "NOT_FOUND", "DELETE", ""},
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, c := range slices.Concat(refusedOrdersAndLists(), refusedAboutDomains(), refusedAboutMails()) {
		t.Run(c.method+" "+c.path+" "+c.body, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, "")
			b.placed(newOrder)
			b.registered()
			got := b.refused(b.call(c.method, "/api/v1/"+c.path, c.body), c.status, c.code)
			if !strings.Contains(got.Message, c.says) {
				t.Errorf("message %q, want one with %q", got.Message, c.says)
			}
			if c.problem == "" && len(got.Problems) > 0 || c.problem != "" && (len(got.Problems) != 1 || got.Problems[0].Path != c.problem || got.Problems[0].Message == "") {
				t.Errorf("problems %v, want one at %q", got.Problems, c.problem)
			}
		})
	}
}

func TestRawMail(t *testing.T) {
	t.Parallel()
	b := newBench(t, "")
	w := b.call("GET", "/api/v1/mails/m-1/raw", "")
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "text/plain; charset=utf-8" || w.Header().Get("X-Content-Type-Options") != "nosniff" ||
		w.Body.String() != "Subject: "+hostile+"\n\nmasked\n" {
		t.Errorf("%d %v %q", w.Code, w.Header(), w.Body)
	}
}

func TestProblemsOfThePlugin(t *testing.T) {
	t.Parallel()
	b := newBench(t, "")
	b.fake.problems = []registrar.Problem{{Path: "registrant.passport", Message: "is required"}, {Path: "nameservers[0].ips", Message: "are required"}}
	got := b.refused(b.call("POST", "/api/v1/orders", newOrder), http.StatusUnprocessableEntity, "INVALID")
	want := []api.Problem{{Path: "registrant.passport", Message: "is required"}, {Path: "nameservers[0].ips", Message: "are required"}}
	if diff := cmp.Diff(want, got.Problems); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	b.wantJSON(b.call("GET", "/api/v1/orders", ""), `[]`)
}

func TestPluginThatIsDown(t *testing.T) {
	t.Parallel()
	b := newBench(t, "")
	b.fake.refuse = func(string) error {
		return &registrar.Error{Code: registrar.Unavailable, Detail: "registrar r01 is down", RetryAfter: 1500 * time.Millisecond}
	}
	w := b.call("POST", "/api/v1/orders", newOrder)
	b.refused(w, http.StatusServiceUnavailable, "UNAVAILABLE")
	if got := w.Header().Get("Retry-After"); got != "2" {
		t.Errorf("Retry-After: %q, want whole seconds, not too few", got)
	}
}

// A fault's words are for the log: they may hold anything.
func TestFaultsAreNotTold(t *testing.T) {
	t.Parallel()
	b := newBench(t, "")
	b.fake.refuse = func(string) error { return errors.New("CANARY") }
	for path, status := range map[string]int{"/api/v1/form/ru": http.StatusInternalServerError, "/api/v1/review": http.StatusOK} {
		w := b.call("GET", path, "")
		if told := w.Body.String() + fmt.Sprint(w.Header()); strings.Contains(told, "CANARY") {
			t.Errorf("%s tells: %s", path, told)
		}
		if w.Code != status {
			t.Errorf("%s: status %d", path, w.Code)
		}
	}
}

// A list names the next page, as long as there is one.
func TestListsNameTheNextPage(t *testing.T) {
	t.Parallel()
	b := newBench(t, "")
	for path, want := range map[string]string{
		"/api/v1/review?limit=1":    `</api/v1/review?after=2026-03-01T12%3A04%3A05.678Z~rv-1&limit=1>; rel="next"`,
		"/api/v1/mails?limit=1":     `</api/v1/mails?after=2026-03-01T12%3A04%3A05.678Z~m-1&limit=1>; rel="next"`,
		"/api/v1/review?limit=2":    "",
		"/api/v1/review":            "",
		"/api/v1/mails":             "",
		"/api/v1/review?limit=5%20": "",
	} {
		if got := b.call("GET", path, "").Header().Get("Link"); got != want {
			t.Errorf("%s: Link %q, want %q", path, got, want)
		}
	}
}

// An answer without the part of a registrar that is down is what there is, and names it.
func TestAnswersNameWhoIsMissing(t *testing.T) {
	t.Parallel()
	b := newBench(t, "")
	b.fake.refuse = func(string) error {
		return registrar.Errorf(registrar.Unavailable, "it is \x1b[31mdown\r\nSet-Cookie: no \u202e%s", strings.Repeat("x", 5000))
	}
	for _, c := range []struct{ method, path, body, want string }{
		{"GET", "/api/v1/review", "", "["},
		{"GET", "/api/v1/customers/c1", "", `{"id":"c1"`},
		{"POST", "/api/v1/renewals/run", `{"dry_run":true}`, "["},
	} {
		w := b.call(c.method, c.path, c.body)
		missing := w.Header().Values("Panel-Missing")
		if w.Code != http.StatusOK || !strings.HasPrefix(w.Body.String(), c.want) {
			t.Errorf("%s: status %d: %.80s", c.path, w.Code, w.Body)
		}
		if len(missing) != 1 || !strings.HasPrefix(missing[0], "r01: it is ?[31mdown??Set-Cookie: no ?xxx") || len(missing[0]) > 400 {
			t.Errorf("%s: missing %q", c.path, missing)
		}
	}
}

func TestFollowLog(t *testing.T) {
	t.Parallel()
	b := newBench(t, "letmein")
	server := httptest.NewServer(b)
	defer server.Close() // waits for the handler, which must end with its request
	client, err := api.NewClient(server.URL, secret.New("letmein"))
	if err != nil {
		t.Fatal(err)
	}
	place := func(domain string) {
		t.Helper()
		_, err := api.Post[api.Order](t.Context(), client, api.Path("orders"), api.NewOrder{Kind: "register", Domain: domain, Customer: "c1"})
		if err != nil {
			t.Error(err)
		}
	}
	place("first.ru")
	ctx, cancel := context.WithTimeout(t.Context(), testrun.Limit(t))
	defer cancel()
	var told []string
	for e, err := range client.FollowLog(ctx, "", 0) {
		if err != nil {
			t.Fatal(err)
		}
		told = append(told, *e.Domain+" "+e.Event)
		if len(told) == 2 {
			cancel()
			continue
		}
		place("second.ru") // while the stream stands open
	}
	if diff := cmp.Diff([]string{"first.ru order-placed", "second.ru order-placed"}, told); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
}
