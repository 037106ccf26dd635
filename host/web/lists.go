package web

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"

	"registrar.panel/host/input"
	"registrar.panel/host/orders"
	"registrar.panel/host/switchboard"
	"registrar.panel/host/web/api"
	"registrar.panel/host/web/openapi"
	"registrar.panel/shared/registrar"
)

// lists answers with what there is, part by part.
type lists struct {
	book    *orders.Service
	board   *switchboard.Board
	plugins Plugins
	version string
}

func (s *Server) lists() lists { return lists{s.orders, s.board, s.plugins, s.version} }

func sorted(by ...string) openapi.Parameter {
	p := openapi.Parameter{Name: "sort", Does: "What it is sorted by; with - before it the other way round."}
	for _, s := range by {
		p.OneOf = append(p.OneOf, s, "-"+s)
	}
	return p
}

func orderParameters() []openapi.Parameter {
	return paging(
		openapi.Parameter{Name: "q", Does: "The beginning of a domain's name, or the whole of an ID, a customer or a reference."},
		openapi.Parameter{Name: "state", Does: "Only those that are so.", OneOf: texts(orders.States())},
		openapi.Parameter{Name: "outcome", Does: "Only those that have ended so.", OneOf: texts(registrar.Outcomes())},
		openapi.Parameter{Name: "operation_state", Does: "Only those whose operation is so.", OneOf: texts(registrar.OperationStates())},
		openapi.Parameter{Name: "kind", Does: "Only those of this kind.", OneOf: texts(registrar.OperationKinds())},
		openapi.Parameter{Name: "customer", Does: "Of this customer only."},
		openapi.Parameter{Name: "domain", Does: "Of this domain only, in Unicode or in ACE."},
		openapi.Parameter{Name: "registrar", Does: "With this registrar only."},
		openapi.Parameter{Name: "reference", Does: "With this reference of the caller's only."},
		openapi.Parameter{Name: "open", Does: "1: only those that are not concluded.", OneOf: []string{"1", "0"}},
		sorted(orders.ByCreated, orders.ByDomain))
}

func (l lists) listOrders(r *http.Request) (paged[api.Order], error) {
	a := query(r)
	q := orders.OrderList{Page: a.page(), State: word(a, "state", orders.States()), Kind: word(a, "kind", registrar.OperationKinds()),
		Customer: a.text("customer"), Domain: a.text("domain"), Registrar: a.text("registrar"), Reference: a.text("reference"), Open: a.yes("open"),
		Query: a.text("q"), Sort: a.text("sort"), Outcome: word(a, "outcome", registrar.Outcomes()), Operation: word(a, "operation_state", registrar.OperationStates())}
	if err := a.err(); err != nil {
		return paged[api.Order]{}, err
	}
	found, next, err := l.book.Lists().Orders(r.Context(), q)
	return pageOf(r, found, orderOf, next), err
}

func (l lists) listCustomers(r *http.Request) (paged[api.CustomerSummary], error) {
	a := query(r)
	q := orders.CustomerList{Page: a.page(), Query: a.text("q")}
	if err := a.err(); err != nil {
		return paged[api.CustomerSummary]{}, err
	}
	found, next, err := l.book.Lists().Customers(r.Context(), q)
	return pageOf(r, found, func(c orders.Customer) api.CustomerSummary {
		return api.CustomerSummary{ID: c.ID, Domains: c.Domains, Orders: c.Orders, OpenOrders: c.Open}
	}, next), err
}

func domainParameters() []openapi.Parameter {
	return paging(
		openapi.Parameter{Name: "q", Does: "The beginning of a name, in Unicode or in ACE, or the whole of a customer or handle."},
		openapi.Parameter{Name: "status", Does: "Only those that are so.", OneOf: texts(registrar.DomainStatuses())},
		openapi.Parameter{Name: "outcome", Does: "Only those on which the last order or operation has ended so.", OneOf: texts(registrar.Outcomes())},
		openapi.Parameter{Name: "operation_state", Does: "Only those whose open operation is so.", OneOf: texts(openStates())},
		openapi.Parameter{Name: "customer", Does: "Of this customer only."},
		openapi.Parameter{Name: "registrar", Does: "With this registrar only."},
		openapi.Parameter{Name: "renewal", Does: "Only those that are renewed so.", OneOf: texts(registrar.RenewalModes())},
		openapi.Parameter{Name: "attention", Does: "1: only those that need a person, or have an alarm.", OneOf: []string{"1", "0"}},
		openapi.Parameter{Name: "due", Does: "Only those of ours that are paid till this day at most: YYYY-MM-DD, or days from today such as 30d."},
		sorted(orders.ByName, orders.ByPaidTill))
}

func (l lists) listDomains(r *http.Request) (paged[api.Domain], error) {
	a := query(r)
	q := orders.DomainList{Page: a.page(), Status: word(a, "status", registrar.DomainStatuses()), Customer: a.text("customer"), Registrar: a.text("registrar"),
		Renewal: word(a, "renewal", registrar.RenewalModes()), Attention: a.yes("attention"), Due: a.day("due", l.book.Now()), Query: a.text("q"), Sort: a.text("sort"),
		Outcome: word(a, "outcome", registrar.Outcomes()), State: word(a, "operation_state", openStates())}
	if err := a.err(); err != nil {
		return paged[api.Domain]{}, err
	}
	found, next, err := l.book.Lists().Domains(r.Context(), q)
	return pageOf(r, found, domainOf, next), err
}

func operationParameters() []openapi.Parameter {
	return paging(
		openapi.Parameter{Name: "q", Does: "The beginning of a domain's name, or the whole of a customer or handle."},
		openapi.Parameter{Name: "state", Does: "Only those that are so.", OneOf: texts(openStates())},
		openapi.Parameter{Name: "registrar", Does: "With this registrar only."},
		openapi.Parameter{Name: "customer", Does: "For this customer's domains only."},
		sorted(orders.ByName, orders.ByPaidTill))
}

// openStates returns the states of an operation that is under way.
func openStates() []registrar.OperationState {
	return slices.DeleteFunc(registrar.OperationStates(), registrar.OperationState.Final)
}

func (l lists) listOperations(r *http.Request) (paged[api.OpenOperation], error) {
	a := query(r)
	q := orders.DomainList{Page: a.page(), Open: true, State: word(a, "state", openStates()), Registrar: a.text("registrar"), Customer: a.text("customer"),
		Query: a.text("q"), Sort: a.text("sort")}
	if err := a.err(); err != nil {
		return paged[api.OpenOperation]{}, err
	}
	found, next, err := l.book.Lists().Domains(r.Context(), q)
	return pageOf(r, found, openOperationOf, next), err
}

func logParameters() []openapi.Parameter {
	return []openapi.Parameter{
		{Name: "domain", Does: "About this domain only, in Unicode or in ACE."},
		{Name: "registrar", Does: "About this registrar only."},
		{Name: "actor", Does: "By this actor only."},
		{Name: "event", Does: "Of this type only.", OneOf: texts(orders.EntryTypes())},
		{Name: "outcome", Does: "Only entries that tell of such an end.", OneOf: texts(registrar.Outcomes())},
		{Name: "operation_state", Does: "Only entries about operations in this state.", OneOf: texts(registrar.OperationStates())},
		{Name: "level", Does: "Of this level and worse.", OneOf: texts(registrar.Levels())},
		{Name: "since", Does: "From this instant, day, or time ago (2h, 7d) on."},
		{Name: "after", Type: "integer", Does: "The entries after the one with this ID, from there on. Without it, the last ones."},
		{Name: "before", Type: "integer", Does: "The last entries before the one with this ID."},
		{Name: "limit", Type: "integer", Does: limitParameter.Does},
		{Name: "wait", Does: "Where there is nothing after that entry yet, wait so long for it: 30s; a minute at most."},
		{Name: "follow", Does: "1: one entry a line (application/x-ndjson), and new ones as they come, without an end.", OneOf: []string{"1", "0"}},
	}
}

// askedOfLog reads a query about the Action Log.
func (l lists) askedOfLog(a *asked) (q orders.LogQuery, err error) {
	q = orders.LogQuery{Domain: a.text("domain"), Registrar: a.text("registrar"), Actor: a.text("actor"), Event: word(a, "event", orders.EntryTypes()),
		Outcome: word(a, "outcome", registrar.Outcomes()), State: word(a, "operation_state", registrar.OperationStates()),
		Level: word(a, "level", registrar.Levels()), Since: a.since("since", l.book.Now()), After: a.number("after", "the ID of an entry"), Limit: a.limit(),
		Before: a.number("before", "the ID of an entry"), First: a.text("after") != ""}
	if err := a.err(); err != nil {
		return q, err
	}
	if q.Domain != "" {
		q.Domain, err = input.ACE(q.Domain) // a mistake is reported before a stream begins
	}
	return q, err
}

// actionLog answers with a list, or with ?follow=1 with one entry a line, without an end.
func (s *Server) actionLog(w http.ResponseWriter, r *http.Request) {
	a := query(r)
	wait, follow := a.wait("wait"), a.yes("follow")
	q, err := s.lists().askedOfLog(a)
	if err != nil {
		s.refuse(w, r, err)
		return
	}

	if follow {
		q.First = false
		s.followLog(w, r, q)
		return
	}

	if q.Limit == 0 {
		q.Limit = orders.MostRows
	}

	q.Limit++ // one more, which shows whether the list goes on
	// The caller has asked to wait, and then has the usual time to read the answer.
	within(w, readWithin+wait)
	entries, err := s.orders.WaitLog(r.Context(), q, wait)
	if err != nil {
		s.refuse(w, r, err)
		return
	}

	succeed(w, r, logPage(r, entries, q))
}

// followLog answers with one entry a line, and with new ones as they come.
func (s *Server) followLog(w http.ResponseWriter, r *http.Request, q orders.LogQuery) {
	stream := http.NewResponseController(w)
	w.Header().Set("Content-Type", "application/x-ndjson")
	out := json.NewEncoder(w)
	// The header goes out at once: the first entry may take long, and the caller must know that following has begun.
	if stream.Flush() != nil {
		return
	}

	for e, err := range s.orders.FollowLog(r.Context(), q) {
		if err != nil {
			if r.Context().Err() == nil {
				s.log.Error("following the log ended", "err", err)
			}
			return
		}
		// Each entry has its own time limit: a reader that has stopped is given up, and one that waits for an entry is not.
		within(w, s.piece)
		if out.Encode(entryOf(e)) != nil || stream.Flush() != nil {
			return
		}
	}
}

// logPage leaves out the entry that was read to see whether there are more: the last one if the
// list goes on from the caller's place, and the first one if it ends with the present.
func logPage(r *http.Request, entries []orders.Entry, q orders.LogQuery) paged[api.Entry] {
	if len(entries) < q.Limit {
		return pageOf(r, entries, entryOf, "")
	}
	if !q.First {
		return pageOf(r, entries[1:], entryOf, "")
	}
	shown := entries[:q.Limit-1]
	return pageOf(r, shown, entryOf, strconv.FormatInt(shown[len(shown)-1].ID, 10))
}
