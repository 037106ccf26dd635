package orders

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"registrar.panel/host/input"
	"registrar.panel/shared/registrar"
)

func TestUnpaidOrderIsNotSubmitted(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	unpaid, paid := b.place(request("unpaid.ru")), b.place(request("paid.ru"))
	if unpaid.State != Unpaid || b.mustDomain("unpaid.ru").Status != registrar.StatusPending {
		t.Errorf("placed as %s, the domain %s", unpaid.State, b.mustDomain("unpaid.ru").Status)
	}
	b.mustPay(paid.ID)
	b.during(func() {
		b.until("the paid order's operation", func() bool { return b.mustOrder(paid.ID).Operation != "" })
	})
	if got := b.fake.taken(); len(got) != 1 || got[0].ID != paid.ID {
		t.Errorf("submitted %d orders, want the paid one only", len(got))
	}
}

func TestPayIsOnce(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	o := b.place(request("example.ru"))
	first, changed, err := b.Pay(t.Context(), o.ID)
	if err != nil || !changed || first.State != Paid || b.mustDomain("example.ru").Status != registrar.StatusRegistering {
		t.Errorf("paid: %+v, %v, %v; the domain is %s", first, changed, err, b.mustDomain("example.ru").Status)
	}
	before := b.entries("")
	second, changed, err := b.Pay(t.Context(), o.ID)
	if err != nil || changed {
		t.Errorf("paying again: changed = %v, %v", changed, err)
	}
	if diff := cmp.Diff(b.mustOrder(o.ID), second); diff != "" {
		t.Errorf("paying again changed the order:\n%s", diff)
	}
	if len(b.entries("")) != len(before) {
		t.Error("paying again wrote to the log")
	}
	_, _, err = b.Cancel(t.Context(), o.ID)
	wantCode(t, err, registrar.Precondition, "it is paid")
	_, _, err = b.Pay(t.Context(), "nosuch")
	wantCode(t, err, registrar.NotFound, "nosuch")
}

func TestTransferIsTransferring(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	q := request("example.ru")
	q.Kind, q.AuthCode = registrar.KindTransfer, "code"
	b.mustPay(b.place(q).ID)
	if s := b.mustDomain("example.ru").Status; s != registrar.StatusTransferring {
		t.Errorf("the domain is %s", s)
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	o := b.place(request("example.ru"))
	if _, changed, err := b.Cancel(t.Context(), o.ID); err != nil || !changed {
		t.Errorf("cancel: %v, %v", changed, err)
	}
	if _, changed, err := b.Cancel(t.Context(), o.ID); err != nil || changed {
		t.Errorf("cancelling again: %v, %v", changed, err)
	}
	_, _, err := b.Pay(t.Context(), o.ID)
	wantCode(t, err, registrar.Precondition, "it is cancelled")
	_, err = b.Domain(t.Context(), "example.ru")
	wantCode(t, err, registrar.NotFound, "example.ru")
	if again := b.place(request("example.ru")); again.State != Unpaid {
		t.Errorf("ordered again: %+v", again)
	}
}

func TestOwnOrderIsPaidAtOnce(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	q := request("own.ru")
	q.Own = true
	if o := b.place(q); o.State != Paid || o.PaidAt.IsZero() {
		t.Errorf("placed as %+v", o)
	}
	b.during(func() { b.until("the submission", func() bool { return len(b.fake.taken()) == 1 }) })
}

func TestPlaceRefuses(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	b.fake.validate = func(o registrar.Order) []registrar.Problem {
		if o.Domain != "bad.ru" {
			return nil
		}
		return []registrar.Problem{{Path: "contact.passport[0]", Message: "is too short"}, {Path: "nameservers", Message: "two are needed"}}
	}
	b.have("live.ru")
	b.place(request("open.ru"))
	kind := func(k registrar.OperationKind, domain string) NewOrder {
		q := request(domain)
		q.Kind = k
		return q
	}
	nobody := request("example.ru")
	nobody.Customer = " "
	foreign := kind(registrar.KindRenew, "live.ru")
	foreign.Customer = "c2"
	before := b.entries("")
	for _, c := range []struct {
		why  string
		q    NewOrder
		code registrar.Code
		says string
	}{
		{"every problem at once", request("bad.ru"), registrar.Invalid, "contact.passport[0]: is too short; nameservers: two are needed"},
		{"no name", request(""), registrar.Invalid, "domain"},
		{"a TLD alone", request("ru"), registrar.Invalid, "needs a name and a TLD"},
		{"not a name", request("a b.ru"), registrar.Invalid, "domain"},
		{"no registrar for it", request("example.org"), registrar.Invalid, "no registrar serves .org"},
		{"unknown kind", kind("steal", "example.ru"), registrar.Invalid, "kind"},
		{"no customer", nobody, registrar.Invalid, "customer"},
		{"an open order", request("open.ru"), registrar.Precondition, "ordered already"},
		{"live", request("live.ru"), registrar.Precondition, "Registered here already"},
		{"live, typed otherwise", request("LIVE.ru."), registrar.Precondition, "Registered here already"},
		{"nothing to renew", kind(registrar.KindRenew, "new.ru"), registrar.Precondition, "nothing to renew"},
		{"not yet to renew", kind(registrar.KindRenew, "open.ru"), registrar.Precondition, "Pending"},
		{"another customer's", foreign, registrar.Invalid, "another customer"},
		{"plugin down", request("example.com"), registrar.Unavailable, "registrar m is down"},
	} {
		t.Run(c.why, func(t *testing.T) {
			_, err := b.Place(t.Context(), c.q)
			wantCode(t, err, c.code, c.says)
		})
	}
	if len(b.entries("")) != len(before) {
		t.Error("a refused order left an entry in the log")
	}
	if list, _, err := b.Lists().Orders(t.Context(), OrderList{}); err != nil || len(list) != 2 {
		t.Errorf("orders: %d, %v", len(list), err)
	}
}

func TestNamesInBothForms(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	o := b.place(request("Пример.РФ"))
	if o.Domain != "xn--e1afmkfd.xn--p1ai" || input.Unicode(o.Domain) != "пример.рф" {
		t.Errorf("stored as %s, shown as %s", o.Domain, input.Unicode(o.Domain))
	}
	if b.mustDomain("пример.рф").Name != b.mustDomain("XN--E1AFMKFD.xn--p1ai").Name {
		t.Error("the two forms are two domains")
	}
	want := []registrar.Nameserver{{Host: "ns1.hoster.example"}, {Host: "ns2.hoster.example"}}
	if diff := cmp.Diff(want, b.mustDomain("пример.рф").Nameservers); diff != "" {
		t.Error(diff)
	}
}

func TestRenewAndUpdateKeepTheRegistrar(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	b.have("live.ru")
	b.route = func(string) (string, bool) { return "m", true } // new domains go elsewhere now
	renew, err := b.Place(t.Context(), NewOrder{Kind: registrar.KindRenew, Domain: "live.ru"})
	if err != nil || renew.Registrar != "r01" || renew.Customer != "c1" || renew.PaidTill.String() != "2027-03-01" {
		t.Errorf("renewal: %+v, %v", renew, err)
	}
	b.mustPay(renew.ID)
	if s := b.mustDomain("live.ru").Status; s != registrar.StatusRegistered {
		t.Errorf("while being renewed the domain is %s", s)
	}
	_, err = b.Place(t.Context(), NewOrder{Kind: registrar.KindUpdate, Domain: "live.ru", Nameservers: request("").Nameservers})
	wantCode(t, err, registrar.Precondition, string(renew.ID))
}

// The constants of Go and the constraints of SQL say the same.
func TestListsAgreeWithSQL(t *testing.T) {
	t.Parallel()
	script, err := migrations.ReadFile("migrations/00001_start.sql")
	later, err2 := migrations.ReadFile("migrations/00005_ends.sql") // which builds two of the tables anew
	last, err3 := migrations.ReadFile("migrations/00012_kinds.sql") // and this one of them again
	if err := errors.Join(err, err2, err3); err != nil {
		t.Fatal(err)
	}
	script = slices.Concat(last, later, script)
	for column, want := range map[string][]string{
		"kind": texts(registrar.OperationKinds()), "state": texts(States()), "status": texts(registrar.DomainStatuses()),
		"level": texts(registrar.Levels()), "event": texts(EntryTypes()), "renewal": append(texts(registrar.RenewalModes()), ""),
		"operation_state": append(texts(registrar.OperationStates()), ""), "outcome": append(texts(registrar.Outcomes()), ""),
	} {
		list := regexp.MustCompile(`check \(` + column + ` in \(([^)]*)\)`).FindSubmatch(script)
		if list == nil {
			t.Errorf("no constraint on %s", column)
			continue
		}
		var got []string
		for _, word := range strings.Split(string(list[1]), ",") {
			got = append(got, strings.Trim(strings.TrimSpace(word), "'"))
		}
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s:\n%s", column, diff)
		}
	}
}

func texts[T ~string](list []T) []string {
	var out []string
	for _, v := range list {
		out = append(out, string(v))
	}
	return out
}

// Every stage and action: where it leads, or that it is refused.
func TestTransitions(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"unpaid  pay": "paid ", "unpaid  cancel": "cancelled cancelled", "unpaid  expire": "cancelled cancelled",
		"paid  pay": "paid ", "paid  withdraw": "cancelled cancelled",
		"paid succeeded pay": "paid succeeded",
		"paid failed pay":    "paid failed", "paid failed retry": "paid ", "paid failed refund": "cancelled failed", "paid failed dismiss": "paid failed",
		"paid cancelled pay": "paid cancelled", "paid cancelled retry": "paid ", "paid cancelled refund": "cancelled cancelled", "paid cancelled dismiss": "paid cancelled",
		"cancelled failed refund": "cancelled failed", "cancelled failed dismiss": "cancelled failed",
		"cancelled cancelled cancel": "cancelled cancelled", "cancelled cancelled refund": "cancelled cancelled", "cancelled cancelled dismiss": "cancelled cancelled",
	}
	found := 0
	for _, state := range States() {
		for _, outcome := range append(registrar.Outcomes(), "") {
			for _, a := range actions() {
				next, ok := Order{State: state, Standing: Standing{Outcome: outcome}}.after(a)
				got := fmt.Sprintf("%s %s", next.State, next.Outcome)
				if to, listed := want[fmt.Sprintf("%s %s %s", state, outcome, a)]; ok != listed || ok && got != to {
					t.Errorf("%s %q %s leads to %q, %v", state, outcome, a, got, ok)
				}
				if ok {
					found++
				}
			}
		}
	}
	if found != len(want) {
		t.Errorf("%d transitions, want %d", found, len(want))
	}
}

func TestOrderIDsSortByTime(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	at := start
	b.now = func() time.Time { return at }
	var ids []registrar.OrderID
	for range 100 {
		id, err := b.newID()
		if err != nil {
			t.Fatal(err)
		}
		if !regexp.MustCompile(`^[a-z0-9]{16}$`).MatchString(string(id)) {
			t.Fatalf("ID %q", id)
		}
		ids = append(ids, id)
		at = at.Add(time.Millisecond)
	}
	if !slices.IsSorted(ids) || len(slices.Compact(ids)) != 100 {
		t.Error("IDs do not sort by time")
	}
	one, err := b.newID()
	two, err2 := b.newID()
	if err != nil || err2 != nil || one == two {
		t.Errorf("two IDs of one millisecond: %s and %s", one, two)
	}
}

// A paid order moves the status of its domain if, and only if, its kind acquires one; and a status
// is held, gone, or of a domain that is expected.
func TestListsAgreeWithTheContract(t *testing.T) {
	t.Parallel()
	for _, k := range registrar.OperationKinds() {
		if (begun[k] != "") != k.Acquires() {
			t.Errorf("%s begins as %q, and acquires = %v", k, begun[k], k.Acquires())
		}
	}
	for _, s := range registrar.DomainStatuses() {
		groups := 0
		for _, in := range []bool{s.Held(), s.Gone(), slices.Contains(expected(), s)} {
			if in {
				groups++
			}
		}
		if groups != 1 {
			t.Errorf("%s is in %d groups", s, groups)
		}
	}
}
